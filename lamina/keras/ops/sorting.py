"""Sorting, searching, counting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import INT32, numpy_dtype
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.shapes import normalize_axis
from ...ir.bind import new_value
from ...ops import counting, indexing
from ...ops.common import axis_of, integer, owned
from ...ops.layout import reshape as flat_reshape
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill, fill_like
from ...prims.index import scatter_add, search
from ...prims.layout import reverse
from ...prims.reduce import reduce_max, reduce_min
from ...tensor.convert import constant_value
from .operation import operation
from .promotion import common, dtype_of, floating, tensor


@operation
def sort(x: Any, axis: int | None = -1) -> Any:
    """`x` sorted along `axis` (None: all in a line); NaN stands last."""
    x = tensor(x)
    return indexing.sort(flat_reshape(x, [-1]) if axis is None else x, -1 if axis is None else axis)


@operation
def argsort(x: Any, axis: int | None = -1) -> Any:
    """The indices (int32) that sort `x` along `axis` (None: all in a line); stable."""
    x = tensor(x)
    flat = flat_reshape(x, [-1]) if axis is None else x
    return indexing.argsort(flat, -1 if axis is None else axis)


@operation
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Indices (int32) that put the kth smallest in its place, smaller ones before it.

    They sort `x` altogether, which is one of the orders allowed.
    """
    x = tensor(x)
    flat = flat_reshape(x, [-1]) if axis is None else x
    where = axis_of(-1 if axis is None else axis, len(flat.spec.shape))
    normalize_axis(integer(kth, "kth"), integer(flat.spec.shape[where], "a size"), "kth")
    return indexing.argsort(flat, where)


@operation
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where each value would go into a sorted line, before (left) or after equal ones; int32."""
    edges, x = common(sorted_sequence, values)
    if len(edges.spec.shape) != 1:
        raise InvalidArgumentError(
            f"searchsorted expects one sorted line; got shape {edges.spec.shape}. Use "
            "keras.ops.vectorized_map for several."
        )
    if side not in ("left", "right"):
        raise InvalidArgumentError(f"side is 'left' or 'right'; got {side!r}")
    return prim.cast(search(edges, x, right=side == "right"), INT32)


@operation
def digitize(x: Any, bins: Any) -> Any:
    """Between which of the edges `bins` each element lies: i where bins[i-1] ≤ x < bins[i].

    Edges may fall, too: then bins[i-1] > x ≥ bins[i].
    """
    edges, x = common(bins, x)
    if len(edges.spec.shape) != 1:
        raise InvalidArgumentError(f"digitize expects a line of edges; got {edges.spec.shape}")
    rising = search(edges, x, right=True)
    if edges.array is not None and not _falls(edges.array):
        return prim.cast(rising, INT32)
    places = search(reverse(edges, (0,)), x, right=True)
    falling = prim.subtract(fill_like(places, edges.spec.shape[0]), places)
    if edges.array is None:
        holds = broadcast(prim.less(edges[-1], edges[0]), x.spec.shape)
        falling = prim.select(holds, falling, rising)
    return prim.cast(falling, INT32)


def _falls(edges: Any) -> bool:
    steps = np.sign(np.subtract(edges[1:], edges[:-1], dtype=np.float64))
    if (steps < 0).any() and (steps > 0).any():
        raise InvalidArgumentError("digitize expects edges that rise or fall all the way")
    return bool((steps < 0).any())


@operation
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often 0, 1, 2 … occur in a line (or in each row), or the sums of `weights` at them.

    There are as many counts as the largest value asks for, at least `minlength`; where values are
    not known yet, `minlength`, and larger values are left out.
    """
    if sparse:
        raise InvalidArgumentError("tensors are dense; leave sparse=True out")
    x = tensor(x)
    if x.spec.dtype.kind not in "iu":
        raise ArgumentTypeError(f"bincount expects integers; got dtype {x.spec.dtype.name}")
    dtype = numpy_dtype("int32")
    if weights is not None:
        weights = tensor(weights)
        dtype = dtype_of(x.spec.dtype.name, weights.spec.dtype.name)
        weights = prim.cast(weights, dtype)
    rank = len(x.spec.shape)
    if x.array is None:
        if minlength < 1:
            raise InvalidArgumentError(
                "bincount of values that are not known yet needs minlength, the number of counts"
            )
        x = prim.minimum(x, fill_like(x, minlength))
    counts = counting.bincount(
        x,
        weights,
        minlength,
        None if x.array is not None else minlength,
        dtype,
        axis=-1 if rank == 2 else None,
    )
    return prim.cast(counts, dtype)


