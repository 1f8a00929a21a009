"""Dead code: nodes that no output needs go."""

from __future__ import annotations

from typing import Any

from ..ir.graph import Graph
from ..ir.value import Node


def remove_dead_code(graph: Graph) -> Graph:
    """`graph` without nodes whose results nobody reads; those with an effect stay."""
    needed = {id(value) for value in graph.outputs}
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if has_effect(node) or any(id(value) in needed for value in node.outputs):
            kept.append(node)
            needed.update(map(id, node.inputs))
    return Graph(graph.name, graph.inputs, kept[::-1], graph.outputs)


def has_effect(node: Node) -> bool:
    """Whether the node, or a program inside of it, does more than give results."""
    if node.primitive.effect:
        return True
    return any(_any_effect(parameter) for parameter in node.params.values())


def _any_effect(parameter: Any) -> bool:
    return isinstance(parameter, Graph) and any(map(has_effect, parameter.nodes))
