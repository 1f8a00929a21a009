"""Elements in groups, and groups taken apart: batches, padded batches, windows, groups by key."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..core import nest
from ..core.dtypes import Array
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.shapes import TensorShape
from ..tensor.spec import TensorSpec
from .node import Node, node_of
from .rows import INFINITE, UNKNOWN, Rows, rows_of
from .structure import (
    DatasetSpec,
    is_dataset,
    normalize,
    row_count,
    spec_of,
    stacked,
    to_tensors,
    with_leading,
    without_leading,
)


def positive(value: Any, what: str) -> int:
    """An argument that is a positive integer."""
    number = _integer(value, what)
    if number < 1:
        raise InvalidArgumentError(f"{what} is a positive integer; got {number}")
    return number


def _integer(value: Any, what: str) -> int:
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise ArgumentTypeError(f"{what} is an integer; got {value!r:.60}") from None


def integer(value: Any, what: str, default: int = -1) -> int:
    """An argument that is an integer, or None for `default`."""
    return default if value is None else _integer(value, what)


class Batch(Node):
    """`size` elements at a time, stacked."""

    def __init__(self, node: Node, size: int, drop_remainder: bool) -> None:
        super().__init__()
        self.node, self.size, self.drop = node, size, drop_remainder

    @property
    def spec(self) -> Any:
        return with_leading(self.node.spec, self.size if self.drop else None)

    def length(self) -> int:
        length = self.node.length()
        if length < 0:
            return length
        return length // self.size if self.drop else -(-length // self.size)

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.batch(self.size, self.drop)

    def produce(self) -> Iterator[Any]:
        for group in groups(self.node.elements(), self.size, self.drop):
            yield stacked(group)


def groups(elements: Iterator[Any], size: int, drop_remainder: bool) -> Iterator[list[Any]]:
    """Lists of `size` elements; the last may be shorter, or is left out."""
    while group := list(islice(elements, size)):
        if len(group) == size or not drop_remainder:
            yield group


class PaddedBatch(Node):
    """`size` elements at a time, each filled up to the largest shape, or to a given one."""

    def __init__(
        self, node: Node, size: int, shapes: Any, values: Any, drop_remainder: bool
    ) -> None:
        super().__init__()
        self.node, self.size, self.drop = node, size, drop_remainder
        spec = node.spec
        self.shapes = [_padded_shape(*pair) for pair in _pairs(spec, shapes, "padded_shapes")]
        self.values = [_padding(*pair) for pair in _pairs(spec, values, "padding_values")]

    @property
    def spec(self) -> Any:
        specs = nest.flatten(self.node.spec)
        found = [
            TensorSpec(None if shape is None else shape, leaf.dtype)
            for leaf, shape in zip(specs, self.shapes, strict=True)
        ]
        packed = nest.pack_sequence_as(self.node.spec, found)
        return with_leading(packed, self.size if self.drop else None)

    def length(self) -> int:
        return Batch(self.node, self.size, self.drop).length()

    def produce(self) -> Iterator[Any]:
        for group in groups(self.node.elements(), self.size, self.drop):
            columns = zip(*(nest.flatten(element) for element in group), strict=True)
            padded = [
                _filled(column, shape, value)
                for column, shape, value in zip(columns, self.shapes, self.values, strict=True)
            ]
            yield nest.pack_sequence_as(group[0], padded)


def _pairs(spec: Any, given: Any, what: str) -> list[tuple[Any, Any]]:
    """Each leaf of an element's type with what is given for it."""
    leaves = nest.flatten(spec)
    if given is None or not nest.is_nested(spec):
        return [(leaf, given) for leaf in leaves]
    if not isinstance(given, (dict, tuple)):
        if what == "padding_values":
            return [(leaf, given) for leaf in leaves]
        raise ArgumentTypeError(
            f"{what} has the structure of an element, {spec!r}; got {given!r:.60}"
        )
    return _aligned(spec, given, what)


def _aligned(spec: Any, given: Any, what: str) -> list[tuple[Any, Any]]:
    if not nest.is_nested(spec):
        return [(spec, given)]
    if isinstance(spec, dict) and isinstance(given, dict) and set(spec) == set(given):
        return [
            pair for key in nest.sorted_keys(spec) for pair in _aligned(spec[key], given[key], what)
        ]
    if isinstance(spec, tuple) and isinstance(given, (tuple, list)) and len(spec) == len(given):
        return [pair for parts in zip(spec, given, strict=True) for pair in _aligned(*parts, what)]
    raise ArgumentTypeError(f"{what} has the structure of an element, {spec!r}; got {given!r:.60}")


def _padded_shape(spec: Any, given: Any) -> TensorShape | None:
    if isinstance(spec, DatasetSpec):
        raise InvalidArgumentError("elements that are datasets cannot be batched; use flat_map")
    if given is None:
        return None if spec.shape.rank is None else spec.shape
    sizes = [given] if isinstance(given, int) else given
    shape = TensorShape([None if size in (None, -1) else size for size in sizes])
    if spec.shape.rank is not None and spec.shape.rank != len(shape):
        raise InvalidArgumentError(
            f"padded_shapes {tuple(shape)} and elements of shape {tuple(spec.shape)} differ in rank"
        )
    return shape


