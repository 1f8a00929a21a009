"""Layers: building, calling, weights, losses, configuration."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)

layers = tf.keras.layers
ROWS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


class Linear(layers.Layer):
    """A layer as people write it."""

    def __init__(self, units: int = 4, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.w = self.add_weight(shape=(input_shape[-1], self.units), name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.matmul(inputs, self.w) + self.b


class Block(layers.Layer):
    """A layer of layers, in an attribute, a list and a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Linear(4)
        self.rest = [Linear(3), layers.Dropout(0.5)]
        self.named = {"last": layers.Dense(2)}
        self.scale = tf.Variable(2.0)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        x = self.first(inputs)
        for layer in self.rest:
            x = layer(x)
        self.add_loss(0.1 * tf.reduce_sum(x**2))
        return self.named["last"](x) * self.scale


def test_dense_computes_what_it_says() -> None:
    layer = layers.Dense(4, activation="relu", name="first")
    y = layer(ROWS)
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(y, np.maximum(ROWS @ kernel + bias, 0), rtol=1e-5)
    assert layer.kernel.name == "kernel" and layer.kernel.path == "first/kernel"
    assert layer.count_params() == 16 and layer.built
    three = layers.Dense(2, use_bias=False)(np.ones((2, 4, 3)))
    assert three.shape == (2, 4, 2)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: layers.Dense(0), InvalidArgumentError, "positive"),
        (lambda: layers.Dense(None), InvalidArgumentError, "positive number of units; got None"),
        (lambda: layers.Dense(2.5), InvalidArgumentError, "positive"),
        (lambda: layers.Dense(2, activation="rleu"), ValueError, "relu"),
        (lambda: layers.Dense(2, activaton="relu"), TypeError, "activation"),
        (lambda: layers.Dense(2, activaton="relu"), ValueError, "activation"),
        (lambda: layers.Dense(2, kernel_initializer="zeroes"), ValueError, "zeros"),
        (lambda: layers.Dropout(1.5), InvalidArgumentError, "0 to 1"),
        (lambda: layers.Dense(2)(np.ones(3)), InvalidArgumentError, "rank 2"),
        (lambda: layers.Dense(2, dtype="mixed_bfloat16"), UnimplementedError, "bfloat16"),
        (tf.keras.Input, InvalidArgumentError, "shape"),
        (lambda: tf.keras.Input((3,), optional=True), UnimplementedError, "optional"),
        (lambda: tf.keras.Input((3,), sparce=True), TypeError, "sparce"),
        (lambda: tf.keras.Input((None, 3)), InvalidArgumentError, "batch"),
        (lambda: layers.Dense(2, name="a/b"), InvalidArgumentError, "name"),
    ],
)
def test_bad_arguments(make, error: type[Exception], words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=words):
        make()


def test_inputs_of_another_width_are_refused() -> None:
    layer = layers.Dense(2)
    layer(ROWS)
    with pytest.raises(InvalidArgumentError, match="3 features"):
        layer(np.ones((2, 4)))


def test_what_is_no_layer_for_tables_is_named() -> None:
    with pytest.raises(AttributeError, match="dense networks"):
        _ = layers.Conv2D
    with pytest.raises(AttributeError, match="Dense"):
        _ = layers.Dens


def test_names_count_up() -> None:
    tf.keras.backend.clear_session()
    assert [layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]


def test_layers_inside_of_layers_are_found() -> None:
    block = Block()
    y = block(ROWS)
    assert y.shape == (5, 2)
    assert len(block.weights) == 7 and block.weights[0] is block.scale
    assert len(block.trainable_variables) == 7
    assert len(block.variables) == 8  # and the seed of the dropout
    block.first.trainable = False
    assert len(block.trainable_weights) == 5 and len(block.non_trainable_weights) == 2
    block.trainable = False
    assert block.trainable_weights == [] and not block.rest[0].trainable
    block.first.trainable = True
    outer = tf.keras.Sequential([block])
    assert block.trainable_weights == [] and len(outer.trainable_weights) == 2
    inner = tf.keras.Sequential([layers.Dense(2), layers.Dense(2)], trainable=False)
    assert tf.keras.Sequential([tf.keras.Input((3,)), inner]).trainable_weights == []


