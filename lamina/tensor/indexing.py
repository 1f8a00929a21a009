"""`x[…]`: integers, slices, None, Ellipsis, arrays of integers, boolean masks."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.dtypes import INT64
from ..core.errors import (
    ArgumentTypeError,
    IndexRangeError,
    InvalidArgumentError,
    SymbolicShapeError,
)
from ..core.shapes import B, broadcast_shapes
from ..ir.bind import new_value
from ..ir.value import Value
from ..prims.broadcast import broadcast, fill_like, reshape
from ..prims.control import check
from ..prims.elementwise import add, bitwise_and, cast, less, less_equal, multiply, select
from ..prims.index import check_indices, gather
from ..prims.layout import reverse, strided_slice, transpose
from .convert import is_tensor_like, to_tensor

_UNKNOWN_MASK = (
    "a boolean mask that depends on a traced function's inputs gives a shape that is not known; "
    "use tf.where(mask, x, 0) instead"
)


_PLAIN = frozenset((int, slice, type(None), type(Ellipsis)))


def get_item(x: Value, key: Any) -> Any:
    """`x[key]`, with a gradient."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if all(type(item) in _PLAIN for item in keys):
        return _sliced(x, _expand_ellipsis(keys, len(x.spec.shape)))
    if len(keys) == 1 and _is_mask(keys[0]):
        return boolean_mask(x, keys[0])
    keys = _expand_ellipsis(_without_masks(keys), len(x.spec.shape))
    places = {number: to_tensor(item) for number, item in enumerate(keys) if _is_array(item)}
    if any(places[number].spec.shape for number in places):  # then numbers are arrays, too
        places |= {n: to_tensor(item) for n, item in enumerate(keys) if _is_number(item)}
    result = _sliced(x, [slice(None) if n in places else key for n, key in enumerate(keys)])
    if not places:
        return result
    kept = [n for n, item in enumerate(keys) if n in places or not _is_number(item)]
    return _taken(result, {kept.index(number): places[number] for number in sorted(places)})


def _sliced(x: Value, keys: list[Any]) -> Any:
    """`x` at integers, slices and None, one for each axis."""
    starts, stops, steps, flipped, shape = [], [], [], [], []
    axis = 0
    for item in keys:
        if item is None:
            shape.append(1)
            continue
        size = x.spec.shape[axis]
        if isinstance(item, slice):
            start, stop, step, backwards = _bounds(item, size, axis)
            flipped += [axis] * backwards
            shape.append(_count(start, stop, step, size))
        else:
            start = _index(item, size, axis)
            stop, step = start + 1, 1
        starts.append(start)
        stops.append(stop)
        steps.append(step)
        axis += 1
    result = x
    if any(starts) or any(step != 1 for step in steps) or any(s is not None for s in stops):
        result = strided_slice(result, tuple(starts), tuple(stops), tuple(steps))
    if flipped:
        result = reverse(result, tuple(flipped))
    return reshape(result, tuple(shape))


def _taken(x: Value, places: dict[int, Any]) -> Any:
    """`x` at integer arrays for some of its axes, which go together, as in NumPy.

    Their shape stands where the first of them stood; first of all if others stand between them.
    """
    axes = list(places)
    indices = [_from_front(places[axis], x.spec.shape[axis]) for axis in axes]
    if len(axes) == 1:
        return gather(x, indices[0], axes[0])
    sizes = [x.spec.shape[axis] for axis in axes]
    if B in sizes:
        raise SymbolicShapeError(
            "several integer arrays as an index for the batch axis and others while a program is "
            "traced; use tf.gather(x, indices, batch_dims=1) or keras.ops.take_along_axis"
        )
    shape = indices[0].spec.shape
    for index in indices[1:]:
        shape = broadcast_shapes(shape, index.spec.shape)
    flat: Any = None
    for index, size in zip(indices, sizes, strict=True):
        index = _checked(cast(broadcast(index, shape), INT64), size)
        flat = index if flat is None else add(multiply(flat, fill_like(flat, size)), index)
    together = axes == list(range(axes[0], axes[-1] + 1))
    begin = axes[0] if together else 0
    rest = [axis for axis in range(len(x.spec.shape)) if axis not in places]
    moved = transpose(x, (*rest[:begin], *axes, *rest[begin:]))
    lines = (*moved.spec.shape[:begin], math.prod(sizes), *moved.spec.shape[begin + len(axes) :])
    return gather(reshape(moved, lines), flat, begin)


def _checked(index: Value, size: Any) -> Any:
    """`index`, whose places must be in an axis of `size`."""
    if index.array is not None:
        check_indices(index.array, size)
        return index
    inside = less(index, fill_like(index, size))
    inside = bitwise_and(inside, less_equal(fill_like(index, 0), index))
    return check(inside, [index], f"an index is outside of an axis of size {size}")[0]


