"""The error function, its complement and its inverse."""

from __future__ import annotations

import math
from typing import NamedTuple

from ....prims.special import ERFC
from ..builder import F32, F64, Code, Reg, element_of
from .exponential import exp, scale, split
from .logarithm import log
from .pieces import absolute, at_most, like, polynomial, two_sum, with_sign


class _Erf(NamedTuple):
    """erf x = x + x P(x²) for |x| < border, else 1 - e^R(|x|); from `one` on it is 1."""

    border: float
    one: float
    near: tuple[float, ...]
    far: tuple[float, ...]


# Remez fits: relative errors of erf 1.2e-8 and 2e-9 (float32), 7e-18 both (float64).
_ERF = {
    F32: _Erf(
        0.9, 4.0,
        (-0.000611129391, 0.00501622865, -0.0267819576, 0.112822302, -0.376125336, 0.128379151),
        (
            0.00019821967, -0.0030654904, 0.0223152135, -0.104113676, -0.636976063, -1.12779725,
            -0.000166447644,
        ),
    ),
    F64: _Erf(
        1.0, 6.0,
        (
            -7.801188874097751e-10, 1.3722976265924504e-08, -1.6209175911748696e-07,
            1.6447517677871873e-06, -1.4924744663335489e-05, 0.00012055295320494294,
            -0.0008548325989696758, 0.005223977607423468, -0.02686617064327622,
            0.11283791670945253, -0.3761263890318355, 0.12837916709551256,
        ),
        (
            -4.928642827901108e-12, 2.0449737947805395e-10, -3.934286717065712e-09,
            4.642327579614041e-08, -3.733065526466423e-07, 2.1357015072332134e-06,
            -8.667279336181742e-06, 2.2822921645840253e-05, -2.0267844758862797e-05,
            -0.00013504775756185004, 0.0007706387400195366, -0.0019159374607026164,
            0.00041062203271031295, 0.0189901832320402, -0.10270344188892697,
            -0.6366436272050398, -1.12837408967862, -5.028282301754912e-07,
        ),
    ),
}  # fmt: skip


def erf(code: Code, x: Reg) -> Reg:
    """2/√π ∫₀ˣ e^(-t²) dt.

    Within 1.2 ulp (float32), 1.1 ulp (float64).
    """
    fit = _ERF[element_of(x.kind)]
    square = code.fmul(x, x)
    near = code.fma(polynomial(code, fit.near, square), x, x)
    size = absolute(code, x)
    bounded = at_most(code, size, fit.one)
    field, q = split(code, polynomial(code, fit.far, bounded))
    s = scale(code, field, x)
    far = with_sign(code, code.fma(s, q, code.fsub(s, like(x, 1))), x)
    return code.select(code.fcmp("olt", size, like(x, fit.border)), near, far)


_FEWER = {F32: 14, F64: 28}  # coefficients that matter to the last digit


def erfc(code: Code, x: Reg) -> Reg:
    """1 - erf x = t e^(P(u) - x²) for x ≥ 0, with t = 2 / (2 + x) and u = 2 t - 1.

    x² is kept in two parts, for the exponential would show what its rounding loses.

    Within 5.6 ulp (float32), 6.5 ulp (float64).
    """
    element = element_of(x.kind)
    size = at_most(code, absolute(code, x), 30.0)
    t = code.fdiv(like(x, 2), code.fadd(size, like(x, 2)))
    double = code.fma(t, like(x, 4), like(x, -2))  # 2 u
    last, before = like(x, 0), like(x, 0)
    for coefficient in ERFC[_FEWER[element] - 1 : 0 : -1]:  # Clenshaw's recurrence
        last, before = (
            code.fma(double, last, code.fsub(like(x, coefficient), before)),
            last,
        )
    half = code.fma(double, like(x, 0.5), like(x, 0))
    p = code.fma(half, last, code.fsub(like(x, 0.5 * ERFC[0]), before))
    square = code.fmul(size, size)
    lost = code.fma(size, size, code.fneg(square))
    total, rest = two_sum(code, code.fneg(square), p)
    y = code.fmul(t, exp(code, total, code.fsub(rest, lost)))
    return code.select(code.fcmp("olt", x, like(x, 0)), code.fsub(like(x, 2), y), y)


