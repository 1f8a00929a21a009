"""Functions of two tensors, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...core.dtypes import BOOL, FLOAT64, INT32, INT64
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...ir.value import Value
from ...ops.control_flow import while_loop
from ...ops.elementwise import divide_no_nan as safe_quotient
from ...ops.numbers import next_number
from ...ops.reduction import reduce_any
from ...prims import elementwise as prim
from ...prims.broadcast import fill_like
from .operation import Function, named, operation
from .promotion import common, operands, same_shape, tensor


def _arithmetic(
    verb: Callable[..., Any], of_booleans: Callable[..., Any] | None, name: str, doc: str
) -> Function:
    @named(name, doc)
    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = operands(x1, x2)
        if of_booleans is not None and x1.spec.dtype == BOOL:
            return of_booleans(x1, x2)
        return verb(x1, x2)

    return function


add = _arithmetic(prim.add, prim.bitwise_or, "add", "x1 + x2, broadcast; of booleans: or.")
subtract = _arithmetic(prim.subtract, None, "subtract", "x1 - x2, broadcast.")
multiply = _arithmetic(prim.multiply, prim.bitwise_and, "multiply", "x1 x2, broadcast.")
maximum = _arithmetic(prim.maximum, None, "maximum", "The larger one; NaN where one is NaN.")
minimum = _arithmetic(prim.minimum, None, "minimum", "The smaller one; NaN where one is NaN.")


def _float_operands(x1: Any, x2: Any, *, weak: bool = False) -> Any:
    return operands(x1, x2, weak=weak, float_result=True)


def _quotient(name: str) -> Function:
    @named(name, "x1 / x2 as floats, broadcast.")
    def function(x1: Any, x2: Any) -> Any:
        return prim.divide(*_float_operands(x1, x2, weak=True))

    return function


divide = _quotient("divide")
true_divide = _quotient("true_divide")


@operation
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 = 0; no NaN in the gradient either."""
    return safe_quotient(*_float_operands(x1, x2, weak=True))


def _number_operands(x1: Any, x2: Any, *, weak: bool = False) -> Any:
    """Operands in one shape and dtype; booleans become int32."""
    x1, x2 = operands(x1, x2, weak=weak)
    return (prim.cast(x1, INT32), prim.cast(x2, INT32)) if x1.spec.dtype == BOOL else (x1, x2)


@operation
def power(x1: Any, x2: Any) -> Any:
    """x1 to the power of x2, broadcast."""
    if type(x2) in (int, float) and x2 == 2 and isinstance(x1, Value) and x1.spec.dtype.kind == "f":
        return prim.multiply(x1, x1)
    return prim.power(*_number_operands(x1, x2, weak=True))


@operation
def floor_divide(x1: Any, x2: Any) -> Any:
    """The floor of x1 / x2, broadcast."""
    return prim.floor_divide(*_number_operands(x1, x2, weak=True))


@operation
def mod(x1: Any, x2: Any) -> Any:
    """x1 - x2 floor(x1 / x2), with the sign of x2, broadcast."""
    return prim.remainder(*_number_operands(x1, x2))


@operation
def fmod(x1: Any, x2: Any) -> Any:
    """The remainder of x1 / x2 with the sign of x1, broadcast."""
    x1, x2 = _number_operands(x1, x2)
    if x1.spec.dtype.kind == "u":
        return prim.remainder(x1, x2)
    size = prim.remainder(prim.absolute(x1), prim.absolute(x2))
    return prim.select(prim.less(x1, fill_like(x1, 0)), prim.negative(size), size)


def _skipping_nan(verb: Callable[..., Any], name: str, doc: str) -> Function:
    @named(name, doc)
    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = operands(x1, x2)
        if x1.spec.dtype.kind != "f":
            return verb(x1, x2)
        known = [prim.equal(x, x) for x in (x1, x2)]
        return verb(prim.select(known[0], x1, x2), prim.select(known[1], x2, x1))

    return function


fmax = _skipping_nan(prim.maximum, "fmax", "The larger one; NaN only where both are NaN.")
fmin = _skipping_nan(prim.minimum, "fmin", "The smaller one; NaN only where both are NaN.")


@operation
def arctan2(x1: Any, x2: Any) -> Any:
    """The angle of the point (x2, x1), from -π to π."""
    return prim.arctan2(*_float_operands(x1, x2))


def _log_of_sum(base: float) -> Callable[[Any, Any], Any]:
    """log(eˣ + eʸ) = max(x, y) + log(1 + e^-|x - y|), in another base; never overflows."""
    scale = math.log(base)

    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = _float_operands(x1, x2)
        top = prim.maximum(x1, x2)
        apart = prim.subtract(x1, x2)
        known = prim.equal(apart, apart)  # ∞ - ∞ is NaN; the sum is the larger one
        apart = prim.select(known, apart, fill_like(apart, 0))
        held = prim.select(known, top, prim.add(x1, x2))
        size = prim.multiply(prim.minimum(prim.negative(apart), apart), fill_like(top, scale))
        more = prim.divide(prim.log1p(prim.exp(size)), fill_like(top, scale))
        return prim.select(known, prim.add(held, more), held)

    return function