def _from_front(index: Any, size: Any) -> Any:
    """Indices counted from the front, also those below 0."""
    if index.spec.dtype.kind not in "iu":
        raise ArgumentTypeError(f"an index is an integer; got dtype {index.spec.dtype.name}")
    if index.spec.dtype.kind == "u" or size is B:
        return index
    if index.array is not None and (index.array >= 0).all():
        return index
    return select(less(index, fill_like(index, 0)), add(index, fill_like(index, size)), index)


def _is_mask(item: Any) -> bool:
    if isinstance(item, (list, np.ndarray)) or is_tensor_like(item):
        tensor = to_tensor(item)
        return bool(tensor.spec.dtype.kind == "b")
    return False


def _without_masks(keys: list[Any]) -> list[Any]:
    """Masks of booleans as the places where they hold."""
    found: list[Any] = []
    for item in keys:
        if not _is_mask(item):
            found.append(item)
            continue
        mask = to_tensor(item)
        if mask.array is None:
            raise SymbolicShapeError(_UNKNOWN_MASK)
        found += [new_value(places) for places in np.nonzero(mask.array)]
    return found


def _is_array(item: Any) -> bool:
    """Integers in a list, an array or a tensor; one number only where it is not known."""
    if isinstance(item, (list, np.ndarray)):
        return np.ndim(item) > 0
    if not is_tensor_like(item):
        return False
    tensor = to_tensor(item)
    return tensor.array is None or len(tensor.spec.shape) > 0


def _is_number(item: Any) -> bool:
    return item is not None and not isinstance(item, slice)


def _expand_ellipsis(keys: list[Any], rank: int) -> list[Any]:
    used = sum(key is not None and key is not Ellipsis for key in keys)
    if used > rank:
        raise IndexRangeError(f"{used} indices for a tensor of rank {rank}")
    dots = [place for place, key in enumerate(keys) if key is Ellipsis]
    if len(dots) > 1:
        raise InvalidArgumentError("an index can have only one '...'")
    place = dots[0] if dots else len(keys)
    rest = keys[place + 1 :] if dots else []
    return keys[:place] + [slice(None)] * (rank - used) + rest


def _index(item: Any, size: Any, axis: int) -> int:
    try:
        index = operator.index(item)
    except TypeError:
        raise ArgumentTypeError(
            "an index is an integer or an array of them, a slice, None, '...' or a boolean mask; "
            f"got {type(item).__name__}"
        ) from None
    if size is B:
        raise SymbolicShapeError("the batch axis can be indexed only when its size is known")
    if not -size <= index < size:
        raise IndexRangeError(
            f"index {index} is out of range for axis {axis} of size {size}; expected "
            f"{-size} to {size - 1}"
        )
    return index + size if index < 0 else index


def _bounds(item: slice, size: Any, axis: int) -> tuple[int, int | None, int, bool]:
    """start, stop, positive step, and whether the result is read backwards."""
    if item == slice(None):
        return 0, None, 1, False
    if size is B:
        raise SymbolicShapeError("the batch axis can be sliced only when its size is known")
    parts = [None if p is None else operator.index(p) for p in (item.start, item.stop, item.step)]
    if parts[2] == 0:
        raise InvalidArgumentError(f"the step of a slice along axis {axis} is 0")
    start, stop, step = slice(*parts).indices(size)
    if step > 0:
        return start, max(start, stop), step, False
    count = len(range(start, stop, step))
    first = start + (count - 1) * step if count else 0
    return first, (start + 1 if count else 0), -step, True


def _count(start: int, stop: int | None, step: int, size: Any) -> Any:
    return size if stop is None else -(-(stop - start) // step)


def boolean_mask(x: Any, mask: Any, axis: int = 0) -> Any:
    """The slices of `x` where `mask` holds; the mask must be known (its count is a shape)."""
    x, mask = to_tensor(x), to_tensor(mask)
    if mask.array is None:
        raise SymbolicShapeError(_UNKNOWN_MASK)
    rank = len(mask.spec.shape)
    covered = x.spec.shape[axis : axis + rank]
    if mask.spec.dtype.kind != "b" or rank == 0 or covered != mask.spec.shape:
        raise InvalidArgumentError(
            f"a mask of booleans of shape {covered} is expected; got {mask.spec!r}"
        )
    merged = (*x.spec.shape[:axis], mask.array.size, *x.spec.shape[axis + rank :])
    places = np.flatnonzero(mask.array).astype(INT64)
    return gather(reshape(x, merged), new_value(places), axis)
