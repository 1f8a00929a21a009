"""GradientTape."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import FailedPreconditionError, InvalidArgumentError


def test_constants_are_followed_only_when_watched() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_structures_of_sources() -> None:
    w, b = tf.Variable(tf.ones((3, 2))), tf.Variable(tf.zeros(2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.constant([[1.0, 2.0, 3.0]]) @ w + b) ** 2)
    gradients = tape.gradient(loss, {"w": w, "b": [b]})
    np.testing.assert_allclose(gradients["b"][0], [6.0, 6.0])
    np.testing.assert_allclose(gradients["w"], np.outer([1, 2, 3], [6, 6]))


def test_vector_targets_are_summed_and_several_targets_added() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        z = 3.0 * x
    assert tape.gradient(y, x).numpy().tolist() == [2.0, 4.0]
    assert tape.gradient([y, z], x).numpy().tolist() == [5.0, 7.0]
    weighted = tape.gradient(y, x, output_gradients=tf.constant([10.0, 0.0]))
    assert weighted.numpy().tolist() == [20.0, 0.0]


def test_a_tape_is_used_once_unless_persistent() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(FailedPreconditionError, match="persistent"):
        tape.gradient(y, x)


def test_second_derivatives() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x**3
        first = inner.gradient(y, x)
    assert float(first) == 12.0 and float(outer.gradient(first, x)) == 12.0


def test_gradients_of_gradient_norms() -> None:
    x = tf.constant([[0.5, -1.0]])
    w = tf.Variable([[0.3], [0.7]])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.tanh(x @ w)
        penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
    found = outer.gradient(penalty, w).numpy()

    def value(weights: np.ndarray) -> float:
        slope = 1 - np.tanh(np.array([[0.5, -1.0]]) @ weights) ** 2
        return float(((slope * weights.T) ** 2).sum())

    base, step = np.array([[0.3], [0.7]]), 1e-6
    for index in range(2):
        ahead, behind = base.copy(), base.copy()
        ahead[index] += step
        behind[index] -= step
        expected = (value(ahead) - value(behind)) / (2 * step)
        np.testing.assert_allclose(found[index, 0], expected, rtol=1e-4)


def test_unconnected_gradients() -> None:
    x, y = tf.Variable([1.0, 2.0]), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        z = y * y
    assert tape.gradient(z, x) is None
    zero = tape.gradient(z, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert zero.numpy().tolist() == [0.0, 0.0]
    with pytest.raises(InvalidArgumentError):
        tape.gradient(z, x, unconnected_gradients="zeros")


def test_integers_and_choices_have_no_gradient() -> None:
    x = tf.Variable([1.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        place = tf.cast(tf.argmax(x), tf.float32)
        counted = tf.cast(x > 2.0, tf.float32)
    assert tape.gradient(place, x) is None and tape.gradient(counted, x) is None
    number = tf.constant(10)
    with tf.GradientTape() as tape:
        with pytest.warns(UserWarning, match="dtype int32 will be None"):
            tape.watch(number)
        y = number * number
    assert tape.gradient(y, number) is None


def test_a_variable_as_target() -> None:
    x, other = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        _ = other * other
    for variable in (x, other):  # the tape saw only one of them
        assert float(tape.gradient(variable, variable)) == 1.0
    assert tape.gradient(x, other) is None


def test_output_gradients_have_the_shape_of_their_target() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        total = tf.reduce_sum(y)
    weighted = tape.gradient(y, x, output_gradients=tf.constant([1.0, 10.0]))
    np.testing.assert_allclose(weighted, [2, 40])
    for target, count in [(y, 3), (total, 2), (total, 3)]:
        with pytest.raises(InvalidArgumentError, match=rf"shape \({count},\) do not fit a target"):
            tape.gradient(target, x, output_gradients=tf.ones(count))


def test_stop_recording_reset_and_stop_gradient() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            y = y * x
    assert tape.gradient(y, x) is None
    with tf.GradientTape() as tape:
        y = x * tf.stop_gradient(x)
    assert float(tape.gradient(y, x)) == 2.0
    with tf.GradientTape() as tape:
        y = x * x
        tape.reset()
        z = 5.0 * x
    assert float(tape.gradient(z, x)) == 5.0


def test_variables_that_are_not_trainable_or_not_accessed() -> None:
    frozen, x = tf.Variable(1.0, trainable=False), tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = frozen * x
    assert tape.gradient(y, frozen) is None and tape.watched_variables() == (x,)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(frozen)
        y = frozen * x
    assert float(tape.gradient(y, frozen)) == 2.0


def test_a_tape_tells_what_it_followed_after_its_gradient() -> None:
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    assert [id(each) for each in tape.watched_variables()] == [id(v)]


def test_assignments_inside_a_tape() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        x.assign(5.0)
        z = y + 3.0 * x
    assert float(tape.gradient(z, x)) == 7.0


def test_jacobians() -> None:
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        y = tf.constant([[1.0, -1.0]]) @ w
    found = tape.jacobian(y, w)
    assert found.shape == (1, 2, 2, 2)
    expected = np.zeros((1, 2, 2, 2))
    expected[0, 0, :, 0] = expected[0, 1, :, 1] = [1, -1]
    np.testing.assert_array_equal(found, expected)


def test_batch_jacobians() -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 3)))
    m = np.random.default_rng(1).normal(size=(3, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sin(x @ m)
    found = tape.batch_jacobian(y, x)
    expected = np.cos(x.numpy() @ m)[:, :, None] * m.T[None]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    with pytest.raises(InvalidArgumentError, match="first size"):
        tape = tf.GradientTape(persistent=True)
        with tape:
            z = tf.reduce_sum(x)
        tape.batch_jacobian(z, x)


def test_hessian_by_jacobian_of_gradient() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x[0] ** 2 * x[1]
        gradient = inner.gradient(y, x)
    np.testing.assert_allclose(outer.jacobian(gradient, x), [[4.0, 2.0], [2.0, 0.0]])


def test_what_cannot_be_a_target_or_source() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    with pytest.raises(InvalidArgumentError, match="target"):
        tape.gradient(3.0, x)
    with pytest.raises(InvalidArgumentError, match="sources"):
        tape.gradient(y, "x")


def test_no_gradient_goes_through_an_assignment():
    variable = tf.Variable(2.0)

    def step():
        with tf.GradientTape() as tape:
            variable.assign(3.0 * variable)
            squared = variable * variable
        return tape.gradient(squared, variable)

    for call in (step, tf.function(step)):
        variable.assign(2.0)
        assert float(call()) == 12.0
