"""Branches: small ones are both computed, and the results chosen element by element.

So a program with them stays one native program. Where a branch may fail, has an effect, or takes
long, only the one that is asked for runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..ir.graph import Graph, trace_graph
from ..ir.value import Node, Value
from ..prims.broadcast import broadcast
from ..prims.elementwise import select
from .inline import write

_MOST = 64  # operations in both branches together
_COSTLY = frozenset(
    (
        *("matmul", "argsort", "search", "while_loop", "while_gradient", "iterate", "cond", "call"),
        *("inverse", "determinant", "solve", "cholesky", "attach_gradient"),
        *("eigh", "svd", "lu", "qr", "slogdet", "pinv"),
    )
)
_FAILING = frozenset(("gather", "take_along", "scatter_add", "add_along", "check", "observe"))
_FAILING_FOR_INTEGERS = {
    "floor_divide": np.not_equal,
    "remainder": np.not_equal,
    "power": np.greater_equal,
}
"""How a second number that cannot fail compares with 0."""
_PLAIN = "fiub"  # kinds of dtypes that are selected


def choose_small_branches(graph: Graph, optimized: Callable[[Graph], Graph]) -> Graph:
    """`graph` without `cond` of small branches, which are given by `optimized`."""
    if all(node.primitive.name != "cond" for node in graph.nodes):
        return graph
    nodes: list[Node] = []
    known: dict[int, Value] = {}
    for node in graph.nodes:
        inputs = tuple([known.get(id(value), value) for value in node.inputs])
        found = None
        if node.primitive.name == "cond":
            branches = [optimized(node.params[name]) for name in ("then", "otherwise")]
            if _is_small(branches):
                found = _chosen(inputs, branches, nodes)
        if found is None:
            nodes.append(Node(node.primitive, inputs, node.params, node.outputs))
        else:
            known.update(zip(map(id, node.outputs), found, strict=True))
    outputs = [known.get(id(value), value) for value in graph.outputs]
    return Graph(graph.name, graph.inputs, nodes, outputs)


def _is_small(branches: Sequence[Graph]) -> bool:
    nodes = [node for branch in branches for node in branch.nodes]
    return len(nodes) <= _MOST and not any(map(_stays, nodes))


def _stays(node: Node) -> bool:
    """Whether the operation runs only where it is asked for."""
    name = node.primitive.name
    if name in _COSTLY or name in _FAILING or node.primitive.effect:
        return True
    specs = [value.spec for value in (*node.inputs, *node.outputs)]
    if name in _FAILING_FOR_INTEGERS and specs[0].dtype.kind != "f":
        second = node.inputs[1].array
        if second is None or not _FAILING_FOR_INTEGERS[name](second, 0).all():
            return True
    return any(spec.dtype.kind not in _PLAIN for spec in specs)


def _chosen(
    inputs: Sequence[Value], branches: Sequence[Graph], nodes: list[Node]
) -> list[Value] | None:
    """The results of both branches, one of them chosen; None where sizes differ from the traced."""
    condition, *values = inputs
    if any([value.spec for value in values] != list(b.input_specs) for b in branches):
        return None
    first, second = (write(branch, values, nodes, fresh=True) for branch in branches)
    found = []
    for a, b in zip(first, second, strict=True):
        if a is b:
            found.append(a)
            continue

        def choose(pred: Value, x: Value, y: Value) -> list[Value]:
            return [select(broadcast(pred, x.spec.shape), x, y)]

        graph, _ = trace_graph("choose", choose, [condition.spec, a.spec, b.spec])
        found += write(graph, [condition, a, b], nodes, fresh=True)
    return found
