"""Reductions that leave NaN out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...core.dtypes import numpy_dtype
from ...ops.reduction import kept
from ...prims import elementwise as prim
from ...prims import reduce as prim_reduce
from ...prims.broadcast import fill_like, reduce_sum, restore_axes
from ...prims.reduce import cumulative_product, cumulative_sum
from .operation import operation
from .promotion import floating, precise, summable, tensor
from .reductions import Axes, axes_in, place_of, reduction, running


def _known(x: Any) -> Any:
    """Where x is a number."""
    return prim.equal(x, x)


def _without(x: Any, value: float) -> Any:
    """x with `value` in place of NaN."""
    return prim.select(_known(x), x, fill_like(x, value)) if x.spec.dtype.kind == "f" else x


def _extreme(reduce: Callable[[Any, Axes], Any], start: float) -> Callable[[Any, Axes], Any]:
    """Of nothing but NaN it is NaN."""

    def verb(x: Any, axes: Axes) -> Any:
        if x.spec.dtype.kind != "f":
            return reduce(x, axes)
        found = reduce(_without(x, start), axes)
        return prim.select(
            prim_reduce.reduce_max(_known(x), axes), found, fill_like(found, math.nan)
        )

    return verb


def _mean(x: Any, axes: Axes) -> Any:
    wide = precise(x)
    count = reduce_sum(prim.cast(_known(wide), wide.spec.dtype), axes)
    return prim.cast(prim.divide(reduce_sum(_without(wide, 0), axes), count), x.spec.dtype)


def _variance(x: Any, axes: Axes) -> Any:
    wide = precise(x)
    apart = prim.subtract(wide, restore_axes(_mean(wide, axes), wide, axes))
    return prim.cast(_mean(prim.multiply(apart, apart), axes), x.spec.dtype)


nansum = reduction(
    summable, lambda x, axes: reduce_sum(_without(x, 0), axes), "nansum", "The sum, NaN left out."
)
nanprod = reduction(
    summable,
    lambda x, axes: prim_reduce.reduce_prod(_without(x, 1), axes),
    "nanprod",
    "The product, NaN left out.",
)
nanmax = reduction(
    tensor, _extreme(prim_reduce.reduce_max, -math.inf), "nanmax", "The largest, NaN left out."
)
nanmin = reduction(
    tensor, _extreme(prim_reduce.reduce_min, math.inf), "nanmin", "The smallest, NaN left out."
)
nanmean = reduction(floating, _mean, "nanmean", "The mean, NaN left out.")
nanvar = reduction(floating, _variance, "nanvar", "The variance, NaN left out.")
nanstd = reduction(
    floating,
    lambda x, axes: prim.sqrt(_variance(x, axes)),
    "nanstd",
    "The standard deviation, NaN left out.",
)


def _place(verb: Callable[..., Any], start: float, x: Any, axis: Any, keepdims: bool) -> Any:
    if x.spec.dtype.kind != "f":
        return place_of(verb, x, axis, keepdims)
    place = place_of(verb, _without(x, start), axis, keepdims)
    axes = axes_in(x, axis)
    some = kept(prim_reduce.reduce_max(_known(x), axes), x, axes, keepdims)
    return prim.select(some, place, fill_like(place, -1))


@operation
def nanargmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The first place of the largest value, NaN left out; -1 where all are NaN."""
    return _place(prim_reduce.argmax, -math.inf, tensor(x), axis, keepdims)


@operation
def nanargmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The first place of the smallest value, NaN left out; -1 where all are NaN."""
    return _place(prim_reduce.argmin, math.inf, tensor(x), axis, keepdims)


def _running(verb: Callable[..., Any], start: float, x: Any, axis: Any, dtype: Any) -> Any:
    known = _without(tensor(x), start)
    return running(verb, known, axis, None if dtype is None else numpy_dtype(dtype))


@operation
def nancumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The running sum along `axis` (None: of all in a line), NaN counting as 0."""
    return _running(cumulative_sum, 0, x, axis, dtype)


@operation
def nancumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The running product along `axis` (None: of all in a line), NaN counting as 1."""
    return _running(cumulative_product, 1, x, axis, dtype)


__all__ = [
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin", "nanprod",
    "nanstd", "nansum", "nanvar",
]  # fmt: skip
