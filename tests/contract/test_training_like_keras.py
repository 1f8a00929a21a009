"""Same weights, same data, no shuffling: the same weights as Keras after 100 steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.oracle.keras_models import data, network, twins

CLOSE = {"rtol": 1e-4, "atol": 2e-5}
"""Of weights, which are of the order of 1; those near 0 carry the rounding of the others."""

OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"learning_rate": 0.05}),
    "momentum": ("SGD", {"learning_rate": 0.02, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.005}),
    "rmsprop_centered": (
        "RMSprop",
        {"learning_rate": 0.002, "momentum": 0.5, "centered": True},
    ),
    "adam": ("Adam", {"learning_rate": 0.01}),
    "adam_amsgrad": ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    "adamw": ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.02}),
}
LOSSES: dict[str, tuple[str, dict[str, Any], str, int, str | None]] = {
    "binary": ("BinaryCrossentropy", {}, "binary", 1, "sigmoid"),
    "binary_logits": (
        "BinaryCrossentropy",
        {"from_logits": True, "label_smoothing": 0.1},
        "binary",
        1,
        None,
    ),
    "categorical": ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "onehot", 3, "softmax"),
    "sparse": ("SparseCategoricalCrossentropy", {}, "sparse", 3, "softmax"),
    "sparse_logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, "sparse", 3, None),
    "mse": ("MeanSquaredError", {}, "regression", 1, None),
    "mae": ("MeanAbsoluteError", {}, "far", 1, None),
    "huber": ("Huber", {"delta": 0.5}, "regression", 1, None),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_hundred_steps(optimizer: str, loss: str) -> None:
    loss_name, loss_options, kind, outputs, activation = LOSSES[loss]
    name, options = OPTIMIZERS[optimizer]
    x, y = data(100, 5, outputs, kind)
    models = twins(lambda keras: network(keras, 5, outputs, activation))
    histories = []
    for model, library in zip(models, _libraries(), strict=True):
        model.compile(
            optimizer=getattr(library.optimizers, name)(**options),
            loss=getattr(library.losses, loss_name)(**loss_options),
        )
        done = model.fit(x, y, batch_size=20, epochs=20, shuffle=False, verbose=0)
        histories.append(done.history["loss"])
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-4)
    for theirs, ours in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)


def _libraries() -> tuple[Any, Any]:
    import keras

    import lamina

    return keras, lamina.keras


EXTRAS: dict[str, dict[str, Any]] = {
    "clipnorm": {"clipnorm": 0.01},
    "clipvalue": {"clipvalue": 0.005},
    "global_clipnorm": {"global_clipnorm": 0.02},
    "weight_decay": {"weight_decay": 0.01},
    "ema": {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7},
    "accumulation": {"gradient_accumulation_steps": 3},
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_every_optimizer_can(extra: str) -> None:
    x, y = data(100, 5, 1, "binary")
    models = twins(lambda keras: network(keras, 5, 1, "sigmoid"))
    for model, library in zip(models, _libraries(), strict=True):
        optimizer = library.optimizers.Adam(learning_rate=0.01, **EXTRAS[extra])
        model.compile(optimizer=optimizer, loss="binary_crossentropy")
        model.fit(x, y, batch_size=20, epochs=4, shuffle=False, verbose=0)
    for theirs, ours in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)


SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": (
        "ExponentialDecay",
        {"initial_learning_rate": 0.02, "decay_steps": 10, "decay_rate": 0.8, "staircase": True},
    ),
    "step": ("PiecewiseConstantDecay", {"boundaries": [10, 30], "values": [0.02, 0.01, 0.005]}),
    "cosine": (
        "CosineDecay",
        {"initial_learning_rate": 0.0, "decay_steps": 60, "warmup_target": 0.02, "warmup_steps": 9},
    ),
    "inverse_time": (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.02, "decay_steps": 10, "decay_rate": 0.5},
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(schedule: str) -> None:
    name, options = SCHEDULES[schedule]
    x, y = data(100, 5, 1, "regression")
    models = twins(lambda keras: network(keras, 5, 1, None))
    for model, library in zip(models, _libraries(), strict=True):
        rate = getattr(library.optimizers.schedules, name)(**options)
        model.compile(optimizer=library.optimizers.Adam(learning_rate=rate), loss="mse")
        model.fit(x, y, batch_size=20, epochs=20, shuffle=False, verbose=0)
    for theirs, ours in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)


ROWS = 90
COUNTING: dict[str, dict[str, Any]] = {
    "rows": {"sample_weight": np.random.default_rng(3).uniform(0.5, 2, ROWS).astype(np.float32)},
    "classes": {"class_weight": {0: 1.0, 1: 3.0}},
    "alike": {},
}


@pytest.mark.parametrize("weights", COUNTING)
def test_weights_of_rows_and_classes_penalties_and_metrics(weights: str) -> None:
    def build(keras: Any) -> Any:
        return keras.Sequential(
            [
                keras.Input((5,)),
                keras.layers.Dense(8, "relu", kernel_regularizer=keras.regularizers.L2(0.01)),
                keras.layers.Dense(1, "sigmoid", activity_regularizer=keras.regularizers.L1(0.01)),
            ]
        )

    x, y = data(ROWS, 5, 1, "binary")
    held = {"batch_size": ROWS // 5, "verbose": 0}  # as many rows as `fit` validates on
    results = []
    for model in twins(build):
        model.compile(
            optimizer="adam",
            loss="binary_crossentropy",
            metrics=["accuracy", "AUC", "precision", "recall", "mse"],
            weighted_metrics=["mae"],
        )
        options = {"epochs": 5, "batch_size": 20, "shuffle": False, **COUNTING[weights]}
        done = model.fit(x, y, validation_split=0.2, verbose=0, **options)
        scores = model.evaluate(x, y, return_dict=True, **held)
        results.append((done.history, scores, model.predict(x, **held)))
    (their_history, their_scores, theirs), (our_history, our_scores, ours) = results
    for found, wanted in ((our_history, their_history), (our_scores, their_scores)):
        found = {key.lower(): value for key, value in found.items()}
        assert set(found) == {key.lower() for key in wanted}
        for key, values in wanted.items():
            np.testing.assert_allclose(found[key.lower()], values, rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_several_outputs_with_losses_and_metrics_of_their_own() -> None:
    def build(keras: Any) -> Any:
        inputs = keras.Input((5,), name="x")
        hidden = keras.layers.Dense(6, "tanh")(inputs)
        first = keras.layers.Dense(1, "sigmoid", name="first")(hidden)
        second = keras.layers.Dense(3, "softmax", name="second")(hidden)
        return keras.Model(inputs, [first, second])

    x, binary = data(80, 5, 1, "binary")
    _, sparse = data(80, 5, 3, "sparse")
    models = twins(build)
    logs = []
    for model in models:
        model.compile(
            optimizer="sgd",
            loss=["binary_crossentropy", "sparse_categorical_crossentropy"],
            loss_weights=[1.0, 0.3],
            metrics=[["accuracy"], ["accuracy"]],
        )
        model.fit(x, [binary, sparse], batch_size=20, epochs=5, shuffle=False, verbose=0)
        logs.append(model.evaluate(x, [binary, sparse], verbose=0, return_dict=True))
    for name in ("loss", "first_accuracy", "second_accuracy"):
        np.testing.assert_allclose(logs[1][name], logs[0][name], rtol=1e-4)
    for theirs, ours in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)


def test_dicts_of_outputs_go_by_their_keys() -> None:
    def build(keras: Any) -> Any:
        inputs = keras.Input((5,))
        hidden = keras.layers.Dense(6, "tanh")(inputs)
        outputs = {
            "risk": keras.layers.Dense(1, "sigmoid", name="one")(hidden),
            "kind": keras.layers.Dense(3, "softmax", name="two")(hidden),
        }
        return keras.Model(inputs, outputs)

    x, binary = data(80, 5, 1, "binary")
    _, sparse = data(80, 5, 3, "sparse")
    models = twins(build)
    logs = []
    for model in models:
        model.compile(
            optimizer="sgd",
            loss={"risk": "binary_crossentropy", "kind": "sparse_categorical_crossentropy"},
            loss_weights={"risk": 1.0, "kind": 0.3},
            metrics={"kind": ["accuracy"]},
        )
        y = {"risk": binary, "kind": sparse}
        model.fit(x, y, batch_size=20, epochs=3, shuffle=False, verbose=0)
        logs.append(model.evaluate(x, y, verbose=0, return_dict=True))
    for name in ("loss", "kind_accuracy"):
        np.testing.assert_allclose(logs[1][name], logs[0][name], rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "parts"),
    [
        (["mse", ["mae"]], 2),
        ({"first": ["mse"], "second": "mae"}, 2),
        (["mse", None], 1),
        ([None, "mae"], 1),
    ],
    ids=str,
)
def test_losses_in_lists_and_targets_of_the_outputs_that_have_one(loss: Any, parts: int) -> None:
    def build(keras: Any) -> Any:
        inputs = keras.Input((4,))
        first = keras.layers.Dense(1, name="first")(inputs)
        return keras.Model(inputs, [first, keras.layers.Rescaling(2.0, name="second")(first)])

    x, y = data(40, 4, 1, "real")
    targets = [y, 2 * y] if parts == 2 else y
    found = []
    for model in twins(build):
        model.compile("sgd", loss)
        model.fit(x, targets, batch_size=20, epochs=2, shuffle=False, verbose=0)
        found.append(model.evaluate(x, targets, verbose=0, return_dict=True)["loss"])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


def test_a_compute_loss_of_its_own_may_part_the_output() -> None:
    def build(keras: Any) -> Any:
        class Parting(keras.Model):  # type: ignore[misc]
            def compute_loss(
                self, x: Any = None, y: Any = None, y_pred: Any = None, *rest: Any, **others: Any
            ) -> Any:
                return super().compute_loss(x, y, [y_pred, y_pred**2], *rest, **others)

        inputs = keras.Input((4,))
        return Parting(inputs, keras.layers.Dense(1)(inputs))

    x, y = data(40, 4, 1, "real")
    found = []
    for model in twins(build):
        model.compile("sgd", ["mse", "mae"])
        found.append(model.fit(x, [y, y], 20, 2, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


def _families(keras: Any) -> Any:
    """A network of layers of many families: steps with masks and categories come in."""
    layers = keras.layers
    steps, categories = keras.Input((4, 3)), keras.Input((4,), dtype="int32")
    x = layers.EinsumDense("abc,cd->abd", (4, 3), bias_axes="d", activation="tanh")(steps)
    x = layers.PReLU(alpha_initializer="ones", shared_axes=[1])(x)
    y = layers.GlobalAveragePooling1D()(layers.Masking()(steps))
    z = layers.Embedding(9, 3, mask_zero=True, embeddings_regularizer="l2")(categories)
    z = layers.GlobalAveragePooling1D()(z)
    flat = layers.Softmax()(layers.Flatten()(layers.Average()([x, layers.RepeatVector(4)(z)])))
    flat = layers.ActivityRegularization(1e-3)(layers.LeakyReLU()(flat))
    linked = layers.Dot(1, normalize=True)([y, z])
    parts = [layers.subtract([y, z]), layers.multiply([y, z])]
    joined = layers.concatenate([flat, linked, *parts])
    return keras.Model([steps, categories], layers.Dense(1)(joined))


def test_layers_of_every_family() -> None:
    draw = np.random.default_rng(5)
    x: list[Any] = [draw.normal(size=(60, 4, 3)).astype(np.float32)]
    x += [draw.integers(0, 9, (60, 4)).astype(np.int32)]
    x[0][::2, 1:] = 0
    x[1][:, 0] = 1  # a row that is masked throughout has no mean
    y = draw.normal(size=(60, 1)).astype(np.float32)
    models = twins(_families)
    histories = []
    for model in models:
        model.compile("adam", "mse", metrics=["mae"])
        history = model.fit(x, y, batch_size=20, epochs=10, shuffle=False, verbose=0).history
        histories.append([history["loss"], history["mae"]])
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-4)
    for theirs, ours in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, **CLOSE)
