"""Simplification: operations that a constant makes needless go. No result changes by a bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir.graph import Graph
from ..ir.primitive import PRIMITIVES
from ..ir.value import Node, Value

# For a node: the value that it equals, or the (primitive, inputs) that give the same, or None.
Rule = Callable[[Node], Any]


def simplify(graph: Graph) -> Graph:
    """`graph` with products and quotients by 1 and -1 replaced."""
    known: dict[int, Value] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = tuple([known.get(id(value), value) for value in node.inputs])
        node = Node(node.primitive, inputs, node.params, node.outputs)
        rule = RULES.get(node.primitive.name)
        found = rule(node) if rule else None
        if isinstance(found, Value):
            known[id(node.outputs[0])] = found
        elif found is None:
            nodes.append(node)
        else:
            primitive, arguments = found
            nodes.append(Node(primitive, arguments, {}, node.outputs))
    outputs = [known.get(id(value), value) for value in graph.outputs]
    return Graph(graph.name, graph.inputs, nodes, outputs)


def _product(node: Node) -> Any:
    """1 · x = x and -1 · x = -x, also for NaN, infinities and zeros of either sign."""
    first, second = node.inputs
    found = _by(_only_number(first), second)
    return _by(_only_number(second), first) if found is None else found


def _quotient(node: Node) -> Any:
    return _by(_only_number(node.inputs[1]), node.inputs[0])


def _by(number: float | None, value: Value) -> Any:
    if number == 1:
        return value
    return (PRIMITIVES["negative"], (value,)) if number == -1 else None


def _only_number(value: Value) -> float | None:
    """The number that a small constant holds everywhere, if so."""
    array = value.array
    if array is None or array.dtype.kind not in "fi" or not 0 < array.size <= _LARGEST:
        return None
    first = array.flat[0]
    return float(first) if (array == first).all() else None


_LARGEST = 1 << 16  # elements that are looked at
RULES: dict[str, Rule] = {"multiply": _product, "divide": _quotient}
