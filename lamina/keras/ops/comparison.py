"""Comparisons and logic: results are booleans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import BOOL
from ...core.shapes import element_count
from ...ops.common import axes_of
from ...ops.reduction import all_over, any_over, kept
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill_like, reshape
from .operation import Function, named, operation
from .promotion import common, operands, same_shape, tensor


def _comparison(verb: Callable[[Any, Any], Any], name: str, doc: str) -> Function:
    @named(name, doc)
    def function(x1: Any, x2: Any) -> Any:
        return verb(*operands(x1, x2))

    return function


equal = _comparison(prim.equal, "equal", "x1 = x2, broadcast.")
not_equal = _comparison(
    lambda x1, x2: prim.logical_not(prim.equal(x1, x2)), "not_equal", "x1 ≠ x2, broadcast."
)
less = _comparison(prim.less, "less", "x1 < x2, broadcast.")
less_equal = _comparison(prim.less_equal, "less_equal", "x1 ≤ x2, broadcast.")
greater = _comparison(lambda x1, x2: prim.less(x2, x1), "greater", "x1 > x2, broadcast.")
greater_equal = _comparison(
    lambda x1, x2: prim.less_equal(x2, x1), "greater_equal", "x1 ≥ x2, broadcast."
)


def truth(x: Any) -> Any:
    """Where x is not 0."""
    x = tensor(x)
    return x if x.spec.dtype == BOOL else prim.logical_not(prim.equal(x, fill_like(x, 0)))


def _logic(verb: Callable[[Any, Any], Any], name: str, doc: str) -> Function:
    @named(name, doc)
    def function(x1: Any, x2: Any) -> Any:
        return verb(*same_shape(truth(x1), truth(x2)))

    return function


logical_and = _logic(prim.bitwise_and, "logical_and", "Both are not 0, broadcast.")
logical_or = _logic(prim.bitwise_or, "logical_or", "At least one is not 0, broadcast.")
logical_xor = _logic(prim.bitwise_xor, "logical_xor", "Exactly one is not 0, broadcast.")


@operation
def logical_not(x: Any) -> Any:
    """Where x is 0."""
    return prim.logical_not(truth(x))


@operation
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether no element over `axis` is 0; so it is where there is none."""
    x = truth(x)
    axes = axes_of(axis, len(x.spec.shape))
    return kept(all_over(x, axes), x, axes, keepdims)


@operation
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element over `axis` differs from 0."""
    x = truth(x)
    axes = axes_of(axis, len(x.spec.shape))
    return kept(any_over(x, axes), x, axes, keepdims)


def _close(x1: Any, x2: Any, rtol: Any, atol: Any, equal_nan: bool) -> Any:
    x1, x2 = operands(x1, x2, float_result=True)
    limit = prim.add(
        fill_like(x2, float(atol)), prim.multiply(fill_like(x2, float(rtol)), prim.absolute(x2))
    )
    finite = prim.bitwise_and(prim.is_finite(x1), prim.is_finite(x2))
    near = prim.less_equal(prim.absolute(prim.subtract(x1, x2)), limit)
    same = prim.bitwise_or(prim.bitwise_and(finite, near), prim.equal(x1, x2))
    if not equal_nan:
        return same
    unknown = [prim.logical_not(prim.equal(x, x)) for x in (x1, x2)]
    return prim.bitwise_or(same, prim.bitwise_and(*unknown))


@operation
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Where |x1 - x2| ≤ atol + rtol |x2|, broadcast."""
    return _close(x1, x2, rtol, atol, equal_nan)


@operation
def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Whether |x1 - x2| ≤ atol + rtol |x2| everywhere."""
    near = _close(x1, x2, rtol, atol, equal_nan)
    return all_over(near, tuple(range(len(near.spec.shape))))


@operation
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Where x1 is one of the elements of x2; where it is none of them with `invert`.

    `assume_unique` says that both hold each value once, which changes nothing here.
    """
    x1, x2 = common(x1, x2)
    line = reshape(x2, (element_count(x2.spec.shape),))
    shape = x1.spec.shape
    wide = (*shape, line.spec.shape[0])
    hit = prim.equal(broadcast(reshape(x1, (*shape, 1)), wide), broadcast(line, wide))
    found = any_over(hit, (len(shape),))
    return prim.logical_not(found) if invert else found


__all__ = [
    "all", "allclose", "any", "equal", "greater", "greater_equal", "isclose", "isin", "less",
    "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "not_equal",
]  # fmt: skip
