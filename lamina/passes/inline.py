"""Inlining: what matters to derivatives only, and calls of programs, become what they compute."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.bind import new_value
from ..ir.graph import Graph
from ..ir.value import Node, Value


def inline_calls(graph: Graph) -> Graph:
    """`graph` without `call`, `attach_gradient` and `stop_gradient`.

    It can be run, but no longer differentiated. A call whose program was traced for other sizes
    than it is given stays.
    """
    nodes: list[Node] = []
    outputs = write(graph, graph.inputs, nodes, fresh=False)
    return Graph(graph.name, graph.inputs, nodes, outputs)


def write(
    graph: Graph, arguments: Sequence[Value], nodes: list[Node], *, fresh: bool
) -> list[Value]:
    """Add the nodes of `graph` on `arguments` to `nodes`; the outputs. `fresh`: values are new."""
    known = dict(zip(map(id, graph.inputs), arguments, strict=True))
    for node in graph.nodes:
        inputs = tuple([known.get(id(value), value) for value in node.inputs])
        found = _inlined(node, inputs, nodes)
        if found is None:
            outputs = node.outputs
            if fresh:
                outputs = tuple([new_value(None, value.spec) for value in outputs])
            nodes.append(Node(node.primitive, inputs, node.params, outputs))
            found = outputs
        known.update(zip(map(id, node.outputs), found, strict=True))
    return [known.get(id(value), value) for value in graph.outputs]


def _inlined(node: Node, inputs: Sequence[Value], nodes: list[Node]) -> Sequence[Value] | None:
    """The values that `node` gives, where it need not stay; they may take nodes of their own."""
    name = node.primitive.name
    if name == "stop_gradient":
        return inputs
    if name == "attach_gradient":
        return inputs[: node.params["count"]]
    if name == "call":
        graph = node.params["graph"]
        if tuple([value.spec for value in inputs]) == graph.input_specs:
            return write(graph, inputs, nodes, fresh=True)
    return None