def _padding(spec: Any, given: Any) -> Any:
    if given is None:
        kind = spec.dtype.dtype.kind
        return normalize("").item() if kind not in "fiub" else spec.dtype.dtype.type(0)
    return normalize(given).astype(spec.dtype.dtype).item()


def _filled(arrays: Any, shape: TensorShape | None, value: Any) -> Array:
    rank = arrays[0].ndim
    wanted = [None] * rank if shape is None else list(shape)
    largest = [max(array.shape[axis] for array in arrays) for axis in range(rank)]
    sizes = [most if size is None else size for most, size in zip(largest, wanted, strict=True)]
    if any(most > size for most, size in zip(largest, sizes, strict=True)):
        raise InvalidArgumentError(
            f"padded_batch fills up to {tuple(sizes)}; an element is as large as {tuple(largest)}"
        )
    found = np.full((len(arrays), *sizes), value, arrays[0].dtype)
    for row, array in enumerate(arrays):
        place: tuple[Any, ...] = row, *(slice(0, size) for size in array.shape)
        found[place] = array
    return found


class Unbatch(Node):
    """The rows of the elements, one by one."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node

    @property
    def spec(self) -> Any:
        return without_leading(self.node.spec)

    def length(self) -> int:
        length = self.node.length()
        sizes = {leaf.shape[0] for leaf in nest.flatten(self.node.spec) if leaf.shape.rank}
        size = sizes.pop() if len(sizes) == 1 else None
        return (
            length
            if length == INFINITE
            else UNKNOWN
            if size is None or length < 0
            else length * size
        )

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.unbatch()

    def produce(self) -> Iterator[Any]:
        for element in self.node.elements():
            row_count(element, "unbatch")
            yield from rows_of(element)


class Listed(Node):
    """Elements that are there already."""

    def __init__(self, elements: list[Any], spec: Any = None) -> None:
        super().__init__(spec)
        self.list = elements

    def length(self) -> int:
        return len(self.list)

    def produce(self) -> Iterator[Any]:
        return iter(self.list)


class Window(Node):
    """Windows of `size` elements, `shift` apart, as datasets of every `stride`-th element."""

    def __init__(self, node: Node, size: int, shift: int, stride: int, drop: bool) -> None:
        super().__init__()
        self.node, self.size, self.shift, self.stride, self.drop = node, size, shift, stride, drop

    @property
    def spec(self) -> Any:
        return nest.map_structure(DatasetSpec, self.node.spec)

    def length(self) -> int:
        length = self.node.length()
        if length < 0:
            return length
        if self.drop:
            return max(0, (length - (self.size - 1) * self.stride - 1) // self.shift + 1)
        return -(-length // self.shift)

    def produce(self) -> Iterator[Any]:
        span = (self.size - 1) * self.stride + 1
        elements = self.node.elements()
        held: deque[Any] = deque()
        more = True
        while True:
            while more and len(held) < span:
                element = next(elements, None)
                more = element is not None
                if more:
                    held.append(element)
            if not held or (self.drop and len(held) < span):
                return
            yield self._datasets(list(held)[:span][:: self.stride])
            for _ in range(self.shift):
                if held:
                    held.popleft()
                elif more and next(elements, None) is None:
                    more = False

    def _datasets(self, elements: list[Any]) -> Any:
        """One dataset for each part of an element."""
        columns = zip(*(nest.flatten(element) for element in elements), strict=True)
        nodes = [Listed(list(column), spec_of(column[0])) for column in columns]
        return nest.pack_sequence_as(elements[0], nodes)


class GroupByWindow(Node):
    """Elements gathered by a key, up to a number of them; a function of each such window."""

    def __init__(
        self,
        node: Node,
        key: Callable[..., Any],
        reduce: Callable[..., Any],
        size_of: Callable[[Any], int],
        wrap: Callable[[Node], Any],
    ) -> None:
        super().__init__()
        self.node, self.key, self.reduce = node, key, reduce
        self.size_of, self.wrap = size_of, wrap

    def produce(self) -> Iterator[Any]:
        windows: dict[int, list[Any]] = {}
        for element in self.node.elements():
            given = to_tensors(element)
            key = int(self.key(*given) if isinstance(given, tuple) else self.key(given))
            window = windows.setdefault(key, [])
            window.append(element)
            if len(window) >= self.size_of(key):
                yield from self._reduced(key, windows.pop(key))
        for key, window in windows.items():
            yield from self._reduced(key, window)

    def _reduced(self, key: int, window: list[Any]) -> Iterator[Any]:
        spec = None if is_dataset(window[0]) else self.node.spec
        found = self.reduce(to_tensors(np.array(key)), self.wrap(Listed(window, spec)))
        return node_of(found, "the reduce_func of group_by_window").elements()
