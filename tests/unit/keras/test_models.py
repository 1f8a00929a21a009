"""Models: sequential, functional, subclassed."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
)

keras, layers = tf.keras, tf.keras.layers
ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def test_sequential_with_an_input_is_built_at_once() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
    assert model.built and len(model.weights) == 4 and model.output_shape == (None, 1)
    assert len(model.layers) == 2
    assert model(ROWS).shape == (6, 1)


@pytest.mark.parametrize("first", [{"input_shape": (3,)}, {"input_dim": 3}])
def test_sequential_with_the_shape_in_its_first_layer(first: dict[str, object]) -> None:
    model = keras.models.Sequential()
    model.add(layers.Dense(4, activation="relu", **first))
    model.add(layers.Dense(1))
    assert model.built and model.input_shape == (None, 3)


def test_sequential_without_a_shape_is_built_by_its_first_data() -> None:
    model = keras.Sequential([layers.Dense(4), layers.Dense(1)])
    with pytest.raises(FailedPreconditionError, match="input"):
        _ = model.inputs
    assert model.weights == []
    assert model(ROWS).shape == (6, 1) and len(model.weights) == 4 and model.built


@pytest.mark.parametrize("units", [1, 3])
def test_sequential_predicts_classes_as_tensorflow_did(units: int) -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(units, "sigmoid")])
    scores = model.predict(ROWS, verbose=0)
    assert np.array_equal(model.predict_proba(ROWS), scores)
    expected = scores.argmax(-1) if units > 1 else (scores > 0.5).astype(np.int32)
    assert np.array_equal(model.predict_classes(ROWS), expected)


def test_sequential_grows_and_shrinks() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
    model.add(layers.Dense(2))
    assert model(ROWS).shape == (6, 2)
    model.pop()
    assert model(ROWS).shape == (6, 4)
    with pytest.raises(ArgumentTypeError, match="layers"):
        model.add("dense")
    with pytest.raises(InvalidArgumentError, match="named"):
        keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")])


def test_functional_models_with_several_inputs_and_outputs() -> None:
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    shared = layers.Dense(4, activation="tanh", name="shared")
    joined = shared(a) * 2.0 + layers.Dense(4)(b)
    model = keras.Model([a, b], {"sum": layers.Dense(1, name="sum")(joined), "wide": joined})
    other = np.ones((6, 2), np.float32)
    found = model([ROWS, other])
    assert set(found) == {"sum", "wide"} and found["wide"].shape == (6, 4)
    by_name = model({"a": ROWS, "b": other})
    np.testing.assert_array_equal(found["sum"], by_name["sum"])
    expected = np.tanh(ROWS @ shared.get_weights()[0]) * 2 + model.layers[3](other).numpy()
    np.testing.assert_allclose(found["wide"], expected, rtol=1e-5)


def test_submodels_share_their_layers() -> None:
    inputs = keras.Input((3,))
    hidden = layers.Dense(4, "relu", name="hidden")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    inner = keras.Model(model.input, hidden)
    assert inner(ROWS).shape == (6, 4) and inner.layers[1] is model.layers[1]
    nested = keras.Sequential([keras.Input((3,)), inner, layers.Dense(2)])
    assert nested(ROWS).shape == (6, 2) and len(nested.weights) == 4


def test_graphs_that_cannot_be() -> None:
    a, b = keras.Input((3,)), keras.Input((3,))
    with pytest.raises(InvalidArgumentError, match="not among"):
        keras.Model(a, layers.Dense(1)(b))
    with pytest.raises(InvalidArgumentError, match="symbolic"):
        keras.Model(a, tf.ones((2, 2)))
    model = keras.Model(a, layers.Dense(1)(a))
    with pytest.raises(InvalidArgumentError, match="shape"):
        model(np.ones((2, 4)))
    with pytest.raises(InvalidArgumentError, match="no layer 'dnse'"):
        model.get_layer("dnse")


class Subclassed(keras.Model):
    def __init__(self, units: int = 4) -> None:
        super().__init__()
        self.hidden = layers.Dense(units, activation="relu")
        self.out = layers.Dense(1)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.out(self.hidden(inputs))


def test_subclassed_models() -> None:
    model = Subclassed()
    assert not model.built and model(ROWS).shape == (6, 1)
    assert model.built and len(model.trainable_weights) == 4 and len(model.layers) == 2
    other = Subclassed()
    other.build((None, 3))
    assert len(other.weights) == 4

    class OfAGuide(keras.Model):
        def __init__(self) -> None:
            super().__init__(self)
            self.out = layers.Dense(1)

        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return self.out(inputs)

    assert OfAGuide()(ROWS).shape == (6, 1)


def test_configurations_of_models_make_equal_models() -> None:
    inputs = keras.Input((3,), name="x")
    x = layers.Dense(4, "relu")(inputs)
    model = keras.Model(inputs, layers.Dense(1)(layers.Dropout(0.5)(x)))
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(model(ROWS), again(ROWS))
    sequential = keras.Sequential([keras.Input((3,)), layers.Dense(2, "tanh")])
    twin = keras.models.model_from_json(sequential.to_json())
    twin.set_weights(sequential.get_weights())
    np.testing.assert_array_equal(sequential(ROWS), twin(ROWS))


def test_tapes_follow_models() -> None:
    model = Subclassed()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(ROWS) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    assert [g.shape for g in gradients] == [w.shape for w in model.trainable_variables]


class Halving(tf.keras.Model):
    """A functional model with a step of its own, as Keras's guide writes it."""

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred) / 2.0
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class Scaled(tf.keras.Model):
    """A functional model with arguments of its own beside inputs and outputs."""

    def __init__(self, scale: float = 1.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return super().call(inputs) * self.scale


class Built(tf.keras.Model):
    """A functional model that connects its layers itself."""

    def __init__(self, units: int) -> None:
        inputs = tf.keras.Input((3,))
        super().__init__(inputs, tf.keras.layers.Dense(units)(inputs))
        self.units = units


def test_subclasses_made_of_symbolic_tensors() -> None:
    inputs = tf.keras.Input((3,))
    outputs = tf.keras.layers.Dense(1)(inputs)
    x, y = np.ones((4, 3), np.float32), np.zeros((4, 1), np.float32)
    for model in (Halving(inputs, outputs), Halving(inputs=inputs, outputs=outputs)):
        assert isinstance(model, Halving) and model.inputs[0] is inputs
        model.compile("sgd", "mse", metrics=["mae"])
        before = model.evaluate(x, y, verbose=0)[0]
        history = model.fit(x, y, verbose=0).history
        np.testing.assert_allclose(history["loss"][0], before / 2, rtol=1e-6)
        np.testing.assert_allclose(history["mae"][0], np.sqrt(before), rtol=1e-6)
    scaled = Scaled(inputs=inputs, outputs=outputs, scale=3.0)
    np.testing.assert_allclose(scaled(x), model(x) * 3.0, rtol=1e-6)
    assert Built(4)(x).shape == (4, 4)
    for arguments in ((inputs,), (3,), (inputs, 3)):
        with pytest.raises(InvalidArgumentError, match="are symbolic tensors"):
            Halving(*arguments)


def test_subclasses_made_of_symbolic_tensors_in_files(tmp_path: Path) -> None:
    inputs = tf.keras.Input((3,))
    outputs = tf.keras.layers.Dense(1)(inputs)
    x = np.ones((2, 3), np.float32)
    models = [Halving(inputs, outputs), Scaled(inputs=inputs, outputs=outputs, scale=3.0), Built(2)]
    for model in models:
        model.save(tmp_path / "model.keras")
        known = {type(model).__name__: type(model)}
        loaded = tf.keras.models.load_model(tmp_path / "model.keras", custom_objects=known)
        assert isinstance(loaded, globals()[type(model).__name__])
        np.testing.assert_array_equal(loaded(x), model(x))
        clone = tf.keras.models.clone_model(model)
        assert type(clone) is type(model) and clone.get_config() == model.get_config()
        np.testing.assert_array_equal(copy.deepcopy(model)(x), model(x))


def test_data_by_name_must_be_complete() -> None:
    a, b = tf.keras.Input((1,), name="a"), tf.keras.Input((1,), name="b")
    for inputs in ([a, b], {"a": a, "b": b}):
        model = tf.keras.Model(inputs, a + b)
        assert float(model({"a": [[1.0]], "b": [[2.0]], "more": [[3.0]]})) == 3.0
        with pytest.raises(InvalidArgumentError, match=r"no data for its input 'b'.*for 'a'"):
            model.predict({"a": np.ones((2, 1))}, verbose=0)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_one_output_gives_that_one(kind: type) -> None:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, kind([keras.layers.Dense(2)(inputs)]))
    rows = np.ones((4, 3), np.float32)
    assert model(rows).shape == model.predict(rows, verbose=0).shape == (4, 2)
    model.compile("sgd", "mse")
    assert model.fit(rows, [np.ones((4, 2))], verbose=0).history["loss"]