logaddexp = named("logaddexp", "log(eˣ + eʸ), broadcast, which never overflows.")(
    _log_of_sum(math.e)
)
logaddexp2 = named("logaddexp2", "The logarithm to the base 2 of 2ˣ + 2ʸ, broadcast.")(
    _log_of_sum(2.0)
)


def _wide_operands(x1: Any, x2: Any) -> Any:
    """Operands as floats: int64 becomes float64, other integers floatx."""
    joined = common(x1, x2, weak=False)
    if joined[0].spec.dtype == INT64:
        return same_shape(*(prim.cast(x, FLOAT64) for x in joined))
    return operands(*joined, float_result=True)


@operation
def hypot(x1: Any, x2: Any) -> Any:
    """√(x1² + x2²) without overflow on the way, broadcast; its slope at (0, 0) is 0."""
    x1, x2 = _wide_operands(x1, x2)
    one = fill_like(x1, 1)
    large = prim.stop_gradient(prim.maximum(prim.absolute(x1), prim.absolute(x2)))
    usual = prim.bitwise_and(prim.less(fill_like(large, 0), large), prim.is_finite(large))
    scale = prim.select(usual, large, one)
    parts = [prim.divide(prim.select(usual, x, one), scale) for x in (x1, x2)]
    squares = prim.add(*(prim.multiply(part, part) for part in parts))
    length = prim.multiply(scale, prim.sqrt(squares))
    infinite = prim.bitwise_or(*(_is_infinite(x) for x in (x1, x2)))
    odd = prim.select(infinite, fill_like(large, math.inf), large)
    return prim.select(usual, length, odd)


def _is_infinite(x: Any) -> Any:
    return prim.equal(prim.absolute(x), fill_like(x, math.inf))


@operation
def heaviside(x1: Any, x2: Any) -> Any:
    """0 where x1 < 0, x2 where it is 0, else 1, broadcast."""
    x1, x2 = _wide_operands(x1, x2)
    zero, one = fill_like(x1, 0), fill_like(x1, 1)
    step = prim.select(prim.less(x1, zero), zero, one)
    step = prim.select(prim.equal(x1, zero), x2, step)
    return prim.select(prim.equal(x1, x1), step, x1)


@operation
def ldexp(x1: Any, x2: Any) -> Any:
    """x1 times 2 to the power of the integers x2, broadcast."""
    exponent = tensor(x2)
    if exponent.spec.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"ldexp expects integer exponents; got dtype {exponent.spec.dtype.name}"
        )
    x1, x2 = _float_operands(x1, exponent)
    half = prim.floor(prim.divide(x2, fill_like(x2, 2)))  # in two steps, for the ends of the range
    two = fill_like(x1, 2)
    first = prim.multiply(x1, prim.power(two, half))
    return prim.multiply(first, prim.power(two, prim.subtract(x2, half)))


@operation
def nextafter(x1: Any, x2: Any) -> Any:
    """The next number that the dtype has after x1 on the way to x2."""
    return next_number(*_float_operands(x1, x2))


def _integer_operands(name: str, x1: Any, x2: Any) -> Any:
    x1, x2 = operands(x1, x2, weak=False)
    if x1.spec.dtype.kind not in "iu":
        raise InvalidArgumentError(f"{name} expects integers; got dtype {x1.spec.dtype.name}")
    return x1, x2


@operation
def gcd(x1: Any, x2: Any) -> Any:
    """The greatest common divisor of integers, broadcast, by Euclid's algorithm."""
    return _divisor(*_integer_operands("gcd", x1, x2))


def _divisor(x1: Any, x2: Any) -> Any:
    def goes_on(first: Any, second: Any) -> Any:
        return reduce_any(prim.logical_not(prim.equal(second, fill_like(second, 0))))

    def step(first: Any, second: Any) -> Any:
        done = prim.equal(second, fill_like(second, 0))
        rest = prim.remainder(first, prim.select(done, fill_like(second, 1), second))
        return (
            prim.select(done, first, second),
            prim.select(done, fill_like(rest, 0), rest),
        )

    found, _ = while_loop(goes_on, step, [prim.absolute(x1), prim.absolute(x2)])
    return found


@operation
def lcm(x1: Any, x2: Any) -> Any:
    """The least common multiple of integers, broadcast."""
    x1, x2 = _integer_operands("lcm", x1, x2)
    divisor = _divisor(x1, x2)
    off = prim.equal(divisor, fill_like(divisor, 0))
    parts = prim.floor_divide(prim.absolute(x1), prim.select(off, fill_like(x1, 1), divisor))
    return prim.multiply(parts, prim.absolute(x2))


__all__ = [
    "add", "arctan2", "divide", "divide_no_nan", "floor_divide", "fmax", "fmin", "fmod", "gcd",
    "heaviside", "hypot", "lcm", "ldexp", "logaddexp", "logaddexp2", "maximum", "minimum", "mod",
    "multiply", "nextafter", "power", "subtract", "true_divide",
]  # fmt: skip
