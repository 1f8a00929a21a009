"""Where elements are: the index of an element of a view in what it views.

An index has one expression for each axis of a shape; that of the batch is the row, `r`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from ...core.shapes import B, Dim, Shape
from ...ir.value import Node

Index = tuple[str, ...]
ROW = "r"


def product(sizes: Sequence[Dim]) -> int:
    """How many elements there are, in one row of a batch."""
    return math.prod(int(size) for size in sizes if size is not B)


def flat(index: Index, shape: Shape) -> str:
    """The number of an element in row-major order, within its row."""
    total = "0"
    for place, size in zip(index, shape, strict=True):
        if size is not B and size != 1:
            total = added(times(total, int(size)), place)
    return total


def added(first: str, second: str) -> str:
    """The sum of two expressions."""
    if "0" in (first, second):
        return second if first == "0" else first
    return f"({first} + {second})"


def times(expression: str, factor: int) -> str:
    """An expression times a number."""
    if factor == 1 or expression == "0":
        return expression
    return f"{expression} * {factor}" if factor else "0"


def _groups(first: Shape, second: Shape) -> Iterator[tuple[range, range]]:
    """Axes of two shapes that together count the same elements, the fewest at a time."""
    i = j = 0
    while i < len(first) or j < len(second):
        start = i, j
        if i < len(first) and j < len(second) and first[i] is B and second[j] is B:
            i, j = i + 1, j + 1
        else:
            left = right = 1
            while start == (i, j) or left != right:
                if left <= right and i < len(first) and first[i] is not B:
                    left *= int(first[i])
                    i += 1
                else:
                    right *= int(second[j])
                    j += 1
        yield range(start[0], i), range(start[1], j)


def keeps_rows(first: Shape, second: Shape) -> bool:
    """Whether a reshape leaves each row of a batch what it is."""
    if B not in first:
        return True
    before = first[: first.index(B)], second[: second.index(B)]
    return product(before[0]) == product(before[1])


def reshaped(index: Index, shape: Shape, source: Shape) -> Index:
    """The index in `source` of an element of its reshape to `shape`."""
    found: list[str] = []
    for new, old in _groups(shape, source):
        large_new = [axis for axis in new if shape[axis] != 1]
        large_old = [axis for axis in old if source[axis] != 1]
        if len(large_new) == len(large_old) <= 1:
            place = index[large_new[0]] if large_new else "0"
            found += [place if axis in large_old else "0" for axis in old]
            continue
        number = flat(tuple(index[axis] for axis in new), tuple(shape[axis] for axis in new))
        found += _split(number, [int(source[axis]) for axis in old])
    return tuple(found)


def _split(number: str, sizes: Sequence[int]) -> list[str]:
    """The index of the element of this number in row-major order."""
    found = []
    for axis, size in enumerate(sizes):
        inner = math.prod(sizes[axis + 1 :])
        place = f"({number} / {inner})" if inner > 1 else number
        found.append(f"({place} % {size})" if axis else place)
    return found


def is_plain(shape: Shape, source: Shape) -> bool:
    """Whether a reshape moves indices without any division."""
    return all(
        len([a for a in new if shape[a] != 1]) == len([a for a in old if source[a] != 1]) <= 1
        for new, old in _groups(shape, source)
    )


def _broadcast(node: Node, index: Index) -> Index:
    source = node.inputs[0].spec.shape
    kept = index[len(index) - len(source) :]
    return tuple("0" if size == 1 else place for size, place in zip(source, kept, strict=True))


def _transpose(node: Node, index: Index) -> Index:
    axes = node.params["axes"]
    return tuple(index[axes.index(axis)] for axis in range(len(axes)))


def _slice(node: Node, index: Index) -> Index:
    starts, steps = node.params["starts"], node.params["steps"]
    return tuple(
        added(times(place, step), str(start)) if place != ROW else place
        for place, start, step in zip(index, starts, steps, strict=True)
    )


def _reverse(node: Node, index: Index) -> Index:
    shape, axes = node.outputs[0].spec.shape, node.params["axes"]
    return tuple(
        f"({int(shape[axis]) - 1} - {place})" if axis in axes else place
        for axis, place in enumerate(index)
    )


def _reshape(node: Node, index: Index) -> Index:
    return reshaped(index, node.outputs[0].spec.shape, node.inputs[0].spec.shape)


VIEWS: dict[str, Callable[[Node, Index], Index]] = {
    "broadcast": _broadcast,
    "reshape": _reshape,
    "reverse": _reverse,
    "slice": _slice,
    "transpose": _transpose,
}
"""Primitives that only move elements: the index in their input of an element of theirs."""
