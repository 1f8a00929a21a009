"""The inverse trigonometric functions; the polynomials are Remez fits."""

from __future__ import annotations

import math

from ..builder import F32, F64, Code, Reg, constant, element_of
from .pieces import absolute, bits, like, polynomial, with_sign

# (arcsin s - s) / s³ in s² ≤ 1/4, to 5e-9 and 1.6e-17 of s.
_ARCSINE = {
    F32: (0.0421461277, 0.0241947863, 0.0454662628, 0.0749534369, 0.166667506),
    F64: (
        0.031790079198564615, -0.01603271008139528, 0.019396289394821194, 0.0065804990171846114,
        0.012155869345275142, 0.013887491526677193, 0.01735944788075643, 0.022371777526104187,
        0.03038195818792688, 0.04464285685604535, 0.07500000000294692, 0.16666666666665653,
    ),
}  # fmt: skip
# (arctan t - t) / t³ in t² ≤ 1, to 1.5e-8 and 2.6e-17 of t.
_ARCTANGENT = {
    F32: (
        0.00298230955, -0.0166129414, 0.0436068922, -0.0758527592, 0.106812499, -0.142148316,
        0.199942201, -0.333331704,
    ),
    F64: (
        -2.0808413780037128e-05, 0.00022826058718836278, -0.0011870590529814008,
        0.003917592339484413, -0.009297345284615687, 0.017127337800100933, -0.025974466487691625,
        0.03417899038782119, -0.04099070429883568, 0.046768161931623906, -0.052402135634497644,
        0.05877562756248895, -0.06665909950497563, 0.07692219965195049, -0.09090901937175078,
        0.11111110725353195, -0.14285714273224356, 0.19999999999795187, -0.33333333333332177,
    ),
}  # fmt: skip


def _odd_series(
    code: Code, coefficients: tuple[float, ...], x: Reg, square: Reg | None = None
) -> Reg:
    """x + x³ P(x²)."""
    z = square or code.fmul(x, x)
    return code.fma(code.fmul(polynomial(code, coefficients, z), z), x, x)


def _half_arcsine(code: Code, x: Reg) -> tuple[Reg, Reg]:
    """Whether a = |x| > ½, and arcsin √((1 - a) / 2) there, arcsin a elsewhere."""
    a = absolute(code, x)
    large = code.fcmp("ogt", a, like(x, 0.5))
    below = code.fma(a, like(x, -0.5), like(x, 0.5))
    square = code.select(large, below, code.fmul(a, a))
    s = code.select(large, code.intrinsic("sqrt", below), a)
    return large, _odd_series(code, _ARCSINE[element_of(x.kind)], s, square)


def arcsin(code: Code, x: Reg) -> Reg:
    """π/2 - 2 arcsin √((1 - a) / 2) for a = |x| > ½, with the sign of x.

    Within 2.4 ulp (float32), 2.2 ulp (float64).
    """
    large, y = _half_arcsine(code, x)
    far = code.fma(y, like(x, -2), like(x, math.pi / 2))
    return with_sign(code, code.select(large, far, y), x)


def arccos(code: Code, x: Reg) -> Reg:
    """2 arcsin √((1 - a) / 2) for a = |x| > ½, and π less it below -½; else π/2 - arcsin x.

    Within 1.3 ulp (float32), 1.2 ulp (float64).
    """
    large, y = _half_arcsine(code, x)
    negative = code.fcmp("olt", x, like(x, 0))
    two = code.fadd(y, y)
    far = code.select(negative, code.fsub(like(x, math.pi), two), two)
    return code.select(large, far, code.fsub(like(x, math.pi / 2), with_sign(code, y, x)))


def _angle(code: Code, steep: Reg, low: Reg, high: Reg) -> Reg:
    """arctan(low / high) of 0 ≤ low ≤ high, or π/2 less it where the slope is steep."""
    y = _odd_series(code, _ARCTANGENT[element_of(low.kind)], code.fdiv(low, high))
    return code.select(steep, code.fsub(like(low, math.pi / 2), y), y)


def arctan(code: Code, x: Reg) -> Reg:
    """π/2 - arctan(1 / a) for a = |x| > 1, with the sign of x.

    Within 2.0 ulp (float32), 1.6 ulp (float64).
    """
    a, one = absolute(code, x), like(x, 1)
    steep = code.fcmp("ogt", a, one)
    low, high = code.select(steep, one, a), code.select(steep, a, one)
    return with_sign(code, _angle(code, steep, low, high), x)


def arctan2(code: Code, y: Reg, x: Reg) -> Reg:
    """The angle of (x, y): of (|x|, |y|), mirrored where x is negative, with the sign of y.

    Within 1.9 ulp (float32), 1.7 ulp (float64).
    """
    across, up, one = absolute(code, x), absolute(code, y), like(x, 1)
    steep = code.fcmp("ogt", up, across)
    low, high = code.select(steep, across, up), code.select(steep, up, across)
    infinity = like(x, math.inf)
    both = code.op("and", code.fcmp("oeq", low, infinity), code.fcmp("oeq", high, infinity))
    none = code.fcmp("oeq", high, like(x, 0))
    angle = _angle(
        code,
        steep,
        code.select(both, one, low),
        code.select(code.op("or", both, none), one, high),
    )
    i = bits(code, x)
    left = code.icmp("slt", i, constant(i.kind, 0))
    mirrored = code.fsub(like(x, math.pi), angle)
    return with_sign(code, code.select(left, mirrored, angle), y)
