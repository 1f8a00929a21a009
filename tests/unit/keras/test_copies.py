"""Copies of models: clones, deep copies, pickles; and parts of models as models."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import joblib
import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError
from lamina.keras import lambdas
from tests.oracle.keras_models import data

keras = tf.keras
X, Y = data(40, 4, 1, "regression")


def branched(library: Any) -> Any:
    """A model with a shared layer and a model inside."""
    layers = library.layers
    inner_input = library.Input((3,), name="inner_input")
    inner = library.Model(inner_input, layers.Dense(2, name="deep")(inner_input), name="inner")
    inputs = library.Input((4,), name="inputs")
    shared = layers.Dense(3, activation="tanh", name="shared")
    first = shared(inputs)
    second = shared(layers.Dense(4, name="between")(inputs))
    joined = layers.Add(name="joined")([inner(first), inner(second)])
    return library.Model(inputs, layers.Dense(1, name="out")(joined), name="whole")


def stacked(library: Any) -> Any:
    layers = library.layers
    return library.Sequential(
        [library.Input((4,), name="start"), layers.Dense(3, name="a"), layers.Dense(1, name="b")],
        name="stack",
    )


def thawed(library: Any) -> Any:
    """A base that is frozen, but for one of its layers."""
    layers = library.layers
    base = library.Sequential([library.Input((4,)), layers.Dense(3, "tanh"), layers.Dense(3)])
    base.trainable, base.layers[1].trainable = False, True
    return library.Sequential([library.Input((4,)), base, layers.Dense(1)])


class Own(keras.Model):
    """A subclass whose constructor has an argument."""

    def __init__(self, units: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.hidden = keras.layers.Dense(units, "tanh")
        self.noise = keras.layers.Dropout(0.2, seed=1)
        self.out = keras.layers.Dense(1)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.out(self.noise(self.hidden(inputs), training=training))


class OwnStep(keras.Model):
    """A functional model with a step of its own."""

    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def trained(model: Any) -> Any:
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.fit(X, Y, epochs=1, batch_size=10, verbose=0)
    return model


def _pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))


def own_step(library: Any) -> Any:
    inputs = library.Input((4,))
    return OwnStep(inputs, library.layers.Dense(1)(inputs))


def sharpened(inputs: Any) -> Any:
    return 2 * inputs


class Ridge(keras.regularizers.Regularizer):
    def __call__(self, x: Any) -> Any:
        return 0.1 * tf.reduce_sum(x**2)

    @staticmethod
    def sharpened(inputs: Any) -> Any:
        return 5 * inputs


def with_own_parts(library: Any) -> Any:
    """Parts that no file could name: lamina's functions, one's own classes, two of one name."""
    layers = library.layers
    hidden = layers.Dense(3, activation=tf.sin, kernel_regularizer=Ridge())
    twins = layers.Lambda(sharpened), layers.Activation(Ridge.sharpened)
    return library.Sequential([library.Input((4,)), hidden, *twins, layers.Dense(1)])


@pytest.mark.parametrize("copier", [copy.deepcopy, copy.copy, _pickled])
@pytest.mark.parametrize(
    "make", [branched, stacked, thawed, own_step, with_own_parts, lambda _: Own(3)]
)
def test_a_copy_goes_on_as_its_model_would(make: Any, copier: Any) -> None:
    keras.utils.set_random_seed(1)
    model = trained(make(keras))
    other = copier(model)
    assert type(other).__name__ == type(model).__name__ and other.name == model.name
    assert all(a is not b for a, b in zip(model.weights, other.weights, strict=True))
    assert other.metrics_names[0] == "loss" and int(other.optimizer.iterations) == 4
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    for each in (model, other):
        keras.utils.set_random_seed(2)
        each.fit(X, Y, epochs=2, batch_size=10, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_lambdas_are_pickled_by_what_pickles_code(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = keras.layers.Lambda(lambda x: 2 * x), keras.layers.Dense(1, lambda x: x + 1)
    model = keras.Sequential([keras.Input((4,)), *layers])
    written = pickle.dumps(joblib.wrap_non_picklable_objects(model, keep_wrapper=False))
    monkeypatch.setattr(lambdas, "_WRITTEN", {})  # as in another process
    other = pickle.loads(written)
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_copy_of_a_model_without_weights() -> None:
    model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
    other = copy.deepcopy(model)
    assert not other.built and other.predict(X, verbose=0).shape == (40, 1)
    assert not model.built


def test_a_copy_of_a_layer_is_not_part_of_the_graph() -> None:
    model = trained(stacked(keras))
    layer = copy.deepcopy(model.get_layer("a"))
    np.testing.assert_array_equal(layer.kernel, model.get_layer("a").kernel)
    assert layer.kernel is not model.get_layer("a").kernel
    with pytest.raises(AttributeError, match="'a' has no output"):
        _ = layer.output


# Clones -------------------------------------------------------------------------------------------


def without_bias(library: Any) -> Any:
    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, library.layers.Dense):
            config["use_bias"] = False
        return type(layer).from_config(config)

    return clone


CLONES: dict[str, Any] = {
    "plain": lambda library: {},
    "function": lambda library: {"clone_function": without_bias(library)},
    "recursive": lambda library: {"clone_function": without_bias(library), "recursive": True},
    "recursive_plain": lambda library: {"recursive": True},
    "inputs": lambda library: {"input_tensors": library.Input((4,), name="other")},
}


@pytest.mark.parametrize("options", CLONES)
@pytest.mark.parametrize("make", [branched, stacked])
def test_clones_are_those_of_keras(make: Any, options: str) -> None:
    found = []
    for library in (reference, keras):
        model = make(library)
        clone = library.models.clone_model(model, **CLONES[options](library))
        layers = [layer for layer in clone.layers if "Input" not in type(layer).__name__]
        found.append(
            (
                clone.name,
                [(layer.name, type(layer).__name__, layer.count_params()) for layer in layers],
                [tuple(weight.shape) for weight in clone.weights],
            )
        )
        own = {id(weight) for weight in model.weights}
        assert not any(id(weight) in own for weight in clone.weights)
    assert found[1] == found[0]


def test_layers_may_be_called_in_another_way() -> None:
    def call(layer: Any, *arguments: Any, **keywords: Any) -> Any:
        outputs = layer(*arguments, **keywords)
        return keras.layers.Dropout(0.5)(outputs) if layer.name == "shared" else outputs

    model = keras.models.clone_model(branched(keras), call_function=call)
    assert sum(isinstance(layer, keras.layers.Dropout) for layer in model.layers) == 2


def test_a_clone_is_compiled_as_its_model() -> None:
    def far(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.square(y_true - y_pred)) * 3.0

    model = stacked(keras)
    assert not keras.models.clone_model(model).compiled
    model.compile(keras.optimizers.SGD(0.25), far)
    clone = keras.models.clone_model(model)
    assert float(clone.optimizer.learning_rate) == 0.25 and clone.loss is far
    assert clone.optimizer is not model.optimizer


def test_operations_on_symbolic_tensors_are_cloned_too() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs * 2.0) + 1.0)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(X, verbose=0), model.predict(X, verbose=0))


def test_what_cannot_be_cloned_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="expects a model; got Dense"):
        keras.models.clone_model(keras.layers.Dense(1))
    with pytest.raises(InvalidArgumentError, match="functional models; got a Own"):
        keras.models.clone_model(Own(), clone_function=lambda layer: layer)
    with pytest.raises(InvalidArgumentError, match="call_function is for functional models only"):
        keras.models.clone_model(stacked(keras), call_function=print)
    with pytest.raises(InvalidArgumentError, match="has 1 inputs; got 2"):
        tensors = [keras.Input((4,)), keras.Input((4,))]
        keras.models.clone_model(branched(keras), input_tensors=tensors)
    for make in (stacked, branched):
        with pytest.raises(InvalidArgumentError, match="symbolic tensor"):
            keras.models.clone_model(make(keras), input_tensors=X)
    assert keras.models.clone_model(Own(5)).units == 5


# Parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [branched, stacked])
def test_a_part_of_a_model_shares_its_layers(make: Any) -> None:
    model = make(keras)
    layer = model.layers[1]
    part = keras.Model(inputs=model.inputs, outputs=layer.output)
    assert part.layers[-1] is layer and layer.output_shape == tuple(layer.output.shape)
    every = keras.Model(model.inputs, [x.output for x in model.layers if x.name != "inner"])
    outputs = every.predict(X, verbose=0)
    np.testing.assert_array_equal(outputs[1], part.predict(X, verbose=0))
    np.testing.assert_array_equal(outputs[-1], model.predict(X, verbose=0))


def test_what_layers_were_called_on() -> None:
    model = branched(keras)
    joined = model.get_layer("joined")
    assert [tuple(tensor.shape) for tensor in joined.input] == [(None, 2), (None, 2)]
    assert joined.input_shape == [(None, 2), (None, 2)] and joined.output_shape == (None, 2)
    assert model.get_layer("shared").input is model.input  # its first call
    layer = keras.layers.Dense(1)
    layer(X)
    with pytest.raises(AttributeError, match="not called on a symbolic tensor"):
        _ = layer.input


def test_a_layer_may_have_an_attribute_called_output() -> None:
    class Pair(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.output = keras.layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.output(inputs)

    layer = Pair()
    assert layer(X).shape == (40, 2) and len(layer.weights) == 2


# Losses and metrics of symbolic tensors -----------------------------------------------------------


def test_losses_and_metrics_of_symbolic_tensors() -> None:
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    spread = keras.layers.Dense(2, name="spread")(hidden)
    model.add_loss(0.5 * tf.reduce_mean(tf.square(spread)))
    model.add_metric(tf.reduce_mean(hidden), name="middle")
    assert "spread" in [layer.name for layer in model.layers] and len(model.weights) == 6
    model.compile("sgd", "mse")
    found = model.evaluate(X, Y, batch_size=40, verbose=0, return_dict=True)
    middle = X @ model.get_layer("hidden").kernel.numpy()
    square = np.mean((middle @ model.get_layer("spread").kernel.numpy()) ** 2)
    error = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    assert found["middle"] == pytest.approx(middle.mean(), rel=1e-4, abs=1e-6)
    assert found["loss"] == pytest.approx(error + 0.5 * square, rel=1e-4)
    before = model.get_layer("spread").kernel.numpy()
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(before, model.get_layer("spread").kernel.numpy())
    with pytest.raises(NotImplementedError, match="cannot be saved"):
        model.get_config()


def test_losses_and_metrics_that_a_call_adds() -> None:
    class Watched(keras.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
            self.add_loss(lambda: 0.1 * tf.square(self.scale))

        def call(self, inputs: Any) -> Any:
            self.add_metric(tf.reduce_max(inputs), name="largest", aggregation="mean")
            return inputs * self.scale

    model = keras.Sequential([keras.Input((4,)), Watched(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    found = model.evaluate(X, Y, batch_size=40, verbose=0, return_dict=True)
    assert found["largest"] == pytest.approx(X.max())
    error = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    assert found["loss"] == pytest.approx(error + 0.1, rel=1e-4)
    assert len(model.losses) == 1
    before = float(model.layers[0].scale)
    model.fit(X, np.zeros_like(Y), epochs=3, verbose=0)
    assert float(model.layers[0].scale) < before
    with pytest.raises(InvalidArgumentError, match="needs a name"):
        model.layers[0].add_metric(1.0)
    with pytest.raises(InvalidArgumentError, match="averages over batches"):
        model.layers[0].add_metric(1.0, name="a", aggregation="sum")
