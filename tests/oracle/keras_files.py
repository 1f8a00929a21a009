"""What it means that a model goes on in another library as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lamina.core import nest

TOLERANCE = 1e-6  # of the largest number


def train(model: Any, x: Any, y: Any, steps: int = 2, **options: Any) -> None:
    """A few steps on one batch."""
    for _ in range(steps):
        model.train_on_batch(x, y, **options)


def travelled(model: Any, reader: Any, path: Path, **options: Any) -> Any:
    """The model, saved by its library and loaded by `reader`."""
    model.save(path)
    return reader.models.load_model(path, **options)


def assert_goes_on(model: Any, again: Any, x: Any, y: Any, **options: Any) -> None:
    """Both have the same state, predict the same, and do so after the same next step."""
    assert_alike(model, again, x)
    for each in (model, again):
        each.reset_metrics()
    found = [each.train_on_batch(x, y, return_dict=True, **options) for each in (model, again)]
    assert sorted(found[0]) == sorted(found[1])
    for name, value in found[0].items():
        assert_close(found[1][name], value, name)
    assert_alike(model, again, x)


def assert_alike(model: Any, again: Any, x: Any) -> None:
    """Weights, the optimizer's state and predictions agree."""
    for first, second in zip(model.weights, again.weights, strict=True):
        assert_close(second, first, first.path)
    states = [[] if each.optimizer is None else each.optimizer.variables for each in (model, again)]
    for first, second in zip(*states, strict=True):
        assert_close(second, first, first.path)
    predictions = [nest.flatten(each.predict_on_batch(x)) for each in (model, again)]
    for first, second in zip(*predictions, strict=True):
        assert_close(second, first, "predictions")


def assert_close(found: Any, wanted: Any, what: str) -> None:
    """Equal to rounding; what is no number of floats, exactly."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape, what
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted, err_msg=what)
        return
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE * scale, err_msg=what)


# Kinds of models ----------------------------------------------------------------------------------


class Kind(NamedTuple):
    """A compiled model of a library, what it is trained on, and the classes of a user in it."""

    build: Callable[[Any], Any]
    x: Any
    y: Any
    classes: Callable[[Any], dict[str, Any]] = lambda k: {}
    next_step: bool = True

    @property
    def rest(self) -> tuple[Any, ...]:
        """What is compared on: data, with targets where a step is made."""
        return (self.x, self.y) if self.next_step else (self.x,)


_RNG = np.random.default_rng(4)
_X = _RNG.normal(size=(8, 3)).astype(np.float32)
_Y = _RNG.normal(size=(8, 2)).astype(np.float32)
_CLASSES = _RNG.integers(0, 5, (8, 3)).astype(np.int32)


def _compiled(k: Any, model: Any, **options: Any) -> Any:
    model.compile(
        k.optimizers.Adam(0.01, **options),
        k.losses.LogCosh(),
        metrics=["mae", k.metrics.MeanSquaredError(name="squares")],
        run_eagerly=True,
    )
    return model


def _late(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(4, "tanh"), k.layers.BatchNormalization()])
    model.add(k.layers.Dense(2))
    model.build((None, 3))
    return _compiled(k, model)


def _shared(k: Any) -> Any:
    part = k.Input((4,))
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(3, "tanh"), k.layers.Dense(4, "elu")])
    deeper = k.Model(part, k.layers.Dense(4)(inner(part)))
    inputs = k.Input((3,))
    layer = k.layers.Dense(4, "tanh")
    joined = k.layers.Concatenate()([deeper(layer(inputs)), layer(k.ops.negative(inputs))])
    return _compiled(k, k.Model(inputs, k.layers.Dense(2)(joined)))


def _models_as_outputs(k: Any) -> Any:
    """The second output is the first call of a model, the others are its second and a layer."""
    part = k.Input((3,))
    inner = k.Model(part, k.layers.Dense(2)(k.layers.Dense(4, "tanh")(part)), name="inner")
    chain = k.Sequential([k.Input((3,)), k.layers.Dense(2)], name="chain")
    inputs = k.Input((3,))
    first = inner(inputs)
    outputs = [inner(k.ops.negative(inputs)), first, chain(inputs)]
    model = k.Model(inputs, [*outputs, k.layers.Dense(2, name="last")(outputs[0])])
    model.compile(k.optimizers.Adam(0.01), "mse", run_eagerly=True)
    return model


def _steps(k: Any) -> Any:
    inputs = k.Input((3,))
    y = k.layers.Dense(4)(inputs)
    y = k.ops.tanh(y * 2 + 1) / 2 - k.ops.mean(y, axis=-1, keepdims=True)
    y = k.ops.concatenate([y[:, 1:], k.ops.maximum(y, 0.1)], axis=1)
    return _compiled(k, k.Model(inputs, k.layers.Dense(2)(y)))


def _own_classes(k: Any) -> dict[str, Any]:
    class Gate(k.layers.Layer):  # type: ignore[misc]
        """Weights made in `build`, a layer inside, and a count that no gradient changes."""

        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = units
            self.inner = k.layers.Dense(units, "sigmoid")

        def build(self, shape: Any) -> None:
            self.inner.build(shape)
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
            self.calls = self.add_weight(shape=(), trainable=False, name="calls")

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            if training:
                self.calls.assign(self.calls + 1)
            return self.inner(inputs) * self.scale

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    class Steep(k.layers.Dense):  # type: ignore[misc]
        """A constructor that hands on what it gets, without names."""

        def __init__(self, *args: Any, gain: float = 2.0, **options: Any) -> None:
            super().__init__(*args, **options)
            self.gain = gain

        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * self.gain

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "gain": self.gain}

    class Connected(k.Model):  # type: ignore[misc]
        """A functional model whose constructor does the same."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)

    class Net(k.Model):  # type: ignore[misc]
        """A subclass with layers in attributes, lists and dicts."""

        def __init__(self, units: int = 4, **options: Any) -> None:
            super().__init__(**options)
            self.units = units
            self.gate = Gate(units)
            self.towers = [k.layers.Dense(3, "tanh"), k.layers.Dense(3)]
            self.heads = {"one": k.layers.Dense(2), "two": k.layers.Dense(2)}

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            y = self.towers[1](self.towers[0](self.gate(inputs, training=training)))
            return self.heads["one"](y) + self.heads["two"](y)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    return {"Gate": Gate, "Net": Net, "Steep": Steep, "Connected": Connected}


