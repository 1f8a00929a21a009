"""Tensors made of nothing but arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, INT32, INT64, STRING, numpy_dtype, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError, SymbolicShapeError
from ..core.shapes import element_count, normalize_axis
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill_like, iota, reshape
from ..prims.broadcast import fill as fill_primitive
from ..tensor.autograph.iterables import Span
from ..tensor.convert import constant_value, is_tensor_like, promote, to_tensor
from .common import as_shape, as_size, floats, insert_axis, integer, owned, sizes_in


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """`value` (a number, nested lists, an array) as a tensor, of `shape` where that is given.

    One number fills the shape. Floats become float32, ints int32; arrays keep their dtype.
    """
    tensor = convert_to_tensor(value, dtype)
    if shape is None:
        return tensor
    sizes = as_shape(shape)
    if element_count(tensor.spec.shape) == 1 and tensor.spec.shape != sizes:
        return broadcast(reshape(tensor, ()), sizes)
    if element_count(tensor.spec.shape) != element_count(sizes):
        raise InvalidArgumentError(
            f"constant expects 1 value or {element_count(sizes)} for shape {sizes}; got shape "
            f"{tensor.spec.shape}"
        )
    return reshape(tensor, sizes)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Any:
    """`value` as a tensor; arrays are copied, so that later changes to them do no harm.

    `dtype_hint` is followed where it is a floating dtype and `value` no tensor.
    """
    if dtype is None and dtype_hint is not None and not is_tensor_like(value):
        hint = numpy_dtype(dtype_hint)
        dtype = hint if hint.kind == "f" else None
    if dtype is None:
        return owned(value)
    tensor = to_tensor(value, dtype)
    return owned(tensor.array) if tensor.array is value else tensor


def zeros(shape: Any, dtype: Any = FLOAT32, name: str | None = None) -> Any:
    """A tensor of zeros."""
    return _filled(as_shape(shape), 0, numpy_dtype(dtype))


def ones(shape: Any, dtype: Any = FLOAT32, name: str | None = None) -> Any:
    """A tensor of ones."""
    return _filled(as_shape(shape), 1, numpy_dtype(dtype))


def zeros_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Zeros in the shape of `input`, and in its dtype where `dtype` is None."""
    return _filled_like(input, dtype, 0)


