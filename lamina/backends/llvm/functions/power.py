"""x to the power of y."""

from __future__ import annotations

import math
from fractions import Fraction

from ..builder import F64, Code, Reg, constant, element_of, with_element
from .exponential import LN2, exp
from .logarithm import exponent, log, parts
from .pieces import absolute, bits, fast_two_sum, floats, format_of, like, polynomial

# (2 artanh(s) - 2 s - 2/3 s³) / s⁵ in s², a Remez fit to 2.4e-20 of s.
_AREA_TANGENT = (
    0.13188346082922991, 0.13257749122668394, 0.15386713593688087, 0.18181785418514876,
    0.2222222250639181, 0.28571428570186974, 0.4000000000000204,
)  # fmt: skip


def _series(code: Code, m: Reg) -> tuple[Reg, Reg, Reg]:
    """log(1 + m) as 2 s, 2/3 s³ and a rest below the last digits of both, s = m / (2 + m).

    What the roundings of s, of s³ and of its product with 2/3 lost is in the rest.
    """
    two, third = like(m, 2), like(m, 2 / 3)
    divisor = code.fadd(m, two)
    inverse = code.fdiv(like(m, 1), divisor)
    s = code.fmul(m, inverse)
    minus_s = code.fneg(s)
    divisor_lost = code.fsub(m, code.fsub(divisor, two))
    remainder = code.fma(minus_s, divisor_lost, code.fma(minus_s, divisor, m))
    s_lost = code.fmul(remainder, inverse)
    square = code.fmul(s, s)
    square_lost = code.fma(s, s, code.fneg(square))
    cube = code.fmul(s, square)
    cube_lost = code.fma(s, square_lost, code.fma(s, square, code.fneg(cube)))
    term = code.fmul(cube, third)
    term_lost = code.fma(cube, third, code.fneg(term))
    term_lost = code.fma(cube, like(m, float(Fraction(2, 3) - Fraction(2 / 3))), term_lost)
    rest = code.fma(code.fmul(cube, square), polynomial(code, _AREA_TANGENT, square), term_lost)
    rest = code.fma(cube_lost, third, rest)
    slope = code.fma(square, two, two)  # d log(1 + m) / ds = 2 / (1 - s²)
    return code.fadd(s, s), term, code.fma(s_lost, slope, rest)


def _logarithm(code: Code, x: Reg) -> tuple[Reg, Reg]:
    """log x as a sum of two floats, to 2⁻⁶² of log 2, of float64 x ≥ 0."""
    field, m = parts(code, x)
    e, unit = exponent(code, field, x)
    high, low = (like(x, part * unit) for part in LN2[F64])
    first, second, rest = _series(code, m)
    total, lost = fast_two_sum(code, code.fmul(e, high), first)
    total, lost_too = fast_two_sum(code, total, second)
    rest = code.fadd(code.fadd(lost, lost_too), code.fma(e, low, rest))
    total, rest = fast_two_sum(code, total, rest)
    total = code.select(code.fcmp("olt", x, like(x, math.inf)), total, x)
    return code.select(code.fcmp("oeq", x, like(x, 0)), like(x, -math.inf), total), rest


def _size(code: Code, x: Reg, y: Reg, exact: bool) -> Reg:
    """|x| to the power of y; 1 for |x| = 1 and for y = 0, whatever the other is.

    Where `exact`, y log |x| has the digits that make the power of large ones right.
    """
    zero, size, low = like(x, 0), absolute(code, x), None
    if exact:
        high, rest = _logarithm(code, size)
        product = code.fmul(y, high)
        low = code.fma(y, rest, code.fma(y, high, code.fneg(product)))
        bounded = code.fcmp("olt", absolute(code, product), like(x, 1000))
        low = code.select(bounded, low, zero)  # of what overflows there are no digits to mend
    else:
        high = log(code, size)
        product = code.fmul(y, high)
    trivial = code.op("or", code.fcmp("oeq", high, zero), code.fcmp("oeq", y, zero))
    return exp(code, code.select(trivial, zero, product), low)


def _power(code: Code, x: Reg, y: Reg, exact: bool) -> Reg:
    """The power with its sign: negative for x < 0 and odd y, NaN where y is no integer."""
    size, half = _size(code, x, y, exact), code.fmul(y, like(y, 0.5))
    whole = code.fcmp("oeq", code.intrinsic("rint", y), y)
    odd = code.op("and", whole, code.fcmp("one", code.intrinsic("rint", half), half))
    i = bits(code, x)
    sign = code.op("and", i, constant(i.kind, format_of(x).sign))
    sign = code.select(odd, sign, constant(i.kind, 0))
    y = floats(code, code.op("xor", bits(code, size), sign), x)
    below = code.op("and", code.fcmp("olt", x, like(x, 0)), code.fcmp("ogt", x, like(x, -math.inf)))
    fails = code.select(whole, constant(below.kind, False), below)
    return code.select(fails, like(x, math.nan), y)


def power(code: Code, x: Reg, y: Reg) -> Reg:
    """exp(y log |x|) with the special cases of C99; float32 is computed as float64.

    Within 0.51 ulp (float32), 2.0 ulp (float64).
    """
    if element_of(x.kind) == F64:
        return _power(code, x, y, exact=True)
    wide = with_element(x.kind, F64)
    base, times = code.cast("fpext", x, wide), code.cast("fpext", y, wide)
    return code.cast("fptrunc", _power(code, base, times, exact=False), x.kind)
