"""Backward passes that are kept as programs, and functions that run as one operation."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina.tensor import backward
from lamina.tensor.composite import composite

X = np.linspace(-2, 2, 12, dtype="float32").reshape(4, 3)


@pytest.fixture(autouse=True)
def _nothing_kept():
    backward._KEPT.clear()


def programs():
    return [kept for kept in backward._KEPT.values() if kept]


def gradients(weights, bias, x=X, persistent=False):
    with tf.GradientTape(persistent=persistent) as tape:
        loss = tf.reduce_sum(tf.nn.relu(tf.matmul(x, weights) + bias) * tf.sigmoid(bias))
    return tape.gradient(loss, [weights, bias])


def test_from_the_second_time_on_a_program_gives_the_same_bits():
    weights, bias = tf.Variable(np.ones((3, 2), "float32")), tf.Variable([0.5, -0.5])
    rounds = [[g.numpy() for g in gradients(weights, bias)] for _ in range(4)]
    assert len(programs()) == 1
    for found in rounds[1:]:
        for gradient, first in zip(found, rounds[0], strict=True):
            np.testing.assert_array_equal(gradient, first)


def test_a_program_follows_the_values_of_variables_and_inputs():
    weights, bias = tf.Variable(np.ones((3, 2), "float32")), tf.Variable([0.5, -0.5])
    for _ in range(3):
        gradients(weights, bias)
    weights.assign(-weights)
    kept = [g.numpy() for g in gradients(weights, bias, -X)]
    backward._KEPT.clear()
    fresh = [g.numpy() for g in gradients(weights, bias, -X)]
    for gradient, wanted in zip(kept, fresh, strict=True):
        np.testing.assert_array_equal(gradient, wanted)


def test_other_shapes_parameters_and_sources_are_other_programs():
    x = tf.Variable(X)

    def gradient(axis, shape, sources):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.reshape(x, shape), axis) ** 2
        return tape.gradient(y, sources)

    for _ in range(3):
        np.testing.assert_allclose(
            gradient(0, (4, 3), x).numpy(), np.tile(2 * X.sum(0), (4, 1)), rtol=1e-6
        )
        np.testing.assert_allclose(
            gradient(1, (4, 3), x).numpy(), np.tile(2 * X.sum(1)[:, None], (1, 3)), rtol=1e-6
        )
        assert gradient(0, (12,), [x, tf.Variable(1.0)])[1] is None
    assert len(programs()) == 3


def test_nested_tapes_and_traces_do_without():
    x = tf.Variable(2.0)
    for _ in range(3):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = x**3
            first = inner.gradient(y, x)
        assert float(outer.gradient(first, x)) == pytest.approx(12.0)

    @tf.function
    def traced():
        with tf.GradientTape() as tape:
            y = x**3
        return tape.gradient(y, x)

    assert [float(traced()) for _ in range(3)] == [12.0] * 3


def test_gradients_made_by_hand_stay_python():
    calls = []

    @tf.custom_gradient
    def double(x):
        def gradient(upstream):
            calls.append(float(upstream))
            return upstream * 10.0

        return x * 2.0, gradient

    x = tf.Variable(1.0)
    for _ in range(4):
        with tf.GradientTape() as tape:
            y = double(x)
        assert float(tape.gradient(y, x)) == 10.0
    assert calls == [1.0] * 4


def test_what_is_kept_has_a_limit(monkeypatch):
    monkeypatch.setattr(backward, "_LIMIT", 4)
    for size in range(1, 10):
        x = tf.Variable(tf.ones((size,)))
        with tf.GradientTape() as tape:
            y = x * x
        tape.gradient(y, x)
    assert len(backward._KEPT) <= 4


def test_a_composite_runs_as_one_operation_with_every_derivative():
    traced = []

    @composite
    def power(x, y, *, number):
        traced.append(x.array is None)
        return x**number * y

    x, y = tf.Variable([1.0, 2.0]), tf.constant([3.0, 4.0])
    for _ in range(4):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                z = power(x.read_value(), y, number=3)
            first = inner.gradient(z, x)
        np.testing.assert_allclose(z.numpy(), [3.0, 32.0], rtol=1e-6)
        np.testing.assert_allclose(first.numpy(), [9.0, 48.0], rtol=1e-6)
        np.testing.assert_allclose(outer.gradient(first, x).numpy(), [18.0, 48.0], rtol=1e-6)
    assert traced == [False, True]
    assert power(y, y, number=1).numpy().tolist() == [9.0, 16.0]
    assert traced == [False, True, False]
    assert tf.function(lambda a: power(a, a, number=1))(y).numpy().tolist() == [9.0, 16.0]
