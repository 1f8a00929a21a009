"""tf.io: files, texts as bytes, lines of CSV."""

from __future__ import annotations

import base64
import binascii
import csv
import glob as patterns
import gzip
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, INT32, INT64, STRING, numpy_dtype
from ..core.errors import AlreadyExistsError, InvalidArgumentError, MissingFileError, OpError
from ..core.files import make_folder, write_bytes
from ..core.spaces import Space
from ..ir.bind import new_value
from ..prims.text import map_text
from ..tensor.convert import constant_value, is_tensor_like, to_tensor
from .names import namespace
from .strings import text


def _path(path: Any) -> str:
    """A path: str, bytes, os.PathLike or a tensor with one string."""
    if is_tensor_like(path):
        path = constant_value(path, "a path").item()
    return os.fsdecode(path)


def _reading(path: bytes) -> bytes:
    try:
        with open(os.fsdecode(path), "rb") as file:
            return file.read()
    except OSError as error:
        raise MissingFileError(
            f"cannot read {os.fsdecode(path)}: {error.strerror or error}"
        ) from None


def read_file(filename: Any, name: str | None = None) -> Any:
    """The content of each file, as strings."""
    if isinstance(filename, os.PathLike):
        filename = os.fspath(filename)
    return map_text(_reading, text(filename, "read_file"), dtype=STRING)


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write a string to a file; folders that are missing are made. Not in traced functions."""
    path = _path(filename)
    make_folder(os.path.dirname(path) or ".")
    write_bytes(path, constant_value(text(contents, "write_file"), "the contents").item())


def matching_files(pattern: Any, name: str | None = None) -> Any:
    """The files that fit `pattern` (or one of several), in order."""
    known = constant_value(text(pattern, "matching_files"), "the pattern").reshape(-1).tolist()
    found = {path for each in known for path in patterns.glob(os.fsdecode(each))}
    return to_tensor(sorted(found) if found else np.array([], STRING))


# Texts as bytes -----------------------------------------------------------------------------------


def _encoded(pad: bool, item: bytes) -> bytes:
    found = base64.urlsafe_b64encode(item)
    return found if pad else found.rstrip(b"=")


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Strings in the alphabet of web addresses; `pad` fills them up with "="."""
    return map_text(partial(_encoded, pad), text(input, "encode_base64"), dtype=STRING)


