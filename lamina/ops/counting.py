"""Counting, summing by groups, and other functions of whole lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import INT32, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..core.shapes import element_count
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill, fill_like, iota, reshape
from ..prims.control import check
from ..prims.index import argsort, scatter_add
from ..prims.layout import reverse as reverse_primitive
from ..prims.layout import slice_along
from ..prims.reduce import reduce_max, reduce_min, reduce_prod
from ..tensor.arithmetic import add, maximum, minimum, multiply, subtract, truediv
from ..tensor.convert import constant_value, to_tensor
from .common import axis_of, floats, insert_axis, integer, move_axis
from .reduction import reduce_all, reduce_logsumexp


def _line(x: Any) -> Any:
    x = to_tensor(x)
    return reshape(x, (element_count(x.spec.shape),))


# Counts ------------------------------------------------------------------------------------------


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = INT32,
    name: str | None = None,
    axis: int | None = None,
    binary_output: bool = False,
) -> Any:
    """How often 0, 1, 2 … occur in `arr`, or the sums of `weights` at them.

    There are max(arr) + 1 counts, at least `minlength`; values from `maxlength` on are left out.
    With axis=-1 each row of a matrix is counted. `binary_output` gives 1 for what occurs at all.
    """
    x = to_tensor(arr)
    if axis not in (None, 0, -1) or (axis == -1 and len(x.spec.shape) > 2):
        raise InvalidArgumentError(f"bincount expects axis None, 0, or -1 of a matrix; got {axis}")
    length = _count_length(x, minlength, maxlength)
    kind = numpy_dtype(dtype) if weights is None else to_tensor(weights).spec.dtype
    rows = x.spec.shape[0] if axis == -1 and len(x.spec.shape) == 2 else 1
    line = prim.cast(_line(x), INT32)
    inside = prim.less(line, fill_like(line, length))
    amount = fill_like(prim.cast(line, kind), 1) if weights is None else _line(weights)
    amount = prim.select(inside, amount, fill_like(amount, 0))
    place = prim.select(inside, line, fill_like(line, 0))
    if rows > 1 and length:
        grid = (rows, x.spec.shape[1])
        offset = prim.multiply(iota(grid, 0, INT32), fill(grid, length, INT32))
        place = prim.add(place, reshape(offset, place.spec.shape))
    counts = scatter_add(place, amount, (rows * length,), 0)
    if binary_output:
        counts = minimum(counts, 1)
    return reshape(counts, (rows, length)) if axis == -1 and len(x.spec.shape) == 2 else counts


def _count_length(x: Any, minlength: Any, maxlength: Any) -> int:
    low = 0 if minlength is None else integer(minlength, "minlength")
    high = None if maxlength is None else integer(maxlength, "maxlength")
    if high is not None and low == high:
        return high
    known = constant_value(x, "bincount without minlength = maxlength: the values")
    if known.size and known.min() < 0:
        raise InvalidArgumentError(f"bincount expects values ≥ 0; got {known.min()}")
    length = max(low, int(known.max()) + 1 if known.size else 0)
    return length if high is None else min(length, high)


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = INT32,
    name: str | None = None,
) -> Any:
    """How often each class (row) was predicted as each class (column)."""
    true, said = (prim.cast(_line(part), INT32) for part in (labels, predictions))
    if num_classes is None:
        largest = [constant_value(part, "num_classes=None: the classes") for part in (true, said)]
        count = max((int(part.max()) + 1 for part in largest if part.size), default=0)
    else:
        count = integer(num_classes, "num_classes")
    kind = numpy_dtype(dtype)
    amount = fill(true.spec.shape, 1, kind) if weights is None else prim.cast(_line(weights), kind)
    for part in (true, said):
        inside = prim.bitwise_and(
            prim.less_equal(fill_like(part, 0), part), prim.less(part, fill_like(part, count))
        )
        check(inside, [part], f"confusion_matrix: a class is outside of 0 to {count - 1}")
    cell = prim.add(prim.multiply(true, fill_like(true, count)), said)
    return reshape(scatter_add(cell, amount, (count * count,), 0), (count, count))


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = INT32, name: str | None = None
) -> Any:
    """Which of `nbins` equal bins of [low, high) each value is in; the outer bins take the rest."""
    x = floats(values)
    low, high = constant_value(value_range, "value_range").tolist()
    count = integer(nbins, "nbins")
    if not low < high or count < 1:
        raise InvalidArgumentError(f"expected low < high and nbins ≥ 1; got {low}, {high}, {count}")
    scaled = multiply(truediv(subtract(x, low), high - low), count)
    held = minimum(maximum(prim.floor(scaled), 0), count - 1)
    return prim.cast(held, numpy_dtype(dtype))


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = INT32, name: str | None = None
) -> Any:
    """How many values each of `nbins` equal bins of [low, high) has."""
    bins = histogram_fixed_width_bins(values, value_range, nbins)
    return bincount(bins, minlength=nbins, maxlength=nbins, dtype=dtype)


# Groups ------------------------------------------------------------------------------------------


def _groups(segment_ids: Any) -> int:
    """The number of groups of sorted ids."""
    ids = constant_value(segment_ids, "segment_ids")
    if ids.ndim != 1 or (np.diff(ids) < 0).any() or (ids.size and ids[0] < 0):
        raise InvalidArgumentError(
            "segment_ids must be a sorted line of integers ≥ 0; use tf.math.unsorted_segment_sum "
            "and its like for others"
        )
    return int(ids[-1]) + 1 if ids.size else 0


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The sum of the slices of `data` with each id; slices with a negative id are left out."""
    x, ids = to_tensor(data), to_tensor(segment_ids)
    count = integer(num_segments, "num_segments")
    rank = len(ids.spec.shape)
    if x.spec.shape[:rank] != ids.spec.shape:
        raise InvalidArgumentError(
            f"segment_ids of shape {ids.spec.shape} do not fit data of shape {x.spec.shape}"
        )
    inner = x.spec.shape[rank:]
    rows = element_count(ids.spec.shape)
    flat, lines = reshape(ids, (rows,)), reshape(x, (rows, *inner))
    inside = prim.less(flat, fill_like(flat, count))
    (flat,) = check(inside, [flat], f"a segment id is outside of 0 to {count - 1}")
    place = prim.select(prim.less(flat, fill_like(flat, 0)), fill_like(flat, count), flat)
    total = scatter_add(place, lines, (count + 1, *inner), 0)
    return slice_along(total, 0, 0, count)


