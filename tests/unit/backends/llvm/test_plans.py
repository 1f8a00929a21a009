"""From a graph to kernels: stages, what joins what, memory, and the verifier that watches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.backends.llvm.kernels import Unsupported
from lamina.backends.llvm.lowering import Lowering, describe
from lamina.backends.llvm.regions import compile_regions
from lamina.backends.llvm.verify import verify_plan
from lamina.core.shapes import B
from lamina.ir.graph import Graph, trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.value import Spec
from lamina.passes.pipeline import optimize

F32 = np.dtype("float32")


def step(loss: str = "categorical_crossentropy") -> tuple[Graph, list[tuple[int, int]]]:
    """A training step of a small network, and what it carries from one batch to the next."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Dense(16, activation="relu", kernel_regularizer="l2"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", loss, metrics=["accuracy"])
    y = np.zeros(8, "int64") if loss.startswith("sparse") else np.eye(3, dtype="float32")[[0] * 8]
    model.fit(np.ones((8, 5), "float32"), y, verbose=0)
    (function,) = [f for key, f in model._training.programs.items() if key[0] == "train"]
    (program,) = function._traces.programs.values()
    return optimize(program.graph), program.carried()


def graph_of(function: Any, *shapes: tuple[Any, ...]) -> Graph:
    graph, _ = trace_graph("f", function, [Spec(shape, F32) for shape in shapes])
    return optimize(graph)


def verify(lowering: Lowering) -> None:
    verify_plan(lowering.planned, lowering.groups, lowering.slots, lowering.homes)


def test_a_step_is_two_stages_and_updates_in_place() -> None:
    graph, carried = step()
    lowering = Lowering(graph, 8, carried)
    verify(lowering)
    assert [group.batch for group in lowering.groups if group.kernels].count(True) == 1
    assert len(lowering.homes) == len(carried)
    text = describe(lowering)
    assert f"{len(carried)} of {len(carried)} results in place" in text
    roots = [kernel.root.name for kernel in lowering.planned.kernels if kernel.root]
    assert roots.count("matmul") == 5  # two forward, one backward, two gradients of weights
    updates = [
        kernel
        for kernel in lowering.planned.kernels
        if kernel.stage == 1 and kernel.root is not None and kernel.root.name == "matmul"
    ]
    assert all(len(kernel.items) > 8 for kernel in updates)  # Adam follows in the same loop


def test_a_step_that_may_fail_writes_nothing_over_before_it_is_known() -> None:
    graph, carried = step("sparse_categorical_crossentropy")
    lowering = Lowering(graph, 8, carried)
    verify(lowering)
    assert 0 < len(lowering.homes) < len(carried)  # iterations and counts are copied at the end
    first = lowering.first_with_batch()
    early = {
        id(value)
        for group in lowering.groups[: first + 1]
        for kernel in (*group.kernels, *group.beside)
        for value in kernel.outputs
    }
    assert not early & lowering.homes.keys()


def test_the_statistics_of_a_batch_add_stages() -> None:
    def centered(x: Any) -> list[Any]:
        once = x - tf.reduce_mean(x, axis=0)
        return [once / tf.sqrt(tf.reduce_mean(tf.square(once), axis=0))]

    lowering = Lowering(graph_of(centered, (B, 4)), 8, [])
    assert max(kernel.stage for kernel in lowering.planned.kernels) == 4
    verify(lowering)


def test_moving_costs_no_kernel_and_neighbours_share_one() -> None:
    def function(x: Any, w: Any) -> list[Any]:
        y = tf.exp(tf.reshape(x, (-1, 2, 3)) * tf.reshape(w, (1, 2, 3)))
        return [tf.reshape(tf.transpose(y, (0, 2, 1)), (-1, 6)) + 1.0]

    lowering = Lowering(graph_of(function, (B, 6), (6,)), 8, [])
    verify(lowering)
    names = [item.node.primitive.name for k in lowering.planned.kernels for item in k.items]
    assert sorted(names) == ["add", "exp", "multiply"]
    assert len(lowering.planned.kernels) == 2


