"""Models in the HDF5 files of Keras 2: to Keras and back, and as TensorFlow 2 wrote them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import (
    AlreadyExistsError,
    ArgumentTypeError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
)
from tests.oracle.keras_models import data

X, Y = data(20, 4, 1, "regression")


@pytest.fixture(autouse=True)
def keras_is_quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)  # Keras advises against the format
    yield
    logging.disable(logging.NOTSET)


def functional(library: Any) -> Any:
    inputs = library.Input((4,), name="i")
    hidden = library.layers.Dense(3, activation="relu", name="h")(inputs)
    normal = library.layers.BatchNormalization(name="bn")(hidden)
    joined = library.layers.Add(name="sum")([hidden, normal])
    return library.Model(inputs, library.layers.Dense(1, name="o")(joined), name="fn")


def stacked(library: Any) -> Any:
    inner = library.Sequential(
        [library.Input((2,)), library.layers.Dense(1, name="in")], name="sub"
    )
    return library.Sequential(
        [library.Input((4,)), library.layers.Dense(2, name="d"), inner], name="stack"
    )


def trained(library: Any, build: Any) -> Any:
    model = build(library)
    model.compile(
        library.optimizers.Adam(0.01),
        library.losses.MeanSquaredError(),
        metrics=[library.metrics.MeanAbsoluteError(name="mae")],
    )
    model.fit(X, Y, batch_size=10, epochs=2, verbose=0)
    return model


def test_losses_and_optimizers_of_ones_own_come_back(tmp_path: Path) -> None:
    class Slow(keras.optimizers.SGD):
        pass

    def distance(y_true: Any, y_pred: Any) -> Any:
        return tf.abs(y_true - y_pred)

    model = stacked(keras)
    model.compile(Slow(0.1), distance, metrics=[distance])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.h5")
    objects = {"Slow": Slow, "distance": distance}
    again = keras.models.load_model(tmp_path / "model.h5", custom_objects=objects)
    assert isinstance(again.optimizer, Slow)
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5", "alone.weights.h5"])
def test_tensorflow_2_named_hdf5_files_so_too(name: str, tmp_path: Path) -> None:
    model = trained(keras, stacked)
    (model.save_weights if "alone" in name else model.save)(tmp_path / "model.h5")
    path = (tmp_path / "model.h5").rename(tmp_path / name)
    for by_name in (False, True):
        other = stacked(keras)
        other.load_weights(path, by_name=by_name)
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    if "alone" not in name:
        again = keras.models.load_model(path)
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("build", [functional, stacked])
@pytest.mark.parametrize("way", ["there", "back", "own"])
def test_models_go_to_keras_and_back(tmp_path: Path, build: Any, way: str) -> None:
    writer, reader = {
        "there": (keras, reference),
        "back": (reference, keras),
        "own": (keras, keras),
    }[way]
    model = trained(writer, build)
    path = str(tmp_path / "model.h5")
    model.save(path)
    found = reader.models.load_model(path)
    assert found.name == model.name
    np.testing.assert_allclose(
        found.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-4, atol=1e-6
    )
    results = [each.evaluate(X, Y, verbose=0) for each in (found, model)]
    np.testing.assert_allclose(*results, rtol=1e-4)
    assert int(np.asarray(found.optimizer.iterations)) == 4
    fresh = build(reader)
    fresh.load_weights(path)
    for mine, other in zip(fresh.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)
    if reader is reference:
        return  # which does not read the slots of an optimizer
    slots = [[np.asarray(v) for v in each.optimizer.variables] for each in (found, model)]
    for mine, other in zip(*slots, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)


def test_subclasses_are_built_before_they_get_their_weights(tmp_path: Path) -> None:
    class Own(keras.Model):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.hidden, self.out = keras.layers.Dense(3), keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.out(self.hidden(inputs))

    model = trained(keras, lambda _: Own())
    model.save(tmp_path / "a.h5")
    again = keras.models.load_model(tmp_path / "a.h5", custom_objects={"Own": Own})
    for each in (model, again):
        each.train_on_batch(X, Y)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_names_of_losses_that_keras_does_not_find_in_such_files(tmp_path: Path) -> None:
    model = stacked(keras)
    model.compile("sgd", "mse", metrics=["mae"])
    model.save(path := str(tmp_path / "model.h5"))
    results = [k.models.load_model(path).evaluate(X, Y, verbose=0) for k in (keras, reference)]
    np.testing.assert_allclose(*results, rtol=1e-4)


def old(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"trainable": True, "dtype": "float32", **config}}


def of_tensorflow(path: Path, config: dict[str, Any], training: Any = None) -> None:
    """A file as TensorFlow 2.4 wrote it: Dense layers `first` (4 to 2) and `last` (2 to 1)."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.4.0", "tensorflow"
        file.attrs["model_config"] = json.dumps(config)
        if training is not None:
            file.attrs["training_config"] = json.dumps(training)
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"input_1", b"first", b"last"]
        group.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
        for name, shape in (("first", (4, 2)), ("last", (2, 1))):
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            inner[f"{name}/kernel:0"] = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
            inner[f"{name}/bias:0"] = np.ones(shape[1:], np.float32)


