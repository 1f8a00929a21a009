"""x to the power of y."""

from __future__ import annotations

import math

from ..builder import F64, Code, Reg, constant, element_of, with_element
from .exponential import LN2, exp
from .logarithm import AREA_TANGENT, exponent, parts
from .pieces import absolute, bits, fast_two_sum, floats, format_of, like, polynomial


def _logarithm(code: Code, x: Reg) -> tuple[Reg, Reg]:
    """log x as a sum of two floats, to 2⁻⁵⁹ of itself, of float64 x ≥ 0.

    With s = m / (2 + m) it is e ln 2 + 2 s + s³ P(s²); the first two are kept with what their
    roundings lost.
    """
    field, m = parts(code, x)
    e, unit = exponent(code, field, x)
    high, low = (like(x, part * unit) for part in LN2[F64])
    two = like(x, 2)
    divisor = code.fadd(m, two)
    inverse = code.fdiv(like(x, 1), divisor)
    s = code.fmul(m, inverse)
    minus_s = code.fneg(s)
    divisor_lost = code.fsub(m, code.fsub(divisor, two))
    rest = code.fma(minus_s, divisor_lost, code.fma(minus_s, divisor, m))
    square = code.fmul(s, s)
    series = code.fmul(polynomial(code, AREA_TANGENT, square), square)
    s_lost = code.fmul(rest, inverse)
    small = code.fma(s, series, code.fma(e, low, code.fadd(s_lost, s_lost)))
    total, lost = fast_two_sum(code, code.fmul(e, high), code.fadd(s, s))
    total, small = fast_two_sum(code, total, code.fadd(lost, small))
    total = code.select(code.fcmp("olt", x, like(x, math.inf)), total, x)
    return code.select(code.fcmp("oeq", x, like(x, 0)), like(x, -math.inf), total), small


def _size(code: Code, x: Reg, y: Reg) -> Reg:
    """|x| to the power of y; 1 for |x| = 1 and for y = 0, whatever the other is."""
    zero = like(x, 0)
    high, low = _logarithm(code, absolute(code, x))
    product = code.fmul(y, high)
    low = code.fma(y, low, code.fma(y, high, code.fneg(product)))
    bounded = code.fcmp("olt", absolute(code, product), like(x, 1000))
    low = code.select(bounded, low, zero)  # of what overflows there are no digits to mend
    trivial = code.op("or", code.fcmp("oeq", high, zero), code.fcmp("oeq", y, zero))
    return exp(code, code.select(trivial, zero, product), low)


def _power(code: Code, x: Reg, y: Reg) -> Reg:
    """The power with its sign: negative for x < 0 and odd y, NaN where y is no integer."""
    size, half = _size(code, x, y), code.fmul(y, like(y, 0.5))
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
    """x to the power of y, with the special cases of C99; float32 is computed as float64.

    exp(y log |x|) with log |x| kept in two floats.

    Within 0.51 ulp (float32), 1.7 ulp (float64).
    """
    if element_of(x.kind) == F64:
        return _power(code, x, y)
    wide = with_element(x.kind, F64)
    z = _power(code, code.cast("fpext", x, wide), code.cast("fpext", y, wide))
    return code.cast("fptrunc", z, x.kind)
