"""Elements that are kept: cached in memory or in a file, prefetched by a thread."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core import nest
from ..core.archives import read_arrays
from ..core.dtypes import Array, as_dtype
from ..core.errors import DataLossError, InvalidArgumentError
from ..core.files import replacing
from .background import ahead
from .choosing import Chosen
from .mapping import AUTOTUNE
from .node import Node
from .order import Segment
from .rows import Rows, rows_of, whole
from .structure import is_dataset, normalize

_FREE = 1 << 20  # elements without values that a file may have
_AHEAD = 8  # elements that AUTOTUNE prefetches


class Cached(Chosen):
    """The elements of the first iteration that comes to its end, kept in memory."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._order: list[Segment] = []
        self._kept: list[Any] | None = None
        self._rows: Rows | None = None
        self._is_filled = False

    def state(self) -> list[int]:
        """Whether it holds elements; the second number says nothing."""
        return [int(self._is_filled or bool(self._order)), 0]

    def restart(self, filled: int, _: int) -> None:
        """Go on from a `state`: forget what came after."""
        if not filled:
            self._order.clear()
            self._kept, self._rows, self._is_filled = None, None, False

    def rows(self) -> Rows | None:
        if self._rows is not None:
            return self._rows
        rows = self.node.rows()
        if rows is not None and rows.transform is not None:
            self._rows = rows = rows.applied()  # once, whatever variables are later
            if rows is not None:
                self._rows = rows.remembered(self._order)
                return self._rows
        return None if rows is None else rows.remembered(self._order)

    def produce(self) -> Iterator[Any]:
        if self._kept is not None:
            yield from self._kept
            return
        seen = []
        for element in self.node.elements():
            seen.append(element)
            yield element
        stacked = _stacked(seen)
        if stacked is None:
            self._kept = seen
        else:
            self._rows = whole(stacked, len(seen))
        self._is_filled = True


def _stacked(elements: list[Any]) -> Any:
    """Elements of one shape as arrays of all rows; None where they differ."""
    columns: list[list[Any]] = [[] for _ in nest.flatten(elements[0])] if elements else []
    for element in elements:
        for column, leaf in zip(columns, nest.flatten(element), strict=True):
            if is_dataset(leaf) or (column and leaf.shape != column[0].shape):
                return None
            column.append(leaf)
    if not columns:
        return None
    return nest.pack_sequence_as(elements[0], [np.stack(column) for column in columns])


class Saved(Chosen):
    """The elements of the first whole iteration, kept in a file."""

    def __init__(self, node: Node, path: str) -> None:
        super().__init__(node)
        self.path = path
        self._is_void = False  # whether a file that is there does not count

    def state(self) -> list[int]:
        """Whether there is a file; the second number says nothing."""
        return [int(not self._is_void and os.path.exists(self.path)), 0]

    def restart(self, filled: int, _: int) -> None:
        """Go on from a `state`: write a file anew that came after."""
        self._is_void = not filled

    def rows(self) -> Rows | None:
        return read_rows(self.path, self.node.spec) if self.state()[0] else None

    def produce(self) -> Iterator[Any]:
        if self.state()[0]:
            yield from read_elements(self.path, self.node.spec)
            return
        seen = []
        for element in self.node.elements():
            seen.append(element)
            yield element
        write_elements(self.path, seen, self.node.spec)
        self._is_void = False


def write_elements(path: str, elements: list[Any], spec: Any) -> None:
    """Elements in one file of NumPy's: for each leaf its values in a row, and the shapes."""
    parts: dict[str, Array] = {"count": np.array(len(elements))}
    for number, leaf in enumerate(nest.flatten(spec)):
        if not hasattr(leaf, "dtype"):
            raise InvalidArgumentError("elements that are datasets cannot be kept in a file")
        arrays = [nest.flatten(element)[number] for element in elements]
        shapes = {array.shape for array in arrays}
        flat = np.concatenate([array.ravel() for array in arrays]) if arrays else np.empty(0)
        if flat.dtype.kind not in "fiub":
            texts = [_encoded(item) for item in flat.tolist()]
            parts[f"lengths_{number}"] = np.array([len(text) for text in texts], np.int64)
            flat = np.frombuffer(b"".join(texts), np.uint8)
        parts[f"values_{number}"] = flat
        if len(shapes) == 1:
            parts[f"shape_{number}"] = np.array(shapes.pop(), np.int64)
        else:
            parts[f"ranks_{number}"] = np.array([array.ndim for array in arrays], np.int64)
            sizes = [size for array in arrays for size in array.shape]
            parts[f"sizes_{number}"] = np.array(sizes, np.int64)
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **parts)