GLOROT = {"class_name": "GlorotUniform", "config": {"seed": None}}
FIRST = {"name": "first", "units": 2, "activation": "relu", "kernel_initializer": GLOROT}
LAST = {"name": "last", "units": 1, "activation": "linear", "bias_regularizer": None}
INPUT = {"batch_input_shape": [None, 4], "sparse": False, "ragged": False, "name": "input_1"}
SEQUENTIAL = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential",
        "layers": [
            {"class_name": "InputLayer", "config": {**INPUT, "dtype": "float32"}},
            old("Dense", batch_input_shape=[None, 4], **FIRST),
            old("Dense", **LAST),
        ],
    },
}
FUNCTIONAL = {
    "class_name": "Functional",
    "config": {
        "name": "model",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {**INPUT, "dtype": "float32"},
                "name": "input_1",
                "inbound_nodes": [],
            },
            {**old("Dense", **FIRST), "name": "first", "inbound_nodes": [[["input_1", 0, 0, {}]]]},
            {
                **old("Add", name="add"),
                "name": "add",
                "inbound_nodes": [[["first", 0, 0, {}], ["first", 0, 0, {}]]],
            },
            {**old("Dense", **LAST), "name": "last", "inbound_nodes": [[["add", 0, 0, {}]]]},
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["last", 0, 0]],
    },
}
TRAINING = {
    "loss": "mse",
    "metrics": [["mae"]],
    "weighted_metrics": None,
    "loss_weights": None,
    "optimizer_config": {
        "class_name": "Adam",
        "config": {"name": "Adam", "learning_rate": 0.25, "decay": 0.0, "beta_1": 0.8},
    },
}


@pytest.mark.parametrize(("config", "times"), [(SEQUENTIAL, 1), (FUNCTIONAL, 2)])
def test_files_of_tensorflow_2(tmp_path: Path, config: dict[str, Any], times: int) -> None:
    of_tensorflow(tmp_path / "model.h5", config, TRAINING)
    model = keras.models.load_model(tmp_path / "model.h5")
    hidden = np.maximum(X @ np.arange(8, dtype=np.float32).reshape(4, 2) + 1, 0) * times
    expected = hidden @ np.array([[0.0], [1.0]], np.float32) + 1
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-5)
    assert float(model.optimizer.learning_rate) == 0.25 and model.loss == "mse"
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mae"]


def test_what_it_was_compiled_with_may_be_unknown(tmp_path: Path) -> None:
    path = tmp_path / "model.hdf5"
    of_tensorflow(path, SEQUENTIAL, {**TRAINING, "loss": "my_own_loss"})
    with pytest.warns(UserWarning, match="the model is not compiled.*my_own_loss"):
        assert not keras.models.load_model(path).compiled
    assert not keras.models.load_model(path, compile=False).compiled


