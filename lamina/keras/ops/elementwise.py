"""Functions of one tensor, element by element."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import BOOL, FLOAT32, FLOAT64
from ...ops.common import owned
from ...prims import elementwise as prim
from ...prims.broadcast import fill, fill_like
from .operation import Function, named, operation
from .promotion import floating, number, same_shape, tensor, typed_like, wide_floating

_DEGREE = math.pi / 180


def _of(
    prepared: Callable[[Any], Any], verb: Callable[[Any], Any], name: str, doc: str
) -> Function:
    @named(name, doc)
    def function(x: Any) -> Any:
        return verb(prepared(x))

    return function


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda x: prim.multiply(x, fill_like(x, factor))


def _over(factor: float, verb: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: prim.divide(verb(x), fill_like(x, factor))


exp = _of(floating, prim.exp, "exp", "eˣ.")
expm1 = _of(floating, prim.expm1, "expm1", "eˣ - 1, exact near 0.")
log = _of(floating, prim.log, "log", "The natural logarithm.")
log1p = _of(floating, prim.log1p, "log1p", "log(1 + x), exact near 0.")
log10 = _of(floating, _over(math.log(10), prim.log), "log10", "The logarithm to the base 10.")
log2 = _of(floating, _over(math.log(2), prim.log), "log2", "The logarithm to the base 2.")
sqrt = _of(floating, prim.sqrt, "sqrt", "√x.")
sin = _of(floating, prim.sin, "sin", "The sine of x radians.")
cos = _of(floating, prim.cos, "cos", "The cosine of x radians.")
tan = _of(floating, prim.tan, "tan", "The tangent of x radians.")
arcsin = _of(floating, prim.arcsin, "arcsin", "The inverse sine, in radians.")
arccos = _of(floating, prim.arccos, "arccos", "The inverse cosine, in radians.")
arctan = _of(floating, prim.arctan, "arctan", "The inverse tangent, in radians.")
sinh = _of(floating, prim.sinh, "sinh", "(eˣ - e⁻ˣ) / 2.")
cosh = _of(floating, prim.cosh, "cosh", "(eˣ + e⁻ˣ) / 2.")
tanh = _of(floating, prim.tanh, "tanh", "sinh x / cosh x.")
arcsinh = _of(floating, prim.arcsinh, "arcsinh", "The inverse of sinh.")
arccosh = _of(floating, prim.arccosh, "arccosh", "The inverse of cosh.")
arctanh = _of(floating, prim.arctanh, "arctanh", "The inverse of tanh.")
floor = _of(floating, prim.floor, "floor", "The largest integer ≤ x, as a float.")
ceil = _of(floating, prim.ceil, "ceil", "The smallest integer ≥ x, as a float.")
fabs = _of(floating, prim.absolute, "fabs", "|x|, as a float.")
deg2rad = _of(wide_floating, _times(_DEGREE), "deg2rad", "Degrees as radians.")
rad2deg = _of(wide_floating, _times(1 / _DEGREE), "rad2deg", "Radians as degrees.")


@operation
def exp2(x: Any) -> Any:
    """2 to the power of x."""
    x = floating(x)
    return prim.power(fill_like(x, 2), x)


@operation
def cbrt(x: Any) -> Any:
    """The cube root, of the sign of x; its slope is infinite at 0."""
    x = wide_floating(x)
    zero = fill_like(x, 0)
    size = prim.absolute(x)
    root = prim.power(size, fill_like(x, 1 / 3))
    # One of Newton's steps, for the digits that the rounding of 1/3 costs.
    safe = prim.bitwise_and(prim.less(zero, size), prim.is_finite(size))
    held = prim.select(safe, root, fill_like(x, 1))
    target = prim.select(safe, size, fill_like(x, 1))
    square = prim.multiply(held, held)
    step = prim.divide(
        prim.subtract(prim.multiply(square, held), target), prim.multiply(square, fill_like(x, 3))
    )
    return prim.multiply(prim.sign(x), prim.select(safe, prim.subtract(held, step), root))


def _absolute(x: Any) -> Any:
    """|x|; booleans as they are."""
    x = tensor(x)
    return x if x.spec.dtype == BOOL else prim.absolute(x)


absolute = named("absolute", "|x|.")(_absolute)


@operation
def abs(x: Any) -> Any:
    """|x|."""
    return _absolute(x)


@operation
def negative(x: Any) -> Any:
    """-x."""
    return prim.negative(tensor(x))


@operation
def sign(x: Any) -> Any:
    """-1, 0 or 1, in the dtype of x."""
    return prim.sign(tensor(x))


@operation
def square(x: Any) -> Any:
    """x²; of booleans int32."""
    x = number(x)
    return prim.multiply(x, x)


@operation
def reciprocal(x: Any) -> Any:
    """1 / x, as floats."""
    x = floating(x)
    return prim.divide(fill_like(x, 1), x)


@operation
def trunc(x: Any) -> Any:
    """x without its fraction, in the dtype of x."""
    x = tensor(x)
    if x.spec.dtype.kind != "f":
        return x
    size = prim.floor(prim.absolute(x))
    return prim.select(prim.less(x, fill_like(x, 0)), prim.negative(size), size)


@operation
def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with `decimals` digits after the point, ties to even."""
    x = tensor(x)
    if x.spec.dtype.kind != "f":
        if decimals >= 0:
            return x
        return prim.cast(_rounded(prim.cast(x, FLOAT64), decimals), x.spec.dtype)
    return _rounded(x, decimals)


