"""Sine, cosine and tangent of all finite numbers.

|x| · 2/π = n + f with |f| ≤ ½ gives the quadrant n mod 4 and the angle r = f π/2. The product is
taken with as many bits of 2/π as matter for the size of x, those that only add multiples of 4 left
out (Payne and Hanek, "Radian reduction for trigonometric functions", 1983). So large arguments
are as exact as small ones. The polynomials are Remez fits on |r| ≤ π/4.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from ..builder import (
    F32,
    F64,
    I1,
    I32,
    PTR,
    Code,
    Reg,
    constant,
    element_of,
    lanes_of,
    with_element,
)
from .pieces import absolute, bits, floats, format_of, like, polynomial, two_sum

# The first 1216 bits of 2/π after the point.
_TWO_OVER_PI = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea"
    "09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b"
    "1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f7"
    "8a5292ea6bfb5fb11f8d5d0856033046fc7b6bab",
    16,
)
_LENGTH = 1216
# (sin r - r) / r³ and cos r in r², to 4e-9 and 4e-18 of sin r, 1e-10 and 5e-20 of cos r.
_SINE = {
    F32: (-0.000195175278, 0.00833218079, -0.166666552),
    F64: (
        1.589698859603301e-10, -2.5050761828091488e-08, 2.755731371892173e-06,
        -0.00019841269829899125, 0.008333333333322554, -0.16666666666666632,
    ),
}  # fmt: skip
_COSINE = {
    F32: (2.44394105e-05, -0.0013887377, 0.0416666456, -0.5, 1.0),
    F64: (
        -1.1361303205676467e-11, 2.087575806264536e-09, -2.7557314634361543e-07,
        2.4801587290576158e-05, -0.0013888888888876133, 0.041666666666666616, -0.5, 1.0,
    ),
}  # fmt: skip


@cache
def _two_over_pi(skipped: int, count: int) -> tuple[float, ...]:
    """2/π without its first `skipped` bits, times 2^skipped, as a sum of `count` floats."""
    rest = Fraction(_TWO_OVER_PI % (1 << _LENGTH - skipped), 1 << _LENGTH - skipped)
    numbers: list[float] = []
    for _ in range(count):
        numbers.append(float(rest))
        rest -= Fraction(numbers[-1])
    return tuple(numbers)


class Angle(NamedTuple):
    """n mod 4 in the low bits of an integer, and r."""

    quadrant: Reg
    r: Reg


def _reduce_single(code: Code, x: Reg) -> Angle:
    """The angle of float32 |x|, in double precision.

    The product with the first part of 2/π is below 2⁴⁶, its rounding error known; row j of the
    parts serves |x| from 2^(21 j + 25) on. The angle errs by 2⁻⁶⁰ at most.
    """
    wide = code.cast("fpext", x, with_element(x.kind, F64))
    step = 21
    rows = [[part * 2.0 ** (-step * j) for part in _two_over_pi(step * j, 2)] for j in range(5)]
    first, second = (like(wide, part) for part in rows[0])
    for j in range(1, 5):
        large = code.fcmp("oge", wide, like(wide, 2.0 ** (step * j + 25)))
        first = code.select(large, like(wide, rows[j][0]), first)
        second = code.select(large, like(wide, rows[j][1]), second)
    product = code.fmul(wide, first)
    lost = code.fma(wide, first, code.fneg(product))
    rest = code.fma(wide, second, lost)
    rounder = like(wide, format_of(wide).rounder)
    shifted = code.fadd(code.fadd(product, rest), rounder)
    n = code.fsub(shifted, rounder)
    f = code.fadd(code.fsub(product, n), rest)
    r = code.cast("fptrunc", code.fmul(f, like(wide, math.pi / 2)), x.kind)
    quadrant = code.cast("trunc", bits(code, shifted), with_element(x.kind, I32))
    return Angle(quadrant, r)


def _gather_parts(code: Code, x: Reg) -> list[Reg]:
    """x · 2^(-16 j) and three parts of 2/π without its first 16 j bits, from row j of a table.

    2^(16 j + 54) ≤ |x| (or j = 0), so that bits of 2/π that are left out give multiples of 4.
    """
    layout, i = format_of(x), bits(code, x)
    start = layout.bias + layout.mantissa + 2
    rows = (2 * layout.bias + 1 - start) // 16 + 1
    table = code.module.table(F64, [part for j in range(rows) for part in _two_over_pi(16 * j, 3)])
    lowest = constant(i.kind, start)
    exponent = code.op("lshr", i, constant(i.kind, layout.mantissa))
    above = code.sub(code.intrinsic("umax", exponent, lowest), lowest)
    j = code.op("lshr", above, constant(i.kind, 4))
    down = code.op("shl", j, constant(i.kind, layout.mantissa + 4))
    place = code.mul(j, constant(i.kind, 3))
    lanes = lanes_of(x.kind)
    gather = f"llvm.masked.gather.v{lanes}f64.v{lanes}p0"
    align, everywhere = constant(I32, 8), constant(with_element(x.kind, I1), True)
    gathered = [floats(code, code.sub(i, down), x)]
    for k in range(3):
        base = code.at(table, k, F64)
        address = code.value(with_element(x.kind, PTR), f"getelementptr {F64}, {base}, {place}")
        gathered.append(code.call(x.kind, gather, address, align, everywhere, like(x, 0)))
    return gathered


def _modulo_four(code: Code, x: Reg) -> Reg:
    """x without the nearest multiple of 4; exact."""
    quarters = code.intrinsic("rint", code.fmul(x, like(x, 0.25)))
    return code.fma(quarters, like(x, -4), x)


def _reduce_double(code: Code, x: Reg) -> Angle:
    """The angle of float64 |x| from products with three parts of 2/π, summed without loss.

    It errs by 2⁻¹⁰⁶ of itself below 2³⁰, by 2⁻⁸⁷ at most.
    """
    scaled, first, second, third = _gather_parts(code, x)
    a = code.fmul(scaled, first)
    lost_a = code.fma(scaled, first, code.fneg(a))
    b = code.fmul(scaled, second)
    lost_b = code.fma(scaled, second, code.fneg(b))
    high, low = two_sum(code, b, lost_a)
    total, rest = two_sum(code, _modulo_four(code, a), _modulo_four(code, high))
    rest = code.fadd(rest, code.fadd(low, code.fma(scaled, third, lost_b)))
    rounder = like(x, format_of(x).rounder)
    shifted = code.fadd(total, rounder)
    f = code.fadd(code.fsub(total, code.fsub(shifted, rounder)), rest)
    f = code.fma(x, like(x, 0), f)  # NaN for infinities and NaN
    return Angle(bits(code, shifted), code.fmul(f, like(x, math.pi / 2)))


def _reduce(code: Code, x: Reg) -> Angle:
    single = element_of(x.kind) == F32
    return (_reduce_single if single else _reduce_double)(code, absolute(code, x))


def _sine_and_cosine(code: Code, r: Reg) -> tuple[Reg, Reg]:
    """sin r and cos r of |r| ≤ π/4."""
    element, square = element_of(r.kind), code.fmul(r, r)
    cubic = code.fmul(polynomial(code, _SINE[element], square), square)
    return code.fma(cubic, r, r), polynomial(code, _COSINE[element], square)


def _is_odd(code: Code, quadrant: Reg) -> Reg:
    one = constant(quadrant.kind, 1)
    return code.icmp("ne", code.op("and", quadrant, one), constant(quadrant.kind, 0))


def _wave(code: Code, quadrant: Reg, r: Reg) -> Reg:
    """sin(n π/2 + r)."""
    sine, cosine = _sine_and_cosine(code, r)
    i = bits(code, code.select(_is_odd(code, quadrant), cosine, sine))
    top = code.op("shl", quadrant, constant(i.kind, format_of(r).width - 2))
    flip = code.op("and", top, constant(i.kind, format_of(r).sign))
    return floats(code, code.op("xor", i, flip), r)


def _odd(code: Code, y: Reg, x: Reg) -> Reg:
    """y of |x| turned into an odd function of x, which is x itself where it is tiny."""
    i = bits(code, x)
    sign = code.op("and", i, constant(i.kind, format_of(x).sign))
    y = floats(code, code.op("xor", bits(code, y), sign), x)
    tiny = code.fcmp("olt", absolute(code, x), like(x, 2.0 ** -(format_of(x).mantissa // 2 + 2)))
    return code.select(tiny, x, y)


def sin(code: Code, x: Reg) -> Reg:
    """The sine. Within 1.6 ulp (float32), 2.5 ulp (float64)."""
    return _odd(code, _wave(code, *_reduce(code, x)), x)


def cos(code: Code, x: Reg) -> Reg:
    """The cosine, the sine one quadrant further. Within 1.6 ulp (float32), 2.4 ulp (float64)."""
    quadrant, r = _reduce(code, x)
    return _wave(code, code.add(quadrant, constant(quadrant.kind, 1)), r)


def tan(code: Code, x: Reg) -> Reg:
    """sin r / cos r in even quadrants, -cos r / sin r in odd ones.

    Within 3.2 ulp (float32), 4.0 ulp (float64).
    """
    quadrant, r = _reduce(code, x)
    sine, cosine = _sine_and_cosine(code, r)
    odd = _is_odd(code, quadrant)
    numerator = code.select(odd, code.fneg(cosine), sine)
    return _odd(code, code.fdiv(numerator, code.select(odd, sine, cosine)), x)
