"""LossScaleOptimizer beside Keras's: finite and overflowing steps, growth, saving, training."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest

import lamina as tf
from tests.oracle import keras_optimizers as oracle

INNER = [
    ("Adam", {"learning_rate": 0.1}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    ("Adam", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9}),
]


def steps() -> tuple[list[Any], list[list[Any]]]:
    values, gradients = oracle.samples(seed=5, steps=9)
    gradients = [[np.float32(8) * each for each in step] for step in gradients]
    gradients[2][0][1, 1] = np.inf
    gradients[5][1][0] = np.nan
    return values, gradients


def optimizer_of(library: Any, inner: tuple[str, Any]) -> Any:
    name, arguments = inner
    made = getattr(library.optimizers, name)(**arguments)
    return library.optimizers.LossScaleOptimizer(made, initial_scale=8.0, dynamic_growth_steps=2)


def expected(inner: tuple[str, Any]) -> list[Any]:
    """Variables and state after each of Keras's updates (which JAX makes without side effects)."""
    values, gradients = steps()
    optimizer = optimizer_of(keras, inner)
    optimizer.build([keras.Variable(value, name=f"v{i}") for i, value in enumerate(values)])
    state, found = [v.value for v in optimizer.variables], []
    for step in gradients:
        values, state = optimizer.stateless_apply(state, step, values)
        found.append([np.asarray(value) for value in (*values, *state)])
    return found


@pytest.mark.parametrize("inner", INNER)
def test_every_step_is_that_of_keras(inner):
    values, gradients = steps()
    optimizer = optimizer_of(tf.keras, inner)
    variables = [tf.Variable(value) for value in values]
    assert float(optimizer.scale_loss(3.0)) == 24.0
    for step, wanted in zip(gradients, expected(inner), strict=True):
        optimizer.apply(step, variables)
        for ours, theirs in zip([*variables, *optimizer.variables], wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, oracle.RELATIVE, oracle.ABSOLUTE)


def test_steps_are_written_as_in_tensorflow_2():
    found = []
    for way in ("by hand", "a function", "a tape"):
        variable = tf.Variable([1.0, 2.0])
        optimizer = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD(0.1))
        for _ in range(2):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(variable**2)
                scaled = optimizer.get_scaled_loss(loss)
            if way == "by hand":
                gradients = optimizer.get_unscaled_gradients(tape.gradient(scaled, [variable]))
                optimizer.apply_gradients(zip(gradients, [variable], strict=True))
            elif way == "a tape":
                optimizer.minimize(loss, [variable], tape=tape)
            else:
                optimizer.minimize(lambda v=variable: tf.reduce_sum(v**2), [variable])
        found.append(variable.numpy())
        assert float(optimizer.loss_scale) == 2.0**15
    np.testing.assert_allclose(found[0], [0.64, 1.28], rtol=1e-6)
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-6)
    assert optimizer.get_scaled_loss(lambda: tf.constant(1.0))() == 2.0**15


RATES = tf.keras.optimizers.schedules.ExponentialDecay(0.25, 100, 1.0)


@pytest.mark.parametrize(
    "change",
    [
        lambda inner: setattr(inner, "learning_rate", RATES),
        lambda inner: setattr(inner, "learning_rate", lambda: 0.25),
        lambda inner: setattr(inner, "clipvalue", 0.25),
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_the_wrapped_optimizer_may_be_changed(several, change):
    inner, variable = tf.keras.optimizers.SGD(1.0), tf.Variable([0.0])
    optimizer = tf.keras.optimizers.LossScaleOptimizer(inner, initial_scale=1.0)
    if several:
        optimizer = tf.keras.optimizers.MultiOptimizer(lambda _: inner)
    optimizer.apply([tf.constant([-1.0])], [variable])
    change(inner)
    optimizer.apply([tf.constant([-1.0])], [variable])
    np.testing.assert_array_equal(variable, [1.25])


@pytest.mark.parametrize("several", [False, True])
def test_a_function_is_asked_for_the_rate_at_each_update(several):
    rates = iter([1.0, 0.5, 0.25])
    inner, variable = tf.keras.optimizers.SGD(lambda: next(rates)), tf.Variable([0.0])
    optimizer = tf.keras.optimizers.LossScaleOptimizer(inner, initial_scale=1.0)
    if several:
        optimizer = tf.keras.optimizers.MultiOptimizer(lambda _: inner)
    for _ in range(3):
        optimizer.apply([tf.constant([-1.0])], [variable])
    np.testing.assert_array_equal(variable, [1.75])


@pytest.mark.parametrize("wrap", [lambda step: step, tf.function])
def test_unscaled_gradients_may_be_clipped_before_they_are_applied(wrap):
    variable = tf.Variable([3.0, 4.0])
    optimizer = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD(1.0))

    @wrap
    def step():
        with tf.GradientTape() as tape:
            scaled = optimizer.get_scaled_loss(tf.reduce_sum(variable**2) / 2.0)
        gradients = optimizer.get_unscaled_gradients(tape.gradient(scaled, [variable]))
        clipped, length = tf.clip_by_global_norm(gradients, 1.0)
        optimizer.apply_gradients(zip(clipped, [variable], strict=True))
        return length

    assert float(step()) == 5.0
    np.testing.assert_allclose(variable, [2.4, 3.2], rtol=1e-6)
    assert float(step()) == 4.0
    np.testing.assert_allclose(variable, [1.8, 2.4], rtol=1e-6)


def test_an_overflow_changes_nothing_but_the_scale():
    accumulating = tf.keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    optimizer = tf.keras.optimizers.LossScaleOptimizer(accumulating, initial_scale=4.0)
    x = tf.Variable([1.0, 2.0])
    for gradient in ([4.0, 4.0], [np.inf, 4.0], [4.0, 4.0]):
        optimizer.apply([np.array(gradient, "float32")], [x])
    np.testing.assert_allclose(x, [1 - 0.1 * 1.5, 2 - 0.1 * 1.5])  # means of 4 / 4 and 4 / 2
    assert int(optimizer.iterations) == 1
    assert float(optimizer.dynamic_scale) == 2.0


def test_trains_natively_and_travels():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = x @ np.array([[1.0], [-2.0], [0.5]], "float32")
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile(tf.keras.optimizers.LossScaleOptimizer(tf.keras.optimizers.Adam(0.1)), "mse")
    history = model.fit(x, y, epochs=40, verbose=0)
    assert history.history["loss"][-1] < 0.01
    assert int(model.optimizer.iterations) == 80
    config = json.loads(json.dumps(tf.keras.optimizers.serialize(model.optimizer)))
    theirs = keras.optimizers.deserialize(config)
    assert theirs.inner_optimizer.get_config() == model.optimizer.inner_optimizer.get_config()
    again = tf.keras.optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert again.get_config() == model.optimizer.get_config()


@pytest.mark.parametrize("wrong", [{"dynamic": False}, {"clipnorm": 1.0}, {"spam": 1}])
def test_arguments_of_the_inner_optimizer_are_refused(wrong):
    with pytest.raises(ValueError, match="optimizer"):
        tf.keras.optimizers.LossScaleOptimizer(tf.keras.optimizers.SGD(), **wrong)
    with pytest.raises(TypeError, match="wraps an Optimizer"):
        tf.keras.optimizers.LossScaleOptimizer("adam")