def _rounded(x: Any, decimals: int) -> Any:
    if decimals == 0:
        return prim.round_even(x)
    scale = fill_like(x, 10.0 ** builtins.abs(decimals))
    if decimals > 0:
        return prim.divide(prim.round_even(prim.multiply(x, scale)), scale)
    return prim.multiply(prim.round_even(prim.divide(x, scale)), scale)


@operation
def sinc(x: Any) -> Any:
    """sin(πx) / (πx), and 1 at 0."""
    x = floating(x)
    angle = prim.multiply(x, fill_like(x, math.pi))
    off = prim.equal(angle, fill_like(x, 0))
    safe = prim.select(off, fill_like(x, 1), angle)
    return prim.select(off, fill_like(x, 1), prim.divide(prim.sin(safe), safe))


@operation
def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """x with numbers in place of NaN and infinities (None: the largest and the lowest)."""
    x = tensor(x)
    if x.spec.dtype.kind != "f":
        return x
    limits = np.finfo(x.spec.dtype)
    top = typed_like(limits.max if posinf is None else posinf, x)
    bottom = typed_like(limits.min if neginf is None else neginf, x)
    known = prim.select(prim.equal(x, x), x, typed_like(nan, x))
    finite = prim.is_finite(x)
    above = prim.less(fill_like(x, 0), x)
    beyond = prim.select(above, top, prim.select(prim.equal(x, x), bottom, known))
    return prim.select(finite, known, beyond)


@operation
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """x held between two bounds (broadcast), in the dtype of x; of booleans int32."""
    x = number(x)
    dtype = x.spec.dtype
    for verb, bound in ((prim.maximum, x_min), (prim.minimum, x_max)):
        if bound is not None:
            x = verb(*_beside(x, bound))
    return prim.cast(x, dtype)


def _beside(x: Any, bound: Any) -> Any:
    """x and its bound, in floats if the bound is one."""
    if x.spec.dtype.kind == "f" and isinstance(bound, (int, float)):
        return x, typed_like(bound, x)
    limit = tensor(bound)
    if limit.spec.dtype.kind == "f" and x.spec.dtype.kind != "f":
        x = prim.cast(x, limit.spec.dtype)
    return same_shape(x, prim.cast(limit, x.spec.dtype))