def _counts(x: Any, ids: Any, count: int) -> Any:
    """How many slices each group has, at least 1, to divide a sum by."""
    ones = fill(to_tensor(ids).spec.shape, 1, x.spec.dtype)
    total = maximum(unsorted_segment_sum(ones, ids, count), 1)
    inner = len(x.spec.shape) - len(to_tensor(ids).spec.shape)
    return reshape(total, (count, *(1,) * inner))


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The mean of the slices of `data` with each id, 0 for a group without any."""
    x, count = floats(data), integer(num_segments, "num_segments")
    return truediv(unsorted_segment_sum(x, segment_ids, count), _counts(x, segment_ids, count))


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The sum of the slices with each id, divided by the root of their number."""
    x, count = floats(data), integer(num_segments, "num_segments")
    root = prim.sqrt(_counts(x, segment_ids, count))
    return truediv(unsorted_segment_sum(x, segment_ids, count), root)


def _by_mask(
    x: Any, ids: Any, count: int, reduce: Callable[..., Any], empty: Callable[[Any], Any]
) -> Any:
    """A reduction over the slices of each group, through a (groups, slices, …) tensor."""
    x, ids = to_tensor(x), to_tensor(ids)
    if len(ids.spec.shape) != 1 or x.spec.shape[:1] != ids.spec.shape:
        raise InvalidArgumentError(
            f"expected a line of ids as long as the data; got {ids.spec.shape}, {x.spec.shape}"
        )
    full = (count, *x.spec.shape)
    own = prim.equal(iota(full[:2], 0, ids.spec.dtype), broadcast(ids, full[:2]))
    own = broadcast(reshape(own, (*full[:2], *(1,) * (len(full) - 2))), full)
    filled = fill(full, empty(x.spec.dtype), x.spec.dtype)
    return reduce(prim.select(own, broadcast(x, full), filled), (1,))


def _lowest(dtype: Any) -> Any:
    return np.finfo(dtype).min if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: Any) -> Any:
    return np.finfo(dtype).max if dtype.kind == "f" else np.iinfo(dtype).max


