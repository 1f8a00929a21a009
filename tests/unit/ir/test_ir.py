"""Binding, tracing, interpreting, verifying, differentiating graphs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lamina.core.errors import FailedPreconditionError, InvalidArgumentError
from lamina.core.shapes import B
from lamina.ir.bind import STATE, new_value
from lamina.ir.graph import Graph, Trace, trace_graph, tracing
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES, Primitive
from lamina.ir.reverse import differentiate
from lamina.ir.value import Node, Spec
from lamina.ir.verify import verify
from lamina.prims import broadcast, control, elementwise, matmul

F32 = np.dtype("float32")
ROWS = Spec((B, 2), F32)


def _affine(x, w):  # type: ignore[no-untyped-def]
    y = matmul.matmul(x, w, False, False)
    return [elementwise.add(y, broadcast.fill_like(y, 1))]


def test_one_program_for_every_batch_size() -> None:
    graph, _ = trace_graph("affine", _affine, [ROWS, Spec((2, 3), F32)])
    run = interpreter(verify(graph))
    w = np.ones((2, 3), F32)
    for rows in (0, 1, 5):
        x = np.full((rows, 2), 2, F32)
        np.testing.assert_array_equal(run([x, w])[0], np.full((rows, 3), 5))


def test_inputs_must_agree_on_the_batch() -> None:
    graph, _ = trace_graph("sum", lambda x, y: [elementwise.add(x, y)], [ROWS, ROWS])
    with pytest.raises(InvalidArgumentError, match="different numbers of rows: 2 and 3"):
        interpreter(graph)([np.ones((2, 2), F32), np.ones((3, 2), F32)])


def test_known_values_are_computed_while_tracing() -> None:
    constant = new_value(np.ones(3, F32))

    def program(x):  # type: ignore[no-untyped-def]
        return [elementwise.add(x, elementwise.exp(constant))]

    graph, _ = trace_graph("fold", program, [Spec((3,), F32)])
    assert [node.primitive.name for node in graph.nodes] == ["add"]


def test_symbols_of_an_outer_trace_become_inputs() -> None:
    outer = Trace("outer")
    with tracing(outer):
        x = outer.input(Spec((3,), F32))
        graph, inner = trace_graph("inner", lambda y: [elementwise.add(x, y)], [Spec((3,), F32)])
    assert len(graph.inputs) == 2 and inner.sources == [x]


def test_a_trace_that_has_ended_takes_nothing() -> None:
    trace = Trace("short")
    with tracing(trace):
        x = trace.input(Spec((), F32))
        trace.graph([x])
    with pytest.raises(FailedPreconditionError, match="traced"):
        elementwise.exp(x)


def test_the_verifier_finds_what_is_wrong() -> None:
    graph, _ = trace_graph("exp", lambda x: [elementwise.exp(x)], [Spec((3,), F32)])
    (node,) = graph.nodes
    stranger = new_value(None, Spec((3,), F32))
    broken = [
        Graph("undefined", graph.inputs, [Node(node.primitive, (stranger,), {}, node.outputs)], ()),
        Graph("twice", graph.inputs, [node, node], graph.outputs),
        Graph("lost", graph.inputs, [], graph.outputs),
        Graph("same", graph.inputs * 2, [node], graph.outputs),
        Graph(
            "type",
            graph.inputs,
            [Node(node.primitive, node.inputs, {}, (new_value(None, Spec((4,), F32)),))],
            (),
        ),
    ]
    for each in broken:
        with pytest.raises(FailedPreconditionError, match=each.name):
            verify(each)


def test_derivative_graphs_are_programs_too() -> None:
    graph, _ = trace_graph("affine", _affine, [ROWS, Spec((2, 3), F32)])
    derivative = verify(differentiate(graph, (0, 1), (0,)))
    assert differentiate(graph, (0, 1), (0,)) is derivative
    x, w = np.arange(8, dtype=F32).reshape(4, 2), np.arange(6, dtype=F32).reshape(2, 3)
    g = np.ones((4, 3), F32)
    dx, dw = interpreter(derivative)([x, w, g])
    np.testing.assert_allclose(dx, g @ w.T)
    np.testing.assert_allclose(dw, x.T @ g)


def test_calls_are_differentiated_and_checked() -> None:
    graph, _ = trace_graph("square", lambda x: [elementwise.multiply(x, x)], [Spec((2,), F32)])
    x = new_value(np.array([3, 4], F32))
    assert control.call(graph, [x])[0].array.tolist() == [9, 16]
    outer, _ = trace_graph("outer", lambda v: list(control.call(graph, [v])), [Spec((2,), F32)])
    derivative = differentiate(verify(outer), (0,), (0,))
    (dx,) = interpreter(derivative)([x.array, np.ones(2, F32)])
    assert dx.tolist() == [6, 8]
    with pytest.raises(InvalidArgumentError, match="square"):
        trace_graph("bad", lambda v: control.call(graph, [v]), [Spec((2,), np.dtype("int32"))])


def test_a_primitive_without_a_required_field_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="vjp"):
        Primitive("incomplete", infer=lambda x: x, evaluate=lambda x: x)  # type: ignore[call-arg]
    assert "incomplete" not in PRIMITIVES


def test_the_stack_is_of_one_thread() -> None:
    seen = []
    with tracing(Trace("here")):
        thread = threading.Thread(target=lambda: seen.append(STATE.trace))
        thread.start()
        thread.join()
    assert seen == [None] and STATE.trace is None
