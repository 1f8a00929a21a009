"""tf.strings: text in tensors, element by element; Python does the work."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..core.dtypes import BOOL, FLOAT32, INT32, INT64, STRING, numpy_dtype, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError, OutsideError, UnimplementedError
from ..core.hashing import farmhash64, murmurhash64, siphash64
from ..core.shapes import broadcast_shapes
from ..ir.bind import new_value
from ..prims.broadcast import broadcast, reshape
from ..prims.layout import slice_along
from ..prims.text import map_text
from ..tensor.convert import constant_value, to_tensor
from .common import axes_of, integer
from .names import namespace

_UNITS = ("BYTE", "UTF8_CHAR")


def text(x: Any, name: str) -> Any:
    """`x` as a tensor of strings; the error where it holds anything else."""
    tensor = to_tensor(x)
    if tensor.spec.dtype != STRING:
        raise ArgumentTypeError(
            f"{name} expects strings; got dtype {type_name(tensor.spec.dtype)}. "
            "tf.strings.as_string writes numbers as strings."
        )
    return tensor


def _known_text(x: Any, name: str) -> Any:
    return constant_value(text(x, name), f"the argument of {name}, whose content is a shape,")


def _check_unit(unit: str) -> None:
    if unit not in _UNITS:
        raise InvalidArgumentError(f"unit is one of {', '.join(_UNITS)}; got {unit!r}")


def _unicode(function: Callable[[str], str], item: bytes) -> bytes:
    return function(item.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


# Text to text ------------------------------------------------------------------------------------


def _cased(
    in_bytes: Callable[[bytes], bytes], in_text: Callable[[str], str], input: Any, encoding: str
) -> Any:
    if encoding not in ("", "utf-8"):
        raise InvalidArgumentError(f"encoding is '' (ASCII) or 'utf-8'; got {encoding!r}")
    function = partial(_unicode, in_text) if encoding else in_bytes
    return map_text(function, text(input, "tf.strings"), dtype=STRING)


def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Small letters: of ASCII, or of all scripts with encoding='utf-8'."""
    return _cased(bytes.lower, str.lower, input, encoding)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Capital letters: of ASCII, or of all scripts with encoding='utf-8'."""
    return _cased(bytes.upper, str.upper, input, encoding)


def strip(input: Any, name: str | None = None) -> Any:
    """Without white space at both ends."""
    return map_text(bytes.strip, text(input, "tf.strings.strip"), dtype=STRING)


def _substring(unit: str, item: bytes, start: int, size: int) -> bytes:
    whole: Any = item if unit == "BYTE" else item.decode("utf-8", "surrogateescape")
    if not -len(whole) <= start <= len(whole):
        raise InvalidArgumentError(
            f"pos {start} is out of range for the string {item!r} of length {len(whole)}"
        )
    first = start + len(whole) if start < 0 else start
    piece = whole[first : first + max(size, 0)]
    return bytes(piece if unit == "BYTE" else piece.encode("utf-8", "surrogateescape"))


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """`len` bytes (or characters) from `pos` on, which counts from the end where negative.

    `pos` and `len` are broadcast with the strings.
    """
    _check_unit(unit)
    parts = [text(input, "tf.strings.substr"), to_tensor(pos), to_tensor(len)]
    shape: Any = ()
    for part in parts:
        shape = broadcast_shapes(shape, part.spec.shape)
    spread = [broadcast(part, shape) for part in parts]
    return map_text(partial(_substring, unit), *spread, dtype=STRING)


def _pattern(pattern: Any) -> re.Pattern[bytes]:
    known = constant_value(text(pattern, "a pattern"), "a pattern").item()
    try:
        return re.compile(known)
    except re.error as error:
        message = f"the pattern {known!r} is no regular expression: {error}"
        raise InvalidArgumentError(message) from None


def _replacement(rewrite: bytes) -> Callable[[re.Match[bytes]], bytes]:
    r"""What RE2 puts for a match: \1 to \9 are groups, \0 is the match, \\ a backslash."""
    parts = re.split(rb"\\([0-9\\])", rewrite)

    def replace(match: re.Match[bytes]) -> bytes:
        pieces = [parts[0]]
        for mark, after in zip(parts[1::2], parts[2::2], strict=True):
            pieces += [mark if mark == b"\\" else match[int(mark)] or b"", after]
        return b"".join(pieces)

    return replace


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Any:
    r"""Matches of a regular expression replaced: all, or the first; \1 stands for a group."""
    found = _pattern(pattern)
    known = constant_value(text(rewrite, "rewrite"), "rewrite").item()
    replace, count = _replacement(known), 0 if replace_global else 1
    return map_text(
        lambda item: found.sub(replace, item, count=count),
        text(input, "tf.strings.regex_replace"),
        dtype=STRING,
    )


def _joined(separator: bytes, *items: bytes) -> bytes:
    return separator.join(items)


def join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Any:
    """The strings at each place of several tensors, one after the other; scalars are repeated."""
    parts = [text(part, "tf.strings.join") for part in inputs]
    if not parts:
        raise InvalidArgumentError("tf.strings.join expects at least one tensor")
    shape: Any = ()
    for part in parts:
        shape = broadcast_shapes(shape, part.spec.shape)
    spread = [broadcast(part, shape) for part in parts]
    if len(spread) == 1:
        return spread[0]
    return map_text(partial(_joined, separator.encode()), *spread, dtype=STRING)


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keepdims: bool = False,
    separator: str = "",
    name: str | None = None,
) -> Any:
    """The strings along `axis` (all where None) joined, in order."""
    x = text(inputs, "tf.strings.reduce_join")
    for place in reversed(axes_of(axis, len(x.spec.shape))):
        x = _join_axis(x, place, separator)
    if not keepdims:
        kept = [
            size
            for place, size in enumerate(x.spec.shape)
            if place not in axes_of(axis, len(x.spec.shape))
        ]
        x = reshape(x, tuple(kept))
    return x


def _join_axis(x: Any, axis: int, separator: str) -> Any:
    """One axis joined, and kept with size 1."""
    shape = x.spec.shape
    count = integer(shape[axis], "the size of an axis that is joined")
    pieces = [slice_along(x, axis, place, place + 1) for place in range(count)]
    if not pieces:
        return broadcast(to_tensor(""), (*shape[:axis], 1, *shape[axis + 1 :]))
    return join(pieces, separator)


def split(input: Any, sep: str | None = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """The pieces of strings between separators (white space where `sep` is None or empty).

    A scalar gives a line. A tensor gives one more axis, where all strings have equally many pieces.
    """
    known = _known_text(input, "tf.strings.split")
    mark = sep.encode() if sep else None
    pieces = [item.split(mark, maxsplit) for item in known.ravel().tolist()]
    sizes = {len(piece) for piece in pieces}
    if len(sizes) > 1:
        raise UnimplementedError(
            f"tf.strings.split: strings with {min(sizes)} to {max(sizes)} pieces make a ragged "
            "tensor, which lamina does not have; split them one by one, or give maxsplit"
        )
    found = np.empty((len(pieces), *sizes) if pieces else (0, 0), STRING)
    for row, piece in zip(found, pieces, strict=True):
        row[:] = piece
    return new_value(found.reshape(*known.shape, -1) if pieces else found)


def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Any:
    """`template` with tensors, as they print, in place of the placeholders."""
    given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if template.count(placeholder) != len(given):
        raise InvalidArgumentError(
            f"the template has {template.count(placeholder)} placeholders {placeholder!r}; got "
            f"{len(given)} tensors"
        )
    parts = template.split(placeholder)
    shown = [_shown(constant_value(item, "what is formatted"), summarize) for item in given]
    pieces = [piece for pair in zip(shown, parts[1:], strict=True) for piece in pair]
    return to_tensor("".join([parts[0], *pieces]))


def _shown(array: Any, summarize: int) -> str:
    """An array in brackets without commas, `summarize` elements from each end of an axis."""
    if not array.ndim:
        item = array.item()
        if isinstance(item, bytes):
            return item.decode("utf-8", "replace")
        return _number_text(item)
    rows = [_quoted(row, summarize) for row in array]
    if 0 <= 2 * summarize < len(rows):
        rows = [*rows[:summarize], "...", *rows[len(rows) - summarize :]]
    return f"[{' '.join(rows) if array.ndim == 1 else _lines(rows, array.ndim)}]"


def _quoted(row: Any, summarize: int) -> str:
    array = np.asarray(row, STRING) if isinstance(row, bytes) else np.asarray(row)
    return f'"{_shown(array, summarize)}"' if isinstance(row, bytes) else _shown(array, summarize)


def _lines(rows: list[str], rank: int) -> str:
    indented = [row.replace("\n", "\n ") for row in rows]
    return ("\n" * (rank - 1) + " ").join(indented)


def _number_text(item: Any) -> str:
    if isinstance(item, bool):
        return str(int(item))
    return f"{item:.6g}" if isinstance(item, float) else str(item)


# Text to numbers, and back -----------------------------------------------------------------------


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The number of bytes, or of characters with unit='UTF8_CHAR', int32."""
    _check_unit(unit)
    count = len if unit == "BYTE" else lambda item: len(item.decode("utf-8", "surrogateescape"))
    return map_text(count, text(input, "tf.strings.length"), dtype=INT32)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Whether a regular expression matches the whole string."""
    found = _pattern(pattern)
    return map_text(
        lambda item: found.fullmatch(item) is not None,
        text(input, "tf.strings.regex_full_match"),
        dtype=BOOL,
    )


def _number(kind: Any, limits: Any, item: bytes) -> Any:
    try:
        found = kind(item.decode())
        inside = limits is None or limits.min <= found <= limits.max
    except ValueError:
        inside = False
    if not inside or b"_" in item:
        raise InvalidArgumentError(f"tf.strings.to_number: {item!r} is no such number")
    return found


def to_number(input: Any, out_type: Any = FLOAT32, name: str | None = None) -> Any:
    """The numbers that strings write: float32, float64, int32 or int64."""
    dtype = numpy_dtype(out_type)
    if dtype.name not in ("float32", "float64", "int32", "int64"):
        raise InvalidArgumentError(
            f"to_number gives float32, float64, int32 or int64; got {type_name(dtype)}"
        )
    read = (
        partial(_number, float, None)
        if dtype.kind == "f"
        else partial(_number, int, np.iinfo(dtype))
    )
    return map_text(read, text(input, "tf.strings.to_number"), dtype=dtype)


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Any:
    """Numbers written as C's printf does: %f (%e `scientific`, %g `shortest`), %d, true, false."""
    x = to_tensor(input)
    kind = x.spec.dtype.kind
    if kind == "O":
        return x
    if scientific and shortest:
        raise InvalidArgumentError("scientific and shortest cannot both be asked for")
    if kind != "f" and (scientific or shortest or precision >= 0):
        raise InvalidArgumentError("precision, scientific and shortest are for floats")
    letter = "e" if scientific else "g" if shortest else "f"
    digits = "" if precision < 0 else f".{precision}"
    form = f"%{fill}{'' if width < 0 else width}{digits}{letter if kind == 'f' else 'd'}"
    if kind == "b":
        return map_text(lambda item: b"true" if item else b"false", x, dtype=STRING)
    return map_text(lambda item: (form % item).encode(), x, dtype=STRING)


