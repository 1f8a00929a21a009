"""Functions that work element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.errors import InvalidArgumentError, UnknownValueError
from ..core.shapes import broadcast_shapes
from ..ir.value import Value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill_like
from ..tensor.arithmetic import (
    absolute,
    add,
    equal,
    floordiv,
    floormod,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    subtract,
    truediv,
)
from ..tensor.convert import operands, promote, to_tensor
from .common import floats

Function = Callable[..., Any]


def _function(verb: Callable[..., Any], name: str, doc: str) -> Function:
    def function(x: Any, name: str | None = None) -> Any:
        return verb(floats(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


exp = _function(prim.exp, "exp", "eˣ.")
expm1 = _function(prim.expm1, "expm1", "eˣ - 1, exact near 0.")
log = _function(prim.log, "log", "The natural logarithm.")
log1p = _function(prim.log1p, "log1p", "log(1 + x), exact near 0.")
sqrt = _function(prim.sqrt, "sqrt", "√x.")
sin = _function(prim.sin, "sin", "The sine of x radians.")
cos = _function(prim.cos, "cos", "The cosine of x radians.")
tan = _function(prim.tan, "tan", "The tangent of x radians.")
asin = _function(prim.arcsin, "asin", "The inverse sine, in radians.")
acos = _function(prim.arccos, "acos", "The inverse cosine, in radians.")
atan = _function(prim.arctan, "atan", "The inverse tangent, in radians.")
sinh = _function(prim.sinh, "sinh", "(eˣ - e⁻ˣ) / 2.")
cosh = _function(prim.cosh, "cosh", "(eˣ + e⁻ˣ) / 2.")
tanh = _function(prim.tanh, "tanh", "sinh x / cosh x.")
asinh = _function(prim.arcsinh, "asinh", "The inverse of sinh.")
acosh = _function(prim.arccosh, "acosh", "The inverse of cosh.")
atanh = _function(prim.arctanh, "atanh", "The inverse of tanh.")
sigmoid = _function(prim.sigmoid, "sigmoid", "1 / (1 + e⁻ˣ).")
erf = _function(prim.erf, "erf", "The error function 2/√π ∫₀ˣ e^(-t²) dt.")
erfc = _function(prim.erfc, "erfc", "1 - erf(x), exact where it is tiny.")
erfinv = _function(prim.erf_inverse, "erfinv", "The inverse of erf on (-1, 1).")


def _rounding(verb: Callable[..., Any], name: str, doc: str) -> Function:
    def function(x: Any, name: str | None = None) -> Any:
        x = to_tensor(x)
        return verb(x) if x.spec.dtype.kind == "f" else x

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


floor = _rounding(prim.floor, "floor", "The largest integer ≤ x, in the dtype of x.")
ceil = _rounding(prim.ceil, "ceil", "The smallest integer ≥ x, in the dtype of x.")
round = _rounding(prim.round_even, "round", "The nearest integer, ties to even.")
rint = _rounding(prim.round_even, "rint", "The nearest integer, ties to even.")


def abs(x: Any, name: str | None = None) -> Any:
    """|x|."""
    return absolute(x)


def sign(x: Any, name: str | None = None) -> Any:
    """-1, 0 or 1."""
    return prim.sign(to_tensor(x))


def square(x: Any, name: str | None = None) -> Any:
    """x²."""
    x = to_tensor(x)
    return prim.multiply(x, x)


def rsqrt(x: Any, name: str | None = None) -> Any:
    """1 / √x."""
    x = floats(x)
    return prim.divide(fill_like(x, 1), prim.sqrt(x))


def reciprocal(x: Any, name: str | None = None) -> Any:
    """1 / x."""
    x = floats(x)
    return prim.divide(fill_like(x, 1), x)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """1 / x, and 0 where x = 0."""
    return divide_no_nan(1.0, floats(x))


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, broadcast; integers are divided as float64."""
    return truediv(x, y)


def mod(x: Any, y: Any, name: str | None = None) -> Any:
    """x - y floor(x / y), with the sign of y."""
    return floormod(x, y)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """`scalar` times x."""
    return multiply(scalar, x)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """(x - y)², broadcast."""
    difference = subtract(x, y)
    return prim.multiply(difference, difference)


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """The angle of the point (x, y), from -π to π."""
    y, x = operands(y, x)
    return prim.arctan2(floats(y), floats(x))


