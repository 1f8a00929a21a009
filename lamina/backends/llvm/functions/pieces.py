"""What the elementary functions share: the bits of floats, polynomials, bounds, exact sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..builder import F32, F64, Code, Reg, constant, element_of, with_element


class Format(NamedTuple):
    """How a float type lays out its bits: the sign, the biased exponent, `mantissa` bits."""

    integer: str
    width: int
    mantissa: int
    bias: int

    def power_of_two(self, exponent: int) -> int:
        """The bits of 2^exponent."""
        return (exponent + self.bias) << self.mantissa

    @property
    def sign(self) -> int:
        """The bit of the sign, as the integer type counts it."""
        return -1 << self.width - 1

    @property
    def rounder(self) -> float:
        """1.5 · 2^mantissa: what is added to it is rounded to an integer, kept in its low bits."""
        return float(3 << self.mantissa - 1)


_FORMATS = {F32: Format("i32", 32, 23, 127), F64: Format("i64", 64, 52, 1023)}


def format_of(x: Reg) -> Format:
    """The format of the lanes of `x`."""
    return _FORMATS[element_of(x.kind)]


def like(x: Reg, number: float) -> Reg:
    """`number` in every lane, in the type of `x`."""
    return constant(x.kind, number)


def bits(code: Code, x: Reg) -> Reg:
    """The bits of floats as integers."""
    return code.cast("bitcast", x, with_element(x.kind, format_of(x).integer))


def floats(code: Code, i: Reg, x: Reg) -> Reg:
    """The floats with the bits `i`, in the type of `x`."""
    return code.cast("bitcast", i, x.kind)


def polynomial(code: Code, coefficients: Sequence[float], x: Reg) -> Reg:
    """Σ cₖ xᵏ by Horner's rule, the highest power first."""
    total = like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = code.fma(total, x, like(x, coefficient))
    return total


def at_most(code: Code, x: Reg, bound: float) -> Reg:
    """The smaller of x and `bound`; NaN stays."""
    limit = like(x, bound)
    return code.select(code.fcmp("ogt", x, limit), limit, x)


def at_least(code: Code, x: Reg, bound: float) -> Reg:
    """The larger of x and `bound`; NaN stays."""
    limit = like(x, bound)
    return code.select(code.fcmp("olt", x, limit), limit, x)


def absolute(code: Code, x: Reg) -> Reg:
    """|x|."""
    return code.intrinsic("fabs", x)


def with_sign(code: Code, x: Reg, sign: Reg) -> Reg:
    """|x| with the sign of `sign`."""
    return code.intrinsic("copysign", x, sign)


def two_sum(code: Code, a: Reg, b: Reg) -> tuple[Reg, Reg]:
    """a + b rounded, and what the rounding lost (Knuth)."""
    total = code.fadd(a, b)
    other = code.fsub(total, a)
    lost = code.fadd(code.fsub(a, code.fsub(total, other)), code.fsub(b, other))
    return total, lost


def fast_two_sum(code: Code, a: Reg, b: Reg) -> tuple[Reg, Reg]:
    """a + b rounded, and what the rounding lost, where |a| ≥ |b| or a = 0 (Dekker)."""
    total = code.fadd(a, b)
    return total, code.fsub(b, code.fsub(total, a))