def test_added_losses_are_those_of_the_last_call() -> None:
    block = Block()
    block(ROWS)
    block(ROWS)
    assert len(block.losses) == 1
    layer = layers.Dense(
        2, kernel_regularizer="l2", activity_regularizer=tf.keras.regularizers.L1(0.1)
    )
    y = layer(ROWS)
    penalty, kernel = layer.losses
    np.testing.assert_allclose(penalty, 0.1 * np.abs(y.numpy()).sum() / 5, rtol=1e-5)
    np.testing.assert_allclose(kernel, 0.01 * (layer.get_weights()[0] ** 2).sum(), rtol=1e-5)
    layer(ROWS[:0])
    assert float(layer.losses[0]) == 0.0  # of no rows


def test_training_reaches_the_layers_inside() -> None:
    class Two(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.drop = layers.Dropout(0.5)

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return self.drop(inputs)

    ones = np.ones((50, 50), np.float32)
    assert (Two()(ones, training=True).numpy() == 0).any()
    assert not (Two()(ones, training=False).numpy() == 0).any()
    assert not (Two()(ones).numpy() == 0).any()


def test_build_may_take_no_shape() -> None:
    class Scaled(layers.Layer):
        def build(self) -> None:
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, x: tf.Tensor) -> tf.Tensor:
            return x * self.scale

    layer, again = Scaled(), Scaled()
    np.testing.assert_array_equal(layer(ROWS), ROWS)
    again.build_from_config(layer.get_build_config())
    assert again.built and len(again.weights) == 1


def test_numbers_beside_the_data_stay_numbers() -> None:
    kinds = []

    class Noting(layers.Layer):
        def call(self, x: tf.Tensor, times: object = 1, axes: object = ()) -> tf.Tensor:
            kinds.append((type(times), type(axes)))
            return x

    Noting()(1.5, 2, [0])
    Noting()(ROWS, times=2.5, axes=(0, 1))
    Noting()(tf.keras.Input((3,)), 2, axes={"a": 1})
    assert kinds == [(int, list), (float, tuple), (int, dict)]


def test_arguments_after_training_may_be_given_by_place() -> None:
    class Scaled(layers.Layer):
        def call(
            self, x: tf.Tensor, training: bool = False, mask: object = None, by: float = 1.0
        ) -> tf.Tensor:
            return x * (2.0 if training else 1.0) * by

    for training, wanted in ((True, 10.0), (False, 5.0), (None, 5.0)):
        assert float(Scaled()(1.0, training, None, 5.0)) == wanted


def test_set_weights_checks_all_before_setting_any() -> None:
    layer = layers.Dense(2)
    with pytest.raises(InvalidArgumentError, match="not built"):
        layer.set_weights([np.ones((3, 2)), np.ones(2)])
    layer(ROWS)
    before = layer.get_weights()
    with pytest.raises(InvalidArgumentError, match="bias"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    layer.set_weights([np.ones((3, 2)), np.ones(2)])
    assert layer.get_weights()[0].sum() == 6


def test_a_constructor_that_forgets_the_base_is_told() -> None:
    class Forgetful(layers.Layer):
        def __init__(self) -> None:
            self.units = 3

    with pytest.raises(FailedPreconditionError, match="super"):
        Forgetful()(ROWS)


def test_add_weight_with_the_name_first_and_unknown_arguments() -> None:
    layer = layers.Layer()
    weight = layer.add_weight("kernel", (2, 3))
    assert weight.name == "kernel" and weight.shape == (2, 3)
    assert layer.add_weight("bias", shape=[4]).shape == (4,)
    assert layer.add_variable("scale", [4], initializer="ones").numpy().tolist() == [1.0] * 4
    ones = layer.add_weight((2,), "ones", name="ones")
    assert ones.name == "ones" and ones.numpy().tolist() == [1.0, 1.0]
    with pytest.raises(UnimplementedError, match="synchronization"):
        layer.add_weight(shape=(2,), synchronization="auto")


def test_flatten_and_activation() -> None:
    assert layers.Flatten()(np.ones((2, 3, 4))).shape == (2, 12)
    assert layers.Flatten()(np.ones(5, np.float32)).shape == (5, 1)
    assert layers.Activation("relu")(np.array([-1.0, 2.0])).numpy().tolist() == [0.0, 2.0]


def test_normalization_by_data_and_by_numbers() -> None:
    data = np.random.default_rng(1).normal(3, 2, (1000, 4))
    layer = layers.Normalization()
    layer.adapt(data)
    scaled = layer(data).numpy()
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(0), 1, atol=1e-4)
    back = layers.Normalization(mean=data.mean(0), variance=data.var(0), invert=True)
    np.testing.assert_allclose(back(scaled), data, rtol=1e-4, atol=1e-4)
    whole = layers.Normalization(axis=None)
    whole.adapt(data)
    np.testing.assert_allclose(whole(data).numpy().mean(), 0, atol=1e-5)
    assert layer.non_trainable_weights and not layer.trainable_weights
    with pytest.raises(InvalidArgumentError, match="row"):
        layers.Normalization().adapt(np.ones((0, 3)))


