"""Rules for comparisons, conditions and choices."""

from __future__ import annotations

import numpy as np

from ...core.dtypes import BOOL, Array
from ...ir.value import Node, Spec, Value
from ..rewriter import Rewriter, Rule


def _select(rewriter: Rewriter, node: Node) -> Value | None:
    """A choice that is known, of equals, by a negation, or made before by the same condition."""
    condition, x, y = node.inputs
    known = rewriter.number(condition)
    if known is not None:
        return x if known else y
    if _are_equal(rewriter, x, y):
        return x
    opposite = rewriter.maker(condition, "logical_not")
    if opposite is not None:
        return rewriter.add("select", opposite.inputs[0], y, x)
    first, second = rewriter.maker(x, "select"), rewriter.maker(y, "select")
    if first is not None and first.inputs[0] is condition:
        return rewriter.add("select", condition, first.inputs[1], y)
    if second is not None and second.inputs[0] is condition:
        return rewriter.add("select", condition, x, second.inputs[2])
    return _truth(rewriter, condition, x, y) if x.spec.dtype == BOOL else None


def _truth(rewriter: Rewriter, condition: Value, x: Value, y: Value) -> Value | None:
    """True where c holds, else False: c; the other way round: not c."""
    yes, no = rewriter.number(x), rewriter.number(y)
    if yes is None or no is None:
        return None
    return condition if yes else rewriter.add("logical_not", condition)


def _are_equal(rewriter: Rewriter, x: Value, y: Value) -> bool:
    if x is y:
        return True
    first, second = rewriter.number(x), rewriter.number(y)
    return first is not None and second is not None and first.tobytes() == second.tobytes()


def _logical_not(rewriter: Rewriter, node: Node) -> Value | None:
    """not not c = c."""
    inner = rewriter.maker(node.inputs[0], "logical_not")
    return inner.inputs[0] if inner is not None else None


def _is_finite(rewriter: Rewriter, node: Node) -> Value | None:
    """Integers and booleans are."""
    spec = node.inputs[0].spec
    return _everywhere(rewriter, spec, True) if spec.dtype.kind != "f" else None


def _itself(answer: bool) -> Rule:
    """A comparison of x with x, which NaN answers in its own way: no."""

    def rule(rewriter: Rewriter, node: Node) -> Value | None:
        x, y = node.inputs
        if x is not y or (answer and x.spec.dtype.kind == "f"):
            return None
        return _everywhere(rewriter, x.spec, answer)

    return rule


def _everywhere(rewriter: Rewriter, spec: Spec, truth: bool) -> Value:
    return rewriter.fill(Spec(spec.shape, BOOL), np.asarray(truth))


# Comparisons with a bound ------------------------------------------------------------------------
# Where m = max(x, c) is there, x ≤ c says the same as m ≤ c, and c < x as c < m; likewise for
# min(x, c). If x or c is NaN so is m, and all four are false. So what an activation does not
# return (the x of a relu) need not be kept until the backward pass asks for its sign.


def _less_equal(rewriter: Rewriter, node: Node) -> Value | None:
    """x ≤ c by max(x, c); c ≤ x by min(x, c)."""
    x, y = node.inputs
    clamped = _clamped(rewriter, "maximum", x, rewriter.number(y))
    if clamped is not None:
        return rewriter.add("less_equal", clamped, y)
    clamped = _clamped(rewriter, "minimum", y, rewriter.number(x))
    return None if clamped is None else rewriter.add("less_equal", x, clamped)


def _less(rewriter: Rewriter, node: Node) -> Value | None:
    """c < x by max(x, c); x < c by min(x, c)."""
    x, y = node.inputs
    clamped = _clamped(rewriter, "maximum", y, rewriter.number(x))
    if clamped is not None:
        return rewriter.add("less", x, clamped)
    clamped = _clamped(rewriter, "minimum", x, rewriter.number(y))
    return None if clamped is None else rewriter.add("less", clamped, y)


def _clamped(rewriter: Rewriter, name: str, value: Value, bound: Array | None) -> Value | None:
    return None if bound is None else rewriter.clamped(name, value, bound)


def _check(rewriter: Rewriter, node: Node) -> tuple[Value, ...] | None:
    """A condition that always holds needs no check."""
    known = rewriter.number(node.inputs[0])
    return node.inputs[1:] if known is not None and known else None


RULES: dict[str, tuple[Rule, ...]] = {
    "select": (_select,),
    "logical_not": (_logical_not,),
    "is_finite": (_is_finite,),
    "equal": (_itself(True),),
    "less": (_itself(False), _less),
    "less_equal": (_itself(True), _less_equal),
    "check": (_check,),
}