def _subclass(k: Any) -> Any:
    model = _own_classes(k)["Net"]()
    model(_X)
    return _compiled(k, model)


def _own_layer(k: Any) -> Any:
    classes = _own_classes(k)
    gate, steep = classes["Gate"](4), classes["Steep"](3, "tanh", False, gain=0.5)
    inputs = k.Input((3,))
    inner = classes["Connected"](inputs, steep(inputs))
    return _compiled(k, k.Sequential([k.Input((3,)), gate, k.layers.Dense(3), inner]))


def _frozen(k: Any) -> Any:
    first = k.layers.Dense(4, "tanh", trainable=False)
    norm = k.layers.BatchNormalization()
    norm.trainable = False
    return _compiled(k, k.Sequential([k.Input((3,)), first, norm, k.layers.Dense(2)]))


def _partly_frozen(k: Any) -> Any:
    """A base that is frozen, but for one of its layers."""
    layers = [k.layers.Dense(4, "tanh"), k.layers.BatchNormalization(), k.layers.Dense(4)]
    base = k.Sequential([k.Input((3,)), *layers])
    base.trainable, layers[-1].trainable = False, True
    inputs = k.Input((3,))
    outer = k.Model(inputs, base(inputs))
    outer.trainable, layers[-1].trainable = False, True
    return _compiled(k, k.Sequential([k.Input((3,)), outer, k.layers.Dense(2)]))


def _averaged(k: Any) -> Any:
    layers = [k.Input((3,)), k.layers.Dense(4, "tanh"), k.layers.Dense(2)]
    options = {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3}
    return _compiled(k, k.Sequential(layers), global_clipnorm=0.5, weight_decay=0.01, **options)


def _random(k: Any) -> Any:
    layers = [k.Input((3,)), k.layers.GaussianNoise(0.1, seed=1), k.layers.Dropout(0.2, seed=2)]
    return _compiled(k, k.Sequential([*layers, k.layers.Dense(2)]))


def _prepared(k: Any) -> Any:
    inputs = k.Input((3,))
    norm, bins = k.layers.Normalization(), k.layers.Discretization(num_bins=4)
    norm.adapt(_X)
    bins.update_state(_X)  # Keras's adapt would need TensorFlow
    bins.finalize_state()
    coded = k.layers.CategoryEncoding(5, "multi_hot")(bins(inputs))
    joined = k.layers.Concatenate()([norm(inputs), k.ops.cast(coded, "float32")])
    return _compiled(k, k.Model(inputs, k.layers.Dense(2)(k.layers.Rescaling(0.5, 1.0)(joined))))


def _embedded(k: Any) -> Any:
    inputs = k.Input((3,), dtype="int32")
    y = k.layers.Flatten()(k.layers.Embedding(5, 2)(inputs))
    return _compiled(k, k.Model(inputs, k.layers.Dense(2)(y)))


def _mixed(k: Any) -> Any:
    policy = k.DTypePolicy("mixed_float16")
    layers = [k.layers.Dense(4, "tanh", dtype=policy), k.layers.Dense(2, dtype="float32")]
    model = k.Sequential([k.Input((3,)), *layers])
    model.compile(k.optimizers.SGD(0.01, momentum=0.9), "mse", run_eagerly=True)
    return model


KINDS: dict[str, Kind] = {
    "sequential_built_later": Kind(_late, _X, _Y),
    "shared_and_nested": Kind(_shared, _X, _Y),
    "models_as_outputs": Kind(_models_as_outputs, _X, [_Y] * 4),
    "steps_of_keras_ops": Kind(_steps, _X, _Y),
    "subclass": Kind(_subclass, _X, _Y, _own_classes),
    "own_layer": Kind(_own_layer, _X, _CLASSES / 5, _own_classes),
    "frozen": Kind(_frozen, _X, _Y),
    "partly_frozen": Kind(_partly_frozen, _X, _Y),
    "averages": Kind(_averaged, _X, _Y),
    "random": Kind(_random, _X, _Y, next_step=False),  # Keras draws other numbers
    "preprocessing": Kind(_prepared, _X, _Y),
    "embedding": Kind(_embedded, _CLASSES, _Y),
    "mixed_float16": Kind(_mixed, _X, _Y, next_step=False),  # sums of float16 in other orders
}