@operation
def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind and order 0.

    The power series Σ (x²/4)ᵏ / k!² up to |x| = 20, beyond it eˣ / √(2πx) times its asymptotic
    series (Abramowitz and Stegun, 9.6.12 and 9.7.1).
    """
    found = wide_floating(x)
    x = prim.cast(found, np.promote_types(found.spec.dtype, FLOAT32))
    size = prim.absolute(x)
    edge = fill_like(x, _BESSEL_EDGE)
    near, far = prim.minimum(size, edge), prim.maximum(size, edge)
    quarter = prim.multiply(prim.multiply(near, near), fill_like(x, 0.25))
    series = _horner(quarter, [1 / math.factorial(k) ** 2 for k in range(50, -1, -1)])
    tail = _horner(prim.divide(fill_like(x, 1), far), _bessel_tail())
    root = prim.sqrt(prim.multiply(far, fill_like(x, 2 * math.pi)))
    large = prim.multiply(prim.divide(prim.exp(far), root), tail)
    return prim.cast(prim.select(prim.less_equal(size, edge), series, large), found.spec.dtype)


_BESSEL_EDGE = 20.0


def _bessel_tail() -> list[float]:
    """Coefficients of (1/x)ᵏ, highest first: Π (2j - 1)² / (k! 8ᵏ)."""
    found = [1.0]
    for k in range(1, 20):
        found.append(found[-1] * (2 * k - 1) ** 2 / (8 * k))
    return found[::-1]


def _horner(x: Any, coefficients: list[float]) -> Any:
    """The polynomial in x with the highest coefficient first."""
    total = fill_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = prim.add(prim.multiply(total, x), fill_like(x, coefficient))
    return total


# Tests of one number ------------------------------------------------------------------------------


@operation
def isnan(x: Any) -> Any:
    """Where x is NaN."""
    x = tensor(x)
    return prim.logical_not(prim.equal(x, x))


@operation
def isfinite(x: Any) -> Any:
    """Where x is neither infinite nor NaN."""
    return prim.is_finite(tensor(x))


@operation
def isinf(x: Any) -> Any:
    """Where x is infinite."""
    x = tensor(x)
    return prim.bitwise_and(prim.logical_not(prim.is_finite(x)), prim.equal(x, x))


@operation
def isposinf(x: Any) -> Any:
    """Where x is +∞."""
    x = floating(x)
    return prim.equal(x, fill_like(x, math.inf))


@operation
def isneginf(x: Any) -> Any:
    """Where x is -∞."""
    x = floating(x)
    return prim.equal(x, fill_like(x, -math.inf))


@operation
def signbit(x: Any) -> Any:
    """Where x is below 0, or is -0.0."""
    x = tensor(x)
    kind = x.spec.dtype.kind
    if kind in "ub":
        return fill(x.spec.shape, False, BOOL)
    zero = fill_like(x, 0)
    below = prim.less(x, zero)
    if kind != "f":
        return below
    flipped = prim.less(prim.divide(fill_like(x, 1), x), zero)
    return prim.bitwise_or(below, prim.bitwise_and(prim.equal(x, zero), flipped))


# Functions of complex numbers, of real ones -------------------------------------------------------


@operation
def real(x: Any) -> Any:
    """x, for all tensors are real."""
    return tensor(x)


@operation
def imag(x: Any) -> Any:
    """0, for all tensors are real."""
    return fill_like(tensor(x), 0)


@operation
def conjugate(x: Any) -> Any:
    """x, for all tensors are real."""
    return tensor(x)


@operation
def conj(x: Any) -> Any:
    """x, for all tensors are real."""
    return tensor(x)


@operation
def angle(x: Any) -> Any:
    """0 where x ≥ 0, π where it is negative."""
    x = floating(x)
    return prim.arctan2(fill_like(x, 0), x)


@operation
def isreal(x: Any) -> Any:
    """True everywhere, for all tensors are real."""
    x = tensor(x)
    return fill(x.spec.shape, True, BOOL)


@operation
def copy(x: Any) -> Any:
    """x; a tensor is never changed, so it need not be copied."""
    return owned(x)


__all__ = [
    "abs", "absolute", "angle", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh",
    "cbrt", "ceil", "clip", "conj", "conjugate", "copy", "cos", "cosh", "deg2rad", "exp", "exp2",
    "expm1", "fabs", "floor", "i0", "imag", "isfinite", "isinf", "isnan", "isneginf", "isposinf",
    "isreal", "log", "log1p", "log2", "log10", "nan_to_num", "negative", "rad2deg", "real",
    "reciprocal", "round", "sign", "signbit", "sin", "sinc", "sinh", "sqrt", "square", "tan",
    "tanh", "trunc",
]  # fmt: skip
