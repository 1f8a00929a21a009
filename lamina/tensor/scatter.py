"""Slices of a tensor at coordinates: reading them, adding to them, replacing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import INT32, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.shapes import Shape, broadcast_shapes, element_count
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims import index as prim_index
from ..prims.broadcast import broadcast, fill, fill_like, iota, reduce_sum, reshape
from ..prims.control import check
from ..prims.reduce import reduce_max
from .convert import to_tensor
from .indexing import get_item


def whole_numbers(indices: Any, what: str) -> Any:
    """Indices as a tensor of integers."""
    indices = to_tensor(indices)
    if indices.spec.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"{what} expects integer indices; got dtype {type_name(indices.spec.dtype)}. "
            "Use tf.cast(x, tf.int32)."
        )
    return indices


def slices_at(x: Any, indices: Any) -> Any:
    """The slices of `x` at the coordinates in the last axis of `indices`."""
    flat, outer = flat_places(whole_numbers(indices, "gather_nd"), x.spec.shape, "gather_nd")
    lines = reshape(x, (element_count(outer), *x.spec.shape[len(outer) :]))
    return prim_index.gather(lines, flat, 0)


def flat_places(places: Any, shape: Shape, what: str) -> tuple[Any, Shape]:
    """Coordinates (…, depth) as indices into the first `depth` axes flattened, and their sizes."""
    depth = places.spec.shape[-1]
    if depth > len(shape):
        raise InvalidArgumentError(
            f"{what}: {depth} coordinates for a tensor of shape {shape}; expected at most "
            f"{len(shape)}"
        )
    outer = shape[:depth]
    if places.spec.dtype.itemsize < INT32.itemsize:  # whose range may end before the numbers do
        places = prim.cast(places, INT32)
    sizes = np.array(outer, places.spec.dtype)
    strides = np.concatenate([np.cumprod(sizes[:0:-1], dtype=sizes.dtype)[::-1], [1]])[:depth]
    limits = broadcast(new_value(sizes), places.spec.shape)
    inside = prim.bitwise_and(
        prim.less_equal(fill_like(places, 0), places), prim.less(places, limits)
    )
    (places,) = check(inside, [places], f"{what}: an index is outside of the shape {outer}")
    steps = broadcast(new_value(strides.astype(sizes.dtype)), places.spec.shape)
    flat = reduce_sum(prim.multiply(places, steps), (len(places.spec.shape) - 1,))
    return flat, outer


def check_updates(updates: Any, expected: Shape) -> None:
    """Raise where updates do not have the shape that indices call for."""
    if updates.spec.shape != expected:
        raise InvalidArgumentError(
            f"updates of shape {expected} are expected for these indices; got {updates.spec.shape}"
        )


def summed(indices: Any, updates: Any, sizes: Shape) -> Any:
    """Zeros of shape `sizes` with `updates` added at the coordinates `indices`."""
    flat, outer = flat_places(whole_numbers(indices, "scatter_nd"), sizes, "scatter_nd")
    count, inner = element_count(outer), sizes[len(outer) :]
    check_updates(updates, (*flat.spec.shape, *inner))
    found = prim_index.scatter_add(flat, updates, (count, *inner), 0)
    return reshape(found, sizes)


def replaced(tensor: Any, updates: Any, indices: Any) -> Any:
    """`tensor` with `updates` in place of the slices at `indices`; of several, the last."""
    places = whole_numbers(indices, "tensor_scatter_nd_update")
    flat, outer = flat_places(places, tensor.spec.shape, "tensor_scatter_nd_update")
    count, inner = element_count(outer), tensor.spec.shape[len(outer) :]
    check_updates(updates, (*flat.spec.shape, *inner))
    if 0 in updates.spec.shape:
        return tensor
    flat = reshape(flat, (element_count(flat.spec.shape),))
    rows = reshape(updates, (flat.spec.shape[0], *inner))
    writer = _last_writers(flat, count)
    hit = prim.less_equal(fill_like(writer, 0), writer)
    source = prim_index.gather(rows, prim.maximum(writer, fill_like(writer, 0)), 0)
    lines = reshape(tensor, (count, *inner))
    wide = reshape(hit, (count, *(1 for _ in inner)))
    return reshape(prim.select(broadcast(wide, lines.spec.shape), source, lines), tensor.spec.shape)


def replaced_at(tensor: Any, key: Any, value: Any) -> Any:
    """`tensor` with `value`, which is broadcast, in place of `tensor[key]`."""
    shape = tensor.spec.shape
    count = element_count(shape)
    places = get_item(reshape(iota((count,), 0, INT32), shape), key)
    number = element_count(places.spec.shape)
    if broadcast_shapes(value.spec.shape, places.spec.shape) != places.spec.shape:
        raise InvalidArgumentError(
            f"a slice of shape {places.spec.shape} cannot have a value of shape {value.spec.shape}"
        )
    if number == 0:
        return tensor
    values = reshape(broadcast(value, places.spec.shape), (number,))
    places = reshape(places, (number,))
    if places.array is None:  # where a number tells, so none stands there twice
        one = fill((number,), 1, INT32)
        order = prim.add(iota((number,), 0, INT32), one)
        writer = prim_index.scatter_add(places, order, (count,), 0)
        writer = prim.subtract(writer, fill_like(writer, 1))
    else:
        writer = _last_writers(places, count)
    hit = prim.less_equal(fill_like(writer, 0), writer)
    written = prim_index.gather(values, prim.maximum(writer, fill_like(writer, 0)), 0)
    return reshape(prim.select(hit, written, reshape(tensor, (count,))), shape)


def flat_updates(tensor: Any, indices: Any, updates: Any) -> tuple[Any, Any, int]:
    """For `updates` of slices of `tensor`: the number of each slice, the updates as rows, and how
    many slices there are.
    """
    flat, outer = flat_places(whole_numbers(indices, "indices"), tensor.spec.shape, "indices")
    inner = tensor.spec.shape[len(outer) :]
    check_updates(updates, (*flat.spec.shape, *inner))
    rows = element_count(flat.spec.shape)
    return reshape(flat, (rows,)), reshape(updates, (rows, *inner)), element_count(outer)


def _last_writers(flat: Any, count: int) -> Any:
    """For each of `count` places the last position in `flat` that names it, else -1."""
    number = flat.spec.shape[0]
    if flat.array is not None:
        writers = np.full(count, -1, INT32)
        writers[flat.array] = np.arange(number, dtype=INT32)
        return new_value(writers)
    grid = (count, number)
    named = prim.equal(iota(grid, 0, flat.spec.dtype), broadcast(flat, grid))
    position = iota(grid, 1, INT32)
    return reduce_max(prim.select(named, position, fill_like(position, -1)), (1,))
