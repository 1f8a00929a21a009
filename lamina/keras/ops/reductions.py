"""Reductions over axes, and running sums and products along one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import INT32, numpy_dtype
from ...core.errors import InvalidArgumentError
from ...ops.common import axes_of, axis_of, count_of, move_axis, spread
from ...ops.layout import reshape as flat_reshape
from ...ops.reduction import kept
from ...prims import elementwise as prim
from ...prims import reduce as prim_reduce
from ...prims.broadcast import fill, reduce_sum, reshape, restore_axes
from ...prims.reduce import cumulative_product, cumulative_sum
from .comparison import truth
from .operation import Function, named, operation
from .promotion import common, floating, number, precise, sum_dtype, summable, tensor, typed_like

Axes = tuple[int, ...]


def axes_in(x: Any, axis: Any) -> Axes:
    """An `axis` argument as sorted axes from the front; None means all."""
    return axes_of(axis, len(x.spec.shape))


def mean_over(x: Any, axes: Axes) -> Any:
    """The mean of floats; sums of float16 are formed in float32."""
    wide = precise(x)
    total = reduce_sum(wide, axes)
    mean = prim.divide(total, spread(count_of(x, axes, total.spec.dtype), total))
    return prim.cast(mean, x.spec.dtype)


def variance_over(x: Any, axes: Axes) -> Any:
    """The mean of (x - mean)²."""
    wide = precise(x)
    apart = prim.subtract(wide, restore_axes(mean_over(wide, axes), wide, axes))
    return prim.cast(mean_over(prim.multiply(apart, apart), axes), x.spec.dtype)


def reduction(
    prepared: Callable[[Any], Any], verb: Callable[[Any, Axes], Any], name: str, doc: str
) -> Function:
    """An operation that takes `axis` and `keepdims`: `verb` of the prepared argument and axes."""

    @named(name, doc)
    def function(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = prepared(x)
        axes = axes_in(x, axis)
        return kept(verb(x, axes), x, axes, keepdims)

    return function


def _extent(x: Any, axes: Axes) -> Any:
    return prim.subtract(prim_reduce.reduce_max(x, axes), prim_reduce.reduce_min(x, axes))


sum = reduction(summable, reduce_sum, "sum", "The sum over `axis` (None: over all).")
mean = reduction(floating, mean_over, "mean", "The mean over `axis`, as floats.")
var = reduction(floating, variance_over, "var", "The mean of (x - mean)² over `axis`.")
std = reduction(
    floating,
    lambda x, axes: prim.sqrt(variance_over(x, axes)),
    "std",
    "The square root of the variance over `axis`.",
)
amax = reduction(tensor, prim_reduce.reduce_max, "amax", "The largest value over `axis`.")
amin = reduction(tensor, prim_reduce.reduce_min, "amin", "The smallest value over `axis`.")
ptp = reduction(tensor, _extent, "ptp", "The largest value over `axis` less the smallest.")


@operation
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product over `axis`, computed in `dtype`."""
    x = tensor(x)
    x = prim.cast(x, sum_dtype(x.spec.dtype) if dtype is None else numpy_dtype(dtype))
    axes = axes_in(x, axis)
    return kept(prim_reduce.reduce_prod(x, axes), x, axes, keepdims)


def _extreme(
    reduce: Callable[[Any, Axes], Any], verb: Callable[[Any, Any], Any], name: str, doc: str
) -> Function:
    @named(name, doc)
    def function(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        x = tensor(x)
        axes = axes_in(x, axis)
        rest = tuple(size for a, size in enumerate(x.spec.shape) if a not in axes)
        if initial is not None and 0 in [x.spec.shape[a] for a in axes]:
            result = fill(rest, initial, x.spec.dtype)
        else:
            result = reduce(x, axes)
            result = result if initial is None else verb(result, typed_like(initial, result))
        return kept(result, x, axes, keepdims)

    return function


max = _extreme(
    prim_reduce.reduce_max, prim.maximum, "max", "The largest value over `axis`, and of `initial`."
)
min = _extreme(
    prim_reduce.reduce_min, prim.minimum, "min", "The smallest value over `axis`, and of `initial`."
)


@operation
def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many elements over `axis` differ from 0, int32."""
    hit = prim.cast(truth(x), INT32)
    return reduce_sum(hit, axes_in(hit, axis))


@operation
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean over `axis`, weighted by `weights` of the shape of x or of that axis."""
    if weights is None:
        x = floating(x)
        return mean_over(x, axes_in(x, axis))
    x, share = common(x, weights, weak=False, float_result=True)
    axes = axes_in(x, axis)
    if share.spec.shape != x.spec.shape:
        if len(axes) != len(share.spec.shape) or axis is None:
            raise InvalidArgumentError(
                f"weights have the shape of x ({x.spec.shape}) or of the axis that is averaged "
                f"over; got shape {share.spec.shape}"
            )
        own = tuple(
            share.spec.shape[axes.index(a)] if a in axes else 1 for a in range(len(x.spec.shape))
        )
        share = spread(reshape(share, own), x)
    return prim.divide(reduce_sum(prim.multiply(x, share), axes), reduce_sum(share, axes))


# Places -----------------------------------------------------------------------------------------


def place_of(verb: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """The first place of an extreme value along an axis (None: of all), int32."""
    rank = len(x.spec.shape)
    if axis is None or rank == 0:
        place = prim.cast(verb(flat_reshape(x, [-1]), 0), INT32)
        return reshape(place, (1,) * rank) if keepdims else place
    where = axis_of(axis, rank)
    return kept(prim.cast(verb(x, where), INT32), x, (where,), keepdims)


@operation
def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The first place of the largest value along `axis` (None: of all), int32."""
    return place_of(prim_reduce.argmax, tensor(x), axis, keepdims)


@operation
def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The first place of the smallest value along `axis` (None: of all), int32."""
    return place_of(prim_reduce.argmin, tensor(x), axis, keepdims)


# Running ----------------------------------------------------------------------------------------


def running(verb: Callable[..., Any], x: Any, axis: Any, dtype: Any) -> Any:
    """A running sum or product along an axis (None: of all in a line)."""
    x = number(x if dtype is None else prim.cast(tensor(x), numpy_dtype(dtype)))
    if axis is None:
        return verb(flat_reshape(x, [-1]), exclusive=False)
    last = len(x.spec.shape) - 1
    where = axis_of(axis, last + 1)
    return move_axis(verb(move_axis(x, where, last), exclusive=False), last, where)


@operation
def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The sum of the elements up to each along `axis` (None: of all in a line)."""
    return running(cumulative_sum, x, axis, dtype)


@operation
def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The product of the elements up to each along `axis` (None: of all in a line)."""
    return running(cumulative_product, x, axis, dtype)


__all__ = [
    "amax", "amin", "argmax", "argmin", "average", "count_nonzero", "cumprod", "cumsum", "max",
    "mean", "min", "prod", "ptp", "std", "sum", "var",
]  # fmt: skip
