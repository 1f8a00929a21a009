"""Rules for arithmetic: operands that change nothing, signs that cancel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...ir.value import Node, Value
from ..rewriter import Rewriter, Rule


def _is_zero(number: Array | None, *, negative: bool = False) -> bool:
    """Whether it is an integer 0, or the float zero of this sign."""
    if number is None or number != 0:
        return False
    return number.dtype.kind != "f" or bool(np.signbit(number)) == negative


def never_minus_zero(rewriter: Rewriter, value: Value) -> bool:
    """Whether -0.0 does not stand in `value`: so says what made it."""
    if value.spec.dtype.kind != "f":
        return True
    number = rewriter.number(value)
    if number is not None:
        return not _is_zero(number, negative=True)
    if any(rewriter.maker(value, name) for name in ("exp", "sigmoid", "absolute")):
        return True
    cast = rewriter.maker(value, "cast")
    if cast is not None:
        return cast.inputs[0].spec.dtype.kind != "f"
    product = rewriter.maker(value, "multiply")
    return product is not None and product.inputs[0] is product.inputs[1]


def _negated(rewriter: Rewriter, value: Value) -> Value | None:
    """x where `value` is -x."""
    node = rewriter.maker(value, "negative")
    return node.inputs[0] if node is not None else None


def _changes_nothing(rewriter: Rewriter, term: Value, other: Value) -> bool:
    """Whether `other` + `term` is `other`: x + -0.0 = x for each x, but -0.0 + 0.0 = 0.0."""
    number = rewriter.number(term)
    if _is_zero(number, negative=True):
        return True
    return _is_zero(number) and never_minus_zero(rewriter, other)


def _add(rewriter: Rewriter, node: Node) -> Value | None:
    """x + 0 = x; x + (-y) = x - y."""
    x, y = node.inputs
    if _changes_nothing(rewriter, y, x):
        return x
    if _changes_nothing(rewriter, x, y):
        return y
    for term, other in ((y, x), (x, y)):
        inner = _negated(rewriter, term)
        if inner is not None:
            return rewriter.add("subtract", other, inner)
    return None


def _subtract(rewriter: Rewriter, node: Node) -> Value | None:
    """x - 0 = x, also for x = -0.0; -0.0 - y = -y; x - (-y) = x + y."""
    x, y = node.inputs
    if _is_zero(rewriter.number(y)):
        return x
    if _is_zero(rewriter.number(x), negative=True):
        return rewriter.add("negative", y)
    inner = _negated(rewriter, y)
    return None if inner is None else rewriter.add("add", x, inner)


def _multiply(rewriter: Rewriter, node: Node) -> Value | None:
    """1 x = x and -1 x = -x for each x; (-x)(-y) = x y; (-x) c = x (-c); an integer 0 x = 0."""
    x, y = node.inputs
    for factor, other in ((x, y), (y, x)):
        number = rewriter.number(factor)
        if number is None:
            continue
        found = _by_one(rewriter, number, other)
        inner = _negated(rewriter, other)
        if found is None and number.dtype.kind != "f" and number == 0:
            return factor
        if found is None and inner is not None:
            opposite = np.asarray(np.negative(number))
            found = rewriter.add("multiply", inner, rewriter.fill(factor.spec, opposite))
        return found
    inner_x, inner_y = _negated(rewriter, x), _negated(rewriter, y)
    if inner_x is not None and inner_y is not None:
        return rewriter.add("multiply", inner_x, inner_y)
    return None


def _divide(rewriter: Rewriter, node: Node) -> Value | None:
    """x / 1 = x; x / 2ᵏ = x 2⁻ᵏ, which rounds the same real number."""
    x, y = node.inputs
    number = rewriter.number(y)
    if number is None:
        return None
    found = _by_one(rewriter, number, x)
    if found is None and _has_exact_inverse(number):
        inverse = np.asarray(np.divide(1, number, dtype=number.dtype))
        found = rewriter.add("multiply", x, rewriter.fill(y.spec, inverse))
    return found


def _by_one(rewriter: Rewriter, number: Array, value: Value) -> Value | None:
    if number == 1:
        return value
    is_minus_one = number.dtype.kind in "if" and number == -1
    return rewriter.add("negative", value) if is_minus_one else None


def _has_exact_inverse(number: Array) -> bool:
    """Whether it is a power of 2 that is normal, as is its inverse."""
    if number.dtype.kind != "f" or not np.isfinite(number):
        return False
    info = np.finfo(number.dtype)
    mantissa, exponent = math.frexp(abs(float(number)))
    return mantissa == 0.5 and info.minexp < exponent - 1 < -info.minexp


def _negative(rewriter: Rewriter, node: Node) -> Value | None:
    """-(-x) = x."""
    return _negated(rewriter, node.inputs[0])


def _absolute(rewriter: Rewriter, node: Node) -> Value | None:
    """||x|| = |x|, and |-x| = |x| where there are signs."""
    (x,) = node.inputs
    if rewriter.maker(x, "absolute"):
        return x
    inner = _negated(rewriter, x)
    return (
        rewriter.add("absolute", inner) if inner is not None and x.spec.dtype.kind != "u" else None
    )


def _of_equals(rewriter: Rewriter, node: Node) -> Value | None:
    """max(x, x) = min(x, x) = x & x = x | x = x."""
    x, y = node.inputs
    return x if x is y else None


def _bitwise(ones_change_nothing: bool) -> Rule:
    """x & 11… = x, x | 0 = x, x ^ 0 = x."""

    def rule(rewriter: Rewriter, node: Node) -> Value | None:
        for word, other in (node.inputs, node.inputs[::-1]):
            number = rewriter.number(word)
            if number is not None and _is_neutral(number, ones_change_nothing):
                return other
        return None

    return rule


def _is_neutral(number: Array, ones: bool) -> bool:
    return bool(np.invert(number) == 0 if ones else number == 0)


def _shift(rewriter: Rewriter, node: Node) -> Value | None:
    """By 0 places nothing moves."""
    return node.inputs[0] if _is_zero(rewriter.number(node.inputs[1])) else None


def _cast(rewriter: Rewriter, node: Node) -> Value | None:
    """What is x of its own dtype already; x through a dtype that holds it, at once."""
    (x,) = node.inputs
    target = node.params["dtype"]
    if x.spec.dtype == target:
        return x
    inner = rewriter.maker(x, "cast")
    if inner is None:
        return None
    source = inner.inputs[0]
    if not _passes(source.spec.dtype, x.spec.dtype, target):
        return None
    if source.spec.dtype == target:
        return source
    return rewriter.add("cast", source, dtype=target)


def _passes(first: np.dtype[Any], between: np.dtype[Any], last: np.dtype[Any]) -> bool:
    """Whether numbers of `first` go by `between` to `last` as if they went there at once.

    What an integer becomes that a float does not fit in depends on how it is converted.
    """
    if not _holds(between, first):
        return False
    return between.kind != "f" or last.kind in "fb" or _holds(last, first)


def _holds(dtype: np.dtype[Any], other: np.dtype[Any]) -> bool:
    """Whether `dtype` has each number of `other`."""
    if dtype.kind == "f" and other.kind in "iu":
        return bool(np.finfo(dtype).nmant + 1 >= other.itemsize * 8 - (other.kind == "i"))
    return np.can_cast(other, dtype, "safe")


RULES: dict[str, tuple[Rule, ...]] = {
    "add": (_add,),
    "subtract": (_subtract,),
    "multiply": (_multiply,),
    "divide": (_divide,),
    "negative": (_negative,),
    "absolute": (_absolute,),
    "maximum": (_of_equals,),
    "minimum": (_of_equals,),
    "bitwise_and": (_of_equals, _bitwise(ones_change_nothing=True)),
    "bitwise_or": (_of_equals, _bitwise(ones_change_nothing=False)),
    "bitwise_xor": (_bitwise(ones_change_nothing=False),),
    "shift_left": (_shift,),
    "shift_right": (_shift,),
    "cast": (_cast,),
}
