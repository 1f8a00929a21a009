"""The passes that a program goes through before a backend compiles it, in their order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..core import debug
from ..core.config import config
from ..ir.graph import Graph
from ..ir.show import show
from ..ir.value import Node
from ..ir.verify import verify
from .branches import choose_small_branches
from .common import merge_common
from .dead_code import remove_dead_code
from .inline import inline_calls
from .simplify import simplify

Pass = Callable[[Graph], Graph]


def choose_branches(graph: Graph) -> Graph:
    """`graph` with the results of small branches chosen element by element."""
    return choose_small_branches(graph, _optimized)


# What is equal only after merging is simplified in a second round.
PASSES: tuple[Pass, ...] = (
    *(inline_calls, choose_branches, simplify, merge_common, simplify, merge_common),
    remove_dead_code,
)


def optimize(graph: Graph) -> Graph:
    """`graph` after all passes, to be run, not differentiated.

    It is verified before and after each pass where `config.verify` is set.
    """
    debug.show("graph", lambda: show(graph))
    if config.verify:
        verify(graph)
    for step in PASSES:
        graph = _run(step, graph)
    nodes = [_with_optimized_programs(node) for node in graph.nodes]
    return Graph(graph.name, graph.inputs, nodes, graph.outputs)


def _optimized(graph: Graph) -> Graph:
    result: Graph = graph.derived("optimized", partial(optimize, graph))
    return result


def _run(step: Pass, graph: Graph) -> Graph:
    with debug.timed(f"{step.__name__} of {graph.name}"):
        result = step(graph)
    debug.show("passes", lambda: f"after {step.__name__}:\n{show(result)}")
    return verify(result) if config.verify else result


def _with_optimized_programs(node: Node) -> Node:
    """`node`; where it runs programs (those of a `while_gradient` it differentiates), optimized."""
    if node.primitive.name not in ("cond", "while_loop", "iterate"):
        return node
    params = dict(node.params)
    for name, value in params.items():
        if isinstance(value, Graph):
            params[name] = _optimized(value)
    return Node(node.primitive, node.inputs, params, node.outputs)