def test_configurations_make_equal_layers() -> None:
    layer = layers.Dense(
        3,
        "relu",
        kernel_initializer=tf.keras.initializers.HeNormal(seed=1),
        kernel_regularizer="l1",
    )
    again = layers.Dense.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(layer(ROWS), again(ROWS))
    assert Linear.from_config(Linear(7, name="seven").get_config()).units == 7


def test_layers_know_their_output_shape() -> None:
    assert layers.Dense(7).compute_output_shape((None, 3)) == (None, 7)
    assert layers.Flatten().compute_output_shape((None, 3, 2)) == (None, 6)


def test_wrong_calls_say_so() -> None:
    with pytest.raises(UnimplementedError, match="call"):
        layers.Layer()(ROWS)
    with pytest.raises(ArgumentTypeError, match="numbers"):
        layers.Dense(2)(np.array([["a", "b"]]))


def test_results_do_not_share_the_callers_array() -> None:
    array = np.ones((2, 2), np.float32)
    for layer in (layers.Dropout(0.5), layers.Flatten()):
        result = layer(array)
        array[0] = 9
        assert result.numpy().tolist() == [[1, 1], [1, 1]], layer.name
        array[0] = 1


def test_threads_that_meet_at_the_first_call() -> None:
    class Slow(layers.Layer):
        def build(self, input_shape: tuple[int, ...]) -> None:
            time.sleep(0.02)
            self.kernel = self.add_weight(shape=(input_shape[-1], 1))

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return inputs @ self.kernel

    layer, results = Slow(), []
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        results.append(layer(np.ones((1, 2), np.float32)).numpy().item())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(layer.weights) == 1 and len(set(results)) == 1 and len(results) == 4


def test_losses_of_a_traced_call_do_not_leak() -> None:
    model = tf.keras.Sequential(
        [layers.Dense(1, kernel_regularizer="l2", activity_regularizer="l1")]
    )
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    assert [loss.shape for loss in model.losses if loss.numpy() > 0] == [()]
    model(np.ones((4, 3)))
    assert len(model.losses) == 2


def test_statistics_of_a_normalization() -> None:
    scale = layers.Normalization()
    assert scale.mean is None and scale.variance is None
    scale.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    assert scale.mean.numpy().tolist() == [[2, 20]]
    assert scale.variance.numpy().tolist() == [[1, 100]]
    given = layers.Normalization(mean=1.0, variance=[1.0, 4.0])
    given.build((None, 2))
    assert given.mean.numpy().tolist() == [[1, 1]]
    assert given.variance.numpy().tolist() == [[1, 4]]


def test_weights_of_integers_are_not_drawn() -> None:
    with pytest.raises(InvalidArgumentError, match="GlorotUniform draws floating-point numbers"):
        layers.Dense(2, dtype="int32")(np.ones((1, 2)))


def test_a_layer_that_was_built_by_hand_is_not_built_again() -> None:
    class Wrapped(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.linear = layers.Dense(2), Linear(2)

        def build(self, input_shape: tuple[int, ...]) -> None:
            self.inner.build(input_shape)
            self.linear.build(input_shape)

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return self.inner(inputs) + self.linear(inputs)

    layer = Wrapped()
    layer.build((None, 3))
    assert layer.built and layer.linear.built and layer.inner.built
    count = len(layer.weights)
    layer(np.ones((2, 3)))
    assert len(layer.weights) == count == len(layer.inner.weights) + len(layer.linear.weights)
    assert layer.get_build_config() == {"input_shape": [None, 3]}
