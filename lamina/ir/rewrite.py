"""Running a graph's nodes again on other values."""

from __future__ import annotations

from collections.abc import Sequence

from .bind import bind
from .graph import Graph
from .value import Node, Value


def replay(graph: Graph, arguments: Sequence[Value]) -> tuple[list[Node], list[Value]]:
    """The nodes of `graph` bound again on `arguments`, where the caller is, and its outputs."""
    known = dict(zip(map(id, graph.inputs), arguments, strict=True))
    nodes = []
    for node in graph.nodes:
        inputs = tuple([known.get(id(value), value) for value in node.inputs])
        result = bind(node.primitive, *inputs, **node.params)
        outputs = result if node.primitive.multiple else (result,)
        known.update(zip(map(id, node.outputs), outputs, strict=True))
        nodes.append(Node(node.primitive, inputs, node.params, outputs))
    return nodes, [known.get(id(value), value) for value in graph.outputs]


def inline(graph: Graph, arguments: Sequence[Value]) -> list[Value]:
    """The outputs of `graph` on `arguments`, computed where the caller is."""
    return replay(graph, arguments)[1]
