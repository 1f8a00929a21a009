"""What tests of simplification share."""

from __future__ import annotations

from lamina.ir.graph import trace_graph
from lamina.ir.value import Spec
from lamina.ir.verify import verify
from lamina.passes.dead_code import remove_dead_code
from lamina.passes.simplify import simplify
from tests.tools.random_graphs import run_plainly, same_bits


def simplified(function, *specs):
    """The graph of `function`, verified and simplified, without what nobody reads."""
    graph, _ = trace_graph("program", function, specs)
    return graph, remove_dead_code(verify(simplify(verify(graph))))


def left(function, *specs):
    """The names of the operations that are left."""
    return [node.primitive.name for node in simplified(function, *specs)[1].nodes]


def agree(function, *arrays, names):
    """Check which operations are left, and every bit of the results."""
    specs = [Spec(array.shape, array.dtype) for array in arrays]
    graph, short = simplified(lambda *x: [function(*x)], *specs)
    assert [node.primitive.name for node in short.nodes] == names
    before, after = (run_plainly(each, arrays, 0) for each in (graph, short))
    assert same_bits(before[0], after[0])
