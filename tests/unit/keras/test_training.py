"""compile, fit, evaluate, predict."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lamina as tf
from lamina.core import nest
from lamina.core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
)

keras, layers = tf.keras, tf.keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)


def _model(**options: Any) -> Any:
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"], **options)
    return model


def test_training_learns_and_remembers() -> None:
    keras.utils.set_random_seed(1)
    model = _model()
    history = model.fit(X, Y, epochs=60, batch_size=16, verbose=0, validation_data=(X, Y))
    assert history is model.history and history.epoch == list(range(60))
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.history["loss"][-1] < 0.7 * history.history["loss"][0]
    assert history.history["accuracy"][-1] > 0.85
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    assert model.metrics_names == ["loss", "accuracy"]


def test_a_seed_gives_the_same_network_and_the_same_order() -> None:
    runs = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        model = keras.Sequential(
            [keras.Input((3,)), layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(1)]
        )
        model.compile("adam", "mse")
        model.fit(X, Y, epochs=3, verbose=0)
        runs.append(model.get_weights())
    for first, second in zip(*runs, strict=True):
        np.testing.assert_array_equal(first, second)


def test_eager_steps_are_the_same_steps() -> None:
    weights = None
    results = []
    for eager in (False, True):
        model = _model(run_eagerly=eager)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model.fit(X, Y, epochs=2, batch_size=20, shuffle=False, verbose=0)
        results.append(model.get_weights())
    for traced, eager_weights in zip(*results, strict=True):
        np.testing.assert_allclose(traced, eager_weights, rtol=1e-5, atol=1e-7)


def test_one_program_serves_every_batch() -> None:
    runs = []

    class Counted(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            runs.append(tuple(inputs.shape))
            return self.dense(inputs)

    model = Counted()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=30, epochs=3, verbose=0, validation_split=0.2)
    trained = len(runs)
    model.fit(X, Y, batch_size=7, epochs=2, verbose=0)
    assert len(runs) <= trained + 1 and set(runs) == {(None, 3)}
    model.predict(X[:1], verbose=0)
    model.predict(X, verbose=0)
    assert len(runs) <= trained + 2


def test_a_train_step_of_ones_own() -> None:
    class Custom(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(1)
            self.tracker = keras.metrics.Mean(name="mine")

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return self.dense(inputs)

        @property
        def metrics(self) -> list[Any]:
            return [self.tracker]

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            self.tracker.update_state(loss)
            return {"mine": self.tracker.result()}

    model = Custom()
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    history = model.fit(X, Y, epochs=5, verbose=0).history["mine"]
    assert len(history) == 5 and history[-1] < history[0]


def test_the_train_step_of_keras_guides() -> None:
    class Guide(keras.Sequential):
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    model = Guide([keras.Input((3,)), layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["mae"])
    logs = model.fit(X, Y, epochs=2, verbose=0).history
    assert set(logs) >= {"loss"} and len(logs["loss"]) == 2


def test_class_and_sample_weights_weigh() -> None:
    twice = np.where(Y[:, 0] > 0, 2.0, 1.0)
    weights = _model().get_weights()
    results = []
    for options in ({"class_weight": {0: 1.0, 1: 2.0}}, {"sample_weight": twice}):
        model = _model()
        model.set_weights(weights)
        model.fit(X, Y, epochs=1, shuffle=False, verbose=0, **options)
        results.append(model.get_weights()[0])
    np.testing.assert_allclose(*results, rtol=1e-6)


def test_batches_one_at_a_time() -> None:
    model = _model()
    first = model.train_on_batch(X, Y, return_dict=True)
    for _ in range(30):
        model.train_on_batch(X, Y)
    last = model.test_on_batch(X, Y, return_dict=True)
    assert last["loss"] < first["loss"]
    assert model.test_on_batch(X, Y, return_dict=True) == last
    assert model.evaluate(X, Y, batch_size=len(X), verbose=0, return_dict=True) == last
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, verbose=0))


def test_predictions_are_arrays_for_any_number_of_rows() -> None:
    model = _model()
    whole = model.predict(X, verbose=0)
    assert isinstance(whole, np.ndarray) and whole.shape == (64, 1) and whole.dtype == np.float32
    np.testing.assert_allclose(model.predict(X[:1], verbose=0), whole[:1], rtol=1e-6)
    np.testing.assert_allclose(model(X), whole, rtol=1e-6)


def test_data_frames_are_taken() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = _model()
    model.fit(frame, pd.Series(Y[:, 0]), epochs=1, verbose=0)
    assert model.predict(frame, verbose=0).shape == (64, 1)


MISSING: dict[str, Callable[[Any], Any]] = {
    "numbers": lambda frame: frame.assign(a=pd.array([1, None] * 2, "Int64")),
    "truths": lambda frame: frame.assign(a=pd.array([True, None] * 2, "boolean")),
    "all": lambda frame: frame.assign(a=[1.0, None] * 2).convert_dtypes(),
    "objects": lambda frame: frame.assign(a=pd.Series([1, None] * 2, dtype=object)),
    "equal names": lambda frame: frame.assign(a=[1.0, None] * 2).set_axis(["a", "a", "b"], axis=1),
}


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_in_a_frame_is_nan(name: str) -> None:
    frame = MISSING[name](pd.DataFrame(X[:4], columns=["a", "b", "c"]))
    found = _model().predict(frame, verbose=0)
    assert np.isnan(found).tolist() == [[False], [True]] * 2


def test_freezing_a_layer_keeps_its_weights() -> None:
    model = _model()
    model.fit(X, Y, epochs=1, verbose=0)
    model.layers[0].trainable = False
    model.compile("adam", "binary_crossentropy")
    before = model.get_weights()
    model.fit(X, Y, epochs=1, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


def test_the_learning_rate_can_change_between_epochs() -> None:
    model = _model()
    model.fit(X, Y, epochs=1, verbose=0)
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, epochs=1, verbose=0)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


BAD: list[tuple[Any, type[Exception], str]] = [
    (lambda m: m.fit(X, Y[:10], verbose=0), InvalidArgumentError, "x: 64, y: 10"),
    (lambda m: m.fit(X[:0], Y[:0], verbose=0), InvalidArgumentError, "no rows"),
    (lambda m: m.fit(np.ones((4, 5)), np.ones(4), verbose=0), InvalidArgumentError, "shape"),
    (lambda m: m.fit(np.array([["a", "b", "c"]]), np.ones(1)), ArgumentTypeError, "numbers"),
    (lambda m: m.fit(np.array([["a", 1, 2]], object), np.ones(1)), ArgumentTypeError, "Encode"),
    (lambda m: m.fit([[1, 2, 3], [1, 2]], [0, 1]), InvalidArgumentError, "different lengths"),
    (lambda m: m.fit(X, Y, batch_size=0), InvalidArgumentError, "batch_size"),
    (lambda m: m.fit(X, Y, validation_freq=0), InvalidArgumentError, "validation_freq"),
    (lambda m: m.fit(X, Y, validation_split=1.5), InvalidArgumentError, "share"),
    (lambda m: m.fit(X, Y, steps_per_epoch=0), InvalidArgumentError, "number of steps"),
    (lambda m: m.fit(iter([(X, Y)]), Y), InvalidArgumentError, "Leave y= out"),
    (lambda m: m.fit(iter(())), InvalidArgumentError, "no batches"),
    (
        lambda m: m.fit(iter([(X, Y)]), validation_split=0.1),
        InvalidArgumentError,
        "validation_data",
    ),
    (lambda m: m.fit(iter([(X, Y, None, 1)])), InvalidArgumentError, "tuple of 4"),
    (
        lambda m: m.fit(tf.data.Dataset.from_tensor_slices((X, Y))),
        InvalidArgumentError,
        r"batch\(32\)",
    ),
    (lambda m: m.fit(X, Y, class_weight={"yes": 1.0}), InvalidArgumentError, "class_weight"),
    (lambda m: m.fit(X, None), InvalidArgumentError, "y"),
    (lambda m: m.fit(None), InvalidArgumentError, "x is None"),
    (lambda m: m.compile(loss="binary_crosentropy"), ValueError, "binary_crossentropy"),
    (lambda m: m.compile(optimizer="adm"), ValueError, "adam"),
    (lambda m: m.compile(metrics=["acuracy"]), ValueError, "accuracy"),
    (lambda m: m.compile(steps_per_execution=0), InvalidArgumentError, "steps_per_execution"),
    (lambda m: m.predict(np.ones((2, 4)), verbose=0), InvalidArgumentError, "shape"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_input_is_told_before_any_work(number: int) -> None:
    act, error, words = BAD[number]
    model = _model()
    before = model.get_weights()
    with pytest.raises(error, match=words):
        act(model)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


def test_what_is_missing_is_named() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    with pytest.raises(FailedPreconditionError, match="compile"):
        model.fit(X, Y)
    model.compile("adam")
    with pytest.raises(FailedPreconditionError, match="loss"):
        model.fit(X, Y)


def test_ctrl_c_stops_between_steps() -> None:
    from lamina.keras.training.interrupt import interrupts_between_steps

    done = []
    with pytest.raises(KeyboardInterrupt), interrupts_between_steps() as check:
        for step in range(5):
            check()
            if step == 2:
                signal.raise_signal(signal.SIGINT)
            done.append(step)
    assert done == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_losses_whose_kind_the_shapes_decide() -> None:
    for classes, y in ((1, Y), (2, Y[:, 0].astype(int)), (2, np.eye(2)[Y[:, 0].astype(int)])):
        model = keras.Sequential(
            [keras.Input((3,)), layers.Dense(classes, "softmax" if classes > 1 else "sigmoid")]
        )
        model.compile("adam", "crossentropy", metrics=["accuracy"])
        assert np.isfinite(model.fit(X, y, verbose=0).history["loss"][0])


def test_losses_of_ones_own() -> None:
    def cubed(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.abs(y_true - y_pred) ** 3, axis=-1)

    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", loss=cubed, metrics=[cubed])
    history = model.fit(X, Y, epochs=1, verbose=0).history
    assert set(history) == {"loss", "cubed"}


def test_a_step_of_its_own_gets_what_keras_gives() -> None:
    seen: list[object] = []

    class Watch(keras.Model):
        def call(self, x: tf.Tensor) -> tf.Tensor:
            return x

        def test_step(self, data: object) -> dict[str, tf.Tensor]:
            seen.append(data)
            return {"rows": tf.constant(1.0)}

    model = Watch()
    model.compile(run_eagerly=True)
    x, y, weight = np.ones((2, 3), np.float32), np.zeros(2, np.float32), np.ones(2, np.float32)
    model.evaluate(x, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.evaluate(x, y, sample_weight=weight, verbose=0)
    assert not isinstance(seen[0], tuple) and np.shape(seen[0]) == (2, 3)
    assert [len(data) for data in seen[1:]] == [2, 3]  # type: ignore[arg-type]


NAMES = ("left", "right")


def two_outputs(structure: type) -> keras.Model:
    inputs = keras.Input((3,))
    heads = [keras.layers.Dense(1, name=name)(inputs) for name in NAMES]
    return keras.Model(inputs, heads if structure is list else dict(zip(NAMES, heads, strict=True)))


@pytest.mark.parametrize("structure", [list, dict])
def test_targets_by_name_must_be_the_outputs(structure: type) -> None:
    x, y = np.ones((4, 3)), np.ones(4)
    model = two_outputs(structure)
    model.compile("sgd", "mse")
    model.fit(x, {"left": y, "right": y}, verbose=0)
    for targets in ({"left": y, "rihgt": y}, {"left": y}, {"left": y, "right": y, "up": y}):
        with pytest.raises(InvalidArgumentError, match="the model's outputs are 'left', 'right'"):
            model.fit(x, targets, verbose=0)
    model.compile("sgd", {"left": "mse"}, metrics={"left": "mae", "right": "mae"})
    with pytest.warns(UserWarning, match="does not depend on kernel, bias"):
        assert sorted(model.fit(x, {"left": y}, verbose=0).history) == ["left_mae", "loss"]


@pytest.mark.parametrize("structure", [list, dict])
def test_outputs_have_losses_of_their_own(structure: type) -> None:
    x, left, right = np.ones((5, 3)), np.arange(5.0), np.full(5, 7.0)
    model = two_outputs(structure)
    model.compile("sgd", {"left": "mse", "right": "mae"}, loss_weights={"left": 2.0, "right": 0.5})
    y = [left, right] if structure is list else {"left": left, "right": right}
    history = model.fit(x, y, batch_size=2, epochs=2, verbose=0, validation_data=(x, y)).history
    names = ["left_loss", "loss", "right_loss"]
    assert list(history) == [*names, *(f"val_{name}" for name in names)]
    found = model.evaluate(x, y, batch_size=2, verbose=0, return_dict=True)
    guesses = nest.flatten(model.predict(x, verbose=0))
    assert found["left_loss"] == pytest.approx(np.mean((guesses[0][:, 0] - left) ** 2))
    assert found["right_loss"] == pytest.approx(np.mean(np.abs(guesses[1][:, 0] - right)))
    total = 2.0 * found["left_loss"] + 0.5 * found["right_loss"]
    assert found["loss"] == pytest.approx(total) == pytest.approx(history["val_loss"][-1])


def test_results_do_not_share_a_name() -> None:
    keep = np.array([1.0, 0.0, 0.0, 0.0])
    model = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")])
    squares = keras.metrics.MeanSquaredError(name="mae")
    model.compile("sgd", "mse", metrics=["mae", squares], weighted_metrics=["mae"])
    x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.zeros(4)
    found = model.evaluate(x, y, sample_weight=keep, verbose=0, return_dict=True)
    assert found == {"loss": 0.25, "mae": 2.5, "mae_1": 7.5, "weighted_mae": 1.0}


def test_predictions_have_rows() -> None:
    class Total(keras.Model):
        def call(self, x: tf.Tensor) -> tf.Tensor:
            return tf.reduce_sum(x)

    with pytest.raises(InvalidArgumentError, match="single number"):
        Total().predict(np.ones((4, 3)), verbose=0)


def test_class_weights_are_a_dict() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "binary_crossentropy")
    with pytest.raises(ArgumentTypeError, match="dict from classes to weights"):
        model.fit(np.ones((2, 1)), np.array([0, 1]), class_weight=[1.0, 5.0], verbose=0)


@pytest.mark.parametrize("loss", ["sparse", "keras.losses"])
@pytest.mark.parametrize(("label", "shown"), [(3, "3"), (-1, "-1"), (2**40, str(2**40))])
def test_classes_that_the_output_lacks(loss: str, label: int, shown: str) -> None:
    found: Any = "sparse_categorical_crossentropy"
    if loss != "sparse":
        found = keras.losses.SparseCategoricalCrossentropy()
    model = keras.Sequential([keras.layers.Dense(3, "softmax")])
    model.compile("sgd", found)
    y = np.array([0, 1, label])
    with pytest.raises(InvalidArgumentError, match=f"got the label {shown}; .* 3 classes"):
        model.fit(np.ones((3, 2)), y, verbose=0)
    assert model.optimizer.iterations.numpy() == 0
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(ignore_class=label))
    model.fit(np.ones((3, 2)), y, verbose=0)


def test_targets_of_another_width() -> None:
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    message = r"y_true of shape \(None, 3\) and y_pred of shape \(None, 2\)"
    with pytest.raises(InvalidArgumentError, match=message):
        model.fit(np.ones((4, 1)), np.ones((4, 3)), verbose=0)
