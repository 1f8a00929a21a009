"""NumPy definitions of functions that NumPy lacks: sigmoid, erf and its inverse."""

from __future__ import annotations

import math

import numpy as np

from ..core.dtypes import Array

# Chebyshev coefficients of log(erfc(z) / t) + z² in u = 2t - 1, t = 2 / (2 + z), for z ≥ 0,
# computed by interpolation at 64 Chebyshev nodes with 40 digits; the error is below 1e-16.
ERFC = (
    -1.3026537197817094, 0.64196979235649026, 0.019476473204185836, -0.0095615147868086316,
    -0.00094659534448203687, 0.00036683949785276145, 4.2523324806907772e-5,
    -2.0278578112534243e-5, -1.6242900046470255e-6, 1.3036558355805232e-6, 1.5626441722066143e-8,
    -8.5238095914926543e-8, 6.5290544390988515e-9, 5.0593434955514689e-9, -9.9136415649303309e-10,
    -2.2736512229318359e-10, 9.6467911020155268e-11, 2.3940380830391147e-12,
    -6.8860275264975534e-12, 8.9448792730907257e-13, 3.1309213993429581e-13,
    -1.1270822361367252e-13, 3.8109052551892321e-16, 7.106097613609237e-15,
    -1.5230282014571043e-15, -9.457494571291234e-17, 1.210237189224279e-16, -2.816663087747177e-17,
)  # fmt: skip
# erf(x) = 2/√π Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), highest power first.
_ERF_SERIES = tuple(
    2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1))
    for n in range(16, -1, -1)
)


def sigmoid_array(x: Array) -> Array:
    """1 / (1 + e⁻ˣ); for very negative x the exponential is infinite and the result 0."""
    result: Array = np.asarray(np.negative(x))
    np.exp(result, result)
    np.add(result, 1, result)
    return np.divide(1, result, result)


def _horner(coefficients: tuple[float, ...], x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def erfc_array(z: Array) -> Array:
    """1 - erf(z) of float64 z ≥ 0, with a small relative error also where it is tiny."""
    t = 2 / (2 + z)
    u = 4 * t - 2
    last, before = np.zeros_like(z), np.zeros_like(z)
    for coefficient in ERFC[:0:-1]:  # Clenshaw's recurrence
        last, before = u * last - before + coefficient, last
    result: Array = t * np.exp(-z * z + 0.5 * (ERFC[0] + u * last) - before)
    return result


def erfc_any(x: Array) -> Array:
    """1 - erf(x), exact where it is tiny; in float64, then in the dtype of `x`."""
    wide = np.asarray(x, np.float64)
    far = erfc_array(np.minimum(np.abs(wide), 40.0))
    return np.where(np.isnan(wide), wide, np.where(wide < 0, 2 - far, far)).astype(x.dtype)


def erf_array(x: Array) -> Array:
    """The error function in float64 to 2e-15, then in the dtype of `x`."""
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    near = np.minimum(size, 1.0)
    small = near * _horner(_ERF_SERIES, near * near)
    large = 1 - erfc_array(np.minimum(np.maximum(size, 0.5), 40.0))
    result = np.copysign(np.where(size < 0.75, small, large), wide)
    return np.where(np.isnan(wide), wide, result).astype(x.dtype)


# M. Giles, "Approximating the erfinv function" (2010), single precision.
GILES_CENTRE = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
GILES_TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
    -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip


def erf_inverse_array(x: Array) -> Array:
    """The inverse of erf: infinite at ±1, NaN outside; float64 is refined by Halley steps."""
    w = np.asarray(-np.log1p(-x * x), x.dtype)
    centre = _horner(GILES_CENTRE, w - x.dtype.type(2.5))
    tail = _horner(GILES_TAIL, np.sqrt(np.maximum(w, 5)) - x.dtype.type(3))
    y: Array = np.where(w < 5, centre, tail).astype(x.dtype) * x
    if x.dtype == np.float64:
        y = _refine(y, x)
    beyond = np.where(np.abs(x) == 1, np.copysign(np.inf, x), np.nan)
    return np.where(np.abs(x) < 1, y, beyond).astype(x.dtype)


def _refine(y: Array, x: Array) -> Array:
    """Two Halley steps on erf(y) = x, by the complement, which keeps its digits near ±1."""
    size, target = np.abs(y), 1 - np.abs(x)
    for _ in range(2):
        error = np.where(
            size < 0.5, np.abs(x) - erf_array(size), erfc_array(np.minimum(size, 40.0)) - target
        )
        step = error / (2 / math.sqrt(math.pi) * np.exp(-size * size))
        size = size + step / (1 + size * step)
    return np.copysign(size, x)