def softplus(features: Any, name: str | None = None) -> Any:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|), which never overflows."""
    x = floats(features)
    return prim.add(prim.maximum(x, fill_like(x, 0)), log1p_exp_minus_abs(x))


def log1p_exp_minus_abs(x: Any) -> Any:
    """log(1 + e^-|x|); with max(x, 0) its branches at 0 join into one smooth function."""
    return prim.log1p(prim.exp(prim.minimum(prim.negative(x), x)))


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """log(1 / (1 + e⁻ˣ)) = -softplus(-x)."""
    return prim.negative(softplus(prim.negative(floats(x))))


def softsign(features: Any, name: str | None = None) -> Any:
    """x / (1 + |x|)."""
    x = floats(features)
    return prim.divide(x, prim.add(prim.absolute(x), fill_like(x, 1)))


# Products and quotients with a convention at 0 ----------------------------------------------------


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x y, and 0 where y = 0, even if x is infinite or NaN."""
    x, y = operands(x, y)
    zero = fill_like(y, 0)
    off = prim.equal(y, zero)
    return prim.select(off, zero, prim.multiply(prim.select(off, zero, x), y))


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where y = 0; no NaN in the gradient either."""
    x, y = operands(x, y)
    x, y = floats(x), floats(y)
    off = prim.equal(y, fill_like(y, 0))
    quotient = prim.divide(x, prim.select(off, fill_like(y, 1), y))
    return prim.select(off, fill_like(x, 0), quotient)


def _zero_at_zero(x: Any, y: Any, function: Callable[[Any], Any], safe: float) -> Any:
    """x f(y), and 0 where x = 0, whatever y is."""
    x, y = operands(x, y)
    x, y = floats(x), floats(y)
    zero = fill_like(x, 0)
    off = prim.equal(x, zero)
    product = prim.multiply(x, function(prim.select(off, fill_like(y, safe), y)))
    return prim.select(off, zero, product)


def xlogy(x: Any, y: Any, name: str | None = None) -> Any:
    """x log y, and 0 where x = 0."""
    return _zero_at_zero(x, y, prim.log, 1)


def xlog1py(x: Any, y: Any, name: str | None = None) -> Any:
    """x log(1 + y), and 0 where x = 0."""
    return _zero_at_zero(x, y, prim.log1p, 0)


def xdivy(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where x = 0."""
    return _zero_at_zero(x, y, reciprocal, 1)


# Tests --------------------------------------------------------------------------------------------


def is_nan(x: Any, name: str | None = None) -> Any:
    """Where x is NaN."""
    x = to_tensor(x)
    return prim.logical_not(prim.equal(x, x))


def is_finite(x: Any, name: str | None = None) -> Any:
    """Where x is neither infinite nor NaN."""
    return prim.is_finite(to_tensor(x))


def is_inf(x: Any, name: str | None = None) -> Any:
    """Where x is infinite."""
    x = to_tensor(x)
    return prim.bitwise_and(prim.logical_not(prim.is_finite(x)), prim.equal(x, x))


# Clipping and sums of several --------------------------------------------------------------------


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """t held between two bounds (broadcast); the gradient flows where nothing is cut."""
    return minimum(maximum(t, clip_value_min), clip_value_max)


def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """The sum of tensors of one shape."""
    if isinstance(inputs, Value):
        return inputs
    if not inputs:
        raise InvalidArgumentError("add_n expects at least one tensor")
    tensors = promote(*inputs)
    total = tensors[0]
    for tensor in tensors[1:]:
        if tensor.spec.shape != total.spec.shape:
            raise InvalidArgumentError(
                f"add_n expects equal shapes; got {total.spec.shape} and {tensor.spec.shape}"
            )
        total = prim.add(total, tensor)
    return total


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """x where the condition holds, else y, all broadcast; alone, the places where it holds.

    With one argument: int64 of shape (how many, rank), outside of traced functions only.
    """
    condition = to_tensor(condition)
    if condition.spec.dtype.kind != "b":
        condition = not_equal(condition, 0)
    if x is None and y is None:
        return _places(condition)
    if x is None or y is None:
        raise InvalidArgumentError("where expects both x and y, or neither")
    x, y = operands(x, y)
    shape = broadcast_shapes(condition.spec.shape, x.spec.shape)
    return prim.select(broadcast(condition, shape), broadcast(x, shape), broadcast(y, shape))


def _places(condition: Any) -> Any:
    if condition.array is None:
        raise UnknownValueError(
            "where(condition) gives as many rows as there are true values, which a traced "
            "function cannot know; use where(condition, x, y)"
        )
    return to_tensor(np.argwhere(condition.array).astype(np.int64))


__all__ = [
    "abs", "acos", "acosh", "add", "add_n", "asin", "asinh", "atan", "atan2", "atanh", "ceil",
    "clip_by_value", "cos", "cosh", "divide", "divide_no_nan", "equal", "erf",
    "erfc", "erfinv", "exp", "expm1", "floor", "floordiv", "floormod", "greater", "greater_equal",
    "is_finite", "is_inf", "is_nan", "less",
    "less_equal", "log", "log1p", "log_sigmoid", "logical_and", "logical_not", "logical_or",
    "logical_xor", "maximum", "minimum", "mod", "multiply", "multiply_no_nan", "negative",
    "not_equal", "pow", "reciprocal", "reciprocal_no_nan", "rint", "round", "rsqrt",
    "scalar_mul", "sigmoid", "sign", "sin", "sinh", "softplus", "softsign", "sqrt", "square",
    "squared_difference", "subtract", "tan", "tanh", "truediv", "xdivy", "xlog1py", "xlogy",
]  # fmt: skip