# Hashes ------------------------------------------------------------------------------------------


def _buckets(hashed: Callable[[bytes], int], input: Any, num_buckets: Any, name: str) -> Any:
    count = integer(num_buckets, "num_buckets")
    if count < 1:
        raise InvalidArgumentError(f"num_buckets is at least 1; got {count}")
    return map_text(lambda item: hashed(item) % count, text(input, name), dtype=INT64)


def to_hash_bucket_fast(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """FarmHash's 64-bit fingerprint modulo `num_buckets`, int64: TensorFlow's buckets."""
    return _buckets(farmhash64, input, num_buckets, "tf.strings.to_hash_bucket_fast")


def to_hash_bucket_strong(
    input: Any, num_buckets: Any, key: Sequence[int], name: str | None = None
) -> Any:
    """SipHash with a `key` of two 64-bit numbers modulo `num_buckets`, int64."""
    first, second = (int(word) for word in key)
    return _buckets(
        lambda item: siphash64(item, (first, second)),
        input,
        num_buckets,
        "tf.strings.to_hash_bucket_strong",
    )


def to_hash_bucket(input: Any, num_buckets: Any, name: str | None = None) -> Any:
    """MurmurHash64A modulo `num_buckets`, int64: the buckets of TensorFlow's old function."""
    return _buckets(murmurhash64, input, num_buckets, "tf.strings.to_hash_bucket")


__all__ = [
    "as_string", "format", "join", "length", "lower", "reduce_join", "regex_full_match",
    "regex_replace", "split", "strip", "substr", "to_hash_bucket", "to_hash_bucket_fast",
    "to_hash_bucket_strong", "to_number", "upper",
]  # fmt: skip

_OUTSIDE = ("ngrams", "bytes_split", "unsorted_segment_join", "unicode_")
_missing = namespace(__name__, __all__)


def __getattr__(name: str) -> Any:
    if name.startswith(_OUTSIDE):
        raise OutsideError(
            f"tf.strings.{name} is for models of text, which lamina leaves out; prepare text with "
            "Python first"
        )
    return _missing(name)
