"""Steps that models write themselves, and which weights they change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import FailedPreconditionError, InvalidArgumentError

keras, layers = tf.keras, tf.keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)


class WithCompiledLoss(keras.Model):
    """The training step of TensorFlow 2.0 to 2.15."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data: Any) -> Any:
        x, y = data
        y_pred = self(x, training=False)
        self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class WithComputeLoss(keras.Model):
    """The training step of Keras 3."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class WithMinimize(keras.Model):
    """The training step of TensorFlow 2.3, whose optimizer minimizes with a tape."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def made(model_class: Any) -> Any:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((3,))
    hidden = layers.Dense(4, "tanh", kernel_regularizer="l2")(inputs)
    model = model_class(inputs, layers.Dense(1, "sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["mae"])
    return model


@pytest.mark.parametrize("model_class", [WithCompiledLoss, WithComputeLoss, WithMinimize])
@pytest.mark.parametrize("eagerly", [False, True])
def test_own_steps_train_as_the_default_does(model_class: Any, eagerly: bool) -> None:
    plain, own = made(keras.Model), made(model_class)
    own.run_eagerly = eagerly
    options = {"epochs": 2, "batch_size": 16, "verbose": 0, "shuffle": False}
    wanted, found = plain.fit(X, Y, **options).history, own.fit(X, Y, **options).history
    assert list(found) == list(wanted)
    np.testing.assert_allclose(list(found.values()), list(wanted.values()), rtol=1e-4)
    judged = own.evaluate(X, Y, verbose=0), plain.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(*judged, rtol=1e-4)


def test_results_that_compute_metrics_adds() -> None:
    class Model(keras.Model):
        def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            found["share"] = tf.reduce_mean(tf.cast(y_pred > 0.5, "float32"))
            return found

    model = made(Model)
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mae", "share"]
    loss, mae, share = model.evaluate(X, Y, batch_size=48, verbose=0)
    assert share == pytest.approx(np.mean(model.predict(X, verbose=0) > 0.5))
    assert (loss, mae) == tuple(made_results(model))


def made_results(model: Any) -> list[float]:
    """Loss and MAE as the metrics of the model have them now."""
    return [float(metric.result()) for metric in model.metrics]


def test_a_loss_of_ones_own_without_the_argument_training() -> None:
    class Model(keras.Model):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
            return tf.reduce_mean(tf.square(y - y_pred))

    model = made(Model)
    history = model.fit(X, Y, batch_size=48, epochs=1, verbose=0).history
    assert history["loss"][0] < 1 and list(history) == ["loss", "mae"]


def test_what_a_model_measures_itself() -> None:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)
            self.own = keras.metrics.Mean(name="own")

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

        @property
        def metrics(self) -> list[Any]:
            return [self.own]

        def test_step(self, data: Any) -> Any:
            x, _ = data
            self.own.update_state(x)
            return {"own": self.own.result()}

    model = Model()
    model.compile("sgd")
    for _ in range(2):  # it is counted anew each time
        assert model.evaluate(X, Y, verbose=0) == pytest.approx(X.mean(), abs=1e-6)


def test_steps_need_a_compiled_model() -> None:
    inputs = keras.Input((3,))
    model = WithCompiledLoss(inputs, layers.Dense(1)(inputs))
    with pytest.raises(FailedPreconditionError, match="must be compiled before compiled_loss"):
        _ = model.compiled_loss


def test_outputs_without_names_are_numbered() -> None:
    class Pair(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = layers.Dense(1), layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.first(inputs), self.second(inputs)

    model = Pair()
    model.compile("sgd", {"output_1": "mse", "output_2": "mae"}, metrics=["mse", "mse"])
    names = ["loss", "output_1_loss", "output_1_mse", "output_2_loss", "output_2_mse"]
    assert list(model.fit(X, (Y, Y), verbose=0).history) == names
    total, first, second, first_square, _ = model.evaluate(X, (Y, Y), verbose=0)
    assert total == pytest.approx(first + second) and first == pytest.approx(first_square)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (["mse", ["mse", "mae"]], "loss should be a dict .* with the names k, l"),
        (["mse", {"k": "mse", "m": "mae"}], "loss names the output 'm'; the model has k, l"),
        (["mse", "mse", "mse"], "loss should be a list of 2"),
    ],
)
def test_losses_have_the_structure_of_the_outputs(loss: Any, message: str) -> None:
    inputs = keras.Input((3,))
    inner = {"k": layers.Dense(1)(inputs), "l": layers.Dense(1)(inputs)}
    model = keras.Model(inputs, [layers.Dense(1)(inputs), inner])
    model.compile("sgd", loss)
    with pytest.raises(InvalidArgumentError, match=message):
        model.fit(X, [Y, {"k": Y, "l": Y}], verbose=0)


def test_whether_steps_are_to_be_compiled_can_be_asked() -> None:
    model = made(keras.Model)
    assert model.jit_compile
    model.compile("sgd", "mse", jit_compile=False)
    assert not model.jit_compile
    model.jit_compile = True
    assert model.jit_compile


# Freezing -----------------------------------------------------------------------------------------


def changed(model: Any, **options: Any) -> list[bool]:
    """Which weights a training changes."""
    before = model.get_weights()
    model.fit(X, Y, verbose=0, **options)
    pairs = zip(before, model.get_weights(), strict=True)
    return [not np.array_equal(a, b) for a, b in pairs]


def test_what_is_trainable_is_settled_by_compile() -> None:
    model = made(keras.Model)
    assert changed(model) == [True] * 4
    model.layers[1].trainable = False
    with pytest.warns(UserWarning, match=r"`trainable` of dense\w* was changed after compile"):
        assert changed(model) == [True] * 4
    assert not model.layers[1].trainable
    assert changed(model) == [True] * 4  # told once
    model.compile("adam", "binary_crossentropy")
    assert changed(model) == [False, False, True, True]
    model.layers[1].trainable = True
    model.compile("adam", "binary_crossentropy")
    assert changed(model) == [True] * 4


def test_a_frozen_model_within_another_trains_by_itself() -> None:
    """The two networks of a GAN, each compiled while the other rests."""
    generator = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
    judge = keras.Sequential([keras.Input((3,)), layers.Dense(1, "sigmoid")])
    judge.compile("sgd", "binary_crossentropy")
    judge.trainable = False
    noise = keras.Input((2,))
    both = keras.Model(noise, judge(generator(noise)))
    both.compile("sgd", "binary_crossentropy")
    before = [generator.get_weights(), judge.get_weights()]
    with pytest.warns(UserWarning, match="was changed after compile"):
        judge.train_on_batch(X, Y)
    middle = [generator.get_weights(), judge.get_weights()]
    both.train_on_batch(X[:, :2], Y)
    after = [generator.get_weights(), judge.get_weights()]
    assert not np.array_equal(before[1][0], middle[1][0])
    np.testing.assert_array_equal(middle[1][0], after[1][0])
    np.testing.assert_array_equal(before[0][0], middle[0][0])
    assert not np.array_equal(middle[0][0], after[0][0])
