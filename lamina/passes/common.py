"""Common subexpressions: what is computed twice from the same values is computed once."""

from __future__ import annotations

from collections.abc import Hashable
from operator import itemgetter

import numpy as np

from ..core.dtypes import STRING
from ..ir.graph import Graph
from ..ir.value import Node, Value
from .dead_code import has_effect

_SMALL = 1 << 12  # bytes of a constant that counts by content
_COMMUTATIVE = frozenset(
    ("add", "multiply", "equal", "bitwise_and", "bitwise_or", "bitwise_xor"),
)


def merge_common(graph: Graph) -> Graph:
    """`graph` with one node for all that apply a primitive to the same values and parameters.

    Equal constants become one value where they are small or repeat one number. What has an effect
    happens as often as before.
    """
    known: dict[int, Value] = {}
    constants: dict[Hashable, Value] = {}
    seen: dict[Hashable, Node] = {}
    nodes: list[Node] = []

    def current(value: Value) -> Value:
        if value.array is not None and id(value) not in known:
            known[id(value)] = constants.setdefault(_content(value), value)
        return known.get(id(value), value)

    for old in graph.nodes:
        inputs = tuple([current(value) for value in old.inputs])
        node = Node(old.primitive, inputs, old.params, old.outputs)
        key = _key(node)
        earlier = node if key is None else seen.setdefault(key, node)
        if earlier is node:
            nodes.append(node)
        else:
            known.update(zip(map(id, node.outputs), earlier.outputs, strict=True))
    return Graph(graph.name, graph.inputs, nodes, [current(value) for value in graph.outputs])


def _key(node: Node) -> Hashable | None:
    """What two equal nodes have in common; None for a node that stays as it is."""
    if has_effect(node):
        return None
    inputs = [id(value) for value in node.inputs]
    if node.primitive.name in _COMMUTATIVE and node.outputs[0].spec.dtype != STRING:
        inputs.sort()
    key = node.primitive, tuple(inputs), _parameters(node)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _parameters(node: Node) -> Hashable:
    """The parameters; the number of a fill by its bits, since 0.0 = -0.0 and no NaN is itself."""
    params = node.params
    if node.primitive.name == "fill" and params["dtype"] != STRING:
        bits = np.asarray(params["value"], params["dtype"]).tobytes()
        return params["shape"], params["dtype"], bits
    return tuple(sorted(params.items(), key=itemgetter(0)))


def _content(value: Value) -> Hashable:
    """What equal constants have in common."""
    array = value.array
    assert array is not None
    if array.dtype == STRING:
        return id(array)
    if array.size and not any(array.strides):
        return array.dtype, array.shape, array[(0,) * array.ndim].tobytes()
    if array.nbytes <= _SMALL:
        return array.dtype, array.shape, array.tobytes()
    return id(array)
