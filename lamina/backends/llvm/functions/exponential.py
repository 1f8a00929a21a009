"""eˣ and what is made of it: expm1, sigmoid, tanh, sinh, cosh.

All write eˣ = 2ⁿ (1 + q) with n = round(x / ln 2), r = x - n ln 2 and q = e^r - 1, and use n and q
apart: S q + (S ± 1) with S = 2ⁿ is one fused operation, so nothing is rounded in between and
nothing cancels. The polynomials are Remez fits on |r| ≤ ln 2 / 2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..builder import F32, F64, Code, Reg, constant, element_of
from .pieces import (
    absolute,
    at_least,
    at_most,
    bits,
    floats,
    format_of,
    like,
    polynomial,
    with_sign,
)

# (e^r - 1 - r) / r²; q errs relatively by 1.5e-8 and 2e-17.
_EXPONENTIAL = {
    F32: (0.00139460515, 0.0083663743, 0.0416662879, 0.16666545, 0.5),
    F64: (
        2.511400794135406e-08, 2.7625600912433225e-07, 2.755722955241658e-06,
        2.4801506559921595e-05, 0.00019841269901073785, 0.0013888888930272043,
        0.008333333333315584, 0.04166666666658179, 0.16666666666666685, 0.5,
    ),
}  # fmt: skip
# ln 2 in two parts; n times the first is exact.
LN2 = {
    F32: (0.693145751953125, 1.42860682030941723212e-6),
    F64: (6.93147180369123816490e-01, 1.90821492927058770002e-10),
}


class Range(NamedTuple):
    """Where the functions of a float type reach their limits."""

    low: float  # below it eˣ is no normal number
    zero: float  # below it eˣ is 0
    infinite: float  # from it on eˣ is infinite
    minus_one: float  # below it eˣ - 1 is -1
    sigmoid_one: float  # from it on sigmoid is 1
    sigmoid_scale: int  # keeps 1 + e⁻ˣ times 2^-scale in range
    tanh_one: float  # from it on tanh is 1
    hyperbolic: float  # sinh and cosh are infinite, a quarter of eˣ is not


_RANGES = {
    F32: Range(-86.0, -104.0, 89.0, -18.0, 66.0, 30, 10.0, 89.5),
    F64: Range(-708.0, -746.0, 710.0, -40.0, 66.0, 100, 22.0, 710.6),
}


def split(code: Code, x: Reg, low: Reg | None = None) -> tuple[Reg, Reg]:
    """n in the place of an exponent, and q, of e^(x + low) = 2ⁿ (1 + q)."""
    layout, element = format_of(x), element_of(x.kind)
    rounder = like(x, layout.rounder)
    shifted = code.fma(x, like(x, 1 / math.log(2)), rounder)
    n = code.fsub(shifted, rounder)
    r = x
    for part in LN2[element]:
        r = code.fma(n, like(x, -part), r)
    if low is not None:
        r = code.fadd(r, low)
    p = polynomial(code, _EXPONENTIAL[element], r)
    q = code.fma(code.fmul(p, r), r, r)
    i = bits(code, shifted)
    return code.op("shl", i, constant(i.kind, layout.mantissa)), q


def scale(code: Code, field: Reg, x: Reg, power: int = 0) -> Reg:
    """2^(n + power), for n in the place of an exponent."""
    one = constant(field.kind, format_of(x).power_of_two(power))
    return floats(code, code.add(field, one), x)


def exp(code: Code, x: Reg, low: Reg | None = None) -> Reg:
    """eˣ, or e^(x + low) with a `low` below the last digit of x.

    Results below the normal numbers are made 2⁶⁴ times larger and scaled back at the end.

    Within 1.1 ulp (float32), 1.5 ulp (float64).
    """
    layout, limits = format_of(x), _RANGES[element_of(x.kind)]
    x = at_most(code, at_least(code, x, limits.zero), limits.infinite)
    field, q = split(code, x, low)
    small = code.fcmp("olt", x, like(x, limits.low))
    up, back = (
        code.select(small, constant(kind, lifted), constant(kind, usual))
        for kind, lifted, usual in (
            (field.kind, layout.power_of_two(64), layout.power_of_two(-1)),
            (x.kind, 2.0**-64, 2.0),
        )
    )
    s = floats(code, code.add(field, up), x)
    return code.fmul(code.fma(s, q, s), back)


def expm1(code: Code, x: Reg) -> Reg:
    """eˣ - 1 = 2 (S q + (S - 1/2)) with S = 2ⁿ⁻¹; x itself where x² / 2 is nothing beside it.

    Within 1.7 ulp (float32), 2.8 ulp (float64).
    """
    limits = _RANGES[element_of(x.kind)]
    bounded = at_most(code, at_least(code, x, limits.minus_one), limits.infinite)
    field, q = split(code, bounded)
    s = scale(code, field, x, -1)
    half = code.fma(s, q, code.fsub(s, like(x, 0.5)))
    tiny = code.fcmp("olt", absolute(code, x), like(x, 2.0 ** -(format_of(x).mantissa + 2)))
    return code.select(tiny, x, code.fadd(half, half))


def sigmoid(code: Code, x: Reg) -> Reg:
    """1 / (1 + e⁻ˣ) = c / (S q + (S + c)) with S = c 2ⁿ; the scale c keeps the sum finite.

    Within 2.45 ulp (float32), 2.4 ulp (float64).
    """
    limits = _RANGES[element_of(x.kind)]
    bounded = at_most(code, at_least(code, x, limits.zero - 1), limits.sigmoid_one)
    field, q = split(code, code.fneg(bounded))
    s, c = scale(code, field, x, -limits.sigmoid_scale), like(x, 2.0**-limits.sigmoid_scale)
    return code.fdiv(c, code.fma(s, q, code.fadd(s, c)))


def tanh(code: Code, x: Reg) -> Reg:
    """(1 - e^(-2 a)) / (1 + e^(-2 a)) of a = |x|, with the sign of x; both sums rounded once.

    Within 2.0 ulp (float32), 2.9 ulp (float64).
    """
    limits, one = _RANGES[element_of(x.kind)], like(x, 1)
    bounded = at_most(code, absolute(code, x), limits.tanh_one)
    field, q = split(code, code.fmul(bounded, like(x, -2)))
    s = scale(code, field, x)
    numerator = code.fma(s, q, code.fsub(s, one))
    denominator = code.fma(s, q, code.fadd(s, one))
    return with_sign(code, code.fdiv(numerator, denominator), x)


def sinh(code: Code, x: Reg) -> Reg:
    """(eˣ - e⁻ˣ) / 2 = 2 t + (t / w) / 2, with t = (eˣ - 1) / 4 and w = eˣ / 4 of |x|.

    Within 2.3 ulp (float32), 3.0 ulp (float64).
    """
    limits = _RANGES[element_of(x.kind)]
    size = absolute(code, x)
    field, q = split(code, at_most(code, size, limits.hyperbolic))
    s = scale(code, field, x, -2)
    t = code.fma(s, q, code.fsub(s, like(x, 0.25)))
    w = code.fma(s, q, s)
    y = code.fma(like(x, 2), t, code.fmul(like(x, 0.5), code.fdiv(t, w)))
    tiny = code.fcmp("olt", size, like(x, 2.0 ** -(format_of(x).mantissa // 2 + 1)))
    return code.select(tiny, x, with_sign(code, y, x))


def cosh(code: Code, x: Reg) -> Reg:
    """(eˣ + e⁻ˣ) / 2 = 2 (w + 1 / 16 w) with w = eˣ / 4 of |x|.

    Within 1.5 ulp (float32), 2.0 ulp (float64).
    """
    limits = _RANGES[element_of(x.kind)]
    field, q = split(code, at_most(code, absolute(code, x), limits.hyperbolic))
    s = scale(code, field, x, -2)
    w = code.fma(s, q, s)
    half = code.fadd(w, code.fdiv(like(x, 0.0625), w))
    return code.fadd(half, half)
