"""Shapes, orders of axes, and elements moved within a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.dtypes import INT32
from ...core.errors import InvalidArgumentError
from ...core.shapes import element_count, normalize_axes, normalize_axis
from ...ops import layout, linalg
from ...ops.common import axes_of, axis_of, insert_axis, integer
from ...prims import elementwise as prim
from ...prims.broadcast import fill_like, iota, reduce_sum
from ...prims.broadcast import reshape as reshape_primitive
from ...prims.layout import reverse
from ...prims.layout import transpose as transpose_primitive
from ...tensor.convert import as_python
from .operation import operation
from .promotion import own, sum_dtype, tensor


@operation
def reshape(x: Any, newshape: Any) -> Any:
    """The elements in row-major order in another shape; one size may be -1 (what remains)."""
    return layout.reshape(own(x), newshape)


@operation
def ravel(x: Any) -> Any:
    """The elements in one line."""
    return layout.reshape(own(x), [-1])


@operation
def transpose(x: Any, axes: Any = None) -> Any:
    """`x` with its axes in the order `axes` (None: backwards)."""
    return layout.transpose(own(x), axes)


@operation
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """`x` with two axes swapped."""
    x = own(x)
    order = list(range(len(x.spec.shape)))
    first, second = axis_of(axis1, len(order)), axis_of(axis2, len(order))
    order[first], order[second] = second, first
    return transpose_primitive(x, tuple(order))


@operation
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """`x` with the axes `source` at the places `destination`, the others in their order."""
    x = own(x)
    rank = len(x.spec.shape)
    sources, targets = (
        [normalize_axis(integer(axis, "axis"), rank) for axis in _several(axes)]
        for axes in (source, destination)
    )
    if len(sources) != len(targets) or len(set(sources)) + len(set(targets)) < 2 * len(sources):
        raise InvalidArgumentError(
            f"moveaxis expects as many places as axes, each once; got {source} and {destination}"
        )
    rest = iter([axis for axis in range(rank) if axis not in sources])
    moved = dict(zip(targets, sources, strict=True))
    order = [moved[place] if place in moved else next(rest) for place in range(rank)]
    return transpose_primitive(x, tuple(order))


def _several(value: Any) -> list[Any]:
    """An argument that is one number or several."""
    found = as_python(value, "axes") if not isinstance(value, (list, tuple)) else list(value)
    return found if isinstance(found, list) else [found]


@operation
def expand_dims(x: Any, axis: Any) -> Any:
    """`x` with new axes of size 1 at the places `axis` of the result."""
    x = own(x)
    places = _several(axis)
    found = normalize_axes([integer(p, "axis") for p in places], len(x.spec.shape) + len(places))
    for place in found:
        x = insert_axis(x, place)
    return x


@operation
def squeeze(x: Any, axis: Any = None) -> Any:
    """`x` without its axes of size 1, or without those of `axis`."""
    x = own(x)
    if axis is not None and not _several(axis):
        return x
    return layout.squeeze(x, axis)


@operation
def broadcast_to(x: Any, shape: Any) -> Any:
    """`x` repeated along new leading axes and along axes of size 1."""
    return layout.broadcast_to(own(x), shape)


# Backwards, around -------------------------------------------------------------------------------


@operation
def flip(x: Any, axis: Any = None) -> Any:
    """`x` backwards along `axis` (None: along all)."""
    x = own(x)
    return reverse(x, axes_of(axis, len(x.spec.shape)))


@operation
def fliplr(x: Any) -> Any:
    """`x` backwards along its second axis."""
    return layout.reverse(own(x), 1)


@operation
def flipud(x: Any) -> Any:
    """`x` backwards along its first axis."""
    return layout.reverse(own(x), 0)


@operation
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """`array` turned by k quarters, from the first of two axes toward the second."""
    x = own(array)
    rank = len(x.spec.shape)
    if rank < 2:
        raise InvalidArgumentError(f"rot90 expects at least two axes; got shape {x.spec.shape}")
    if len(axes) != 2 or axes[0] == axes[1]:
        raise InvalidArgumentError(f"rot90 expects two different axes; got {tuple(axes)}")
    first, second = (normalize_axis(axis, rank) for axis in axes)
    turns = integer(k, "k") % 4
    if turns == 2:
        return reverse(x, tuple(sorted((first, second))))
    if turns == 1:
        x = reverse(x, (second,))
    order = list(range(rank))
    order[first], order[second] = second, first
    x = x if turns == 0 else transpose_primitive(x, tuple(order))
    return reverse(x, (second,)) if turns == 3 else x


@operation
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """`x` moved by `shift` along `axis`; what leaves at the end comes in at the start.

    Without `axis` in row-major order. One shift serves several axes.
    """
    x = own(x)
    if axis is None:
        return reshape_primitive(layout.roll(layout.reshape(x, [-1]), shift, 0), x.spec.shape)
    shifts, places = _several(shift), _several(axis)
    shifts = shifts * len(places) if len(shifts) == 1 else shifts
    places = places * len(shifts) if len(places) == 1 else places
    return layout.roll(x, shifts, places)


# Repeating ---------------------------------------------------------------------------------------


@operation
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element (slice) along `axis` repeated in place; None flattens first."""
    return layout.repeat(own(x), repeats, axis)


