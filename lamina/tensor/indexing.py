"""`x[…]`: integers, slices, None, Ellipsis, integer tensors, boolean masks."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.dtypes import INT64
from ..core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    OutOfRangeError,
    SymbolicShapeError,
)
from ..core.shapes import B
from ..ir.bind import new_value
from ..ir.value import Value
from ..prims.broadcast import reshape
from ..prims.index import gather
from ..prims.layout import reverse, strided_slice
from .convert import is_tensor_like, to_tensor


def get_item(x: Value, key: Any) -> Any:
    """`x[key]`, with a gradient."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if len(keys) == 1 and _is_mask(keys[0]):
        return boolean_mask(x, keys[0])
    keys = _expand_ellipsis(keys, len(x.spec.shape))
    starts, stops, steps, flipped, shape = [], [], [], [], []
    gathers: list[tuple[int, Value]] = []
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
        elif _symbolic(item):
            start, stop, step = 0, None, 1
            gathers.append((axis, to_tensor(item)))
        else:
            start = _index(item, size, axis)
            stop, step = start + 1, 1
        starts.append(start)
        stops.append(stop)
        steps.append(step)
        axis += 1
    for axis_, index in reversed(gathers):
        x = gather(x, index, axis_)
        del starts[axis_], stops[axis_], steps[axis_]
    result = x
    if any(starts) or any(step != 1 for step in steps) or any(s is not None for s in stops):
        result = strided_slice(result, tuple(starts), tuple(stops), tuple(steps))
    if flipped:
        result = reverse(result, tuple(flipped))
    return reshape(result, tuple(shape))


def _is_mask(item: Any) -> bool:
    if isinstance(item, (list, np.ndarray)) or is_tensor_like(item):
        tensor = to_tensor(item)
        return bool(tensor.spec.dtype.kind == "b")
    return False


def _symbolic(item: Any) -> bool:
    return is_tensor_like(item) and to_tensor(item).array is None


def _expand_ellipsis(keys: list[Any], rank: int) -> list[Any]:
    used = sum(key is not None and key is not Ellipsis for key in keys)
    if used > rank:
        raise OutOfRangeError(f"{used} indices for a tensor of rank {rank}")
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
            f"an index is an integer, a slice, None, '...' or a boolean mask; got "
            f"{type(item).__name__}. Use tf.gather for several places."
        ) from None
    if size is B:
        raise SymbolicShapeError("the batch axis can be indexed only when its size is known")
    if not -size <= index < size:
        raise OutOfRangeError(
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
        raise SymbolicShapeError(
            "a boolean mask that depends on a traced function's inputs gives a shape that is "
            "not known; use tf.where(mask, x, 0) instead"
        )
    rank = len(mask.spec.shape)
    covered = x.spec.shape[axis : axis + rank]
    if mask.spec.dtype.kind != "b" or rank == 0 or covered != mask.spec.shape:
        raise InvalidArgumentError(
            f"a mask of booleans of shape {covered} is expected; got {mask.spec!r}"
        )
    merged = (*x.spec.shape[:axis], mask.array.size, *x.spec.shape[axis + rank :])
    places = np.flatnonzero(mask.array).astype(INT64)
    return gather(reshape(x, merged), new_value(places), axis)
