"""The idioms of a TensorFlow course, each by itself."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina import Variable, constant, keras, matmul


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(1000, 3))


@pytest.fixture
def default(features: np.ndarray) -> np.ndarray:
    return (features[:, :1] + 0.5 * features[:, 1:2] > 0.3).astype(np.float64)


def test_a_layer_by_hand_of_integers_and_floats() -> None:
    inputs = constant([[1, 35]])
    weights = Variable([[-0.05], [-0.01]])
    bias = Variable([0.5])
    product = matmul(inputs, weights)
    dense = keras.activations.sigmoid(product + bias)
    np.testing.assert_allclose(dense, [[1 / (1 + np.exp(-0.1))]], rtol=1e-6)


def test_python_floats_where_a_tensor_may_stand() -> None:
    young_high, young_low = 1.0 * 0.3 + 2.0 * 0.5, 1.0 * 0.3 + 2.0 * 0.1
    sigmoid = tf.keras.activations.sigmoid
    difference = sigmoid(young_high).numpy() - sigmoid(young_low).numpy()
    np.testing.assert_allclose(difference, 0.16337568, atol=1e-7)


def test_layers_called_on_float64_arrays(features: np.ndarray) -> None:
    dense1 = tf.keras.layers.Dense(10, activation="sigmoid")(features)
    dense2 = tf.keras.layers.Dense(5, activation="sigmoid")(dense1)
    outputs = keras.layers.Dense(4, activation="softmax")(dense2)
    assert outputs.shape == (1000, 4) and outputs.dtype == tf.float32
    np.testing.assert_allclose(outputs.numpy().sum(1), 1, atol=1e-5)


def test_minimize_of_a_vector_differentiates_its_sum(
    features: np.ndarray, default: np.ndarray
) -> None:
    def loss_function(bias: Variable, weights: Variable) -> tf.Tensor:
        predictions = tf.keras.activations.sigmoid(tf.matmul(features, weights) + bias)
        return tf.keras.losses.binary_crossentropy(default, predictions)

    bias, weights = Variable(0.5), Variable(tf.zeros((3, 1)))
    assert loss_function(bias, weights).shape == (1000,)
    with tf.GradientTape() as tape:
        loss = loss_function(bias, weights)
    by_hand = tape.gradient(loss, [bias, weights])
    tf.keras.optimizers.SGD(learning_rate=1e-3).minimize(
        lambda: loss_function(bias, weights), var_list=[bias, weights]
    )
    np.testing.assert_allclose(bias, 0.5 - 1e-3 * by_hand[0].numpy(), rtol=1e-5)
    np.testing.assert_allclose(weights, -1e-3 * by_hand[1].numpy(), rtol=1e-5)
    before = float(tf.reduce_mean(loss_function(bias, weights)))
    opt = tf.keras.optimizers.RMSprop(learning_rate=0.01, momentum=0.9)
    for _ in range(100):
        opt.minimize(lambda: loss_function(bias, weights), var_list=[bias, weights])
    assert float(tf.reduce_mean(loss_function(bias, weights))) < before - 0.05


def test_the_optimizers_arguments_of_the_slides() -> None:
    optimizers = tf.keras.optimizers
    assert float(optimizers.SGD(learning_rate=0.1).learning_rate) == np.float32(0.1)
    optimizers.RMSprop(learning_rate=0.1, momentum=0.9, decay=0.9)
    assert optimizers.Adam(learning_rate=0.1, beta1=0.8).beta_1 == 0.8


def test_truncated_normals_stay_within_two_deviations() -> None:
    weights = tf.Variable(tf.random.truncated_normal([500, 500]))
    assert weights.shape == (500, 500)
    assert np.abs(weights.numpy()).max() <= 2 and 0.85 < weights.numpy().std() < 0.9


def test_zeros_initializer(features: np.ndarray) -> None:
    dense = tf.keras.layers.Dense(32, activation="relu", kernel_initializer="zeros")
    assert not dense(features).numpy().any()
    assert [w.shape for w in dense.get_weights()] == [(3, 32), (32,)]


def test_dropout_inside_and_outside_of_training(features: np.ndarray) -> None:
    inputs = np.ones((1000, 20), np.float32)
    layer = tf.keras.layers.Dropout(0.25)
    np.testing.assert_array_equal(layer(inputs), inputs)
    dropped = layer(inputs, training=True).numpy()
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    assert 0.22 < (dropped == 0).mean() < 0.28
    assert not np.array_equal(dropped, layer(inputs, training=True).numpy())
