"""Branches and loops: eager, traced, with variables and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, UnimplementedError
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function


def test_cond_runs_one_branch() -> None:
    counter = tf.Variable(0)

    def grow() -> Any:
        counter.assign_add(1)
        return tf.constant(1.0)

    traced = tf.function(lambda p: tf.cond(p, grow, lambda: tf.constant(2.0)))
    assert float(traced(tf.constant(True))) == 1 and int(counter) == 1
    assert float(traced(tf.constant(False))) == 2 and int(counter) == 1
    assert float(tf.cond(tf.constant(False), grow, lambda: 2.0)) == 2 and int(counter) == 1


def test_cond_reads_writes_and_differentiates_variables() -> None:
    v, steps = tf.Variable(2.0), tf.Variable(0, trainable=False)

    @tf.function
    def branching(p: Any, x: Any) -> Any:
        def then() -> Any:
            steps.assign_add(10)
            return v * v * x

        return tf.cond(p, then, lambda: v + x), steps.read_value()

    for p, value, by_v, by_x in [(True, 12.0, 12.0, 4.0), (False, 5.0, 1.0, 1.0)]:
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, _ = branching(tf.constant(p), x)
        assert float(y) == value
        assert [float(g) for g in tape.gradient(y, [v, x])] == [by_v, by_x]
    assert int(steps) == 10


def test_cond_in_cond_sees_what_was_written_before() -> None:
    v = tf.Variable(1.0)

    @tf.function
    def nested(p: Any) -> Any:
        v.assign(v * 2.0)

        def then() -> Any:
            v.assign_add(1.0)
            return tf.cond(v > 2.0, lambda: v * 10.0, lambda: v * 100.0)

        return tf.cond(p, then, v.read_value) + v

    assert float(nested(tf.constant(True))) == 33  # v = 2, then 3; 30 + 3
    assert float(nested(tf.constant(False))) == 12  # v = 6
    assert float(v) == 6


def test_cond_joins_dtypes_and_structures() -> None:
    @tf.function
    def joined(p: Any) -> Any:
        return tf.cond(p, lambda: {"a": 1, "b": None}, lambda: {"a": 2.5, "b": None})

    assert float(joined(tf.constant(True))["a"]) == 1
    found = joined(tf.constant(False))
    assert float(found["a"]) == 2.5 and found["b"] is None


@pytest.mark.parametrize(
    ("otherwise", "message"),
    [
        (lambda: tf.zeros([3]), "same shapes"),
        (lambda: [tf.zeros([2])], "structures differ"),
        (lambda: None, "returns None"),
    ],
)
def test_cond_refuses_branches_that_differ(otherwise: Any, message: str) -> None:
    traced = tf.function(lambda p: tf.cond(p, lambda: tf.zeros([2]), otherwise))
    with pytest.raises(InvalidArgumentError, match=message):
        traced(tf.constant(True))


def test_cond_arguments() -> None:
    with pytest.raises(InvalidArgumentError, match="two functions"):
        tf.cond(True, 1, 2)
    with pytest.raises(InvalidArgumentError, match=r"scalar; got shape \(2,\)"):
        tf.cond([True, False], lambda: 1, lambda: 2)
    assert tf.cond(3, lambda: "yes", lambda: "no") == "yes"


def test_a_branch_may_need_the_batch_size_alone() -> None:
    def rows(x: Any) -> Any:
        n = tf.shape(x)[0]
        return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.zeros([n, 2]), lambda: tf.ones([n, 2]))

    traced = Function(rows, symbolic_batch=True)
    for size in (2, 5):
        np.testing.assert_array_equal(traced(tf.ones([size, 3])), np.zeros((size, 2)))
        np.testing.assert_array_equal(traced(-tf.ones([size, 3])), np.ones((size, 2)))
    assert traced.trace_count == 1


def test_case() -> None:
    pairs = [(tf.constant(False), lambda: 1), (tf.constant(True), lambda: 2)]
    assert tf.case(pairs) == 2
    assert tf.case(pairs[:1], default=lambda: 3) == 3
    with pytest.raises(InvalidArgumentError, match="no condition holds"):
        tf.case(pairs[:1])
    both = [(tf.constant(True), lambda: 1), (tf.constant(True), lambda: 2)]
    assert tf.case(both) == 1
    with pytest.raises(InvalidArgumentError, match="more than one"):
        tf.case(both, exclusive=True)
    traced = tf.function(lambda x: tf.case([(x > 1, lambda: x), (x < -1, lambda: -x)]))
    assert float(traced(tf.constant(-3.0))) == 3
    with pytest.raises(InvalidArgumentError, match="no condition holds"):
        traced(tf.constant(0.0))
    with pytest.raises(InvalidArgumentError, match="at least one"):
        tf.case([])


def test_switch_case() -> None:
    branches = [lambda: tf.constant(10), lambda: tf.constant(11), lambda: tf.constant(12)]
    traced = tf.function(lambda i: tf.switch_case(i, branches))
    assert [int(traced(tf.constant(i))) for i in (-1, 0, 1, 2, 7)] == [12, 10, 11, 12, 12]
    numbered = {5: branches[0], 2: branches[1]}
    assert int(tf.switch_case(2, numbered, default=branches[2])) == 11
    assert int(tf.switch_case(0, numbered, default=branches[2])) == 12


# Loops --------------------------------------------------------------------------------------------


def _power(x: Any, n: Any) -> Any:
    return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (0, tf.ones_like(x)))[1]


def test_while_loop_and_its_gradient() -> None:
    x = tf.constant([2.0, -3.0])
    for power in (_power, tf.function(_power)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x, tf.constant(3))
        np.testing.assert_allclose(y, [8, -27])
        np.testing.assert_allclose(tape.gradient(y, x), [12, 27])


def test_while_loop_with_variables() -> None:
    v, count = tf.Variable(0.5), tf.Variable(0)

    @tf.function
    def loop(x: Any) -> Any:
        def body(i: Any, total: Any) -> Any:
            count.assign_add(1)
            return i + 1, total * v + x

        return tf.while_loop(lambda i, total: i < 3, body, (0, 0.0))[1]

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = loop(x)
    assert float(y) == 3.5 and int(count) == 3
    assert [float(g) for g in tape.gradient(y, [v, x])] == [4.0, 1.75]


def test_a_variable_written_in_the_loop_carries_its_gradient() -> None:
    state = tf.Variable(1.0)

    @tf.function
    def loop(x: Any) -> Any:
        state.assign(1.0)
        tf.while_loop(lambda i: i < 3, lambda i: (state.assign(state * x), i + 1)[1:], [0])
        return state.read_value()

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = loop(x)
    assert float(y) == 8 and float(state) == 8
    assert float(tape.gradient(y, x)) == 12


def test_while_loop_limits_and_structure() -> None:
    found = tf.while_loop(
        lambda s: True, lambda s: [{"n": s["n"] + 1}], [{"n": 0}], maximum_iterations=4
    )
    assert int(found[0]["n"]) == 4
    traced = tf.function(
        lambda n: tf.while_loop(lambda i: i < n, lambda i: i + 2, [0], maximum_iterations=3)
    )
    assert int(traced(tf.constant(100))[0]) == 6
    assert int(traced(tf.constant(-1))[0]) == 0


@pytest.mark.parametrize(
    "body",
    [lambda i: tf.zeros([2]), lambda i: i + 0.5, lambda i: (i, i)],
    ids=["shape", "dtype", "structure"],
)
def test_while_loop_refuses_what_changes_type(body: Any) -> None:
    traced = tf.function(lambda n: tf.while_loop(lambda i: i < n, body, [0]))
    with pytest.raises(InvalidArgumentError, match=r"loop variable of type|structures differ"):
        traced(tf.constant(3))


def test_while_loop_refusals() -> None:
    v = tf.Variable(1)
    traced = tf.function(
        lambda n: tf.while_loop(lambda i: i < v.assign_add(1), lambda i: i + 1, [n])
    )
    with pytest.raises(InvalidArgumentError, match="must not assign"):
        traced(tf.constant(3))
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.function(_power)(x, tf.constant(3))
        slope = inner.gradient(y, x)
    with pytest.raises(UnimplementedError, match="second derivatives"):
        outer.gradient(slope, x)
    stopped = tf.while_loop(lambda i: i < 1.0, lambda i: i + x, [0.0], back_prop=False)
    with tf.GradientTape() as tape:
        tape.watch(x)
        stopped = tf.while_loop(lambda i: i < 1.0, lambda i: i + x, [0.0], back_prop=False)
    assert tape.gradient(stopped, x) is None


# Over rows ----------------------------------------------------------------------------------------


def test_map_fn_returns_the_dtypes_asked_for() -> None:
    x = tf.constant([1.0, 2.0])
    assert tf.map_fn(lambda row: 1, x, fn_output_signature=tf.float32).dtype == tf.float32
    assert tf.map_fn(lambda row: 1, x, dtype="int64").dtype == tf.int64
    spec = {"a": tf.TensorSpec([], tf.float64), "b": tf.int32}
    found = tf.map_fn(lambda row: {"a": 1, "b": 2}, x, fn_output_signature=spec)
    assert (found["a"].dtype, found["b"].dtype) == (tf.float64, tf.int32)
    with pytest.raises(TypeError, match="cast"):
        tf.map_fn(lambda row: row, x, fn_output_signature=tf.int32)
    with pytest.raises(ValueError, match="fn returns 2 tensors; fn_output_signature has 1"):
        tf.map_fn(lambda row: (row, row), x, fn_output_signature=tf.float32)


def test_map_fn_over_structures() -> None:
    x, y = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([10, 20])
    found = tf.map_fn(lambda row: {"s": row[0] * tf.cast(row[1], tf.float32)}, (x, y))
    np.testing.assert_array_equal(found["s"], [[10, 20], [60, 80]])
    with pytest.raises(InvalidArgumentError, match="same first size"):
        tf.map_fn(lambda row: row, (x, tf.zeros([3])))
    with pytest.raises(InvalidArgumentError, match="no rows"):
        tf.map_fn(lambda row: row, tf.zeros([0, 2]))


def test_folds_and_scans_have_a_direction() -> None:
    def difference(state: Any, value: Any) -> Any:
        return value - state

    x = tf.constant([1.0, 4.0, 9.0])
    assert float(tf.foldl(difference, x)) == 9 - (4 - 1)
    assert float(tf.foldr(difference, x)) == 1 - (4 - 9)
    assert float(tf.foldl(difference, x, 10.0)) == 9 - (4 - (1 - 10))
    np.testing.assert_array_equal(tf.scan(difference, x), [1, 3, 6])
    np.testing.assert_array_equal(tf.scan(difference, x, reverse=True), [6, -5, 9])


def test_order_is_the_order_of_the_code() -> None:
    assert tf.group(tf.constant(1)) is None
    assert tf.no_op() is None


def test_shapes_may_change_where_invariants_say_so(caplog: pytest.LogCaptureFixture) -> None:
    def grown(n: Any) -> Any:
        return tf.while_loop(
            lambda i, x: i < n,
            lambda i, x: (i + 1, tf.concat([x, x], 0)),
            [tf.constant(0), tf.ones([1])],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
        )[1]

    assert grown(2).shape == tf.function(grown)(tf.constant(2)).shape == (4,)
    assert "runs eagerly" in caplog.text and "test_control_flow.py" in caplog.text
    steady = tf.function(
        lambda n: tf.while_loop(
            lambda i: i < n, lambda i: i + 1, [0], shape_invariants=[tf.TensorShape([])]
        )
    )
    assert int(steady(tf.constant(3))[0]) == 3 and caplog.text.count("runs eagerly") == 1


def test_one_way_back_serves_all_inputs_of_a_loop() -> None:
    @Function
    def slopes(x: Any, y: Any, z: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, y, z])
            found = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * y + z), (0, x))[1]
        return tape.gradient(found, [x, y, z])

    arguments = [tf.constant(value) for value in (2.0, 3.0, 5.0)]
    graph = optimize(slopes.program_for(*arguments).graph)
    assert [n.primitive.name for n in graph.nodes].count("while_gradient") == 1
    # x y³ + z (1 + y + y²)
    assert [float(slope) for slope in slopes(*arguments)] == [27, 2 * 27 + 5 * 7, 13]
