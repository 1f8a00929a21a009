"""tf.nn's moments from sums and with weights, losses of counts, and averages over a batch."""

from __future__ import annotations

import math
from typing import Any

from ..core.errors import InvalidArgumentError
from ..prims import elementwise as prim
from ..prims.broadcast import fill_like
from ..tensor.arithmetic import add, multiply, subtract
from ..tensor.convert import operands, promote, to_tensor
from .common import axes_of, count_of, floats, typed
from .elementwise import exp, log, reciprocal, where
from .reduction import reduce_mean, reduce_sum


def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any, Any, Any]:
    """How many elements `axes` hold, Σ (x - shift), Σ (x - shift)² over them, and `shift`."""
    x = floats(x)
    dtype = x.spec.dtype
    count = typed(count_of(x, axes_of(axes, len(x.spec.shape)), dtype), dtype)
    moved = x if shift is None else subtract(x, shift)
    squares = prim.multiply(moved, moved)
    total, square = (reduce_sum(part, axes, keepdims) for part in (moved, squares))
    return count, total, square, None if shift is None else to_tensor(shift)


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance from what `sufficient_statistics` gives."""
    share = reciprocal(counts)
    moved = multiply(mean_ss, share)
    mean = moved if shift is None else add(moved, shift)
    return mean, subtract(multiply(variance_ss, share), multiply(moved, moved))


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance over `axes` where each element counts as often as its weight says."""
    x = floats(x)
    x, weights = operands(x, prim.cast(to_tensor(frequency_weights), x.spec.dtype))
    total = reduce_sum(weights, axes, keepdims=True)
    mean = reduce_sum(multiply(weights, x), axes, keepdims=True) / total
    distance = subtract(x, mean)
    squares = multiply(weights, multiply(distance, distance))
    variance = reduce_sum(squares, axes, keepdims=True) / total
    if keepdims:
        return mean, variance
    # An axis of size 1 in both: the sum over it drops it.
    return reduce_sum(mean, axes), reduce_sum(variance, axes)


def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Any:
    """e^c - z c for counts z and the logarithm c of what is expected of them.

    `compute_full_loss` adds Stirling's z log z - z + log(2πz) / 2 where z > 1.
    """
    z, c = (floats(part) for part in promote(targets, log_input))
    loss = subtract(exp(c), multiply(z, c))
    if not compute_full_loss:
        return loss
    inside = prim.less(fill_like(z, 1), z)
    safe = where(inside, z, fill_like(z, 2))
    stirling = safe * log(safe) - safe + 0.5 * log(2 * math.pi * safe)
    return add(loss, where(inside, stirling, fill_like(z, 0)))


def compute_average_loss(
    per_example_loss: Any,
    sample_weight: Any = None,
    global_batch_size: Any = None,
) -> Any:
    """Σ of weighted losses over the batch's size (None: how many losses there are)."""
    losses = floats(per_example_loss)
    if not losses.spec.shape:
        raise InvalidArgumentError("compute_average_loss expects a loss for each example")
    if sample_weight is not None:
        losses = multiply(losses, prim.cast(to_tensor(sample_weight), losses.spec.dtype))
    if global_batch_size is None:
        return reduce_mean(reduce_sum_of_rows(losses))
    return reduce_sum(losses) / typed(global_batch_size, losses.spec.dtype)


def reduce_sum_of_rows(losses: Any) -> Any:
    """The sum of each row's losses."""
    axes = list(range(1, len(losses.spec.shape)))
    return reduce_sum(losses, axes) if axes else losses


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of losses that do not depend on the batch, over how many machines compute: one."""
    return reduce_sum(regularization_loss)


__all__ = [
    "compute_average_loss", "log_poisson_loss", "normalize_moments", "scale_regularization_loss",
    "sufficient_statistics", "weighted_moments",
]  # fmt: skip