def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The largest of the slices with each id, the dtype's lowest number for none."""
    return _by_mask(data, segment_ids, integer(num_segments, "num_segments"), reduce_max, _lowest)


def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The smallest of the slices with each id, the dtype's highest number for none."""
    return _by_mask(data, segment_ids, integer(num_segments, "num_segments"), reduce_min, _highest)


def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """The product of the slices with each id, 1 for none."""
    count = integer(num_segments, "num_segments")
    return _by_mask(data, segment_ids, count, reduce_prod, lambda dtype: 1)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The sum of the slices of `data` with each of the sorted ids."""
    return unsorted_segment_sum(data, segment_ids, _groups(segment_ids))


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The mean of the slices of `data` with each of the sorted ids, 0 for none."""
    return unsorted_segment_mean(data, segment_ids, _groups(segment_ids))


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The largest of the slices with each of the sorted ids, 0 for none."""
    return _zero_for_none(
        _by_mask(data, segment_ids, _groups(segment_ids), reduce_max, _lowest), segment_ids
    )


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The smallest of the slices with each of the sorted ids, 0 for none."""
    return _zero_for_none(
        _by_mask(data, segment_ids, _groups(segment_ids), reduce_min, _highest), segment_ids
    )


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """The product of the slices with each of the sorted ids, 1 for none."""
    return unsorted_segment_prod(data, segment_ids, _groups(segment_ids))


def _zero_for_none(result: Any, segment_ids: Any) -> Any:
    ids = constant_value(segment_ids, "segment_ids")
    shape = result.spec.shape
    hit = new_value(np.isin(np.arange(shape[0]), ids).reshape((-1, *(1,) * (len(shape) - 1))))
    return prim.select(broadcast(hit, shape), result, fill_like(result, 0))


# Lines -------------------------------------------------------------------------------------------


def invert_permutation(x: Any, name: str | None = None) -> Any:
    """The permutation y with y[x[i]] = i."""
    x = to_tensor(x)
    if x.array is not None and not np.array_equal(np.sort(x.array), np.arange(x.array.size)):
        raise InvalidArgumentError("invert_permutation expects a permutation of 0, 1, 2 …")
    return prim.cast(argsort(x, descending=False), x.spec.dtype)


def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Any:
    """c₀ xⁿ + c₁ xⁿ⁻¹ + … + cₙ, by Horner's rule."""
    x = to_tensor(x)
    if not len(coeffs):
        return fill_like(x, 0)
    total = add(fill_like(x, 0), coeffs[0])
    for coefficient in coeffs[1:]:
        total = add(multiply(total, x), coefficient)
    return total


def cumulative_logsumexp(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """log Σ eˣ of the elements up to each along `axis`, exact for any differences in size.

    Memory grows with the square of the axis. Without itself (`exclusive`) the first is -inf.
    """
    x = floats(x)
    last = len(x.spec.shape) - 1
    axis = axis_of(axis, last + 1)
    line = move_axis(x, axis, last)
    if reverse:
        line = reverse_primitive(line, (last,))
    full = (*line.spec.shape, line.spec.shape[-1])
    row, column = iota(full, last, INT32), iota(full, last + 1, INT32)
    seen = (prim.less if exclusive else prim.less_equal)(column, row)
    wide = broadcast(insert_axis(line, last), full)
    result = reduce_logsumexp(prim.select(seen, wide, fill_like(wide, float("-inf"))), -1)
    if reverse:
        result = reverse_primitive(result, (last,))
    return move_axis(result, last, axis)


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether no element of the flattened x is smaller than the one before."""
    return reduce_all(_steps(x, prim.less_equal))


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether each element of the flattened x is larger than the one before."""
    return reduce_all(_steps(x, prim.less))


def _steps(x: Any, compare: Callable[[Any, Any], Any]) -> Any:
    line = _line(x)
    return compare(line[:-1], line[1:])


__all__ = [
    "bincount", "confusion_matrix", "cumulative_logsumexp", "histogram_fixed_width",
    "histogram_fixed_width_bins", "invert_permutation", "is_non_decreasing",
    "is_strictly_increasing", "polyval", "segment_max", "segment_mean", "segment_min",
    "segment_prod", "segment_sum", "unsorted_segment_max", "unsorted_segment_mean",
    "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]  # fmt: skip