def _decoded(item: bytes) -> bytes:
    try:
        return base64.b64decode(item + b"=" * (-len(item) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise InvalidArgumentError(f"{item[:40]!r} is not base64: {error}") from None


def decode_base64(input: Any, name: str | None = None) -> Any:
    """What `encode_base64` was given."""
    return map_text(_decoded, text(input, "decode_base64"), dtype=STRING)


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes, "GZIP": gzip.decompress, "ZLIB": zlib.decompress,
}  # fmt: skip


def _unpacked(kind: str, item: bytes) -> bytes:
    try:
        return _UNPACK[kind](item)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidArgumentError(f"not {kind} data: {error}") from None


def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Strings unpacked: compression "GZIP", "ZLIB", or "" for none."""
    if compression_type not in _UNPACK:
        raise InvalidArgumentError(
            f"compression_type is one of {', '.join(map(repr, _UNPACK))}; got {compression_type!r}"
        )
    function = partial(_unpacked, compression_type)
    return map_text(function, text(bytes, "decode_compressed"), dtype=STRING)


def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> Any:
    """The numbers whose bytes strings of one length hold, in a new last axis.

    Strings are cut, or filled up with zeros, to `fixed_length` bytes where that is given. Not in
    traced functions.
    """
    array = constant_value(text(input_bytes, "decode_raw"), "the bytes")
    items: list[bytes] = array.reshape(-1).tolist()
    if fixed_length is not None:
        items = [item[:fixed_length].ljust(fixed_length, b"\0") for item in items]
    if len({len(item) for item in items}) > 1:
        raise InvalidArgumentError("decode_raw expects strings of one length, or fixed_length=")
    dtype = numpy_dtype(out_type).newbyteorder("<" if little_endian else ">")
    numbers = np.frombuffer(b"".join(items), dtype).astype(numpy_dtype(out_type))
    return new_value(numbers.reshape((*array.shape, -1 if items else 0)))


# CSV ----------------------------------------------------------------------------------------------

_NUMBERS: dict[Any, Callable[[str], Any]] = {
    FLOAT32: float, FLOAT64: float, INT32: int, INT64: int,
}  # fmt: skip


class _Line:
    """Cuts lines into fields, each line once."""

    def __init__(self, delimiter: str, quoted: bool, count: int, chosen: list[int]) -> None:
        self._options: dict[str, Any] = {"delimiter": delimiter, "strict": True}
        if not quoted:
            self._options["quoting"] = csv.QUOTE_NONE
        self._count = count
        self._chosen = chosen
        self.fields = lru_cache(4096)(self._cut)

    def _cut(self, line: bytes) -> list[str]:
        try:
            found = next(csv.reader([line.decode()], **self._options), [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise InvalidArgumentError(f"no line of CSV: {line[:80]!r}: {error}") from None
        if self._chosen:
            if max(self._chosen) >= len(found):
                raise InvalidArgumentError(f"expected field {max(self._chosen)} in {line[:80]!r}")
            return [found[place] for place in self._chosen]
        if len(found) != self._count:
            raise InvalidArgumentError(
                f"expected {self._count} fields; got {len(found)} in {line[:80]!r}"
            )
        return found


def _field(line: _Line, place: int, missing: str, default: Any, dtype: Any, record: bytes) -> Any:
    """One field of a line, as bytes or a number."""
    found = line.fields(record)[place]
    if found in ("", missing):
        if default is None:
            raise InvalidArgumentError(f"field {place} is required but missing: {record[:80]!r}")
        return default
    if dtype == STRING:
        return found.encode()
    try:
        return _NUMBERS[dtype](found)
    except ValueError:
        raise InvalidArgumentError(
            f"field {place} is no {dtype.name}: {found!r} in {record[:80]!r}"
        ) from None


def decode_csv(
    records: Any,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
    name: str | None = None,
) -> list[Any]:
    """The columns of lines of CSV, one tensor each, in the shape of `records`.

    `record_defaults` tells the dtype of each column and what stands for a field that is empty (or
    `na_value`); a default of no elements means that the field is required.
    """
    lines = text(records, "decode_csv")
    chosen = [] if select_cols is None else [int(column) for column in select_cols]
    if chosen and len(chosen) != len(record_defaults):
        raise InvalidArgumentError(
            f"{len(chosen)} columns are selected; got {len(record_defaults)} defaults"
        )
    line = _Line(field_delim, use_quote_delim, len(record_defaults), chosen)
    columns = []
    for place, given in enumerate(record_defaults):
        default, dtype = _default(given)
        function = partial(_field, line, place, na_value, default, dtype)
        columns.append(map_text(function, lines, dtype=dtype))
    return columns


def _default(given: Any) -> tuple[Any, Any]:
    """What stands for an empty field (None: nothing), and the dtype of the column."""
    tensor = (
        to_tensor(given) if is_tensor_like(given) else to_tensor(np.asarray(given, _kind(given)))
    )
    dtype = tensor.spec.dtype
    if dtype != STRING and dtype not in _NUMBERS:
        raise InvalidArgumentError(
            f"a column of CSV is float32, float64, int32, int64 or string; got {dtype.name}"
        )
    flat = constant_value(tensor, "a default").reshape(-1).tolist()
    if not flat:
        return None, dtype
    return flat[0], dtype


def _kind(given: Any) -> Any:
    """The dtype that Python values stand for: float32, int32 and strings."""
    first = given[0] if isinstance(given, (list, tuple)) and len(given) else given
    if isinstance(first, (str, bytes)):
        return STRING
    return {float: FLOAT32, int: INT32}.get(type(first))


# Files --------------------------------------------------------------------------------------------


def _named(error: OSError, path: str) -> OpError:
    return MissingFileError(f"{path}: {error.strerror or error}")


class GFile:
    """A file of the machine: `with tf.io.gfile.GFile(path) as f: f.read()`."""

    def __init__(self, name: Any, mode: str = "r") -> None:
        self.name = _path(name)
        self.mode = mode
        try:
            self._file = open(self.name, mode)  # noqa: SIM115 (closed in close)
        except OSError as error:
            raise _named(error, self.name) from None

    def size(self) -> int:
        """How many bytes the file has."""
        return os.path.getsize(self.name)

    def read(self, n: int = -1) -> Any:
        """The next n characters or bytes, or all."""
        return self._file.read(n)

    def __getattr__(self, name: str) -> Any:  # write, readline, seek, close …
        return getattr(self._file, name)

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


def _listdir(path: Any) -> list[str]:
    try:
        return sorted(os.listdir(_path(path)))
    except OSError as error:
        raise _named(error, _path(path)) from None


def _remove(path: Any) -> None:
    try:
        os.remove(_path(path))
    except OSError as error:
        raise _named(error, _path(path)) from None


def _free(path: Any, overwrite: bool) -> str:
    target = _path(path)
    if not overwrite and os.path.exists(target):
        raise AlreadyExistsError(f"{target} exists already; pass overwrite=True")
    return target


def _copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    target = _free(dst, overwrite)
    try:
        shutil.copyfile(_path(src), target)
    except OSError as error:
        raise _named(error, _path(src)) from None


def _rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    target = _free(dst, overwrite)
    try:
        os.replace(_path(src), target)
    except OSError as error:
        raise _named(error, _path(src)) from None


def _glob(pattern: Any) -> list[str]:
    several = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return [path for each in several for path in sorted(patterns.glob(_path(each)))]


def _walk(top: Any, topdown: bool = True, onerror: Any = None) -> Iterator[Any]:
    return os.walk(_path(top), topdown, onerror)


gfile = Space(
    "lamina.io.gfile",
    GFile=GFile,
    copy=_copy,
    exists=lambda path: os.path.exists(_path(path)),
    get_registered_schemes=lambda: [""],
    glob=_glob,
    isdir=lambda path: os.path.isdir(_path(path)),
    join=lambda path, *paths: os.path.join(_path(path), *map(_path, paths)),
    listdir=_listdir,
    makedirs=lambda path: os.makedirs(_path(path), exist_ok=True),
    mkdir=lambda path: os.mkdir(_path(path)),
    remove=_remove,
    rename=_rename,
    rmtree=lambda path: shutil.rmtree(_path(path)),
    stat=lambda path: os.stat(_path(path)),
    walk=_walk,
)

__all__ = [
    "decode_base64", "decode_compressed", "decode_csv", "decode_raw", "encode_base64", "gfile",
    "matching_files", "read_file", "write_file",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
