"""Reading and writing at computed places; sorting."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.dtypes import INT32, Array
from ..core.errors import InvalidArgumentError, UnimplementedError
from ..core.shapes import element_count
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims import index as prim_index
from ..prims.broadcast import broadcast, reduce_sum, reshape
from ..prims.layout import slice_along
from ..tensor import indexing
from ..tensor.convert import constant_value, promote, to_tensor
from ..tensor.scatter import replaced, slices_at, summed, whole_numbers
from .common import as_shape, axis_of, index_dtype, insert_axis, integer, move_axis


class TopK(NamedTuple):
    """The largest values of each line and where they stood."""

    values: Any
    indices: Any


class Unique(NamedTuple):
    """The distinct values in the order of their first place, and which each element is."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """As `Unique`, and how often each value occurs."""

    y: Any
    idx: Any
    count: Any


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Any:
    """The slices of `params` at `indices` along `axis` (None: `batch_dims`).

    The first `batch_dims` axes of both go together. An index outside raises IndexRangeError.
    """
    x, places = to_tensor(params), whole_numbers(indices, "gather")
    batch = integer(batch_dims, "batch_dims")
    place = axis_of(batch if axis is None else axis, len(x.spec.shape))
    if batch == 0:
        return prim_index.gather(x, places, place)
    if batch < 0:
        batch += len(places.spec.shape)
    if place < batch or x.spec.shape[:batch] != places.spec.shape[:batch]:
        raise InvalidArgumentError(
            f"gather with batch_dims={batch} expects equal leading sizes and axis ≥ batch_dims; "
            f"got shapes {x.spec.shape} and {places.spec.shape}, axis {place}"
        )
    return _gather_in_batch(x, places, place, batch)


def _gather_in_batch(x: Any, places: Any, axis: int, batch: int) -> Any:
    """Lines along the last axis, each with the indices of its own batch entry."""
    last = len(x.spec.shape) - 1
    lines = move_axis(x, axis, last)
    inner = lines.spec.shape[batch:-1]
    wanted = places.spec.shape[batch:]
    flat = reshape(places, (*x.spec.shape[:batch], *(1 for _ in inner), element_count(wanted)))
    flat = broadcast(flat, (*lines.spec.shape[:-1], element_count(wanted)))
    found = prim_index.take_along(lines, flat)
    moved = move_axis(found, last, axis)
    shape = moved.spec.shape
    return reshape(moved, (*shape[:axis], *wanted, *shape[axis + 1 :]))


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str | None = None) -> Any:
    """The slices of `tensor` where `mask` holds."""
    x = to_tensor(tensor)
    return indexing.boolean_mask(x, mask, axis_of(axis or 0, len(x.spec.shape)))


def gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: str | None = None) -> Any:
    """The slices of `params` at the coordinates in the last axis of `indices`."""
    if batch_dims:
        raise UnimplementedError("gather_nd with batch_dims; use tf.gather(…, batch_dims=…)")
    return slices_at(to_tensor(params), indices)


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Any:
    """Zeros of `shape` with `updates` added at the coordinates in the last axis of `indices`."""
    return summed(indices, to_tensor(updates), as_shape(shape))


def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """`tensor` with `updates` added at the coordinates in the last axis of `indices`."""
    tensor, updates = promote(tensor, updates)
    return prim.add(tensor, scatter_nd(indices, updates, tensor.spec.shape))


def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """`tensor` with `updates` subtracted at the coordinates in the last axis of `indices`."""
    tensor, updates = promote(tensor, updates)
    return prim.subtract(tensor, scatter_nd(indices, updates, tensor.spec.shape))


def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Any:
    """`tensor` with `updates` in place of the slices at `indices`; of several, the last."""
    tensor, updates = promote(tensor, updates)
    return replaced(tensor, updates, indices)


# Sorting -----------------------------------------------------------------------------------------


def _descending(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise InvalidArgumentError(f"direction is ASCENDING or DESCENDING; got {direction!r}")
    return direction == "DESCENDING"


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """`values` sorted along `axis`; NaN stands last."""
    x = to_tensor(values)
    last = len(x.spec.shape) - 1
    place = axis_of(axis, last + 1)
    lines = move_axis(x, place, last)
    order = prim_index.argsort(lines, descending=_descending(direction))
    return move_axis(prim_index.take_along(lines, order), last, place)


def argsort(
    values: Any,
    axis: int = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Any:
    """The indices (int32) that sort `values` along `axis`; always stable."""
    x = to_tensor(values)
    last = len(x.spec.shape) - 1
    place = axis_of(axis, last + 1)
    order = prim_index.argsort(move_axis(x, place, last), descending=_descending(direction))
    return move_axis(order, last, place)


def top_k(
    input: Any,
    k: Any = 1,
    sorted: bool = True,
    index_type: Any = INT32,
    name: str | None = None,
) -> TopK:
    """The `k` largest values of each line of the last axis, largest first, and their places.

    Of equal values the first comes first. `sorted=False` allows any order; this one is kept.
    """
    x = to_tensor(input)
    have, count = x.spec.shape, integer(k, "k")
    if not have or not 0 <= count <= have[-1]:
        raise InvalidArgumentError(f"top_k expects lines of at least k={count} values; got {have}")
    order = prim_index.argsort(x, descending=True)
    order = slice_along(order, len(have) - 1, 0, count)
    return TopK(
        prim_index.take_along(x, order), prim.cast(order, index_dtype(index_type, "index_type"))
    )


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = INT32,
    name: str | None = None,
) -> Any:
    """Where each value would go into the sorted last axis, before (left) or after equal ones."""
    edges, x = promote(sorted_sequence, values)
    if side not in ("left", "right"):
        raise InvalidArgumentError(f"side is 'left' or 'right'; got {side!r}")
    dtype = index_dtype(out_type, "out_type")
    if len(edges.spec.shape) == 1:
        return prim.cast(prim_index.search(edges, x, right=side == "right"), dtype)
    if edges.spec.shape[:-1] != x.spec.shape[:-1]:
        raise InvalidArgumentError(
            f"searchsorted expects equal leading sizes; got {edges.spec.shape}, {x.spec.shape}"
        )
    last = len(x.spec.shape)
    full = (*x.spec.shape, edges.spec.shape[-1])
    line, point = (
        broadcast(insert_axis(edges, last - 1), full),
        broadcast(insert_axis(x, last), full),
    )
    below = (prim.less_equal if side == "right" else prim.less)(line, point)
    return reduce_sum(prim.cast(below, dtype), (last,))


def _unique(x: Any, out_idx: Any) -> tuple[Any, Any, Array]:
    values = constant_value(x, "unique gives as many values as there are, so its argument")
    if values.ndim != 1:
        raise InvalidArgumentError(f"unique expects a line of values; got shape {values.shape}")
    found, first, inverse, counts = np.unique(
        values, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    dtype = index_dtype(out_idx, "out_idx")
    places = new_value(position[inverse.reshape(-1)].astype(dtype))
    return new_value(found[order]), places, counts[order].astype(dtype)


def unique(x: Any, out_idx: Any = INT32, name: str | None = None) -> Unique:
    """The distinct values of a line in the order of their first place; not while tracing."""
    return Unique(*_unique(x, out_idx)[:2])


def unique_with_counts(x: Any, out_idx: Any = INT32, name: str | None = None) -> UniqueWithCounts:
    """As `unique`, with how often each value occurs."""
    values, places, counts = _unique(x, out_idx)
    return UniqueWithCounts(values, places, new_value(counts))


__all__ = [
    "argsort", "boolean_mask", "gather", "gather_nd", "scatter_nd", "searchsorted", "sort",
    "tensor_scatter_nd_add", "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "top_k",
    "unique", "unique_with_counts",
]  # fmt: skip