def test_a_model_may_take_several_tensors() -> None:
    class Gated(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="gated")
            self.dense = keras.layers.Dense(2, name="dense")

        def call(self, u, gate, scale=1.0):
            return self.dense(u) * gate * scale

    model = Gated()
    u, gate = np.ones((3, 4), np.float32), np.full((3, 2), 2.0, np.float32)
    result = model(u, gate, scale=3.0)
    assert model.built and next(each.path for each in model.weights) == "gated/dense/kernel"
    np.testing.assert_allclose(result, 6 * (u @ model.weights[0].numpy()), rtol=1e-6)
    np.testing.assert_array_equal(Gated()(u=u, gate=0 * gate), np.zeros((3, 2)))


def test_a_call_that_says_how_it_trains_stays_so_in_every_call_of_the_model() -> None:
    """As in TensorFlow 2, for bases with batch normalization that are trained no further."""
    layers = tf.keras.layers
    norm = layers.BatchNormalization()
    inputs = tf.keras.Input((3,))
    fixed = norm(inputs, training=False)
    dropped = layers.Dropout(0.5)(inputs, training=True)
    model = tf.keras.Model(inputs, layers.Concatenate()([fixed, dropped]))
    x = np.full((8, 3), 2.0, "float32")
    model.compile("sgd", "mse")
    model.fit(x, np.ones((8, 6)), verbose=0)
    assert not np.any(norm.moving_mean.numpy())
    assert np.any(model.predict(x, verbose=0)[:, 3:] == 0)
