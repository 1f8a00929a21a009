"""Gradients made by hand: arguments, variables, traces, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, FailedPreconditionError, InvalidArgumentError


@tf.custom_gradient
def clipped(x: Any, limit: Any) -> Any:
    """The identity, whose gradient is held between -limit and limit."""
    return tf.identity(x), lambda upstream: (tf.clip_by_value(upstream, -limit, limit), None)


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_custom_gradient_replaces_the_derivative(wrap: Any) -> None:
    x = tf.constant([1.0, 2.0])
    limit = tf.constant(3.0)

    def run(x: Any) -> Any:
        return clipped(x, limit) * tf.constant([1.0, 10.0])

    with tf.GradientTape() as tape:
        tape.watch([x, limit])
        y = wrap(run)(x)
    gradients = tape.gradient(y, [x, limit])
    np.testing.assert_array_equal(gradients[0], [1, 3])
    assert gradients[1] is None


def test_several_results_and_arguments_of_other_kinds() -> None:
    calls = []

    @tf.custom_gradient
    def both(x: Any, y: Any, *, scale: float) -> Any:
        def gradient(a: Any, b: Any) -> Any:
            calls.append(1)
            return a * scale, b * scale

        return (x + 1.0, {"y": y + 1.0}), gradient

    x, y = tf.Variable(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(y)
        first, second = both(x, y, scale=5.0)
        total = first + 2.0 * second["y"]
    assert [float(g) for g in tape.gradient(total, [x, y])] == [5, 10]
    assert len(calls) == 1  # once for both arguments


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_variables_read_inside(wrap: Any) -> None:
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def scaled(x: Any) -> Any:
        y = x * v

        def gradient(upstream: Any, variables: Any = None) -> Any:
            assert [one is v for one in variables] == [True]
            return upstream * 100.0, [tf.reduce_sum(upstream * x)]

        return y, gradient

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = wrap(scaled)(x)
    by_x, by_v = tape.gradient(y, [x, v])
    np.testing.assert_array_equal(by_x, [100, 100])
    assert float(by_v) == 3


def test_second_derivatives_go_through_the_gradient_function() -> None:
    @tf.custom_gradient
    def cube(x: Any) -> Any:
        square = x * x
        return square * x, lambda upstream: upstream * 3.0 * square

    x = tf.constant(2.0)
    for wrap in (lambda f: f, tf.function):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = wrap(cube)(x)
            slope = inner.gradient(y, x)
        assert float(slope) == 12
        assert float(outer.gradient(slope, x)) == 12


def test_errors_of_custom_gradients() -> None:
    v = tf.Variable(3.0)
    x = tf.constant(1.0)

    def gradient_of(function: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.custom_gradient(function)(x)
        return tape.gradient(y, x)

    with pytest.raises(InvalidArgumentError, match="must return 1 gradients of arguments"):
        gradient_of(lambda x: (x + 0.0, lambda g: (g, g)))
    with pytest.raises(InvalidArgumentError, match=r"shape \(2,\) for a value of shape \(\)"):
        gradient_of(lambda x: (x + 0.0, lambda g: tf.stack([g, g])))
    with pytest.raises(ArgumentTypeError, match="must take variables="):
        gradient_of(lambda x: (x * v, lambda g: g))


def test_stopped_and_passed_gradients() -> None:
    x = tf.constant(1.6)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        stopped = tf.stop_gradient(x) * x
        rounded = tf.grad_pass_through(tf.round)(x) * 3.0
        again = tf.recompute_grad(lambda x: x * x)(x)
    assert float(tape.gradient(stopped, x)) == pytest.approx(1.6)
    assert float(rounded) == 6 and float(tape.gradient(rounded, x)) == 3
    assert float(tape.gradient(again, x)) == pytest.approx(3.2)


def test_gradients_within_a_graph() -> None:
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def found(x: Any) -> Any:
        y = x**2 * tf.reduce_sum(v)
        first = tf.gradients(y, x)
        return [
            first + tf.gradients(first[0], x),
            tf.gradients([y, x], [x, v], grad_ys=[3.0, 1.0]),
            tf.gradients(y * x, [x, y], stop_gradients=[y]),
            tf.gradients(x, [v]) + tf.gradients(x, [v], unconnected_gradients="zero"),
        ]

    x = tf.constant(0.5)
    (first, second), (by_x, by_v), (alone, by_y), (none, zeros) = found(x)
    assert (float(first), float(second)) == (3, 6)
    assert float(by_x) == 10 and by_v.numpy().tolist() == [0.75, 0.75]
    assert (float(alone), float(by_y)) == (0.75, 0.5)
    assert none is None and zeros.numpy().tolist() == [0, 0]
    with pytest.raises(FailedPreconditionError, match=r"use tf\.GradientTape here"):
        tf.gradients(x, x)


def test_gradients_within_branches_and_loops() -> None:
    w = tf.Variable(2.0)

    @tf.function
    def found(x: Any) -> Any:
        y = x * x * w
        if x > 0:
            z = y * w * x
            return tf.gradients(z, [x, w]) + tf.gradients(y, [w, x])
        return [x, x, x, x]

    @tf.function
    def descended(x: Any) -> Any:
        for _ in tf.range(5):
            x = x - 0.1 * tf.gradients((x - 3.0) ** 2, x)[0]
        return x

    assert [float(each) for each in found(tf.constant(3.0))] == [108, 108, 9, 12]
    assert float(descended(tf.constant(0.0))) == pytest.approx(3 - 3 * 0.8**5)
