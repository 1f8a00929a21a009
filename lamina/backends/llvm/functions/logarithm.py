"""The natural logarithm and what is made of it: log1p, arcsinh, arccosh, arctanh.

x = 2ᵉ (1 + m) with 1 + m between √½ and √2; then log x = e ln 2 + log(1 + m). The polynomials are
Remez fits.
"""

from __future__ import annotations

import math

from ..builder import F32, F64, I32, Code, Reg, constant, element_of, with_element
from .exponential import LN2
from .pieces import absolute, bits, floats, format_of, like, polynomial, with_sign

# float32: (log(1 + m) - m + m²/2) / m³ to 6e-9 of m.
_LOGARITHM = (
    -0.0786560997, 0.128796905, -0.131254449, 0.141813591, -0.166249514, 0.200022846,
    -0.250007957, 0.333333164,
)  # fmt: skip
# float64: (2 artanh(s) - 2 s) / s³ in s², s = m / (2 + m), to 2.5e-18 of s.
_AREA_TANGENT = (
    0.14792263120931598, 0.15314449147759301, 0.1818354727373184, 0.22222198938163001,
    0.28571428738336924, 0.3999999999943621, 0.6666666666666731,
)  # fmt: skip
_ROOT_HALF = {F32: 0x3F3504F3, F64: 0x3FE6A09E667F3BCD}  # the bits of √½


def exponent(code: Code, field: Reg, x: Reg) -> tuple[Reg, float]:
    """e as a float times a power of two, and what undoes it, of an e in its place among bits."""
    if element_of(x.kind) == F32:
        return code.cast("sitofp", field, x.kind), 2.0**-23
    high = code.op("lshr", field, constant(field.kind, 32))
    word = code.cast("trunc", high, with_element(field.kind, I32))
    return code.cast("sitofp", word, x.kind), 2.0**-20


def parts(code: Code, x: Reg) -> tuple[Reg, Reg]:
    """e in the place of an exponent, and m, of x = 2ᵉ (1 + m); x is positive and finite.

    Numbers below the normal ones are made normal, and their e is made less by as much.
    """
    layout, root_half = format_of(x), _ROOT_HALF[element_of(x.kind)]
    small = code.fcmp("olt", x, like(x, 2.0 ** (1 - layout.bias)))
    normal = code.select(small, code.fmul(x, like(x, 2.0 ** (layout.mantissa + 1))), x)
    i = bits(code, normal)
    start = code.select(
        small,
        constant(i.kind, root_half + (layout.mantissa + 1 << layout.mantissa)),
        constant(i.kind, root_half),
    )
    i = code.sub(i, start)
    mask = (1 << layout.mantissa) - 1
    field = code.op("and", i, constant(i.kind, ~mask))
    mantissa = code.add(code.op("and", i, constant(i.kind, mask)), constant(i.kind, root_half))
    return field, code.fsub(floats(code, mantissa, x), like(x, 1))


def _assemble(code: Code, field: Reg, m: Reg) -> Reg:
    """e ln 2 + log(1 + m), the small terms first."""
    e, unit = exponent(code, field, m)
    high, low = (like(m, part * unit) for part in LN2[element_of(m.kind)])
    if element_of(m.kind) == F32:
        square = code.fmul(m, m)
        cubic = code.fmul(polynomial(code, _LOGARITHM, m), m)
        rest = code.fma(like(m, -0.5), square, code.fma(cubic, square, code.fmul(e, low)))
        return code.fma(e, high, code.fadd(m, rest))
    half_square = code.fmul(code.fmul(m, like(m, 0.5)), m)
    s = code.fdiv(m, code.fadd(m, like(m, 2)))
    z = code.fmul(s, s)
    rest = code.fma(z, polynomial(code, _AREA_TANGENT, z), half_square)
    rest = code.fma(s, rest, code.fmul(e, low))
    return code.fma(e, high, code.fsub(m, code.fsub(half_square, rest)))


def _ends(code: Code, y: Reg, x: Reg, pole: float) -> Reg:
    """y, but ∞ at ∞, -∞ at the pole, NaN below it."""
    infinity = like(x, math.inf)
    y = code.select(code.fcmp("oeq", x, infinity), infinity, y)
    y = code.select(code.fcmp("oeq", x, like(x, pole)), like(x, -math.inf), y)
    return code.select(code.fcmp("ult", x, like(x, pole)), like(x, math.nan), y)


def log(code: Code, x: Reg) -> Reg:
    """log x; -∞ at 0, NaN below.

    Within 0.9 ulp (float32), 0.9 ulp (float64).
    """
    return _ends(code, _assemble(code, *parts(code, x)), x, 0.0)


def log1p(code: Code, x: Reg) -> Reg:
    """log(1 + x): e is taken from 1 + x, and m = 2⁻ᵉ x + (2⁻ᵉ - 1) is rounded once.

    Within 1.5 ulp (float32), 1.4 ulp (float64).
    """
    layout = format_of(x)
    i = bits(code, code.fadd(x, like(x, 1)))
    i = code.sub(i, constant(i.kind, _ROOT_HALF[element_of(x.kind)]))
    field = code.op("and", i, constant(i.kind, -1 << layout.mantissa))
    scaled = floats(code, code.sub(bits(code, x), field), x)
    four = constant(i.kind, layout.power_of_two(2))  # 4 · 2⁻ᵉ is normal for each e
    unit = floats(code, code.sub(four, field), x)
    m = code.fadd(scaled, code.fma(like(x, 0.25), unit, like(x, -1)))
    y = _ends(code, _assemble(code, field, m), x, -1.0)
    return with_sign(code, y, x)


def _log1p_of_sum(code: Code, t: Reg, w: Reg) -> Reg:
    """log1p(w), or log(2 t) where t is so large that w may overflow."""
    large = code.fcmp("ogt", t, like(t, 2.0 ** (format_of(t).mantissa + 8)))
    y = log1p(code, code.select(large, t, w))
    return code.fadd(y, code.select(large, like(t, math.log(2)), like(t, 0)))


def arcsinh(code: Code, x: Reg) -> Reg:
    """log1p(a + a² / (1 + √(a² + 1))) of a = |x|, with the sign of x.

    Within 1.9 ulp (float32), 1.8 ulp (float64).
    """
    a, one = absolute(code, x), like(x, 1)
    square = code.fmul(a, a)
    root = code.intrinsic("sqrt", code.fadd(square, one))
    w = code.fadd(a, code.fdiv(square, code.fadd(root, one)))
    return with_sign(code, _log1p_of_sum(code, a, w), x)


def arccosh(code: Code, x: Reg) -> Reg:
    """log1p(t + √t √(t + 2)) with t = x - 1; NaN below 1.

    Within 2.8 ulp (float32), 3.2 ulp (float64).
    """
    t = code.fsub(x, like(x, 1))
    root = code.intrinsic("sqrt", t)
    other = code.intrinsic("sqrt", code.fadd(t, like(x, 2)))
    return _log1p_of_sum(code, t, code.fma(root, other, t))


def arctanh(code: Code, x: Reg) -> Reg:
    """log1p(2 a / (1 - a)) / 2 of a = |x|, with the sign of x; NaN beyond ±1.

    Within 2.2 ulp (float32), 2.1 ulp (float64).
    """
    a = absolute(code, x)
    ratio = code.fdiv(code.fadd(a, a), code.fsub(like(x, 1), a))
    return with_sign(code, code.fmul(like(x, 0.5), log1p(code, ratio)), x)
