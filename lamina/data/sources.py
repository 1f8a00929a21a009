"""Where elements come from: arrays, numbers, Python generators, lines of files."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

from ..core import nest
from ..core.dtypes import INT64, STRING, Array, as_dtype
from ..core.errors import ArgumentTypeError, InvalidArgumentError, MissingFileError
from ..core.shapes import TensorShape
from ..core.strings import encode
from ..ir.value import Value
from ..tensor.convert import to_tensor
from ..tensor.spec import TensorSpec
from .node import Node
from .order import Seeds, slots
from .rows import INFINITE, UNKNOWN, Rows, rows_of, whole
from .structure import normalize, row_count, spec_of, without_leading

_MOST_NUMBERS = 1 << 24  # of a range that is held as an array
_BLOCK = 1024


class Slices(Node):
    """The rows of arrays."""

    def __init__(self, source: Any, what: str = "from_tensor_slices") -> None:
        self.source = source
        self.count = row_count(source, what)
        super().__init__(without_leading(spec_of(source)))

    def length(self) -> int:
        return self.count

    def rows(self) -> Rows:
        return whole(self.source, self.count)


class Single(Node):
    """One element."""

    def __init__(self, element: Any) -> None:
        super().__init__(spec_of(element))
        self.element = element

    def length(self) -> int:
        return 1

    def produce(self) -> Iterator[Any]:
        yield self.element


class Numbers(Node):
    """range(start, stop, step): an array, or made bit by bit where that would be too large."""

    def __init__(self, numbers: range, dtype: Any) -> None:
        dtype = as_dtype(dtype)
        super().__init__(TensorSpec((), dtype))
        self.numbers = numbers
        self.array = self._array(numbers) if self.length() <= _MOST_NUMBERS else None

    def _array(self, numbers: range) -> Array:
        array = np.arange(numbers.start, numbers.stop, numbers.step, dtype=INT64)
        return array.astype(self.spec.dtype.dtype)

    def length(self) -> int:
        return max(0, -(-(self.numbers.stop - self.numbers.start) // self.numbers.step))

    def rows(self) -> Rows | None:
        return None if self.array is None else whole(self.array, len(self.array))

    def produce(self) -> Iterator[Any]:
        for start in itertools.count(0, _BLOCK):
            block = self.numbers[start : start + _BLOCK]
            if not block:
                return
            yield from rows_of(self._array(block))


class Counted(Node):
    """start, start + step, … for ever."""

    def __init__(self, start: int, step: int, dtype: Any) -> None:
        super().__init__(TensorSpec((), dtype))
        self.start, self.step = start, step

    def length(self) -> int:
        return INFINITE

    def produce(self) -> Iterator[Any]:
        for number in itertools.count(self.start, self.step):
            yield np.array(number, self.spec.dtype.dtype)


class Random(Node):
    """Random int64 numbers below 2^32, for ever."""

    def __init__(self, seed: int | None, anew: bool) -> None:
        super().__init__(TensorSpec((), "int64"))
        self._seeds = Seeds(seed, anew)

    def length(self) -> int:
        return INFINITE

    def produce(self) -> Iterator[Any]:
        seed, draw = self._seeds.next(), 0
        while True:
            draw += 1
            block = slots(seed, draw, 1024, 2**32)
            yield from (block[i, ...] for i in range(len(block)))


class Generated(Node):
    """What a Python function yields, checked against the type that was promised."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], spec: Any) -> None:
        super().__init__(spec)
        self.function = function
        self.arguments = arguments

    def produce(self) -> Iterator[Any]:
        iterator = iter(self.function(*self.arguments))
        single = not nest.is_nested(self.spec)
        wanted = nest.flatten(self.spec)
        try:
            for item in iterator:
                leaves = [item] if single else self._leaves(self.spec, item)
                arrays = [_fitting(leaf, spec) for leaf, spec in zip(leaves, wanted, strict=True)]
                yield arrays[0] if single else nest.pack_sequence_as(self.spec, arrays)
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    def _leaves(self, spec: Any, item: Any) -> list[Any]:
        """The parts of what was yielded, as the type has them; lists stand for tuples, too."""
        if not nest.is_nested(spec):
            return [item]
        if isinstance(spec, dict):
            if not isinstance(item, dict) or set(item) != set(spec):
                raise self._misfit(spec, item)
            keys = nest.sorted_keys(spec)
            return [leaf for key in keys for leaf in self._leaves(spec[key], item[key])]
        if not isinstance(item, (tuple, list)) or len(item) != len(spec):
            raise self._misfit(spec, item)
        return [leaf for pair in zip(spec, item, strict=True) for leaf in self._leaves(*pair)]

    def _misfit(self, spec: Any, item: Any) -> ArgumentTypeError:
        return ArgumentTypeError(
            f"the generator yielded {item!r:.80}, which is not of the promised structure {spec!r}"
        )


