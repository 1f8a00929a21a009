"""Random numbers of other distributions, from keys: gamma, beta, binomial, Poisson.

No loop waits for a number that is accepted: so many are tried at once that one will be. Gradients
by the parameters do not flow, for which number is accepted depends on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, INT32, UINT64
from ..core.shapes import Shape
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill, fill_like, iota, reduce_sum, reshape
from ..prims.reduce import cumulative_sum, reduce_max, reduce_min
from .control_flow import while_loop
from .generator import normal_from, uniform_from
from .special import lgamma

_TRIES = 10  # each fails with a chance below 5 %, so all of them once in 10¹³ numbers
_FEW = 16  # so many decisions are made one by one
_TINY = 1e-300


def _other(draw: Any, number: Any) -> Any:
    """The number of another draw, apart from all small ones; `number`: an integer, or a scalar."""
    if isinstance(number, int):
        number = new_value(np.array(number, UINT64))
    factor = new_value(np.array(0x9E3779B97F4A7C15, UINT64))
    return prim.bitwise_xor(draw, prim.multiply(prim.cast(number, UINT64), factor))


def _open_unit(key: Any, draw: Any, shape: Shape, dtype: np.dtype[Any]) -> Any:
    """Uniform in (0, 1), never 0."""
    u = uniform_from(key, draw, shape, dtype=dtype)
    return prim.maximum(u, fill_like(u, 2.0 ** (-25 if dtype == FLOAT32 else -54)))


def log_gamma_from(key: Any, draw: Any, alpha: Any) -> Any:
    """Logarithms of gamma numbers of shape `alpha` (float32 or float64) and scale 1.

    G. Marsaglia, W. Tsang, "A simple method for generating gamma variables" (2000); for alpha < 1
    its section 6: a number of alpha + 1, times U^(1 / alpha).
    """
    alpha = prim.stop_gradient(alpha)
    one = fill_like(alpha, 1)
    small = prim.less(alpha, one)
    raised = prim.select(small, prim.add(alpha, one), alpha)
    d = prim.subtract(raised, fill_like(alpha, 1 / 3))
    found = prim.add(prim.log(d), _accepted(key, draw, d))
    u = _open_unit(key, _other(draw, 1), alpha.spec.shape, alpha.spec.dtype)
    held = prim.select(small, alpha, one)
    return prim.select(small, prim.add(found, prim.divide(prim.log(u), held)), found)


def _accepted(key: Any, draw: Any, d: Any) -> Any:
    """The first log v among the tries with log u < x² / 2 + d (1 - v + log v)."""
    shape, dtype = d.spec.shape, d.spec.dtype
    full = (*shape, _TRIES)
    d = broadcast(reshape(d, (*shape, 1)), full)
    one = fill_like(d, 1)
    x = normal_from(key, _other(draw, 2), full, dtype=dtype)
    u = _open_unit(key, _other(draw, 3), full, dtype)
    slope = prim.divide(one, prim.sqrt(prim.multiply(d, fill_like(d, 9))))
    root = prim.add(one, prim.multiply(slope, x))
    positive = prim.less(fill_like(root, 0), root)
    log_v = prim.multiply(prim.log(prim.select(positive, root, one)), fill_like(root, 3))
    rest = prim.multiply(d, prim.subtract(prim.add(one, log_v), prim.exp(log_v)))
    bound = prim.add(prim.multiply(prim.multiply(x, x), fill_like(x, 0.5)), rest)
    good = prim.bitwise_and(positive, prim.less(prim.log(u), bound))
    place = iota(full, len(shape), INT32)
    last = (len(shape),)
    first = reduce_min(prim.select(good, place, fill_like(place, _TRIES)), last)
    chosen = prim.equal(place, broadcast(reshape(first, (*shape, 1)), full))
    return reduce_sum(prim.select(chosen, log_v, fill_like(log_v, 0)), last)


def gamma_from(key: Any, draw: Any, alpha: Any) -> Any:
    """Gamma numbers of shape `alpha` (float32 or float64) and scale 1."""
    return prim.exp(log_gamma_from(key, draw, alpha))


def beta_from(key: Any, draw: Any, alpha: Any, beta: Any) -> Any:
    """X / (X + Y) of gamma numbers X of `alpha` and Y of `beta`, right for tiny ones too."""
    x = log_gamma_from(key, _other(draw, 101), alpha)
    y = log_gamma_from(key, _other(draw, 102), beta)
    return prim.sigmoid(prim.subtract(x, y))


def binomial_from(key: Any, draw: Any, counts: Any, probabilities: Any) -> Any:
    """How many of `counts` decisions fall with `probabilities` (both float64 of one shape).

    While many are left, the median of their uniform numbers is drawn, a beta number, and the half
    of them that it does not decide goes on; the last 16 are decided one by one.

    L. Devroye, "Non-uniform random variate generation" (1986), chapter X, section 4.3.
    """
    if 0 in counts.spec.shape:
        return counts
    zero, one = fill_like(counts, 0), fill_like(counts, 1)
    left = prim.maximum(prim.floor(prim.stop_gradient(counts)), zero)
    p = prim.minimum(prim.maximum(prim.stop_gradient(probabilities), zero), one)
    axes = tuple(range(len(counts.spec.shape)))

    def many_left(number: Any, total: Any, left: Any, p: Any) -> Any:
        most = reduce_max(left, axes)
        return prim.less(fill_like(most, _FEW), most)

    def halve(number: Any, *state: Any) -> Any:
        found = _halved(key, _other(draw, prim.add(number, fill_like(number, 1000))), *state)
        return (prim.add(number, fill_like(number, 1)), *found)

    start = fill((), 0, INT32)
    _, total, left, p = while_loop(many_left, halve, (start, zero, left, p))
    full = (*counts.spec.shape, _FEW)
    u = uniform_from(key, _other(draw, 1), full, dtype=FLOAT64)
    left, p = (broadcast(reshape(x, (*x.spec.shape, 1)), full) for x in (left, p))
    wanted = prim.less(iota(full, len(axes), FLOAT64), left)
    hits = prim.cast(prim.bitwise_and(wanted, prim.less(u, p)), FLOAT64)
    return prim.add(total, reduce_sum(hits, (len(axes),)))


def _halved(key: Any, draw: Any, total: Any, left: Any, p: Any) -> tuple[Any, Any, Any]:
    """What has fallen, what is left and its probability when the median is known."""
    zero, one = fill_like(p, 0), fill_like(p, 1)
    many = prim.less(fill_like(left, _FEW), left)
    middle = prim.floor(prim.multiply(prim.add(left, one), fill_like(left, 0.5)))
    above = prim.subtract(left, middle)
    median = beta_from(
        key,
        draw,
        prim.select(many, middle, one),
        prim.select(many, prim.add(above, one), one),
    )
    below = prim.less_equal(median, p)  # then the lower half fell, and the upper one goes on
    tiny = fill_like(one, _TINY)
    upper = prim.divide(prim.subtract(p, median), prim.maximum(prim.subtract(one, median), tiny))
    lower = prim.divide(p, prim.maximum(median, tiny))
    rest = prim.select(below, above, prim.subtract(middle, one))
    changed = prim.minimum(prim.maximum(prim.select(below, upper, lower), zero), one)
    fell = prim.select(prim.bitwise_and(many, below), middle, zero)
    return prim.add(total, fell), prim.select(many, rest, left), prim.select(many, changed, p)


_RARE = 16  # counts with at most this mean are found by their distribution
_MOST = 80  # which they exceed with a chance below 10⁻²⁶


def poisson_from(key: Any, draw: Any, rate: Any) -> Any:
    """Counts with the mean `rate` (float64).

    While a mean is large, the time of event m ≈ 7/8 of it is drawn, a gamma number: if it is over
    before, m events have happened and the rest of the time goes on, else those before it are
    binomial.

    J. Ahrens, U. Dieter, "Computer methods for sampling from gamma, beta, Poisson and binomial
    distributions" (1974).
    """
    zero = fill_like(rate, 0)
    axes = tuple(range(len(rate.spec.shape)))
    left = prim.maximum(prim.stop_gradient(rate), zero)

    def many_left(number: Any, total: Any, left: Any) -> Any:
        most = reduce_max(left, axes)
        return prim.less(fill_like(most, _RARE), most)

    def shorten(number: Any, total: Any, left: Any) -> Any:
        own = _other(draw, prim.add(number, fill_like(number, 5000)))
        return (prim.add(number, fill_like(number, 1)), *_shortened(key, own, total, left))

    start = fill((), 0, INT32)
    _, total, left = while_loop(many_left, shorten, (start, zero, left))
    full = (*rate.spec.shape, _MOST)
    wide, count = (
        broadcast(reshape(left, (*rate.spec.shape, 1)), full),
        iota(full, len(axes), FLOAT64),
    )
    held = prim.maximum(wide, fill_like(wide, _TINY))
    chance = prim.exp(count * prim.log(held) - wide - lgamma(count + 1))
    below = cumulative_sum(chance, exclusive=False)
    u = uniform_from(key, _other(draw, 4), rate.spec.shape, dtype=FLOAT64)
    passed = prim.less_equal(below, broadcast(reshape(u, (*rate.spec.shape, 1)), full))
    return prim.add(total, reduce_sum(prim.cast(passed, FLOAT64), (len(axes),)))


def _shortened(key: Any, draw: Any, total: Any, left: Any) -> tuple[Any, Any]:
    """What has happened, and the mean of what is still to come."""
    zero, one = fill_like(left, 0), fill_like(left, 1)
    many = prim.less(fill_like(left, _RARE), left)
    m = prim.select(many, prim.floor(prim.multiply(left, fill_like(left, 0.875))), one)
    time = gamma_from(key, _other(draw, 1), m)
    over = prim.less_equal(time, left)
    rest = binomial_from(key, _other(draw, 2), prim.subtract(m, one), prim.divide(left, time))
    happened = prim.select(over, m, rest)
    new = prim.select(over, prim.subtract(left, time), zero)
    return (
        prim.add(total, prim.select(many, happened, zero)),
        prim.select(many, new, left),
    )


__all__ = ["beta_from", "binomial_from", "gamma_from", "log_gamma_from", "poisson_from"]