def _encoded(item: Any) -> bytes:
    return item if isinstance(item, bytes) else str(item).encode()


def _columns(path: str, spec: Any) -> tuple[int, list[Array], list[list[tuple[int, ...]] | None]]:
    """How many elements there are; of each leaf the values, and the shapes where they differ."""
    try:
        with open(path, "rb") as file:
            parts = read_arrays(file, path)
        count, columns = _counted(parts), []
        shapes: list[list[tuple[int, ...]] | None] = []
        for number, leaf in enumerate(nest.flatten(spec)):
            values = parts[f"values_{number}"]
            if f"lengths_{number}" in parts:
                values = _decoded(values, parts[f"lengths_{number}"])
            if f"shape_{number}" in parts:
                values = values.reshape(count, *parts[f"shape_{number}"].tolist())
                shapes.append(None)
            else:
                ranks = parts[f"ranks_{number}"].tolist()
                sizes = iter(parts[f"sizes_{number}"].tolist())
                found = [tuple(next(sizes) for _ in range(rank)) for rank in ranks]
                _check_parts([math.prod(shape) for shape in found], len(values))
                if len(found) != count or any(size < 0 for shape in found for size in shape):
                    raise ValueError(f"shapes of {len(found)} of {count} elements")
                shapes.append(found)
            if count:
                _check_like(leaf, values.dtype, shapes[-1] or [values.shape[1:]])
            columns.append(values)
    except Exception as error:
        raise DataLossError(
            f"{path} is no file that Dataset.cache or save wrote for elements of this type "
            f"({error}); remove it to have it written anew"
        ) from None
    return count, columns, shapes


def _counted(parts: dict[str, Array]) -> int:
    """How many elements a file has: no more than it has bytes, but for a few without values."""
    count, most = int(parts["count"]), _FREE + sum(part.nbytes for part in parts.values())
    if not 0 <= count <= most:
        raise ValueError(f"{count:,} elements")
    return count


def _check_like(leaf: Any, dtype: np.dtype[Any], shapes: list[tuple[int, ...]]) -> None:
    """ValueError: the elements in a file are not those that the dataset promises."""
    if as_dtype(dtype) != leaf.dtype:
        raise ValueError(f"values of {as_dtype(dtype).name}, expected {leaf.dtype.name}")
    wrong = next((shape for shape in shapes if not leaf.shape.is_compatible_with(shape)), None)
    if wrong is not None:
        raise ValueError(f"an element of shape {wrong}, expected {leaf.shape}")


def _check_parts(sizes: list[int], whole_size: int) -> None:
    """ValueError: parts of these sizes don't make up the whole, each piece of it once."""
    if min(sizes, default=0) < 0 or sum(sizes) != whole_size:
        raise ValueError(f"parts of {sum(sizes)} in all, where there are {whole_size}")


def _decoded(values: Array, lengths: Array) -> Array:
    _check_parts(lengths.tolist(), values.nbytes)
    content, ends = values.tobytes(), np.cumsum(lengths).tolist()
    texts = [content[end - size : end] for end, size in zip(ends, lengths.tolist(), strict=True)]
    return np.concatenate([normalize(text).reshape(1) for text in texts]) if texts else values


def read_rows(path: str, spec: Any) -> Rows | None:
    """The elements in a file as rows of arrays, where they have one shape."""
    count, columns, shapes = _columns(path, spec)
    if any(found is not None for found in shapes):
        return None
    return whole(nest.pack_sequence_as(spec, columns), count)


def read_elements(path: str, spec: Any) -> Iterator[Any]:
    """The elements in a file, one by one."""
    _, columns, shapes = _columns(path, spec)
    parts = [
        rows_of(values) if found is None else _cut(values, found)
        for values, found in zip(columns, shapes, strict=True)
    ]
    for leaves in zip(*parts, strict=True):
        yield nest.pack_sequence_as(spec, leaves)


def _cut(values: Array, shapes: list[tuple[int, ...]]) -> Iterator[Array]:
    start = 0
    for shape in shapes:
        size = int(np.prod(shape, dtype=np.int64))
        yield values[start : start + size].reshape(shape)
        start += size


class Prefetched(Chosen):
    """Elements made by a thread, up to `count` ahead."""

    def __init__(self, node: Node, count: int) -> None:
        super().__init__(node)
        if count < AUTOTUNE:
            raise InvalidArgumentError(
                f"prefetch takes a number of elements or tf.data.AUTOTUNE; got {count}"
            )
        self.count = _AHEAD if count == AUTOTUNE else count

    def rows(self) -> Rows | None:
        return self.node.rows()  # arrays are there already

    def produce(self) -> Iterator[Any]:
        return ahead(self.node.elements, self.count) if self.count else self.node.elements()
