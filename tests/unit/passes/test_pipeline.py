"""All passes in their order."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina.core.config import config
from lamina.core.errors import FailedPreconditionError
from lamina.core.shapes import B
from lamina.ir.graph import Graph, trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.reverse import differentiate
from lamina.ir.value import Spec
from lamina.passes import pipeline
from lamina.passes.pipeline import PASSES, optimize
from lamina.prims import broadcast, control
from lamina.prims import elementwise as prim
from tests.tools.random_graphs import (
    STRANGE,
    gradient_graph,
    random_graph,
    random_inputs,
    run_plainly,
    same_bits,
)

ROWS = Spec((B, 3), np.dtype("float32"))


def twice_itself(x):
    y = prim.select(prim.less(x, prim.exp(x)), prim.exp(x), prim.exp(x))
    return [prim.stop_gradient(y)]


def names(graph):
    return [node.primitive.name for node in graph.nodes]


def test_rounds_go_on_from_each_other():
    graph, _ = trace_graph("program", twice_itself, [ROWS])
    assert names(optimize(graph)) == ["exp"]


def test_stages_are_printed_when_asked_for(monkeypatch, capsys):
    graph, _ = trace_graph("program", twice_itself, [ROWS])
    optimize(graph)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(config, "debug", "graph,passes")
    optimize(graph)
    printed = capsys.readouterr().err
    assert printed.startswith("== graph\nprogram(%0: float32[B, 3]):\n  %1: float32[B, 3] = exp")
    found = [line for line in printed.splitlines() if line.startswith("after ")]
    assert found == [f"after {step.__name__}:" for step in PASSES]


def test_every_pass_is_verified_when_asked_for(monkeypatch):
    def lose_a_node(graph):
        return Graph(graph.name, graph.inputs, graph.nodes[1:], graph.outputs)

    graph, _ = trace_graph("program", lambda x: [prim.sin(prim.exp(x))], [ROWS])
    monkeypatch.setattr(pipeline, "PASSES", (*PASSES, lose_a_node))
    optimize(graph)
    monkeypatch.setattr(config, "verify", True)
    with pytest.raises(FailedPreconditionError, match=r"sin.*not defined before"):
        optimize(graph)


def inside(x):
    graph, _ = trace_graph("inner", twice_itself, [x.spec])
    condition, _ = trace_graph("never", lambda x: [fill_false()], [x.spec])
    loop = control.while_loop(condition, graph, [x], 3)
    return [*loop, *control.cond(fill_false(), graph, graph, [x])]


def fill_false():
    return broadcast.fill((), False, np.dtype("bool"))


def test_programs_inside_are_optimized_once(monkeypatch):
    monkeypatch.setattr("lamina.passes.branches._MOST", 0)  # branches stay
    graph, _ = trace_graph("program", inside, [ROWS])
    first, second = optimize(graph), optimize(graph)
    loop, choice = first.nodes
    assert names(loop.params["body"]) == names(choice.params["then"]) == ["exp"]
    assert loop.params["body"] is choice.params["otherwise"] is second.nodes[0].params["body"]
    x = np.ones((2, 3), np.float32)
    for before, after in zip(interpreter(graph)([x]), interpreter(first)([x]), strict=True):
        np.testing.assert_array_equal(after, before)


def test_what_a_loop_differentiates_keeps_its_gradients():
    """The derivative of its body is made when the program runs."""

    def body(x):
        return [control.attach_gradient([prim.exp(x)], [x], lambda g, inputs: [g[0]])[0]]

    def program(x):
        once, _ = trace_graph("body", body, [x.spec])
        always, _ = trace_graph("always", lambda x: [prim.logical_not(fill_false())], [x.spec])
        return list(control.while_loop(always, once, [x], 2))

    graph, _ = trace_graph("program", program, [ROWS])
    derivative = optimize(differentiate(graph, (0,), (0,)))
    x = np.full((1, 3), 0.5, np.float32)
    (found,) = interpreter(derivative)([x, np.full((1, 3), 2, np.float32)])
    np.testing.assert_array_equal(found, np.full((1, 3), 2, np.float32))


def test_a_training_step_counts_rows_and_powers_once():
    model = tf.keras.Sequential([tf.keras.layers.Dense(4, "relu"), tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.Adam()
    model.build((None, 3))
    optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    graph = step.program_for(tf.ones((5, 3)), tf.ones((5, 1))).graph
    short = optimize(graph)
    found = names(short)
    assert found.count("dimension") == 1
    assert found.count("power") == names(graph).count("power") // 4 == 2
    (relu,) = [node for node in short.nodes if node.primitive.name == "maximum"]
    (mask,) = [node for node in short.nodes if node.primitive.name == "less_equal"]
    assert mask.inputs[0] is relu.outputs[0]
    assert len(short.nodes) < 0.75 * len(graph.nodes)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_no_bit_changes(first, monkeypatch):
    """Random graphs and their gradients, verified, on numbers of all kinds."""
    monkeypatch.setattr(config, "verify", True)
    for seed in range(first, first + 100):
        graph = random_graph(seed)
        for program in filter(None, (graph, gradient_graph(graph))):
            short = optimize(program)
            for rows, odd in ((5, ()), (2, STRANGE)):
                arrays = random_inputs(program, seed, rows, odd)
                pairs = zip(*[run_plainly(g, arrays, rows) for g in (program, short)], strict=True)
                assert all(same_bits(*pair) for pair in pairs), (seed, rows)
