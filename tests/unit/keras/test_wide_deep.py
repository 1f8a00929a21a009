"""Linear models, and linear beside deep ones, as TensorFlow 2 had them."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina import keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3)).astype(np.float32)
Z = RNG.normal(size=(64, 2)).astype(np.float32)


def test_a_linear_model_adds_its_inputs_up() -> None:
    model = keras.experimental.LinearModel(2, "relu", bias_initializer="ones")
    assert model(X).numpy().tolist() == np.ones((64, 2)).tolist()
    model = keras.experimental.LinearModel(kernel_initializer="ones")
    expected = X.sum(1, keepdims=True) + Z.sum(1, keepdims=True)
    np.testing.assert_allclose(model([X, Z]), expected, rtol=1e-5, atol=1e-5)
    assert [weight.shape for weight in model.weights] == [(1,), (3, 1), (2, 1)]
    named = keras.experimental.LinearModel(kernel_initializer="ones", use_bias=False)
    np.testing.assert_allclose(named({"x": X, "a": Z}), expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="for 2 inputs; got 1"):
        model(X)


def deep() -> keras.Sequential:
    return keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])


def test_a_wide_and_deep_model_learns_with_two_optimizers() -> None:
    keras.utils.set_random_seed(1)
    wide, narrow = keras.experimental.LinearModel(), deep()
    model = keras.experimental.WideDeepModel(wide, narrow, "sigmoid")
    first, second = keras.optimizers.Ftrl(0.5), keras.optimizers.Adam(0.05)
    model.compile([first, second], "binary_crossentropy")
    y = (X[:, :1] + Z[:, :1] ** 2 > 0.5).astype(np.float32)
    history = model.fit([X, Z], y, epochs=15, verbose=0).history["loss"]
    assert history[-1] < 0.7 * history[0]
    assert int(first.iterations) == int(second.iterations) == 30
    expected = tf.sigmoid(wide(X) + narrow(Z))
    np.testing.assert_allclose(model.predict([X, Z], verbose=0), expected, rtol=1e-5)


def test_both_parts_may_share_their_inputs() -> None:
    model = keras.experimental.WideDeepModel(keras.experimental.LinearModel(), deep())
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    assert model.predict(X, verbose=0).shape == (64, 1)


def test_schedules_and_other_names() -> None:
    assert keras.optimizers.experimental.AdamW is keras.optimizers.AdamW
    with pytest.raises(AttributeError, match="mean 'Adam'"):
        _ = keras.optimizers.Adamm
    assert keras.experimental.CosineDecay is keras.optimizers.schedules.CosineDecay
    with pytest.raises(AttributeError, match="mean 'LinearModel'"):
        _ = keras.experimental.LinearModl


@pytest.mark.parametrize(
    ("name", "advice"),
    [("AdamOptimizer", "keras.optimizers.Adam"), ("GradientDescentOptimizer", "SGD")],
)
def test_optimizers_of_tensorflow_1_name_those_of_today(name: str, advice: str) -> None:
    with pytest.raises(AttributeError, match=advice):
        getattr(tf.train, name)