def ones_like(input: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Ones in the shape of `input`, and in its dtype where `dtype` is None."""
    return _filled_like(input, dtype, 1)


def _filled_like(input: Any, dtype: Any, value: int) -> Any:
    spec = to_tensor(input).spec
    return _filled(spec.shape, value, spec.dtype if dtype is None else numpy_dtype(dtype))


def _filled(shape: Any, value: int, dtype: Any) -> Any:
    """A tensor full of a number; the zero of strings is the empty one."""
    if dtype != STRING:
        return fill_primitive(shape, value, dtype)
    if value:
        raise ArgumentTypeError("there is no string 1; use tf.fill(shape, 'text')")
    return fill_primitive(shape, b"", dtype)


def fill(dims: Any, value: Any, name: str | None = None) -> Any:
    """A tensor of shape `dims` with the scalar `value` everywhere."""
    scalar = to_tensor(value)
    if scalar.spec.shape != ():
        raise InvalidArgumentError(f"fill expects a scalar; got shape {scalar.spec.shape}")
    return broadcast(scalar, as_shape(dims))


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = FLOAT32,
    name: str | None = None,
) -> Any:
    """Ones on the diagonal of a matrix (or of a batch of them), zeros elsewhere."""
    rows = integer(num_rows, "num_rows")
    columns = rows if num_columns is None else integer(num_columns, "num_columns")
    batch = () if batch_shape is None else as_shape(batch_shape)
    shape = (*batch, rows, columns)
    diagonal = prim.equal(iota(shape, len(batch), INT32), iota(shape, len(batch) + 1, INT32))
    return prim.cast(diagonal, numpy_dtype(dtype))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Any:
    """start, start + delta, … up to `limit`, which is left out; range(n) starts at 0."""
    if limit is None:
        start, limit = 0, start
    tensors = [to_tensor(each) for each in (start, limit, delta)]
    if any(each.array is None for each in tensors):
        return _open_range(start, limit, delta, dtype)
    parts = promote(start, limit, delta)
    wanted = parts[0].spec.dtype if dtype is None else numpy_dtype(dtype)
    wide = FLOAT64 if wanted.kind == "f" else INT64
    first, last, step = (np.asarray(constant_value(v, "range"), wide).item() for v in parts)
    if step == 0:
        raise InvalidArgumentError("range expects a delta other than 0")
    exact = wanted if wanted.kind == "f" else wide
    count = max(0, math.ceil((exact.type(last) - exact.type(first)) / exact.type(step)))
    line: Any = np.arange(count, dtype=wide)
    return new_value(np.asarray(line * step + first, wanted))


def _open_range(start: Any, limit: Any, delta: Any, dtype: Any) -> Any:
    """A range whose size the program tells: the batch's, or one to loop over."""
    plain = not is_tensor_like(start) and not is_tensor_like(delta)
    if plain and start == 0 and delta == 1:
        try:
            sizes = sizes_in(to_tensor(limit))
        except SymbolicShapeError:
            pass
        else:
            return iota(sizes[:1], 0, INT32 if dtype is None else numpy_dtype(dtype))
    ends = (start, limit, delta)
    if dtype is not None:
        ends = tuple([prim.cast(to_tensor(end), numpy_dtype(dtype)) for end in ends])
    return Span(*ends)


def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
    """`num` values from `start` to `stop`, both included, evenly spaced along a new axis."""
    count = integer(num, "num")
    if count < 1:
        raise InvalidArgumentError(f"linspace expects num ≥ 1; got {count}")
    start, stop = (floats(part) for part in promote(start, stop))
    if start.spec.shape != stop.spec.shape:
        raise InvalidArgumentError(
            f"linspace expects equal shapes; got {start.spec.shape} and {stop.spec.shape}"
        )
    place = normalize_axis(axis, len(start.spec.shape) + 1)
    shape = start.spec.shape
    line_shape = [1] * (len(shape) + 1)
    line_shape[place] = count
    weights = np.arange(count) / max(count - 1, 1)
    weight = new_value(weights.astype(start.spec.dtype).reshape(line_shape))
    full = (*shape[:place], count, *shape[place:])
    weight = broadcast(weight, full)
    first, last = (broadcast(insert_axis(part, place), full) for part in (start, stop))
    rest = prim.subtract(fill_like(weight, 1), weight)
    return prim.add(prim.multiply(first, rest), prim.multiply(last, weight))


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """`on_value` (1) at each index along a new axis of size `depth`, `off_value` (0) elsewhere.

    An index outside of [0, depth) gives a line of `off_value`.
    """
    indices = to_tensor(indices)
    if indices.spec.dtype.kind not in "iu":
        raise InvalidArgumentError(
            f"one_hot expects integers; got dtype {type_name(indices.spec.dtype)}. "
            "Use tf.cast(x, tf.int32)."
        )
    size = as_size(integer(depth, "depth"))
    shape = indices.spec.shape
    place = normalize_axis(-1 if axis is None else axis, len(shape) + 1)
    full = (*shape[:place], size, *shape[place:])
    counter = iota(full, place, indices.spec.dtype)
    hit = prim.equal(counter, broadcast(insert_axis(indices, place), full))
    if on_value is None and off_value is None:
        return prim.cast(hit, FLOAT32 if dtype is None else numpy_dtype(dtype))
    on, off = promote(1 if on_value is None else on_value, 0 if off_value is None else off_value)
    if dtype is not None:
        on, off = (prim.cast(part, numpy_dtype(dtype)) for part in (on, off))
    return prim.select(hit, broadcast(on, full), broadcast(off, full))


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = np.bool_, name: str | None = None
) -> Any:
    """True at the first `lengths[…]` places of a new last axis of size `maxlen`."""
    lengths = to_tensor(lengths)
    if maxlen is None:
        known = constant_value(lengths, "maxlen=None needs lengths that are known: they")
        maxlen = int(known.max()) if known.size else 0
    full = (*lengths.spec.shape, integer(maxlen, "maxlen"))
    counter = iota(full, len(full) - 1, lengths.spec.dtype)
    mask = prim.less(counter, broadcast(insert_axis(lengths, len(full) - 1), full))
    return prim.cast(mask, numpy_dtype(dtype))


__all__ = [
    "constant", "convert_to_tensor", "eye", "fill", "linspace", "one_hot", "ones", "ones_like",
    "range", "sequence_mask", "zeros", "zeros_like",
]  # fmt: skip
