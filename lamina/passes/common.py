"""Common subexpressions: what is computed twice from the same values is computed once."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ..ir.graph import Graph
from ..ir.value import Node, Value
from .dead_code import has_effect

_SMALL = 16  # bytes of a constant that counts by content


def merge_common(graph: Graph) -> Graph:
    """`graph` with one node for all that apply a primitive to the same values and parameters."""
    known: dict[int, Value] = {}
    seen: dict[Hashable, Node] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = tuple([known.get(id(value), value) for value in node.inputs])
        node = Node(node.primitive, inputs, node.params, node.outputs)
        key = _key(node)
        earlier = None if key is None else seen.setdefault(key, node)
        if earlier is None or earlier is node:
            nodes.append(node)
        else:
            known.update(zip(map(id, node.outputs), earlier.outputs, strict=True))
    outputs = [known.get(id(value), value) for value in graph.outputs]
    return Graph(graph.name, graph.inputs, nodes, outputs)


def _key(node: Node) -> Hashable | None:
    """What two equal nodes have in common; None for a node that stays as it is."""
    if has_effect(node):
        return None
    params = tuple((name, _parameter(value)) for name, value in sorted(node.params.items()))
    key = node.primitive, tuple([_input(value) for value in node.inputs]), params
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _parameter(value: Any) -> Hashable:
    """Numbers with their types and signs: 1, 1.0 and True differ, and so do 0.0 and -0.0."""
    return (type(value), repr(value)) if isinstance(value, (bool, int, float)) else value


def _input(value: Value) -> Hashable:
    """A constant that is small, or repeats one number, counts by its content."""
    array = value.array
    if array is None:
        return id(value)
    if array.size and not any(array.strides):
        return array.dtype, array.shape, array.flat[:1].tobytes()
    if array.nbytes <= _SMALL:
        return array.dtype, array.shape, array.tobytes()
    return id(array)