def test_values_that_pass_by_share_memory() -> None:
    def deep(x: Any, w: Any) -> list[Any]:
        for _ in range(6):
            x = tf.tanh(tf.matmul(x, w))
        return [x]

    lowering = Lowering(graph_of(deep, (B, 40), (40, 40)), 8, [])
    verify(lowering)
    rows = [buffer for buffer in lowering.buffers if buffer.per_panel]
    assert len(rows) <= 5  # of 13 values with a batch


def test_the_verifier_sees_what_is_wrong() -> None:
    graph, carried = step()
    lowering = Lowering(graph, 8, carried)
    groups = [group for group in lowering.groups if group.kernels]
    with pytest.raises(tf.errors.FailedPreconditionError, match="not made yet"):
        verify_plan(lowering.planned, groups[::-1], lowering.slots, lowering.homes)
    with pytest.raises(tf.errors.FailedPreconditionError, match="in no group"):
        verify_plan(lowering.planned, groups[:-1], lowering.slots, lowering.homes)
    kept = dict(lowering.slots)
    batch = next(group for group in groups if group.batch)
    read = next(
        value
        for kernel in batch.kernels
        for value in kernel.reads()
        if id(value) in lowering.stored and id(value) not in {id(v) for v in kernel.outputs}
    )
    missing = {key: slot for key, slot in kept.items() if key != id(read)}
    with pytest.raises(tf.errors.FailedPreconditionError, match="not kept"):
        verify_plan(lowering.planned, lowering.groups, missing, lowering.homes)
    same = dict.fromkeys(kept, 0)
    with pytest.raises(tf.errors.FailedPreconditionError, match="writes over"):
        verify_plan(lowering.planned, lowering.groups, same, lowering.homes)


def test_a_result_that_others_still_read_is_not_written_in_place() -> None:
    def function(w: Any, v: Any) -> list[Any]:
        return [w + 1.0, tf.matmul(w, v)]

    graph = graph_of(function, (5, 5), (5, 5))
    lowering = Lowering(graph, 8, [(0, 0)])
    assert not lowering.homes
    swap, _ = trace_graph("swap", lambda a, b: [b, a], [Spec((3,), F32)] * 2)
    from lamina.backends.llvm.program import NativeProgram

    session = NativeProgram(swap, [(0, 0), (1, 1)]).take(1)
    a, b = np.arange(3, dtype="float32"), np.arange(3, 6, dtype="float32")
    session.feed([a, b], 1, 1)
    results = session.make_results()
    session.order(None)
    session.context[0] = 3  # three steps
    session.run(0, 3)
    first, second = session.collect(results)
    np.testing.assert_array_equal(first, b)
    np.testing.assert_array_equal(second, a)


def test_whether_a_loop_goes_on_is_written_when_all_threads_have_read_it() -> None:
    def turn(i: Any, limit: Any, goes_on: Any) -> list[Any]:
        return [i + 1.0, i + 1.0 < limit]

    boolean = Spec((), np.dtype("bool"))
    graph, _ = trace_graph("turn", turn, [Spec((), F32), Spec((), F32), boolean])
    lowering = Lowering(optimize(graph), 8, [(0, 0), (1, 2)], guard=2)
    assert [home is lowering.graph.inputs[0] for home in lowering.homes.values()] == [True]


def test_what_has_no_native_form_runs_between_regions(caplog: pytest.LogCaptureFixture) -> None:
    def function(x: Any, w: Any) -> list[Any]:
        y = tf.tanh(tf.matmul(x, w))
        inner = tf.linalg.inv(tf.reshape(x, (-1, 2, 2)))
        rest = tf.tanh(tf.matmul(tf.reshape(inner, (-1, 4)), w))
        return [rest, tf.reduce_sum(tf.exp(y) * 2.0, axis=-1)]

    graph = graph_of(function, (B, 4), (4, 6))
    with pytest.raises(Unsupported, match="inverse"):
        Lowering(graph, 8, [])
    program = compile_regions(graph)
    draw = np.random.default_rng(0)
    w = draw.normal(size=(4, 6)).astype("float32")
    for rows in (1, 7, 40):
        x = draw.normal(size=(rows, 4)).astype("float32")
        for ours, theirs in zip(program([x, w]), interpreter(graph)([x, w]), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
