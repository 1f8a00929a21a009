"""Filling, repeating and summing: broadcast and reduce_sum are each the other's derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import INT32, Array
from ..core.errors import InvalidArgumentError
from ..core.shapes import B, Shape, element_count
from ..ir.bind import bind, new_value
from ..ir.primitive import NO_GRADIENT, Primitive
from ..ir.value import Spec, Value
from .rules import NUMBER, check_kind, drop_axes, numbers


def _infer_fill(*, shape: Shape, value: Any, dtype: np.dtype[Any]) -> Spec:
    return Spec(shape, dtype)


def _fill(*, shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]) -> Array:
    return repeat_view(np.asarray(value, dtype), shape)


def repeat_view(array: Array, shape: tuple[int, ...]) -> Array:
    """`array` broadcast to `shape` without a copy; what np.broadcast_to does, faster."""
    if array.dtype.kind == "O":
        return np.broadcast_to(array, shape)  # objects are counted: no view by address
    if not array.shape and array.size:
        number: Array = np.ndarray(shape, array.dtype, array, 0, (0,) * len(shape))
        number.flags.writeable = False
        return number
    if array.size == 0 or not array.flags.c_contiguous:
        return np.broadcast_to(array, shape)
    offset = len(shape) - array.ndim
    strides = [0] * offset
    for size, stride in zip(array.shape, array.strides, strict=True):
        strides.append(0 if size == 1 else stride)
    view: Array = np.ndarray(shape, array.dtype, array, 0, tuple(strides))
    view.flags.writeable = False
    return view


_FILLED: dict[Any, Array] = {}  # constants made lately, by shape, value and dtype
_FILLED_LIMIT = 256
_FILLED_SIZE = 1 << 13  # elements; larger ones repeat one number without a copy

fill_p = Primitive("fill", infer=_infer_fill, evaluate=_fill, vjp=NO_GRADIENT)


def fill(shape: Shape, value: Any, dtype: np.dtype[Any]) -> Any:
    """A tensor of `shape` with `value` everywhere."""
    kind = type(value)
    if (kind is not float and kind is not int) or B in shape:
        return bind(fill_p, shape=shape, value=value, dtype=dtype)
    key = shape, value or repr(value), dtype  # -0.0 is not 0.0
    array = _FILLED.get(key)
    if array is None:
        array = repeat_view(np.asarray(value, dtype), shape)  # type: ignore[arg-type]
        if array.size <= _FILLED_SIZE:
            array = array.copy()  # NumPy computes with repeated views half as fast
            array.flags.writeable = False
        if len(_FILLED) >= _FILLED_LIMIT:
            _FILLED.clear()
        _FILLED[key] = array
    return new_value(array)


def fill_like(x: Value, value: Any) -> Any:
    """`value` in the shape and dtype of `x`."""
    spec = x.spec
    return fill(spec.shape, value, spec.dtype)


def _infer_iota(*, shape: Shape, axis: int, dtype: np.dtype[Any]) -> Spec:
    return Spec(shape, dtype)


def _iota(*, shape: tuple[int, ...], axis: int, dtype: np.dtype[Any]) -> Array:
    line = np.arange(shape[axis], dtype=dtype)
    return repeat_view(line.reshape((-1,) + (1,) * (len(shape) - axis - 1)), shape)


iota_p = Primitive("iota", infer=_infer_iota, evaluate=_iota, vjp=NO_GRADIENT)


def iota(shape: Shape, axis: int, dtype: np.dtype[Any]) -> Any:
    """The index along `axis` at every place of `shape`."""
    return bind(iota_p, shape=shape, axis=axis, dtype=dtype)


def _infer_broadcast(x: Spec, *, shape: Shape) -> Spec:
    offset = len(shape) - len(x.shape)
    fits = offset >= 0 and all(a in (1, b) for a, b in zip(x.shape, shape[offset:], strict=True))
    if not fits:
        raise InvalidArgumentError(f"cannot broadcast {x!r} to shape {shape}")
    return Spec(shape, x.dtype)


def _sum_to(g: Any, shape: Shape) -> Any:
    """`g` summed over the axes along which `shape` was repeated."""
    from_shape = g.spec.shape
    offset = len(from_shape) - len(shape)
    axes = tuple(
        axis
        for axis in range(len(from_shape))
        if axis < offset or (shape[axis - offset] == 1 and from_shape[axis] != 1)
    )
    summed = reduce_sum(g, axes) if axes else g
    return reshape(summed, shape)


broadcast_p = Primitive(
    "broadcast",
    infer=_infer_broadcast,
    evaluate=lambda x, *, shape: repeat_view(x, shape),
    vjp=(lambda g, out, x, *, shape: _sum_to(g, x.spec.shape),),
)


def broadcast(x: Value, shape: Shape) -> Any:
    """`x` repeated along new leading axes and along axes of size 1."""
    return x if x.spec.shape == shape else bind(broadcast_p, x, shape=shape)


def _infer_reshape(x: Spec, *, shape: Shape) -> Spec:
    symbols = (sum(d is B for d in x.shape), sum(d is B for d in shape))
    before = element_count([d for d in x.shape if d is not B])
    after = element_count([d for d in shape if d is not B])
    if symbols[0] != symbols[1] or before != after:
        raise InvalidArgumentError(
            f"cannot reshape {x!r} to shape {shape}: the numbers of elements differ"
        )
    return Spec(shape, x.dtype)


reshape_p = Primitive(
    "reshape",
    infer=_infer_reshape,
    evaluate=lambda x, *, shape: x.reshape(shape),
    vjp=(lambda g, out, x, *, shape: reshape(g, x.spec.shape),),
)


def reshape(x: Value, shape: Shape) -> Any:
    """The elements of `x` in row-major order in another shape."""
    return x if x.spec.shape == shape else bind(reshape_p, x, shape=shape)


def _infer_sum(x: Spec, *, axes: tuple[int, ...]) -> Spec:
    check_kind("reduce_sum", x, NUMBER)
    return Spec(drop_axes(x.shape, axes), x.dtype)


def keep_axes(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """`shape` with 1 in place of the sizes of `axes`."""
    return tuple(1 if axis in axes else dim for axis, dim in enumerate(shape))


def restore_axes(reduced: Any, x: Value, axes: tuple[int, ...]) -> Any:
    """A reduction of `x` over `axes`, repeated to the shape of `x`."""
    shape = x.spec.shape
    return broadcast(reshape(reduced, keep_axes(shape, axes)), shape)


reduce_sum_p = Primitive(
    "reduce_sum",
    infer=_infer_sum,
    evaluate=lambda x, *, axes: np.add.reduce(numbers(x), axis=axes, dtype=x.dtype),
    vjp=(lambda g, out, x, *, axes: restore_axes(g, x, axes),),
    may_warn=True,
)


def reduce_sum(x: Value, axes: tuple[int, ...]) -> Any:
    """The sum over `axes`, which go."""
    return bind(reduce_sum_p, x, axes=axes) if axes else x


def _infer_dimension(x: Spec, *, axis: int) -> Spec:
    return Spec((), INT32)


dimension_p = Primitive(
    "dimension",
    infer=_infer_dimension,
    evaluate=lambda x, *, axis: np.asarray(x.shape[axis], INT32),
    vjp=NO_GRADIENT,
)


def dimension(x: Value, axis: int) -> Any:
    """The size of `x` along `axis` as an int32 scalar."""
    return bind(dimension_p, x, axis=axis)
