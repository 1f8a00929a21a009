"""Rules for any primitive whose operands are known: it is computed when a graph is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.errors import OpError
from ...core.shapes import B
from ...ir.bind import quiet
from ...ir.graph import Graph
from ...ir.value import Node, Spec, Value
from ..rewriter import Rewriter, Rule

_SMALL = 1 << 13  # elements of results that are kept

# Element by element, with results that do not depend on how a machine computes them.
_EXACT = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "negative", "sign"),
        *("absolute", "floor", "ceil", "round_even", "sqrt", "maximum", "minimum", "equal", "less"),
        *("less_equal", "logical_not", "is_finite", "select", "cast", "bitwise_and", "bitwise_or"),
        *("bitwise_xor", "shift_left", "shift_right"),
    )
)


def _filled(rewriter: Rewriter, node: Node) -> Value | None:
    """A fill whose size is known is a constant that repeats one number."""
    spec = node.outputs[0].spec
    number = np.asarray(node.params["value"], spec.dtype)
    return None if B in spec.shape else rewriter.fill(spec, number)


def _evaluate_number(rewriter: Rewriter, node: Node) -> Value | None:
    """What is done to one number everywhere is done to it once."""
    if node.primitive.name not in _EXACT:
        return None
    numbers = []
    for value in node.inputs:
        number = rewriter.number(value)
        if number is None:
            return None
        numbers.append(number)
    results = _evaluate(node, numbers)
    return None if results is None else rewriter.fill(node.outputs[0].spec, results[0])


def _evaluate_arrays(rewriter: Rewriter, node: Node) -> tuple[Value, ...] | None:
    """A small result of constants is a constant, except of what has an effect or holds programs."""
    arrays = []
    for value in node.inputs:
        if value.array is None:
            return None
        arrays.append(value.array)
    specs = [value.spec for value in node.outputs]
    if node.primitive.effect or not all(map(_is_small, specs)):
        return None
    if B in node.params.get("shape", ()) or any(isinstance(v, Graph) for v in node.params.values()):
        return None
    results = _evaluate(node, [_compact(array) for array in arrays])
    return None if results is None else tuple([rewriter.constant(array) for array in results])


def _is_small(spec: Spec) -> bool:
    count = 1
    for size in spec.shape:
        if size is B:
            return False
        count *= size
    return count <= _SMALL


def _compact(array: Array) -> Array:
    """As the interpreter reads it."""
    return array if array.size > _SMALL or array.flags.c_contiguous else array.copy()


def _evaluate(node: Node, arrays: list[Array]) -> list[Array] | None:
    """The results; None where the operation refuses, which it shall do when the program runs."""
    primitive = node.primitive
    try:
        with quiet():
            found: Any = primitive.evaluate(*arrays, **node.params)
    except OpError:
        return None
    return [np.asarray(array) for array in (found if primitive.multiple else (found,))]


GENERAL: tuple[Rule, ...] = (_evaluate_number, _evaluate_arrays)
RULES: dict[str, tuple[Rule, ...]] = {"fill": (_filled,)}