class _Ratio(NamedTuple):
    """N(s) / D(s), times `factor`."""

    numerator: tuple[float, ...]
    denominator: tuple[float, ...]
    factor: float = 1.0


# float32: least-maximum fits, to 5e-9. float64: M. J. Wichura, "Algorithm AS 241: The percentage
# points of the normal distribution", Applied Statistics 37 (1988), to 1e-16.
_CENTRE = {
    F32: _Ratio(
        (116.017075, 125.331749, 27.7912579, 1.55072832),
        (40.4296799, 242.175522, 157.534668, 27.0987148, 1.29493654),
    ),
    F64: _Ratio(
        (
            2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
            4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
            1.3314166789178437745e2, 3.3871328727963666080,
        ),
        (
            5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
            2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
            4.2313330701600911252e1, 1.0,
        ),
        math.sqrt(0.125),
    ),
}  # fmt: skip
_TAIL = {
    F32: _Ratio(
        (-2.94350666e-05, 0.168935359, 1.1327312, 2.15756559, 1.06511664),
        (0.168298274, 0.874007106, 1.0582149),
    ),
    F64: _Ratio(
        (
            7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
            1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
            4.63033784615654529590, 1.42343711074968357734,
        ),
        (
            1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
            1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
            2.05319162663775882187, 1.0,
        ),
        math.sqrt(0.5),
    ),
}  # fmt: skip
_FAR_TAIL = {  # float32 has no number so near to 1
    F64: _Ratio(
        (
            2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
            2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
            5.46378491116411436990, 6.65790464350110377720,
        ),
        (
            2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
            7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
            5.99832206555887937690e-1, 1.0,
        ),
        math.sqrt(0.5),
    )
}  # fmt: skip


def _ratio(code: Code, ratio: _Ratio, s: Reg) -> tuple[Reg, Reg]:
    """Numerator and denominator."""
    numerator = [ratio.factor * coefficient for coefficient in ratio.numerator]
    return polynomial(code, numerator, s), polynomial(code, ratio.denominator, s)


def _either(
    code: Code, first: Reg, pair: tuple[Reg, Reg], other: tuple[Reg, Reg]
) -> tuple[Reg, Reg]:
    """The pair where `first` holds, else the other."""
    return code.select(first, pair[0], other[0]), code.select(first, pair[1], other[1])


def erf_inverse(code: Code, x: Reg) -> Reg:
    """The inverse of erf: ±∞ at ±1, NaN beyond.

    a N(s) / D(s) with a = |x| and s = 0.425² - a²/4 in the centre; outside, N(s) / D(s) with
    s = t - 1.6 or t - 5, t = √(-log((1 - a) / 2)).

    Within 3.7 ulp (float32), 5.0 ulp (float64).
    """
    element, a, one = element_of(x.kind), absolute(code, x), like(x, 1)
    half = code.fmul(code.fsub(one, a), like(x, 0.5))
    t = code.intrinsic("sqrt", code.fneg(log(code, half)))
    pair = _ratio(code, _TAIL[element], code.fsub(t, like(x, 1.6)))
    if element in _FAR_TAIL:
        far = _ratio(code, _FAR_TAIL[element], code.fsub(t, like(x, 5)))
        pair = _either(code, code.fcmp("ogt", t, like(x, 5)), far, pair)
    central = code.fcmp("ole", a, like(x, 0.85))
    s = code.fma(code.fmul(x, x), like(x, -0.25), like(x, 0.180625))
    numerator, denominator = _either(code, central, _ratio(code, _CENTRE[element], s), pair)
    y = code.fmul(code.fdiv(numerator, denominator), code.select(central, a, one))
    y = code.select(code.fcmp("oeq", a, one), like(x, math.inf), y)
    return with_sign(code, y, x)
