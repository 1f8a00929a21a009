"""The gamma function's relatives, and quantiles of the normal distribution.

Everything is composed of the operations below it, so that gradients of any order follow.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

from ..core.errors import InvalidArgumentError
from ..prims import elementwise as prim
from ..prims.broadcast import fill_like, reduce_sum
from ..tensor.convert import operands
from .common import floats

# P. Godfrey, "A note on the computation of the convergent Lanczos complex Gamma approximation"
# (2001): g = 607/128, 15 terms, relative error below 1e-15.
_LANCZOS_SHIFT = 607 / 128
_LANCZOS = (
    0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
    -0.49191381609762019978, 0.33994649984811888699e-4, 0.46523628927048575665e-4,
    -0.98374475304879564677e-4, 0.15808870322491248884e-3, -0.21026444172410488319e-3,
    0.21743961811521264320e-3, -0.16431810653676389022e-3, 0.84418223983852743293e-4,
    -0.26190838401581408670e-4, 0.36899182659531622704e-5,
)  # fmt: skip
# Bernoulli's numbers B₂, B₄, … B₂₄.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip
_SHIFT = 9  # how far sums go one by one before the asymptotic series takes over
_PI = math.pi


def erfcinv(x: Any, name: str | None = None) -> Any:
    """The inverse of erfc on (0, 2)."""
    x = floats(x)
    inside = prim.bitwise_and(x > 0, x < 2)
    safe = prim.select(inside, x, fill_like(x, 1))
    p = prim.minimum(safe, 2 - safe)
    small = p < 0.01
    far = prim.negative(prim.log(math.sqrt(_PI) * prim.select(small, p, fill_like(p, 0.01))))
    y = prim.sqrt(far - 0.5 * prim.log(far))
    near = prim.erf_inverse(1 - prim.select(small, fill_like(p, 0.5), p))
    y = prim.select(small, y, near)
    for _ in range(3):  # Halley's steps
        step = (prim.erfc(y) - p) * prim.exp(y * y) * (math.sqrt(_PI) / 2)
        y = y + step / (1 + y * step)
    y = prim.select(safe > 1, prim.negative(y), y)
    ends = prim.select(
        prim.equal(x, fill_like(x, 0)), fill_like(x, math.inf), fill_like(x, math.nan)
    )
    ends = prim.select(prim.equal(x, fill_like(x, 2)), fill_like(x, -math.inf), ends)
    return prim.select(inside, y, ends)


def ndtri(x: Any, name: str | None = None) -> Any:
    """The quantile of the standard normal distribution: -√2 erfc⁻¹(2x)."""
    return erfcinv(2 * floats(x)) * -math.sqrt(2)


# The gamma function ------------------------------------------------------------------------------


def _reflected(x: Any) -> tuple[Any, Any]:
    """Where x < 1/2, and the argument 1 - x there, x elsewhere."""
    low = x < 0.5
    return low, prim.select(low, 1 - x, x)


def lgamma(x: Any, name: str | None = None) -> Any:
    """log |Γ(x)|, infinite at 0, -1, -2, …"""
    x = floats(x)
    low, y = _reflected(x)
    series = reduce(
        lambda total, term: total + term[1] / (y + (term[0] - 1)),
        enumerate(_LANCZOS[1:], 1),
        fill_like(y, _LANCZOS[0]),
    )
    t = y + (_LANCZOS_SHIFT - 0.5)
    value = (y - 0.5) * prim.log(t) - t + prim.log(math.sqrt(2 * _PI) * series)
    inside = prim.select(low, x, fill_like(x, 0.25))
    wave = prim.absolute(prim.sin(_PI * (inside - prim.round_even(inside))))
    folded = math.log(_PI) - prim.log(wave) - value
    infinite = prim.equal(prim.absolute(x), fill_like(x, math.inf))
    return prim.select(infinite, prim.absolute(x), prim.select(low, folded, value))


def digamma(x: Any, name: str | None = None) -> Any:
    """ψ(x) = d/dx log Γ(x); NaN at 0, -1, -2, …"""
    x = floats(x)
    low, y = _reflected(x)
    z = y + _SHIFT
    square = 1 / (z * z)
    series = fill_like(z, 0)
    for k in range(8, 0, -1):
        series = (series + _BERNOULLI[k - 1] / (2 * k)) * square
    value = prim.log(z) - 0.5 / z - series
    for i in range(_SHIFT):
        value = value - 1 / (y + i)
    inside = prim.select(low, x, fill_like(x, 0.25))
    reduced = inside - prim.round_even(inside)
    pole = prim.equal(reduced, fill_like(x, 0))
    cotangent = _PI / prim.tan(_PI * prim.select(pole, fill_like(x, 0.25), reduced))
    folded = prim.select(pole, fill_like(x, math.nan), value - cotangent)
    return prim.select(low, folded, value)


def zeta(x: Any, q: Any, name: str | None = None) -> Any:
    """Hurwitz's ζ(x, q) = Σ (q + n)⁻ˣ for x > 1, q > 0, by the formula of Euler and Maclaurin.

    Infinite at x = 1; NaN elsewhere.
    """
    x, q = (floats(part) for part in operands(x, q))
    inside = prim.bitwise_and(x > 1, q > 0)
    x0, q = x, prim.select(inside, q, fill_like(q, 1))
    x = prim.select(inside, x, fill_like(x, 2))
    total = reduce(lambda sum_, n: sum_ + prim.power(q + n, prim.negative(x)), range(_SHIFT), 0.0)
    w = q + _SHIFT
    last = prim.power(w, prim.negative(x))
    total = total + w * last / (x - 1) + 0.5 * last
    factor = x / w
    for k, number in enumerate(_BERNOULLI, 1):
        total = total + number / math.factorial(2 * k) * factor * last
        factor = factor * (x + (2 * k - 1)) * (x + 2 * k) / (w * w)
    outside = prim.select(
        prim.equal(x0, fill_like(x0, 1)), fill_like(x, math.inf), fill_like(x, math.nan)
    )
    return prim.select(inside, total, outside)


def polygamma(a: Any, x: Any, name: str | None = None) -> Any:
    """The derivative of order a of digamma, a = 0, 1, 2, …: (-1)ᵃ⁺¹ a! ζ(a + 1, x)."""
    a, x = (floats(part) for part in operands(a, x))
    zero = prim.equal(a, fill_like(a, 0))
    order = prim.select(zero, fill_like(a, 1), a)
    half = order * 0.5
    odd = prim.equal(prim.floor(half) * 2, order)
    size = prim.exp(lgamma(order + 1)) * zeta(order + 1, x)
    return prim.select(zero, digamma(x), prim.select(odd, prim.negative(size), size))


def lbeta(x: Any, name: str | None = None) -> Any:
    """log B of the numbers in the last axis: Σ log |Γ(xᵢ)| - log |Γ(Σ xᵢ)|."""
    x = floats(x)
    last = len(x.spec.shape) - 1
    if last < 0:
        raise InvalidArgumentError("lbeta expects lines of numbers; got a scalar")
    return reduce_sum(lgamma(x), (last,)) - lgamma(reduce_sum(x, (last,)))


__all__ = [
    "digamma", "erfcinv", "lbeta", "lgamma", "ndtri", "polygamma", "zeta",
]  # fmt: skip