@operation
def histogram(x: Any, bins: int = 10, range: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """How many elements of a line lie in each of `bins` equal parts of `range` (in the dtype of
    the line), and the edges of the parts.

    `range` (None: from the smallest to the largest) leaves out what lies outside; the last part
    holds its upper edge.
    """
    if not isinstance(bins, int):
        raise ArgumentTypeError(f"bins is an integer; got {bins!r}")
    if bins < 1:
        raise InvalidArgumentError(f"bins is 1 or more; got {bins}")
    x = tensor(x)
    if len(x.spec.shape) != 1:
        raise InvalidArgumentError(f"histogram expects a line; got shape {x.spec.shape}")
    line = floating(x)
    low, high = _range(line, range)
    edges = _edges(low, high, bins)
    inside = prim.bitwise_and(
        prim.less_equal(broadcast(low, line.spec.shape), line),
        prim.less_equal(line, broadcast(high, line.spec.shape)),
    )
    place = search(edges, line, right=True)
    place = prim.subtract(place, fill_like(place, 1))
    held = prim.minimum(prim.maximum(place, fill_like(place, 0)), fill_like(place, bins - 1))
    return scatter_add(held, prim.cast(inside, line.spec.dtype), (bins,), 0), edges


def _range(line: Any, given: Any) -> tuple[Any, Any]:
    """The ends of a histogram; half a unit to both sides of one value."""
    if given:
        if not isinstance(given, tuple) or len(given) < 2:
            raise InvalidArgumentError(f"range is a tuple of two numbers; got {given!r}")
        if given[1] < given[0]:
            raise InvalidArgumentError(f"range has its smaller end first; got {given!r}")
        low, high = (fill((), float(end), line.spec.dtype) for end in given[:2])
    elif line.spec.shape[0] == 0:
        low, high = (fill((), end, line.spec.dtype) for end in (0.0, 1.0))
    else:
        low, high = reduce_min(line, (0,)), reduce_max(line, (0,))
    half = prim.select(prim.equal(low, high), fill_like(low, 0.5), fill_like(low, 0))
    return prim.subtract(low, half), prim.add(high, half)


def _edges(low: Any, high: Any, bins: int) -> Any:
    weight = new_value((np.arange(bins + 1) / bins).astype(low.spec.dtype))
    rest = prim.subtract(fill_like(weight, 1), weight)
    first, last = broadcast(low, weight.spec.shape), broadcast(high, weight.spec.shape)
    return prim.add(prim.multiply(first, rest), prim.multiply(last, weight))


# What depends on values --------------------------------------------------------------------------


@operation
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The distinct values in rising order (whatever `sorted` says), or slices along `axis`.

    With `return_index` where each stands first, `return_inverse` which each element is,
    `return_counts` how often it occurs. `size` cuts, or fills with `fill_value` (0). Values must be
    known: not while a function is traced.
    """
    array = constant_value(tensor(x), "unique gives as many values as there are, so its argument")
    found = np.unique(array, True, True, True, axis=axis, equal_nan=False)
    wanted = [True, return_index, return_inverse, return_counts]
    where = 0 if axis is None else normalize_axis(axis, array.ndim)
    results = []
    for part, (piece, asked) in enumerate(zip(found, wanted, strict=True)):
        if asked:
            fitted = piece
            if size is not None and part != 2:
                filler = [0 if fill_value is None else fill_value, 1, 0, 0][part]
                fitted = _fitted(piece, size, where if part == 0 else 0, filler)
            results.append(owned(fitted if part == 0 else fitted.astype(INT32)))
    return results[0] if len(results) == 1 else tuple(results)


def _fitted(array: Any, size: int, axis: int, filler: Any) -> Any:
    """The first `size` slices, filled up where there are fewer."""
    cut = np.take(array, np.arange(min(size, array.shape[axis])), axis)
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, size - cut.shape[axis])
    return np.pad(cut, widths, constant_values=filler)


@operation
def nonzero(x: Any) -> tuple[Any, ...]:
    """The places of what is not 0, int32, one tensor an axis; not while tracing."""
    array = constant_value(tensor(x), "nonzero gives as many places as there are, so its argument")
    return tuple(new_value(places.astype(INT32)) for places in np.nonzero(array))


__all__ = [
    "argpartition", "argsort", "bincount", "digitize", "histogram", "nonzero", "searchsorted",
    "sort", "unique",
]  # fmt: skip
