"""Rows sent to several places and put together again; sequences within a batch; views of bits."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dtypes import INT32, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..core.shapes import element_count
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, iota, reshape
from ..prims.index import gather, take_along
from ..prims.layout import concatenate
from ..tensor.convert import as_python, constant_value, promote, to_tensor
from ..tensor.scatter import check_updates, flat_places
from .common import axis_of, integer, move_axis
from .counting import unsorted_segment_max, unsorted_segment_min
from .indexing import tensor_scatter_nd_update
from .layout import shape, stack


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: Any, name: str | None = None
) -> list[Any]:
    """The rows of `data` in `num_partitions` tensors, each row in the one that `partitions` names.

    How many rows each has depends on values, so not while a function is traced.
    """
    x, places = to_tensor(data), constant_value(partitions, "partitions")
    count = integer(num_partitions, "num_partitions")
    if x.spec.shape[: places.ndim] != places.shape:
        raise InvalidArgumentError(
            f"partitions of shape {places.shape} do not fit data of shape {x.spec.shape}"
        )
    if places.size and not 0 <= places.min() <= places.max() < count:
        raise InvalidArgumentError(f"partitions must be from 0 to {count - 1}")
    rows = reshape(x, (places.size, *x.spec.shape[places.ndim :]))
    flat = places.reshape(-1)
    return [
        gather(rows, new_value(np.flatnonzero(flat == number).astype(INT32)), 0)
        for number in builtins.range(count)
    ]


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Any:
    """One tensor whose row `indices[m][i]` is `data[m][i]`; of several, the last."""
    places = [constant_value(part, "indices") for part in indices]
    parts = promote(*data)
    if len(places) != len(parts):
        raise InvalidArgumentError(
            f"dynamic_stitch got {len(places)} tensors of indices for {len(parts)} of data"
        )
    inner = parts[0].spec.shape[places[0].ndim :]
    for place, part in zip(places, parts, strict=True):
        if part.spec.shape != (*place.shape, *inner):
            raise InvalidArgumentError(
                f"data of shape {(*place.shape, *inner)} are expected; got {part.spec.shape}"
            )
    flat = np.concatenate([place.reshape(-1) for place in places])
    rows = [reshape(part, (place.size, *inner)) for place, part in zip(places, parts, strict=True)]
    joined = concatenate(rows, 0) if len(rows) > 1 else rows[0]
    size = int(flat.max()) + 1 if flat.size else 0
    empty = broadcast(prim.cast(new_value(np.array(0)), joined.spec.dtype), (size, *inner))
    return tensor_scatter_nd_update(empty, flat.reshape(-1, 1).astype(INT32), joined)


def tensor_scatter_nd_max(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """`tensor`, at the coordinates in the last axis of `indices` the larger of it and `updates`."""
    return _extreme(tensor, indices, updates, unsorted_segment_max, prim.maximum)


def tensor_scatter_nd_min(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """`tensor`, at the coordinates in the last axis of `indices` the smaller one."""
    return _extreme(tensor, indices, updates, unsorted_segment_min, prim.minimum)


def _extreme(tensor: Any, indices: Any, updates: Any, grouped: Any, chosen: Any) -> Any:
    tensor, updates = promote(tensor, updates)
    flat, outer = flat_places(to_tensor(indices), tensor.spec.shape, "tensor_scatter_nd")
    count, inner = element_count(outer), tensor.spec.shape[len(outer) :]
    check_updates(updates, (*flat.spec.shape, *inner))
    number = element_count(flat.spec.shape)
    found = grouped(reshape(updates, (number, *inner)), reshape(flat, (number,)), count)
    return chosen(tensor, reshape(found, tensor.spec.shape))


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """Positions in a flattened tensor of shape `dims` as coordinates: (rank, *indices' shape)."""
    places = to_tensor(indices)
    sizes = [integer(size, "dims") for size in as_python(dims, "dims")]
    coordinates, rest = [], places
    for size in reversed(sizes):
        coordinates.append(rest % size)
        rest = rest // size
    return stack(coordinates[::-1], axis=0)


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
) -> Any:
    """The first `seq_lengths[i]` entries along `seq_axis` reversed, for each i of `batch_axis`."""
    x, lengths = to_tensor(input), to_tensor(seq_lengths)
    rank = len(x.spec.shape)
    along = axis_of(0 if seq_axis is None else seq_axis, rank)
    rows = axis_of(0 if batch_axis is None else batch_axis, rank)
    if along == rows:
        raise InvalidArgumentError("reverse_sequence expects a batch_axis other than seq_axis")
    lines = move_axis(x, along, rank - 1)
    rows -= rows > along
    full = lines.spec.shape
    counter = iota(full, rank - 1, lengths.spec.dtype)
    wide = broadcast(
        reshape(lengths, tuple(full[i] if i == rows else 1 for i in builtins.range(rank))), full
    )
    inside = prim.less(counter, wide)
    places = prim.select(inside, prim.subtract(wide, counter) - 1, counter)
    return move_axis(take_along(lines, places), rank - 1, along)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Any:
    """input_[begin:end:strides], axis by axis; a bit i of a mask changes what entry i means."""
    first, last = as_python(begin, "begin"), as_python(end, "end")
    steps = [1] * len(first) if strides is None else as_python(strides, "strides")
    key: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(first, last, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(...)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(int(start))
        else:
            low = None if begin_mask & bit else int(start)
            high = None if end_mask & bit else int(stop)
            key.append(builtins.slice(low, high, int(step)))
    return to_tensor(input_)[tuple(key)]


def shape_n(input: Sequence[Any], out_type: Any = INT32, name: str | None = None) -> list[Any]:
    """The shape of each tensor."""
    return [shape(item, out_type) for item in input]


def parallel_stack(values: Any, name: str | None = None) -> Any:
    """Tensors of one shape along a new first axis."""
    return stack(values, axis=0)


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The same bits read as another dtype: a smaller one gives a new last axis, a larger one
    takes the last axis, and needs known numbers.
    """
    x = to_tensor(input)
    if x.spec.dtype.itemsize == numpy_dtype(type).itemsize:
        return prim.bitcast(x, numpy_dtype(type))
    array = constant_value(input, "bitcast's input")
    wanted = numpy_dtype(type)
    have, want = array.dtype.itemsize, wanted.itemsize
    ratio = max(have, want) // min(have, want)
    if want > have and array.shape[-1:] != (ratio,):
        raise InvalidArgumentError(
            f"bitcast from {array.dtype.name} to {wanted.name} takes a last axis of {ratio}; got "
            f"shape {array.shape}"
        )
    outer = array.shape if have > want else array.shape[:-1]
    size = (ratio,) if have > want else ()
    flat = np.ascontiguousarray(array).reshape(-1).view(wanted)
    return new_value(flat.reshape((*outer, *size)))


__all__ = [
    "bitcast", "dynamic_partition", "dynamic_stitch", "parallel_stack", "reverse_sequence",
    "shape_n", "strided_slice", "tensor_scatter_nd_max", "tensor_scatter_nd_min", "unravel_index",
]  # fmt: skip
