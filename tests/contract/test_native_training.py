"""Trainings of many kinds mean the same on both backends: weights, history and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.keras import optimizers
from tests.oracle import keras_optimizers

layers = keras.layers
draw = np.random.default_rng(0)
X = draw.normal(size=(203, 7)).astype("float32")
Y = draw.integers(0, 2, (203, 1)).astype("float32")
VALUES = draw.normal(size=(203, 3)).astype("float32")
CLASSES = np.eye(3, dtype="float32")[np.arange(203) % 3]
Case = tuple[Callable[[], Any], dict[str, Any]]


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "verify", True)  # graphs, passes and plans
    monkeypatch.setattr(tf.config, "backend", tf.config.backend)  # tests change it


def binary(**compiled: Any) -> Callable[[], Any]:
    def make() -> Any:
        model = keras.Sequential(
            [
                layers.Dense(9, activation="relu"),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        arguments = {"optimizer": "adam", "loss": "bce", "metrics": ["accuracy", "auc"]}
        model.compile(**{**arguments, **compiled})
        return model

    return make


class BatchStatistics(layers.Layer):
    """Normalizes by the statistics of the batch: work after the whole batch has been seen."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight((input_shape[-1],), initializer="ones", name="scale")
        self.mean = self.add_weight(
            (input_shape[-1],), initializer="zeros", trainable=False, name="mean"
        )

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return (x - self.mean) * self.scale
        mean = tf.reduce_mean(x, axis=0)
        variance = tf.reduce_mean(tf.square(x - mean), axis=0)
        self.mean.assign(0.9 * self.mean + 0.1 * mean)
        return (x - mean) / tf.sqrt(variance + 1e-3) * self.scale


def with_statistics() -> Any:
    model = keras.Sequential(
        [
            layers.Dense(9, use_bias=False),
            BatchStatistics(),
            layers.Activation("relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "bce", metrics=["accuracy"])
    return model


def with_penalties() -> Any:
    first = layers.Dense(
        33,
        activation="selu",
        kernel_regularizer="l1_l2",
        bias_regularizer="l2",
        kernel_constraint="max_norm",
        activity_regularizer="l2",
    )
    model = keras.Sequential([first, layers.Dropout(0.3), layers.Dense(3, activation="softmax")])
    metrics = ["accuracy", "precision", "recall", "auc", "f1_score"]
    model.compile("adam", "categorical_crossentropy", metrics=metrics)
    return model


def several() -> Any:
    a, b = keras.Input((7,), name="a"), keras.Input((3,), name="b")
    joined = layers.Dense(8, activation="tanh")(a) + layers.Dense(8, activation="gelu")(b) * 2.0
    outputs = [
        layers.Dense(1, activation="sigmoid", name="first")(joined),
        layers.Dense(3, name="second")(joined),
    ]
    model = keras.Model([a, b], outputs)
    model.compile(
        "rmsprop",
        {"first": "bce", "second": "mse"},
        loss_weights={"first": 1.0, "second": 0.3},
        metrics={"first": ["accuracy"], "second": ["mae"]},
    )
    return model


class Stepwise(keras.Model):
    """A model with a step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(6, activation="elu"), layers.Dense(1)
        self.tracker = keras.metrics.Mean(name="tracked")

    def call(self, x: Any, training: bool = False) -> Any:
        return self.out(self.hidden(x))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - self(x, training=True)))
        variables = self.trainable_variables
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.tracker.update_state(loss)
        return {"tracked": self.tracker.result(), "last": loss}

    @property
    def metrics(self) -> list[Any]:
        return [self.tracker]


def stepwise() -> Any:
    model = Stepwise()
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(optimizers.SGD(schedule, momentum=0.9, nesterov=True))
    return model


def of_matrices() -> Any:
    model = keras.Sequential(
        [
            layers.Dense(4, activation="relu"),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def averaged() -> Any:
    return binary(
        optimizer=optimizers.Adam(
            global_clipnorm=0.1, weight_decay=0.01, use_ema=True, gradient_accumulation_steps=3
        )
    )()


def with_optimizer(name: str) -> Callable[[], Any]:
    """The last row of the oracle's table has arguments."""
    arguments = keras_optimizers.ARGUMENTS[name][-1]

    def make() -> Any:
        return binary(optimizer=getattr(optimizers, name)(**arguments))()

    return make


PLAIN = {"x": X, "y": Y}
HALVES = [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)]
CASES: dict[str, Case] = {
    "sample weights": (
        binary(weighted_metrics=["mae"]), {**PLAIN, "sample_weight": np.arange(203) / 203}
    ),
    "class weights": (
        binary(), {**PLAIN, "class_weight": {0: 1.0, 1: 5.0}, "validation_split": 0.2}
    ),
    "bytes": (binary(), {"x": (X * 20 + 100).astype("uint8"), "y": Y.astype("int64")}),
    "booleans": (binary(), {"x": X > 0, "y": Y.astype("int32")}),
    "flat targets": (binary(), {"x": X, "y": Y[:, 0]}),
    "one batch": (binary(), {**PLAIN, "batch_size": 1000}),
    "batches of one": (binary(), {"x": X[:20], "y": Y[:20], "batch_size": 1}),
    "columns first": (binary(), {"x": np.asfortranarray(X), "y": Y}),
    "every other column": (binary(), {"x": np.repeat(X, 2, 1)[:, ::2], "y": Y}),
    "several inputs and outputs": (several, {"x": [X, VALUES], "y": [Y, VALUES]}),
    "a step of its own": (stepwise, PLAIN),
    "batch statistics": (with_statistics, PLAIN),
    "penalties and dropout": (with_penalties, {"x": X, "y": CLASSES}),
    "matrices as rows": (
        of_matrices, {"x": np.sin(np.arange(1500.0)).reshape(50, 5, 6), "y": np.cos(np.arange(50))}
    ),
    "averages and accumulation": (averaged, PLAIN),
    "another rate each epoch": (binary(), {**PLAIN, "callbacks": HALVES}),
    **{name: (with_optimizer(name), PLAIN) for name in keras_optimizers.ARGUMENTS},
}  # fmt: skip


def results(case: Case, backend: str) -> tuple[dict[str, Any], list[Any], list[Any]]:
    tf.config.backend = backend
    keras.utils.set_random_seed(3)
    make, arguments = case
    model = make()
    history = model.fit(**arguments, epochs=2, verbose=0).history
    predictions = model.predict(arguments["x"], verbose=0)
    predictions = predictions if isinstance(predictions, list) else [predictions]
    return history, model.get_weights(), predictions


def agree(case: Case, tolerance: float) -> None:
    native, interpreted = results(case, "llvm"), results(case, "interp")
    assert native[0].keys() == interpreted[0].keys()
    for name, values in native[0].items():
        np.testing.assert_allclose(values, interpreted[0][name], rtol=tolerance, err_msg=name)
    for ours, theirs in zip(native[1] + native[2], interpreted[1] + interpreted[2], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_trainings_agree(name: str) -> None:
    agree(CASES[name], 1e-4)


@pytest.mark.parametrize("make", [binary(), with_penalties])
def test_trainings_in_float64_agree(make: Callable[[], Any]) -> None:
    keras.backend.set_floatx("float64")
    try:
        y = Y if make is not with_penalties else CLASSES
        agree((make, {"x": X.astype("float64"), "y": y}), 1e-11)
    finally:
        keras.backend.set_floatx("float32")
