"""Reductions other than the sum, and running sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import INT64, Array
from ..core.errors import InvalidArgumentError, SymbolicShapeError
from ..core.shapes import B
from ..ir.bind import bind
from ..ir.primitive import NO_GRADIENT, Primitive
from ..ir.value import Spec, Value
from .broadcast import fill_like, iota, keep_axes, reduce_sum, reshape, restore_axes
from .elementwise import cast, divide, equal, less_equal, multiply, select
from .layout import concatenate, reverse, transpose
from .rules import NUMBER, ORDERED, check_kind, drop_axes, numbers

Axes = tuple[int, ...]


def _infer_extreme(x: Spec, *, axes: Axes) -> Spec:
    check_kind("a maximum or minimum", x, ORDERED)
    if any(x.shape[axis] == 0 for axis in axes):
        raise InvalidArgumentError(f"no maximum or minimum over an empty axis of {x!r}")
    return Spec(drop_axes(x.shape, axes), x.dtype)


def _extreme_rule(g: Any, out: Any, x: Any, *, axes: Axes) -> Any:
    """The gradient is shared equally by the places that hold the extreme value."""
    hit = cast(equal(x, restore_axes(out, x, axes)), x.spec.dtype)
    share = divide(g, reduce_sum(hit, axes))
    return multiply(hit, restore_axes(share, x, axes))


reduce_max_p = Primitive(
    "reduce_max",
    infer=_infer_extreme,
    evaluate=lambda x, *, axes: np.maximum.reduce(numbers(x), axis=axes),
    vjp=(_extreme_rule,),
)
reduce_min_p = Primitive(
    "reduce_min",
    infer=_infer_extreme,
    evaluate=lambda x, *, axes: np.minimum.reduce(numbers(x), axis=axes),
    vjp=(_extreme_rule,),
)


def reduce_max(x: Value, axes: Axes) -> Any:
    """The largest value over `axes`; of booleans: any."""
    return bind(reduce_max_p, x, axes=axes) if axes else x


def reduce_min(x: Value, axes: Axes) -> Any:
    """The smallest value over `axes`; of booleans: all."""
    return bind(reduce_min_p, x, axes=axes) if axes else x


def _infer_prod(x: Spec, *, axes: Axes) -> Spec:
    check_kind("reduce_prod", x, NUMBER)
    return Spec(drop_axes(x.shape, axes), x.dtype)


def _prod_rule(g: Any, out: Any, x: Any, *, axes: Axes) -> Any:
    """The product of the others: of all before times all after, so zeros do no harm."""
    shape = x.spec.shape
    kept = tuple(axis for axis in range(len(shape)) if axis not in axes)
    moved = transpose(x, kept + axes)
    line_shape = tuple(moved.spec.shape[: len(kept)])
    flat_size = 1
    for axis in axes:
        flat_size *= shape[axis]
    line = reshape(moved, (*line_shape, flat_size))
    before = cumulative_product(line, exclusive=True)
    last = (len(kept),)
    after = reverse(cumulative_product(reverse(line, last), exclusive=True), last)
    others = reshape(multiply(before, after), moved.spec.shape)
    order = kept + axes
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    return multiply(restore_axes(g, x, axes), transpose(others, back))


reduce_prod_p = Primitive(
    "reduce_prod",
    infer=_infer_prod,
    evaluate=lambda x, *, axes: np.multiply.reduce(x, axis=axes, dtype=x.dtype),
    vjp=(_prod_rule,),
    may_warn=True,
)


def reduce_prod(x: Value, axes: Axes) -> Any:
    """The product over `axes`."""
    return bind(reduce_prod_p, x, axes=axes) if axes else x


def _infer_arg(x: Spec, *, axis: int) -> Spec:
    check_kind("argmax or argmin", x, ORDERED)
    if x.shape[axis] == 0:
        raise InvalidArgumentError(f"no largest or smallest place along an empty axis of {x!r}")
    return Spec(drop_axes(x.shape, (axis,)), INT64)


argmax_p = Primitive(
    "argmax",
    infer=_infer_arg,
    evaluate=lambda x, *, axis: np.argmax(x, axis=axis),
    vjp=NO_GRADIENT,
)
argmin_p = Primitive(
    "argmin",
    infer=_infer_arg,
    evaluate=lambda x, *, axis: np.argmin(x, axis=axis),
    vjp=NO_GRADIENT,
)


def argmax(x: Value, axis: int) -> Any:
    """The first place of the largest value along `axis`, int64."""
    return bind(argmax_p, x, axis=axis)


def argmin(x: Value, axis: int) -> Any:
    """The first place of the smallest value along `axis`, int64."""
    return bind(argmin_p, x, axis=axis)


# Running sums and products along the last axis ---------------------------------------------------


def _infer_running(x: Spec, *, exclusive: bool) -> Spec:
    check_kind("a running sum or product", x, NUMBER)
    if not x.shape or x.shape[-1] is B:
        raise SymbolicShapeError(f"a running sum or product along the batch axis of {x!r}")
    return x


def _running(ufunc: np.ufunc, start: int) -> Any:
    def evaluate(x: Array, *, exclusive: bool) -> Array:
        result: Array = ufunc.accumulate(numbers(x), axis=-1, dtype=x.dtype)
        if exclusive:
            first = np.full((*x.shape[:-1], min(1, x.shape[-1])), start, x.dtype)
            result = np.concatenate([first, result[..., :-1]], axis=-1)
        return result

    return evaluate


def _cumulative_sum_rule(g: Any, out: Any, x: Any, *, exclusive: bool) -> Any:
    last = (len(x.spec.shape) - 1,)
    return reverse(cumulative_sum(reverse(g, last), exclusive=exclusive), last)


cumulative_sum_p = Primitive(
    "cumulative_sum",
    infer=_infer_running,
    evaluate=_running(np.add, 0),
    vjp=(_cumulative_sum_rule,),
    may_warn=True,
)


def cumulative_sum(x: Value, *, exclusive: bool) -> Any:
    """The sum of the elements up to each along the last axis, itself left out if `exclusive`."""
    return bind(cumulative_sum_p, x, exclusive=exclusive)


def _cumulative_product_rule(g: Any, out: Any, x: Any, *, exclusive: bool) -> Any:
    """Σ_{j ≥ i} g_j Π_{k ≤ j, k ≠ i} x_k, place by place, so zeros do no harm."""
    size = x.spec.shape[-1]
    rank = len(x.spec.shape)
    index = iota(x.spec.shape, rank - 1, INT64)
    zero = fill_like(x, 0)
    pieces = []
    for place in range(size):
        hole = equal(index, fill_like(index, place))
        products = cumulative_product(select(hole, fill_like(x, 1), x), exclusive=exclusive)
        first = fill_like(index, place + int(exclusive))
        counted = select(less_equal(first, index), multiply(g, products), zero)
        total = reduce_sum(counted, (rank - 1,))
        pieces.append(reshape(total, keep_axes(x.spec.shape, (rank - 1,))))
    return concatenate(pieces, rank - 1) if pieces else zero


cumulative_product_p = Primitive(
    "cumulative_product",
    infer=_infer_running,
    evaluate=_running(np.multiply, 1),
    vjp=(_cumulative_product_rule,),
    may_warn=True,
)


def cumulative_product(x: Value, *, exclusive: bool) -> Any:
    """The product of the elements up to each along the last axis."""
    return bind(cumulative_product_p, x, exclusive=exclusive)
