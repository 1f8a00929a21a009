"""Reductions over axes, and running sums and products along one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.dtypes import BOOL, INT64, numpy_dtype, type_name
from ..core.errors import ArgumentTypeError
from ..ir.value import Value
from ..prims import elementwise as prim
from ..prims import reduce as prim_reduce
from ..prims.broadcast import fill, fill_like, keep_axes, reshape, restore_axes
from ..prims.broadcast import reduce_sum as sum_primitive
from ..prims.layout import reverse as reverse_primitive
from ..tensor.arithmetic import not_equal
from ..tensor.convert import to_tensor
from .common import (
    axes_of,
    axis_of,
    count_of,
    floats,
    index_dtype,
    move_axis,
    refuse,
    spread,
    typed,
)

Reduction = Callable[..., Any]


def kept(result: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """A reduction of `x`, with size 1 in place of the axes that went if `keepdims`."""
    return reshape(result, keep_axes(x.spec.shape, axes)) if keepdims else result


def _reduction(verb: Callable[[Any, tuple[int, ...]], Any], name: str, doc: str) -> Reduction:
    def reduction(
        input_tensor: Any,
        axis: Any = None,
        keepdims: bool = False,
        name: str | None = None,
        **removed: Any,
    ) -> Any:
        if removed:
            refuse(reduction.__name__, removed)
        x = to_tensor(input_tensor)
        axes = axes_of(axis, len(x.spec.shape))
        result = verb(x, axes)
        return kept(result, x, axes, keepdims)

    reduction.__name__ = reduction.__qualname__ = name
    reduction.__doc__ = doc
    return reduction


def _numbers(x: Any, name: str) -> Any:
    if x.spec.dtype.kind == "b":
        raise ArgumentTypeError(
            f"{name} expects numbers; got booleans. Cast them first, e.g. tf.cast(x, tf.float32)."
        )
    return x


def _sum(x: Any, axes: tuple[int, ...]) -> Any:
    return sum_primitive(_numbers(x, "reduce_sum"), axes)


def _product(x: Any, axes: tuple[int, ...]) -> Any:
    return prim_reduce.reduce_prod(_numbers(x, "reduce_prod"), axes)


def _mean(x: Any, axes: tuple[int, ...]) -> Any:
    _numbers(x, "reduce_mean")
    total = sum_primitive(x, axes)
    count = spread(count_of(x, axes, x.spec.dtype), total)
    return (prim.divide if x.spec.dtype.kind == "f" else _truncated)(total, count)


def _truncated(total: Any, count: Any) -> Any:
    """The quotient of integers, cut toward zero."""
    size = prim.floor_divide(prim.absolute(total), count)
    return prim.multiply(prim.sign(total), size)


def _variance(x: Any, axes: tuple[int, ...]) -> Any:
    x = floats(x)
    difference = prim.subtract(x, restore_axes(_mean(x, axes), x, axes))
    return _mean(prim.multiply(difference, difference), axes)


def _deviation(x: Any, axes: tuple[int, ...]) -> Any:
    return prim.sqrt(_variance(x, axes))


def _length(x: Any, axes: tuple[int, ...]) -> Any:
    x = floats(x)
    return prim.sqrt(sum_primitive(prim.multiply(x, x), axes))


def _logsumexp(x: Any, axes: tuple[int, ...]) -> Any:
    x = floats(x)
    top = prim.stop_gradient(prim_reduce.reduce_max(x, axes))
    top = prim.select(prim.is_finite(top), top, fill_like(top, 0))
    shifted = prim.subtract(x, restore_axes(top, x, axes))
    return prim.add(prim.log(sum_primitive(prim.exp(shifted), axes)), top)


def _booleans(x: Any, name: str) -> Any:
    if x.spec.dtype != BOOL:
        raise ArgumentTypeError(
            f"{name} expects booleans; got dtype {type_name(x.spec.dtype)}. Compare first, e.g. "
            "x != 0."
        )
    return x


def any_over(x: Any, axes: tuple[int, ...]) -> Any:
    """Whether any of the booleans over `axes` is true; none of none is."""
    return _reduced(prim_reduce.reduce_max, x, axes, False)


def all_over(x: Any, axes: tuple[int, ...]) -> Any:
    """Whether all booleans over `axes` are true; all of none are."""
    return _reduced(prim_reduce.reduce_min, x, axes, True)


def _reduced(reduce: Reduction, x: Any, axes: tuple[int, ...], of_none: bool) -> Any:
    shape = x.spec.shape
    if 0 not in [shape[axis] for axis in axes]:
        return reduce(x, axes)
    return fill(tuple(size for axis, size in enumerate(shape) if axis not in axes), of_none, BOOL)


def _any(x: Any, axes: tuple[int, ...]) -> Any:
    return any_over(_booleans(x, "reduce_any"), axes)


def _all(x: Any, axes: tuple[int, ...]) -> Any:
    return all_over(_booleans(x, "reduce_all"), axes)


reduce_sum = _reduction(_sum, "reduce_sum", "The sum over `axis` (None: over all).")
reduce_mean = _reduction(
    _mean, "reduce_mean", "The mean over `axis`; of integers an integer, cut toward zero."
)
reduce_max = _reduction(prim_reduce.reduce_max, "reduce_max", "The largest value over `axis`.")
reduce_min = _reduction(prim_reduce.reduce_min, "reduce_min", "The smallest value over `axis`.")
reduce_prod = _reduction(_product, "reduce_prod", "The product over `axis`.")
reduce_any = _reduction(_any, "reduce_any", "Whether any of the booleans over `axis` is true.")
reduce_all = _reduction(_all, "reduce_all", "Whether all booleans over `axis` are true.")
reduce_logsumexp = _reduction(
    _logsumexp, "reduce_logsumexp", "log Σ eˣ over `axis`, which never overflows."
)
reduce_variance = _reduction(_variance, "reduce_variance", "The mean of (x - mean)² over `axis`.")
reduce_std = _reduction(_deviation, "reduce_std", "The square root of the variance over `axis`.")
reduce_euclidean_norm = _reduction(_length, "reduce_euclidean_norm", "√Σ x² over `axis`.")


def count_nonzero(
    input: Any,
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = INT64,
    name: str | None = None,
) -> Any:
    """How many elements over `axis` differ from 0 (or are true)."""
    x = to_tensor(input)
    hit = x if x.spec.dtype == BOOL else not_equal(x, 0)
    return reduce_sum(prim.cast(hit, numpy_dtype(dtype)), axis, keepdims)


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """The share of elements that are 0, float32."""
    x = to_tensor(value)
    return reduce_mean(floats(prim.equal(x, fill_like(x, 0))))


def _argument(verb: Callable[..., Any], name: str, doc: str) -> Reduction:
    def function(
        input: Any, axis: Any = None, output_type: Any = INT64, name: str | None = None
    ) -> Any:
        x = to_tensor(input)
        place = verb(x, axis_of(0 if axis is None else axis, len(x.spec.shape)))
        return prim.cast(place, index_dtype(output_type, "output_type"))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


argmax = _argument(
    prim_reduce.argmax, "argmax", "The first place of the largest value along `axis` (None: 0)."
)
argmin = _argument(
    prim_reduce.argmin, "argmin", "The first place of the smallest value along `axis` (None: 0)."
)


# Running sums and products -----------------------------------------------------------------------


def _running(verb: Callable[..., Any], x: Any, axis: Any, exclusive: bool, reverse: bool) -> Any:
    x = _numbers(to_tensor(x), "a running sum or product")
    last = len(x.spec.shape) - 1
    axis = axis_of(axis, last + 1)
    moved = move_axis(x, axis, last)
    if reverse:
        moved = reverse_primitive(moved, (last,))
    result = verb(moved, exclusive=exclusive)
    if reverse:
        result = reverse_primitive(result, (last,))
    return move_axis(result, last, axis)


def cumsum(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """The sum of the elements up to each along `axis`; without itself if `exclusive`."""
    return _running(prim_reduce.cumulative_sum, x, axis, exclusive, reverse)


def cumprod(
    x: Any,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """The product of the elements up to each along `axis`; without itself if `exclusive`."""
    return _running(prim_reduce.cumulative_product, x, axis, exclusive, reverse)


# Clipping by norms -------------------------------------------------------------------------------


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """t scaled down to the Euclidean norm `clip_norm` (over `axes`) where it is longer."""
    x = floats(t)
    axes = axes_of(axes, len(x.spec.shape))
    length = safe_length(x, axes)
    limit = typed(clip_norm, x.spec.dtype)
    ratio = prim.divide(spread(limit, length), prim.maximum(length, spread(limit, length)))
    return prim.multiply(x, restore_axes(ratio, x, axes))


def safe_length(x: Any, axes: tuple[int, ...]) -> Any:
    """√Σ x², with gradient 0 in place of NaN where all elements are 0."""
    squares = sum_primitive(prim.multiply(x, x), axes)
    positive = prim.less(fill_like(squares, 0), squares)
    root = prim.sqrt(prim.select(positive, squares, fill_like(squares, 1)))
    return prim.select(positive, root, fill_like(root, 0))


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """√ of the sum of all squares of several tensors; None among them counts as nothing."""
    total: Any = None
    for t in t_list:
        if t is not None:
            x = floats(t)
            part = sum_primitive(prim.multiply(x, x), tuple(range(len(x.spec.shape))))
            total = part if total is None else prim.add(total, prim.cast(part, total.spec.dtype))
    return prim.sqrt(floats(0.0) if total is None else total)


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Tensors scaled down together to the global norm `clip_norm` where it is larger, and it.

    A norm that is not finite makes all of them NaN, so that it cannot go unseen.
    """
    norm = global_norm(t_list) if use_norm is None else floats(use_norm)
    limit = typed(clip_norm, norm.spec.dtype)
    ratio = prim.divide(limit, prim.maximum(norm, limit))
    finite = prim.is_finite(norm)
    ratio = prim.select(finite, ratio, fill_like(ratio, float("nan")))
    clipped = []
    for t in t_list:
        if isinstance(t, Value) or t is not None:
            x = floats(t)
            t = prim.multiply(x, spread(prim.cast(ratio, x.spec.dtype), x))
        clipped.append(t)
    return clipped, norm


__all__ = [
    "argmax", "argmin", "clip_by_global_norm", "clip_by_norm", "count_nonzero", "cumprod",
    "cumsum", "global_norm", "reduce_all", "reduce_any", "reduce_euclidean_norm",
    "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std",
    "reduce_sum", "reduce_variance", "zero_fraction",
]  # fmt: skip
