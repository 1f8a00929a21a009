"""Common subexpressions."""

from __future__ import annotations

import numpy as np

from lamina.core.shapes import B
from lamina.ir.bind import bind, new_value
from lamina.ir.graph import trace_graph
from lamina.ir.show import show
from lamina.ir.value import Spec
from lamina.ir.verify import verify
from lamina.passes.common import merge_common
from lamina.passes.dead_code import remove_dead_code
from lamina.prims import broadcast, control, random, reduce
from lamina.prims import elementwise as prim

FLOAT = np.dtype("float32")
LINE = Spec((3,), FLOAT)
ROWS = Spec((B, 3), FLOAT)


def names(function, spec=LINE):
    graph, _ = trace_graph("program", function, [spec])
    return [node.primitive.name for node in verify(merge_common(verify(graph))).nodes]


def filled(value, spec=ROWS):
    return broadcast.fill(spec.shape, value, spec.dtype)


def test_equal_nodes_become_one():
    def program(x):
        first = prim.multiply(prim.exp(x), broadcast.fill((3,), 2, FLOAT))
        second = prim.multiply(new_value(np.full(3, 2, FLOAT)), prim.exp(x))
        return [prim.add(first, second), second]

    graph, _ = trace_graph("program", program, [LINE])
    assert show(graph) == (
        "program(%0: float32[3]):\n"
        "  %1: float32[3] = exp %0\n"
        "  %2: float32[3] = multiply %1, <2.0: float32[3]>\n"
        "  %3: float32[3] = exp %0\n"
        "  %4: float32[3] = multiply <2.0: float32[3]>, %3\n"
        "  %5: float32[3] = add %2, %4\n"
        "  return %5, %4"
    )
    assert show(verify(merge_common(graph))) == (
        "program(%0: float32[3]):\n"
        "  %1: float32[3] = exp %0\n"
        "  %2: float32[3] = multiply %1, <2.0: float32[3]>\n"
        "  %3: float32[3] = add %2, %2\n"
        "  return %3, %2"
    )


def test_order_counts_where_it_matters():
    assert names(lambda x: [prim.add(x, prim.exp(x)), prim.add(prim.exp(x), x)]) == ["exp", "add"]
    found = names(lambda x: [prim.subtract(x, prim.exp(x)), prim.subtract(prim.exp(x), x)])
    assert found == ["exp", "subtract", "subtract"]
    found = names(lambda x: [prim.maximum(x, prim.exp(x)), prim.maximum(prim.exp(x), x)])
    assert found == ["exp", "maximum", "maximum"]  # which zero is the larger one?


def test_fills_count_by_their_bits():
    assert names(lambda x: [filled(0), filled(0.0), filled(False)], ROWS) == ["fill"]
    assert names(lambda x: [filled(0.0), filled(-0.0)], ROWS) == ["fill", "fill"]
    assert names(lambda x: [filled(float("nan")), filled(np.float32("nan"))], ROWS) == ["fill"]
    widths = [Spec((B, 3), FLOAT), Spec((B, 4), FLOAT), Spec((B, 3), np.dtype("float64"))]
    assert names(lambda x: [filled(1, spec) for spec in widths], ROWS) == ["fill"] * 3


def test_constants_count_by_their_bits():
    def added(*arrays):
        return lambda x: [prim.add(x, new_value(np.asarray(array, FLOAT))) for array in arrays]

    assert names(added([1, 2, 3], [1, 2, 3])) == ["add"]
    assert names(added([0, 0, 0], [0, 0, -0.0])) == ["add", "add"]
    assert names(added([np.nan, 0, 1], [np.nan, 0, 1])) == ["add"]
    large = np.arange(5000, dtype=FLOAT)
    line = Spec((5000,), FLOAT)
    assert len(names(added(large, large.copy()), line)) == 2  # not looked at
    ones = [np.broadcast_to(np.ones((), FLOAT), 5000) for _ in range(2)]
    assert len(names(added(*ones), line)) == 1


def test_parameters_count_with_their_types():
    def program(x):
        return [reduce.cumulative_sum(x, exclusive=each) for each in (True, False, True)]

    assert names(program) == ["cumulative_sum", "cumulative_sum"]
    ways = [np.dtype("float64"), np.dtype("int32"), np.dtype("float64")]
    assert names(lambda x: [prim.cast(x, way) for way in ways]) == ["cast", "cast"]


def test_effects_happen_as_often_as_before():
    def ignore(*arrays):
        """Look at nothing."""

    def program(x):
        control.observe([x], ignore)
        control.observe([x], ignore)
        return [prim.sin(x)]

    assert names(program) == ["observe", "observe", "sin"]

    def inside(x):
        graph, _ = trace_graph("inner", program, [x.spec])
        return [*control.call(graph, [x]), *control.call(graph, [x])]

    assert names(inside) == ["call", "call"]


def test_equal_draws_are_one():
    def program(draw):
        key = new_value(np.asarray(7, np.uint64))
        return [random.random_bits(key, draw, (4,)) for _ in range(2)]

    assert names(program, Spec((), np.dtype("uint64"))) == ["random_bits"]


def test_what_cannot_be_compared_stays():
    def program(x):
        rules = [lambda g, inputs, scale=[n]: [g[0]] for n in range(2)]
        return [control.attach_gradient([prim.sin(x)], [x], rule)[0] for rule in rules]

    assert names(program) == ["sin", "attach_gradient", "attach_gradient"]
    unhashable = lambda x: [bind(reduce.reduce_max_p, x, axes=[0]) for _ in range(2)]  # noqa: E731
    assert names(unhashable) == ["reduce_max", "reduce_max"]


def test_merged_nodes_leave_nothing_behind():
    graph, _ = trace_graph("program", lambda x: [prim.exp(x), prim.exp(x)], [LINE])
    merged = merge_common(graph)
    assert merged.outputs[0] is merged.outputs[1]
    assert len(remove_dead_code(merged).nodes) == 1
