"""Quantiles: values below which a share of the others lies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError, SymbolicShapeError
from ...core.shapes import B, element_count
from ...ir.bind import new_value
from ...ops.common import insert_axis
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill_like, keep_axes, reduce_sum, reshape
from ...prims.index import argsort, take_along
from ...prims.layout import transpose
from ...tensor.convert import is_tensor_like, to_tensor
from .operation import operation
from .promotion import floating
from .reductions import axes_in

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _lines(x: Any, axes: tuple[int, ...]) -> Any:
    """The elements over `axes` as lines along one last axis."""
    shape = x.spec.shape
    rest = tuple(axis for axis in range(len(shape)) if axis not in axes)
    sizes = [shape[axis] for axis in axes]
    if B in sizes and len(sizes) > 1:
        raise SymbolicShapeError("quantiles over the batch together with other axes, while tracing")
    count = sizes[0] if len(sizes) == 1 else element_count(sizes)
    return reshape(transpose(x, rest + axes), (*(shape[axis] for axis in rest), count))


def _quantile(
    x: Any, q: Any, whole: float, axis: Any, method: str, keepdims: bool, skip: bool
) -> Any:
    """Quantiles at the shares `q` of `whole`; the axes of `q` come first.

    `skip`: NaN is left out; else a line that holds one has no quantile.
    """
    if method not in _METHODS:
        raise InvalidArgumentError(f"method is one of {', '.join(_METHODS)}; got {method!r}")
    x = floating(x)
    axes = axes_in(x, axis)
    lines = _lines(x, axes)
    if lines.spec.shape[-1] is B:
        raise SymbolicShapeError("quantiles over the batch axis while its size is not known")
    ordered = take_along(lines, argsort(lines, descending=False))
    shares = _shares(q, whole, x.spec.dtype)
    places = _places(ordered, reshape(shares, (element_count(shares.spec.shape),)))
    found = _read(ordered, places, method)
    known = prim.equal(ordered, ordered)
    count = reduce_sum(prim.cast(known, x.spec.dtype), (len(ordered.spec.shape) - 1,))
    enough = fill_like(count, 1 if skip else ordered.spec.shape[-1])
    valid = broadcast(
        insert_axis(prim.less_equal(enough, count), len(count.spec.shape)), found.spec.shape
    )
    found = prim.select(valid, found, fill_like(found, math.nan))
    rank = len(found.spec.shape)
    first = transpose(found, (rank - 1, *range(rank - 1)))
    rest = keep_axes(x.spec.shape, axes) if keepdims else first.spec.shape[1:]
    return reshape(first, (*shares.spec.shape, *rest))


def _places(ordered: Any, shares: Any) -> Any:
    """Where in each sorted line the shares of its numbers lie, as floats."""
    last = len(ordered.spec.shape) - 1
    known = prim.cast(prim.equal(ordered, ordered), ordered.spec.dtype)
    gaps = reduce_sum(known, (last,))
    gaps = prim.maximum(prim.subtract(gaps, fill_like(gaps, 1)), fill_like(gaps, 0))
    shape = (*gaps.spec.shape, *shares.spec.shape)
    return prim.multiply(broadcast(insert_axis(gaps, last), shape), broadcast(shares, shape))


def _read(ordered: Any, places: Any, method: str) -> Any:
    """The values at places between two neighbours."""
    size = ordered.spec.shape[-1]
    top = fill_like(places, size - 1)
    below = prim.minimum(prim.floor(places), top)
    above = prim.minimum(prim.ceil(places), top)

    def at(where: Any) -> Any:
        return take_along(ordered, prim.cast(where, np.dtype("int32")))

    if method == "lower":
        return at(below)
    if method == "higher":
        return at(above)
    if method == "nearest":
        return at(prim.minimum(prim.round_even(places), top))
    low, high = at(below), at(above)
    share = fill_like(places, 0.5) if method == "midpoint" else prim.subtract(places, below)
    moves = prim.bitwise_and(prim.less(low, high), prim.less(fill_like(share, 0), share))
    gap = prim.select(moves, prim.subtract(high, low), fill_like(low, 0))  # not ∞ - ∞, nor 0 ∞
    return prim.add(low, prim.multiply(gap, share))


def _shares(q: Any, whole: float, dtype: np.dtype[Any]) -> Any:
    """Shares of `whole` as shares of 1; Python numbers keep the digits that `dtype` has."""
    if is_tensor_like(q):
        shares = prim.cast(to_tensor(q), dtype)
    else:
        shares = new_value(np.asarray(q, dtype))
    if shares.array is not None:
        known = shares.array
        if known.size and not (known.min() >= 0 and known.max() <= whole):
            raise InvalidArgumentError(f"shares lie from 0 to {whole:g}; got {known.tolist()}")
    return prim.divide(shares, fill_like(shares, whole))


@operation
def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The values below which the shares `q` (0 to 1) of the elements over `axis` lie.

    `method`, between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
    """
    return _quantile(x, q, 1, axis, method, keepdims, skip=False)


@operation
def nanquantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `quantile`, NaN left out."""
    return _quantile(x, q, 1, axis, method, keepdims, skip=True)


@operation
def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `quantile`, with `q` in percent."""
    return _quantile(x, q, 100, axis, method, keepdims, skip=False)


@operation
def nanpercentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """As `percentile`, NaN left out."""
    return _quantile(x, q, 100, axis, method, keepdims, skip=True)


@operation
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle value over `axis`, the mean of the two middle ones of an even number."""
    return _quantile(x, 0.5, 1, axis, "midpoint", keepdims, skip=False)


@operation
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """As `median`, NaN left out."""
    return _quantile(x, 0.5, 1, axis, "midpoint", keepdims, skip=True)


__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]