@operation
def tile(x: Any, repeats: Any) -> Any:
    """`x` repeated as a whole, as often along each of the last axes as `repeats` says."""
    x, times = own(x), _several(repeats)
    rank = len(x.spec.shape)
    times = [1] * (rank - len(times)) + times
    x = reshape_primitive(x, (*(1,) * (len(times) - rank), *x.spec.shape))
    return layout.tile(x, times)


# Diagonals ---------------------------------------------------------------------------------------


@operation
def diag(x: Any, k: int = 0) -> Any:
    """A matrix with the line `x` on its k-th diagonal; of a matrix, that diagonal."""
    x = tensor(x)
    rank = len(x.spec.shape)
    if rank == 1:
        return linalg.diag(x, k=k)
    if rank == 2:
        return linalg.diag_part(x, k=k)
    raise InvalidArgumentError(f"diag expects a line or a matrix; got shape {x.spec.shape}")


@operation
def diagflat(x: Any, k: int = 0) -> Any:
    """A matrix with the flattened `x` on its k-th diagonal."""
    return linalg.diag(layout.reshape(tensor(x), [-1]), k=k)


def _diagonal(x: Any, offset: int, axis1: int, axis2: int) -> Any:
    rank = len(x.spec.shape)
    first, second = axis_of(axis1, rank), axis_of(axis2, rank)
    if first == second:
        raise InvalidArgumentError(f"a diagonal needs two different axes; got {axis1}, {axis2}")
    rest = tuple(axis for axis in range(rank) if axis not in (first, second))
    moved = transpose_primitive(x, (*rest, first, second))
    return _diagonal_of_booleans(moved, offset)


def _diagonal_of_booleans(x: Any, offset: int) -> Any:
    """Sums are for numbers only, and the diagonal is taken by a sum."""
    if x.spec.dtype.kind != "b":
        return linalg.diag_part(x, k=offset)
    return prim.cast(linalg.diag_part(prim.cast(x, INT32), k=offset), x.spec.dtype)


@operation
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonal over two axes, as a new last axis."""
    return _diagonal(tensor(x), offset, axis1, axis2)


@operation
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of the diagonal over two axes."""
    line = _diagonal(tensor(x), offset, axis1, axis2)
    line = prim.cast(line, sum_dtype(line.spec.dtype))
    return reduce_sum(line, (len(line.spec.shape) - 1,))


def _triangle(x: Any, k: int, lower: bool) -> Any:
    x = tensor(x)
    shape = x.spec.shape
    if len(shape) < 2:
        raise InvalidArgumentError(f"a triangle is part of matrices; got shape {shape}")
    row, column = iota(shape, len(shape) - 2, INT32), iota(shape, len(shape) - 1, INT32)
    edge = prim.add(row, fill_like(row, integer(k, "k")))
    inside = prim.less_equal(column, edge) if lower else prim.less_equal(edge, column)
    return prim.select(inside, x, fill_like(x, 0))


@operation
def tril(x: Any, k: int = 0) -> Any:
    """Matrices with zeros above the k-th diagonal."""
    return _triangle(x, k, lower=True)


@operation
def triu(x: Any, k: int = 0) -> Any:
    """Matrices with zeros below the k-th diagonal."""
    return _triangle(x, k, lower=False)


@operation
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The coordinates in `shape` of places in row-major order, one tensor an axis."""
    rest = tensor(indices)
    sizes = [integer(size, "a size") for size in _several(shape)]
    total = element_count(sizes)
    if rest.array is not None and rest.array.size:
        least, most = int(rest.array.min()), int(rest.array.max())
        if least < -total or most >= total:
            raise InvalidArgumentError(
                f"unravel_index of {least if least < -total else most}: the shape {tuple(sizes)} "
                f"has {total} places"
            )
    found = []
    for size in reversed(sizes):
        divisor = fill_like(rest, size)
        found.append(prim.remainder(rest, divisor))
        rest = prim.floor_divide(rest, divisor)
    return tuple(reversed(found))


__all__ = [
    "broadcast_to", "diag", "diagflat", "diagonal", "expand_dims", "flip", "fliplr", "flipud",
    "moveaxis", "ravel", "repeat", "reshape", "roll", "rot90", "squeeze", "swapaxes", "tile",
    "trace", "transpose", "tril", "triu", "unravel_index",
]  # fmt: skip
