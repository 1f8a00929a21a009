"""Inlining."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError
from lamina.core.shapes import B
from lamina.ir.graph import trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.show import show
from lamina.ir.value import Spec
from lamina.ir.verify import verify
from lamina.passes.inline import inline_calls
from lamina.prims import broadcast, control
from lamina.prims import elementwise as prim

ROWS = Spec((B, 3), np.dtype("float32"))
X = np.array([[0.5, -1.5, 2.0]], np.float32)


def inner(x, y):
    return [prim.add(x, y), x, broadcast.fill((2,), 0.5, np.dtype("float32"))]


def outer(x, y):
    graph, _ = trace_graph("inner", inner, [x.spec, y.spec])
    first = control.call(graph, [x, y])
    return list(control.call(graph, [first[0], first[1]]))


def program(x):
    graph, _ = trace_graph("outer", outer, [x.spec, x.spec])
    return list(control.call(graph, [x, prim.negative(x)]))


def test_calls_become_what_they_call():
    graph, _ = trace_graph("program", program, [ROWS])
    flat = verify(inline_calls(verify(graph)))
    assert show(flat) == (
        "program(%0: float32[B, 3]):\n"
        "  %1: float32[B, 3] = negative %0\n"
        "  %2: float32[B, 3] = add %0, %1\n"
        "  %3: float32[B, 3] = add %2, %0\n"
        "  return %3, %2, <0.5: float32[2]>"
    )
    for before, after in zip(interpreter(graph)([X]), interpreter(flat)([X]), strict=True):
        np.testing.assert_array_equal(after, before)


def test_what_steers_gradients_goes():
    def steered(x):
        y = prim.stop_gradient(prim.exp(x))
        return control.attach_gradient([prim.sin(y), y], [x], lambda g, inputs: [g[0]])

    graph, _ = trace_graph("steered", steered, [ROWS])
    flat = verify(inline_calls(graph))
    assert show(flat) == (
        "steered(%0: float32[B, 3]):\n"
        "  %1: float32[B, 3] = exp %0\n"
        "  %2: float32[B, 3] = sin %1\n"
        "  return %2, %1"
    )


def test_effects_of_what_is_called_stay():
    def checked(x):
        control.check(prim.less(x, prim.exp(x)), [x], "x is not less")
        return [prim.sin(x)]

    def twice(x):
        graph, _ = trace_graph("checked", checked, [x.spec])
        return [*control.call(graph, [x]), *control.call(graph, [x])]

    graph, _ = trace_graph("twice", twice, [ROWS])
    flat = verify(inline_calls(graph))
    assert [node.primitive.name for node in flat.nodes] == ["exp", "less", "check", "sin"] * 2
    with pytest.raises(InvalidArgumentError, match="x is not less"):
        interpreter(flat)([X * np.nan])


def test_a_call_on_other_sizes_stays():
    graph, _ = trace_graph("inner", lambda x: [prim.exp(x)], [ROWS])
    fixed = Spec((4, 3), np.dtype("float32"))
    whole, _ = trace_graph("whole", lambda x: list(control.call(graph, [x])), [fixed])
    assert [node.primitive.name for node in inline_calls(whole).nodes] == ["call"]