def test_the_optimizer_may_be_left_out(tmp_path: Path) -> None:
    model = trained(keras, stacked)
    for path in ("a.h5", "a.keras", "a"):
        model.save(tmp_path / path, include_optimizer=False, zipped=None if "." in path else False)
        assert not keras.models.load_model(tmp_path / path).compiled
    assert not reference.models.load_model(tmp_path / "a.keras").compiled
    assert len(model.optimizer.variables) == 10  # is left as it is
    with pytest.raises(ArgumentTypeError, match="does not know 'save_traces'"):
        model.save(tmp_path / "a.h5", save_traces=True)
    with pytest.raises(FailedPreconditionError, match="no weights yet"):
        keras.Sequential([keras.layers.Dense(1)]).save(tmp_path / "a.h5")


@pytest.mark.parametrize("build", [functional, stacked])
def test_weights_alone_as_keras_2_wrote_them(tmp_path: Path, build: Any) -> None:
    model, path = trained(keras, build), tmp_path / "made" / "a.h5"
    model.save_weights(path, save_format="h5")
    for library in (keras, reference):
        other = build(library)
        other.load_weights(path)
        found, expected = other.predict(X, verbose=0), model.predict(X, verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_weights_in_checkpoints_as_tensorflow_2_wrote_them(tmp_path: Path) -> None:
    model = trained(keras, stacked)
    path = tmp_path / "made" / "cp-{epoch:02d}.ckpt"
    saving = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[saving])
    latest = tf.train.latest_checkpoint(tmp_path / "made")
    assert latest is not None and latest.endswith("cp-02.ckpt")
    other = stacked(keras)
    later = keras.Sequential([keras.layers.Dense(2), keras.Sequential([keras.layers.Dense(1)])])
    other.load_weights(latest).expect_partial()
    later.load_weights(latest)  # its weights are made afterwards
    for found in (other, later):
        np.testing.assert_array_equal(found.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises(AlreadyExistsError):
        model.save_weights(latest, overwrite=False)
    for path, kind, known in (("a", "h5", "tf"), ("a.h5", "tf", "h5")):
        with pytest.raises(InvalidArgumentError, match=f"save_format is '{known}' for"):
            model.save_weights(tmp_path / path, save_format=kind)


def test_many_names_go_on_in_further_attributes(tmp_path: Path) -> None:
    stem = "a_layer_with_a_long_name_" * 20
    layers = [keras.layers.Dense(1, name=f"{stem}{i}") for i in range(140)]
    model = keras.Sequential([keras.Input((1,)), *layers])
    model.save(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs
    assert len(keras.models.load_model(tmp_path / "a.h5").layers) == 140


def test_damaged_and_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"no HDF5")
    with pytest.raises(DataLossError, match="is not an HDF5 file"):
        keras.models.load_model(path)
    with h5py.File(path, "w") as file:
        file.create_group("model_weights")
    with pytest.raises(DataLossError, match="only weights"):
        keras.models.load_model(path)
    of_tensorflow(path, SEQUENTIAL)
    with h5py.File(path, "a") as file:
        del file["model_weights/first/first/kernel:0"]
    with pytest.raises(DataLossError, match="kernel:0 is missing"):
        keras.models.load_model(path)
    with h5py.File(path, "a") as file:
        file["model_weights/first/first/kernel:0"] = h5py.ExternalLink("other.h5", "/x")
    with pytest.raises(DataLossError, match="links are not followed"):
        keras.models.load_model(path)
    of_tensorflow(path, SEQUENTIAL)
    with pytest.raises(InvalidArgumentError, match="has weights of 2 layers"):
        functional(keras).load_weights(path)
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    with pytest.raises(InvalidArgumentError, match=r"has shape \(4, 2\)"):
        other.load_weights(path)
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = "{"
    with pytest.raises(DataLossError, match="model_config: the JSON is damaged"):
        keras.models.load_model(path)
