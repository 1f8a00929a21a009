"""Arithmetic, functions and comparisons, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import BOOL, STRING, Array, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.shapes import B
from ..ir.bind import bind
from ..ir.primitive import NO_GRADIENT, Primitive, Rule
from ..ir.value import Spec, Value
from .broadcast import fill_like
from .rules import (
    ANY,
    BOOLEAN,
    FLOAT,
    NUMBER,
    ORDERED,
    SORTABLE,
    VALUE,
    check_kind,
    same_as_input,
    to_dtype,
)
from .special import erf_array, erf_inverse_array, erfc_any, sigmoid_array

Verb = Callable[..., Any]


def _verb(primitive: Primitive, doc: str) -> Verb:
    def verb(*values: Value) -> Any:
        return bind(primitive, *values)

    verb.__name__ = verb.__qualname__ = primitive.name
    verb.__doc__ = doc
    return verb


def unary(
    name: str,
    evaluate: Callable[[Array], Any],
    derivative: Callable[[Any, Any], Any] | None,
    *,
    kinds: str = FLOAT,
    doc: str,
) -> Verb:
    """A function of one tensor; `derivative(x, y)` is dy/dx in primitives, None for none."""
    rule: Rule | None = None
    if derivative is not None:

        def rule(g: Any, y: Any, x: Any) -> Any:
            return multiply(g, derivative(x, y))

    primitive = Primitive(
        name,
        infer=same_as_input(name, kinds),
        evaluate=evaluate,
        vjp=(rule,) if rule else NO_GRADIENT,
        may_warn=True,
    )
    return _verb(primitive, doc)


def binary(
    name: str,
    evaluate: Callable[[Array, Array], Any],
    rules: tuple[Rule | None, ...],
    *,
    kinds: str = NUMBER,
    doc: str,
) -> Verb:
    """A function of two tensors of one type, with the vjp rule of each."""
    primitive = Primitive(
        name, infer=same_as_input(name, kinds), evaluate=evaluate, vjp=rules, may_warn=True
    )
    return _verb(primitive, doc)


def comparison(name: str, evaluate: Callable[[Array, Array], Any], kinds: str, doc: str) -> Verb:
    """A function of two tensors of one type to booleans."""
    primitive = Primitive(
        name, infer=to_dtype(name, kinds, BOOL), evaluate=evaluate, vjp=NO_GRADIENT, may_warn=True
    )
    return _verb(primitive, doc)


def _like(x: Value, value: float) -> Any:
    return fill_like(x, value)


# Binary arithmetic ------------------------------------------------------------------------------


def _add(x: Array, y: Array) -> Any:
    if x.dtype != STRING:
        return np.add(x, y)
    return np.asarray(np.add(x, y), STRING)  # a string alone would become an array of its length


add: Verb = binary(
    "add",
    _add,
    (lambda g, z, x, y: g, lambda g, z, x, y: g),
    kinds=NUMBER + "O",
    doc="x + y; of strings, one after the other.",
)
subtract: Verb = binary(
    "subtract", np.subtract, (lambda g, z, x, y: g, lambda g, z, x, y: negative(g)), doc="x - y."
)
multiply: Verb = binary(
    "multiply",
    np.multiply,
    (lambda g, z, x, y: multiply(g, y), lambda g, z, x, y: multiply(g, x)),
    doc="x y.",
)
divide: Verb = binary(
    "divide",
    np.divide,
    (
        lambda g, z, x, y: divide(g, y),
        lambda g, z, x, y: negative(divide(multiply(g, z), y)),
    ),
    kinds="fc",
    doc="x / y.",
)


def _no_integer_zero(ufunc: np.ufunc) -> Callable[[Array, Array], Any]:
    """Division that refuses integers by 0, for which no integer stands."""

    def evaluate(x: Array, y: Array) -> Any:
        if y.dtype.kind in "iu" and not np.all(y):
            raise InvalidArgumentError("an integer was divided by 0; cast to a float first")
        return ufunc(x, y)

    return evaluate


floor_divide: Verb = binary(
    "floor_divide",
    _no_integer_zero(np.floor_divide),
    NO_GRADIENT,
    kinds="fiu",
    doc="The floor of x / y; integers are not divided by 0.",
)
remainder: Verb = binary(
    "remainder",
    _no_integer_zero(np.remainder),
    (
        lambda g, z, x, y: g,
        lambda g, z, x, y: negative(multiply(g, floor(divide(x, y)))),
    ),
    kinds="fiu",
    doc="x - y floor(x / y), with the sign of y.",
)


def _power_by_exponent(g: Any, z: Any, x: Any, y: Any) -> Any:
    one = _like(x, 1)
    positive = less(_like(x, 0), x)
    return multiply(g, select(positive, multiply(z, log(select(positive, x, one))), _like(x, 0)))


def _power_by_base(g: Any, z: Any, x: Any, y: Any) -> Any:
    """y x^(y-1); 0 where y = 0, also at x = 0."""
    zero = _like(y, 0)
    safe = select(equal(y, zero), _like(y, 1), y)
    slope = multiply(y, power(x, subtract(safe, _like(y, 1))))
    return multiply(g, slope)


power: Verb = binary(
    "power",
    np.power,
    (
        _power_by_base,
        _power_by_exponent,
    ),
    kinds="fiu",
    doc="x to the power of y.",
)
maximum: Verb = binary(
    "maximum",
    np.maximum,
    (
        lambda g, z, x, y: select(less_equal(y, x), g, _like(g, 0)),
        lambda g, z, x, y: select(less_equal(y, x), _like(g, 0), g),
    ),
    kinds=ORDERED,
    doc="The larger of x and y; NaN where one is; at a tie the gradient goes to x.",
)
minimum: Verb = binary(
    "minimum",
    np.minimum,
    (
        lambda g, z, x, y: select(less_equal(x, y), g, _like(g, 0)),
        lambda g, z, x, y: select(less_equal(x, y), _like(g, 0), g),
    ),
    kinds=ORDERED,
    doc="The smaller of x and y; NaN where one is; at a tie the gradient goes to x.",
)


def _arctan2_scale(g: Any, x: Any, y: Any) -> Any:
    return divide(g, add(multiply(x, x), multiply(y, y)))


arctan2: Verb = binary(
    "arctan2",
    np.arctan2,
    (
        lambda g, z, y, x: multiply(_arctan2_scale(g, x, y), x),
        lambda g, z, y, x: negative(multiply(_arctan2_scale(g, x, y), y)),
    ),
    kinds=FLOAT,
    doc="The angle of the point (x, y), called as arctan2(y, x).",
)
bitwise_and: Verb = binary("bitwise_and", np.bitwise_and, NO_GRADIENT, kinds="iub", doc="x & y.")
bitwise_or: Verb = binary("bitwise_or", np.bitwise_or, NO_GRADIENT, kinds="iub", doc="x | y.")
bitwise_xor: Verb = binary("bitwise_xor", np.bitwise_xor, NO_GRADIENT, kinds="iub", doc="x ^ y.")
shift_left: Verb = binary("shift_left", np.left_shift, NO_GRADIENT, kinds="iu", doc="x << y.")
shift_right: Verb = binary("shift_right", np.right_shift, NO_GRADIENT, kinds="iu", doc="x >> y.")

# Comparisons ------------------------------------------------------------------------------------

equal: Verb = comparison("equal", np.equal, VALUE, "x = y.")
less: Verb = comparison("less", np.less, SORTABLE, "x < y.")
less_equal: Verb = comparison("less_equal", np.less_equal, SORTABLE, "x ≤ y.")

# Functions of one tensor ------------------------------------------------------------------------

negative_p = Primitive(
    "negative",
    infer=same_as_input("negative", NUMBER),
    evaluate=np.negative,
    vjp=(lambda g, y, x: negative(g),),
)
negative: Verb = _verb(negative_p, "-x.")
sign: Verb = unary("sign", np.sign, lambda x, y: _like(x, 0), kinds=NUMBER, doc="-1, 0 or 1.")
absolute: Verb = unary("absolute", np.abs, lambda x, y: sign(x), kinds="fiu", doc="|x|.")
floor: Verb = unary("floor", np.floor, None, doc="The largest integer ≤ x.")
ceil: Verb = unary("ceil", np.ceil, None, doc="The smallest integer ≥ x.")
round_even: Verb = unary("round_even", np.rint, None, doc="The nearest integer, ties to even.")
sqrt: Verb = unary("sqrt", np.sqrt, lambda x, y: divide(_like(x, 0.5), y), doc="√x.")
exp: Verb = unary("exp", np.exp, lambda x, y: y, doc="eˣ.")
expm1: Verb = unary(
    "expm1", np.expm1, lambda x, y: add(y, _like(y, 1)), doc="eˣ - 1, exact near 0."
)
log_p = Primitive(
    "log",
    infer=same_as_input("log", FLOAT),
    evaluate=np.log,
    vjp=(lambda g, y, x: divide(g, x),),
    may_warn=True,
)
log: Verb = _verb(log_p, "The natural logarithm.")
log1p: Verb = unary(
    "log1p",
    np.log1p,
    lambda x, y: divide(_like(x, 1), add(x, _like(x, 1))),
    doc="log(1 + x), exact near 0.",
)
sin: Verb = unary("sin", np.sin, lambda x, y: cos(x), doc="The sine of x radians.")
cos: Verb = unary("cos", np.cos, lambda x, y: negative(sin(x)), doc="The cosine of x radians.")
tan: Verb = unary("tan", np.tan, lambda x, y: add(_like(y, 1), multiply(y, y)), doc="The tangent.")


def _root_of(x: Any, sign_of_one: int, sign_of_square: int) -> Any:
    square = multiply(x, x)
    one = _like(x, sign_of_one)
    return sqrt(add(one, square) if sign_of_square > 0 else subtract(one, square))


def _over(x: Any, denominator: Any) -> Any:
    return divide(_like(x, 1), denominator)


arcsin: Verb = unary(
    "arcsin", np.arcsin, lambda x, y: _over(x, _root_of(x, 1, -1)), doc="In radians."
)
arccos: Verb = unary(
    "arccos", np.arccos, lambda x, y: negative(_over(x, _root_of(x, 1, -1))), doc="In radians."
)
arctan: Verb = unary(
    "arctan", np.arctan, lambda x, y: _over(x, add(_like(x, 1), multiply(x, x))), doc="In radians."
)
sinh: Verb = unary("sinh", np.sinh, lambda x, y: cosh(x), doc="The hyperbolic sine.")
cosh: Verb = unary("cosh", np.cosh, lambda x, y: sinh(x), doc="The hyperbolic cosine.")
tanh: Verb = unary(
    "tanh",
    np.tanh,
    lambda x, y: subtract(_like(y, 1), multiply(y, y)),
    doc="The hyperbolic tangent.",
)
arcsinh: Verb = unary("arcsinh", np.arcsinh, lambda x, y: _over(x, _root_of(x, 1, 1)), doc="asinh.")
arccosh: Verb = unary(
    "arccosh", np.arccosh, lambda x, y: _over(x, _root_of(x, -1, 1)), doc="acosh."
)
arctanh: Verb = unary(
    "arctanh",
    np.arctanh,
    lambda x, y: _over(x, subtract(_like(x, 1), multiply(x, x))),
    doc="atanh.",
)
sigmoid: Verb = unary(
    "sigmoid",
    sigmoid_array,
    lambda x, y: multiply(y, subtract(_like(y, 1), y)),
    doc="1 / (1 + e⁻ˣ).",
)
erf: Verb = unary(
    "erf",
    erf_array,
    lambda x, y: multiply(_like(x, 2 / np.sqrt(np.pi)), exp(negative(multiply(x, x)))),
    doc="The error function 2/√π ∫₀ˣ e^(-t²) dt.",
)
erfc: Verb = unary(
    "erfc",
    erfc_any,
    lambda x, y: multiply(_like(x, -2 / np.sqrt(np.pi)), exp(negative(multiply(x, x)))),
    doc="1 - erf(x), exact where it is tiny.",
)
erf_inverse: Verb = unary(
    "erf_inverse",
    erf_inverse_array,
    lambda x, y: multiply(_like(x, np.sqrt(np.pi) / 2), exp(multiply(y, y))),
    doc="The inverse of erf on (-1, 1).",
)
logical_not: Verb = unary("logical_not", np.logical_not, None, kinds=BOOLEAN, doc="not x.")

is_finite_p = Primitive(
    "is_finite",
    infer=to_dtype("is_finite", ANY, BOOL),
    evaluate=np.isfinite,
    vjp=NO_GRADIENT,
)
is_finite: Verb = _verb(is_finite_p, "False for infinities and NaN.")

# Selection and conversion -----------------------------------------------------------------------


def _infer_select(condition: Spec, x: Spec, y: Spec) -> Spec:
    check_kind("select", condition, BOOLEAN)
    if x != y or condition.shape != x.shape:
        raise InvalidArgumentError(
            f"select expects equal shapes and dtypes; got {condition!r}, {x!r} and {y!r}"
        )
    return x


select_p = Primitive(
    "select",
    infer=_infer_select,
    evaluate=np.where,
    vjp=(
        None,
        lambda g, z, c, x, y: select(c, g, _like(g, 0)),
        lambda g, z, c, x, y: select(c, _like(g, 0), g),
    ),
)
select: Verb = _verb(select_p, "x where the condition holds, else y.")


def _infer_cast(x: Spec, *, dtype: np.dtype[Any]) -> Spec:
    if STRING in (x.dtype, dtype):
        raise ArgumentTypeError(
            f"cannot cast to {type_name(dtype)}: got {x!r}; tf.strings.to_number reads numbers and "
            "tf.strings.as_string writes them"
        )
    return Spec(x.shape, dtype)


def _cast_rule(g: Any, y: Any, x: Any, *, dtype: np.dtype[Any]) -> Any:
    return cast(g, x.spec.dtype) if x.spec.dtype.kind in "fc" and dtype.kind in "fc" else None


def _cast(x: Array, *, dtype: np.dtype[Any]) -> Array:
    """Floats beyond the range of integers give its limits, NaN gives 0, on every machine."""
    if STRING in (x.dtype, dtype):
        raise TypeError("strings are not cast")  # the rule of types says more
    if dtype.kind not in "iu" or x.dtype.kind != "f":
        return x.astype(dtype)
    limits = np.iinfo(dtype)
    low, above = float(limits.min), float(limits.max) + 1  # exact, also for 64 bits
    inside = (x >= low) & (x < above)
    if inside.all():
        return x.astype(dtype)
    result: Array = np.where(inside, x, 0).astype(dtype)
    result[x >= above] = limits.max
    result[x < low] = limits.min
    return result


cast_p = Primitive(
    "cast",
    infer=_infer_cast,
    evaluate=_cast,
    vjp=(_cast_rule,),
    may_warn=True,
)


def cast(x: Value, dtype: np.dtype[Any]) -> Any:
    """`x` as `dtype`; floats are cut toward zero, and at their limits, on the way to integers."""
    return x if x.spec.dtype == dtype else bind(cast_p, x, dtype=dtype)


def _infer_bitcast(x: Spec, *, dtype: np.dtype[Any]) -> Spec:
    have, wanted = x.dtype.itemsize, dtype.itemsize
    if have == wanted:
        return Spec(x.shape, dtype)
    if not x.shape or x.shape[-1] is B or x.shape[-1] * have % wanted:
        raise InvalidArgumentError(
            f"the bytes of {x!r} cannot be read as {dtype.name}: its last axis would have to hold "
            "a whole number of elements"
        )
    return Spec((*x.shape[:-1], x.shape[-1] * have // wanted), dtype)


def _bitcast(x: Array, *, dtype: np.dtype[Any]) -> Array:
    whole: Array = np.array(x, order="C")
    return whole.view(dtype)


bitcast_p = Primitive("bitcast", infer=_infer_bitcast, evaluate=_bitcast, vjp=NO_GRADIENT)


def bitcast(x: Value, dtype: np.dtype[Any]) -> Any:
    """The bytes of `x` read as `dtype`; the size of the last axis follows that of elements."""
    return bind(bitcast_p, x, dtype=dtype)


stop_gradient_p = Primitive(
    "stop_gradient", infer=lambda x: x, evaluate=lambda x: x.view(), vjp=NO_GRADIENT
)
stop_gradient: Verb = _verb(stop_gradient_p, "x, through which no gradient flows.")