def _fitting(item: Any, spec: TensorSpec) -> Any:
    """What was yielded as an array of the promised type; copied, for it may be filled again."""
    if type(item) is np.ndarray and item.dtype == spec.dtype.dtype and item.shape == spec.shape:
        return encode(item) if item.dtype == STRING else item.copy()
    try:
        array = np.asarray(item) if isinstance(item, (Value, float, np.floating)) else item
        if isinstance(array, np.ndarray) and array.dtype.kind == "f" and spec.dtype.is_integer:
            array = array.astype(INT64) if np.array_equal(array, np.trunc(array)) else array
        array = to_tensor(array, spec.dtype).array
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"the generator yielded {item!r:.80}, which cannot be made a tensor of "
            f"{spec.dtype.name}: {error}"
        ) from None
    if not spec.shape.is_compatible_with(array.shape):
        raise ArgumentTypeError(
            f"the generator yielded an element of shape {array.shape}; {spec.shape} was promised"
        )
    return array.copy() if array is item or not array.flags.owndata else array


def signature(output_signature: Any, output_types: Any, output_shapes: Any) -> Any:
    """The type of elements from the arguments of from_generator, of the new or the old form."""
    if output_signature is not None:
        if output_types is not None or output_shapes is not None:
            raise ArgumentTypeError(
                "from_generator takes output_signature, or output_types and output_shapes; got both"
            )
        return _as_tuples(output_signature)
    if output_types is None:
        raise ArgumentTypeError(
            "from_generator needs output_signature=, e.g. (tf.TensorSpec((3,), tf.float32), "
            "tf.TensorSpec((), tf.int32))"
        )
    types = _as_tuples(output_types)
    return _specs(types, output_shapes)


def _specs(types: Any, shapes: Any) -> Any:
    if isinstance(types, dict):
        return {key: _specs(kind, shapes and shapes[key]) for key, kind in types.items()}
    if isinstance(types, tuple):
        parts = [None] * len(types) if shapes is None else shapes
        return tuple(_specs(*pair) for pair in zip(types, parts, strict=True))
    return TensorSpec(shapes, types)


def _as_tuples(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _as_tuples(value) for key, value in structure.items()}
    if isinstance(structure, (tuple, list)) and not isinstance(structure, TensorShape):
        return tuple(_as_tuples(item) for item in structure)
    return structure


class Lines(Node):
    """The lines of text files."""

    def __init__(self, paths: list[str], compression: str | None) -> None:
        super().__init__(spec_of(normalize("")))
        self.paths = paths
        self.compression = checked_compression(compression)

    def length(self) -> int:
        return UNKNOWN

    def produce(self) -> Iterator[Any]:
        for path in self.paths:
            with open_binary(path, self.compression) as file:
                for line in file:
                    yield normalize(line.rstrip(b"\r\n"))


def checked_compression(compression: str | None) -> str:
    """How files are compressed: "" or "GZIP" or "ZLIB"."""
    found = (compression or "").upper()
    if found not in ("", "GZIP", "ZLIB"):
        raise InvalidArgumentError(f"compression_type is '', 'GZIP' or 'ZLIB'; got {compression!r}")
    return found


def open_binary(path: str, compression: str) -> IO[bytes]:
    """A file for reading, unpacked on the way."""
    if not os.path.isfile(path):
        raise MissingFileError(f"there is no file {path!r}")
    if compression == "GZIP":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if compression == "ZLIB":
        with open(path, "rb") as file:
            return io.BytesIO(zlib.decompress(file.read()))
    return open(path, "rb")


def file_names(names: Any) -> list[str]:
    """File names as text: one, several, a tensor of them, or a dataset of them."""
    if hasattr(names, "__lamina_node__"):
        return [_text(item.item()) for item in names.__lamina_node__().elements()]
    if isinstance(names, (str, bytes, os.PathLike)):
        return [_text(os.fspath(names))]
    return [_text(name) for name in np.asarray(names, object).ravel().tolist()]


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else os.fspath(name)
