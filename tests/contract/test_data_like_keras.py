"""The same training as Keras's on every kind of data: history, weights, scores, predictions."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import lamina as tf
from tests.oracle.keras_models import data, network, twins

X, Y = data(60, 5, 1, "binary")
_, SPARSE = data(60, 5, 3, "sparse")
ONE_HOT = np.eye(3, dtype=np.float32)[SPARSE]
WEIGHT = np.random.default_rng(4).uniform(0.5, 2.0, 60).astype(np.float32)
BATCHES = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 60, 16)]
WEIGHTED = [(*batch, WEIGHT[i * 16 : i * 16 + 16]) for i, batch in enumerate(BATCHES)]
RAGGED = [(X[a:b], Y[a:b]) for a, b in ((0, 7), (7, 30), (30, 53), (53, 60))]

Case = Callable[[Any], dict[str, Any]]
"""From a `keras` module to the arguments of fit, but for shuffle, epochs and verbose."""


def _py_dataset(keras: Any, batches: list[Any], **options: Any) -> Any:
    class Numbered(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(batches)

        def __getitem__(self, index: int) -> Any:
            return batches[index]

    return Numbered(**options)


def _endless(batches: list[Any]) -> Iterator[Any]:
    while True:
        yield from batches


CASES: dict[str, Case] = {
    "arrays": lambda keras: {"x": X, "y": Y, "batch_size": 16},
    "float64": lambda keras: {"x": X.astype(np.float64), "y": Y.astype(np.int64)},
    "steps_of_arrays": lambda keras: {"x": X, "y": Y, "steps_per_epoch": 4},
    "fewer_steps": lambda keras: {"x": X, "y": Y, "batch_size": 20, "steps_per_epoch": 2},
    "lists": lambda keras: {"x": X.tolist() and [X], "y": [Y], "batch_size": 16},
    "pandas": lambda keras: {
        "x": pd.DataFrame(X, columns=list("abcde")),
        "y": pd.Series(Y[:, 0]),
        "batch_size": 16,
    },
    "validation_split": lambda keras: {"x": X, "y": Y, "batch_size": 16, "validation_split": 0.3},
    "validation_arrays": lambda keras: {
        "x": X,
        "y": Y,
        "validation_data": (X[:9], Y[:9], WEIGHT[:9]),
        "validation_batch_size": 4,
    },
    "validation_steps": lambda keras: {
        "x": X,
        "y": Y,
        "validation_data": (X, Y),
        "validation_batch_size": 10,
        "validation_steps": 2,
    },
    "validation_freq": lambda keras: {
        "x": X,
        "y": Y,
        "validation_data": (X[:9], Y[:9]),
        "validation_freq": [1, 3],
    },
    "validation_freq_number": lambda keras: {
        "x": X,
        "y": Y,
        "validation_data": _py_dataset(keras, BATCHES[:2]),
        "validation_freq": 2,
    },
    "sample_weight": lambda keras: {"x": X, "y": Y, "sample_weight": WEIGHT, "batch_size": 16},
    "class_weight": lambda keras: {"x": X, "y": Y, "class_weight": {0: 1.0, 1: 3.0}},
    "endless_generator": lambda keras: {"x": _endless(BATCHES), "steps_per_epoch": 6},
    "weighted_generator": lambda keras: {"x": _endless(WEIGHTED), "steps_per_epoch": 3},
    "ragged_generator": lambda keras: {"x": _endless(RAGGED), "steps_per_epoch": 4},
    "generator_and_validation": lambda keras: {
        "x": _endless(BATCHES),
        "steps_per_epoch": 4,
        "validation_data": _endless(BATCHES[:1]),
        "validation_steps": 3,
    },
    "py_dataset": lambda keras: {"x": _py_dataset(keras, BATCHES)},
    "py_dataset_weighted": lambda keras: {
        "x": _py_dataset(keras, WEIGHTED),
        "validation_data": _py_dataset(keras, RAGGED),
    },
    "py_dataset_classes": lambda keras: {
        "x": _py_dataset(keras, BATCHES),
        "class_weight": {0: 2.0, 1: 0.5},
    },
    "py_dataset_steps": lambda keras: {"x": _py_dataset(keras, BATCHES), "steps_per_epoch": 2},
    "initial_epoch": lambda keras: {"x": X, "y": Y, "initial_epoch": 1},
}

LAMINA_ONLY: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "polars": ("pandas", lambda: {"x": pl.DataFrame(X), "y": pl.Series(Y[:, 0]), "batch_size": 16}),
    "pyarrow": (
        "pandas",
        lambda: {
            "x": pa.table({name: X[:, i] for i, name in enumerate("abcde")}),
            "y": pa.chunked_array([Y[:20, 0], Y[20:, 0]]),
            "batch_size": 16,
        },
    ),
    "workers": (
        "py_dataset",
        lambda: {"x": _py_dataset(tf.keras, BATCHES, workers=2, max_queue_size=3)},
    ),
    "dataset": ("py_dataset", lambda: {"x": _slices(X, Y).batch(16)}),
    "dataset_prefetched": (
        "py_dataset",
        lambda: {"x": _slices(X, Y).cache().batch(16).prefetch(tf.data.AUTOTUNE)},
    ),
    "dataset_mapped": (
        "py_dataset",
        lambda: {"x": _slices(X, Y).map(lambda x, y: (x, y)).batch(16).prefetch(1)},
    ),
    "dataset_of_generator": (
        "py_dataset",
        lambda: {
            "x": tf.data.Dataset.from_generator(
                lambda: iter(BATCHES),
                output_signature=(
                    tf.TensorSpec((None, 5), tf.float32),
                    tf.TensorSpec((None, 1), tf.float32),
                ),
            )
        },
    ),
    "dataset_weighted": (
        "py_dataset_weighted",
        lambda: {"x": _slices(X, Y, WEIGHT).batch(16), "validation_data": _of(RAGGED)},
    ),
    "dataset_classes": (
        "py_dataset_classes",
        lambda: {"x": _slices(X, Y).batch(16), "class_weight": {0: 2.0, 1: 0.5}},
    ),
    "dataset_mapped_classes": (
        "py_dataset_classes",
        lambda: {
            "x": _slices(X, Y).batch(16).map(lambda x, y: (x, y)),
            "class_weight": {0: 2.0, 1: 0.5},
        },
    ),
    "dataset_repeated": (
        "endless_generator",
        lambda: {"x": _slices(X, Y).batch(16).repeat(), "steps_per_epoch": 6},
    ),
    "dataset_steps": (
        "py_dataset_steps",
        lambda: {"x": _slices(X, Y).batch(16), "steps_per_epoch": 2},
    ),
    "iterable": ("py_dataset", lambda: {"x": Loader(BATCHES)}),
    "iterable_steps": ("py_dataset_steps", lambda: {"x": Loader(BATCHES), "steps_per_epoch": 2}),
    "generator_of_lists": (
        "endless_generator",
        lambda: {"x": ([x, y] for x, y in _endless(BATCHES)), "steps_per_epoch": 6},
    ),
}


class TorchTensor:
    """What a tensor of PyTorch is to others."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def detach(self) -> TorchTensor:
        return self

    cpu = detach

    def numpy(self) -> np.ndarray:
        return self._array


class Loader:
    """A DataLoader of PyTorch, as far as others see it."""

    def __init__(self, batches: list[Any]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Any]:
        return ([TorchTensor(x), TorchTensor(y)] for x, y in self._batches)


def _slices(*arrays: np.ndarray) -> Any:
    return tf.data.Dataset.from_tensor_slices(arrays)


def _of(batches: list[Any]) -> Any:
    whole = [tf.data.Dataset.from_tensors(batch) for batch in batches]
    found = whole[0]
    for other in whole[1:]:
        found = found.concatenate(other)
    return found


def _run(model: Any, arguments: dict[str, Any], **options: Any) -> tuple[Any, list[Any]]:
    model.compile(
        optimizer="adam",
        loss="binary_crossentropy",
        metrics=["mse"],
        weighted_metrics=["mae"],
        **options,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Keras tells that shuffle is left out
        history = model.fit(**{"shuffle": False, "epochs": 3, "verbose": 0, **arguments})
    return history.history, model.get_weights()


def _compare(ours: tuple[Any, list[Any]], theirs: tuple[Any, list[Any]]) -> None:
    assert set(ours[0]) == set(theirs[0])
    for name, values in theirs[0].items():
        np.testing.assert_allclose(ours[0][name], values, rtol=2e-4, atol=1e-5, err_msg=name)
    for mine, wanted in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-4, atol=2e-5)


@functools.cache
def _expected(name: str) -> tuple[list[Any], tuple[Any, list[Any]]]:
    """The first weights of Keras's model, and what its training gives."""
    import keras

    model = network(keras, 5, 1, "sigmoid")
    start = model.get_weights()
    return start, _run(model, CASES[name](keras))


def _check(name: str, arguments: dict[str, Any], **options: Any) -> None:
    start, expected = _expected(name)
    model = network(tf.keras, 5, 1, "sigmoid")
    model.set_weights(start)
    _compare(_run(model, arguments, **options), expected)


@pytest.mark.parametrize("name", CASES)
def test_fit_on(name: str) -> None:
    _check(name, CASES[name](tf.keras))


@pytest.mark.parametrize("name", ["steps_of_arrays", "ragged_generator", "py_dataset_weighted"])
def test_fit_step_by_step_on(name: str) -> None:
    _check(name, CASES[name](tf.keras), run_eagerly=True)


@pytest.mark.parametrize("name", LAMINA_ONLY)
def test_fit_on_what_keras_does_not_take_on_this_backend(name: str) -> None:
    same, make = LAMINA_ONLY[name]
    _check(same, make())


@pytest.mark.parametrize("targets", ["sparse", "one_hot"])
def test_class_weights_of_several_classes(targets: str) -> None:
    y = SPARSE if targets == "sparse" else ONE_HOT
    loss = f"{'sparse_' if targets == 'sparse' else ''}categorical_crossentropy"
    found = []
    for model in twins(lambda module: network(module, 5, 3, "softmax")):
        model.compile("sgd", loss)
        weights = {0: 1.0, 1: 2.0, 2: 5.0}
        model.fit(X, y, batch_size=16, shuffle=False, verbose=0, class_weight=weights)
        found.append(model.get_weights())
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def _two_ends(keras: Any) -> Any:
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    hidden = keras.layers.Dense(4)(left) + keras.layers.Dense(4)(right)
    outputs = {
        "a": keras.layers.Dense(1, name="a")(hidden),
        "b": keras.layers.Dense(2, name="b")(hidden),
    }
    return keras.Model({"left": left, "right": right}, outputs)


TWO_IN = {"left": X[:, :3], "right": X[:, 3:]}
TWO_OUT = {"a": Y, "b": X[:, :2]}
TWO_WEIGHTS = {"a": WEIGHT, "b": WEIGHT[::-1].copy()}


def _rows(structure: dict[str, np.ndarray], part: slice) -> dict[str, np.ndarray]:
    return {name: array[part] for name, array in structure.items()}


@pytest.mark.parametrize("kind", ["arrays", "py_dataset", "dataset"])
@pytest.mark.parametrize("weighted", [False, True])
def test_several_inputs_and_outputs_by_name(kind: str, weighted: bool) -> None:
    whole = (TWO_IN, TWO_OUT, TWO_WEIGHTS) if weighted else (TWO_IN, TWO_OUT)
    parts = [slice(i, i + 16) for i in range(0, 60, 16)]
    found = []
    for keras, model in zip(_libraries(), twins(_two_ends), strict=True):
        arguments: dict[str, Any] = {
            "x": _py_dataset(
                keras, [tuple(_rows(structure, part) for structure in whole) for part in parts]
            )
        }
        if kind == "arrays":
            names = ("x", "y", "sample_weight")
            arguments = {**dict(zip(names, whole, strict=False)), "batch_size": 16}
        elif kind == "dataset" and keras is tf.keras:
            arguments = {"x": tf.data.Dataset.from_tensor_slices(whole).batch(16)}
        model.compile("sgd", {"a": "mse", "b": "mae"}, loss_weights={"a": 1.0, "b": 0.5})
        history = model.fit(**arguments, epochs=2, shuffle=False, verbose=0)
        found.append((history.history, model.get_weights()))
    _compare(found[1], found[0])


def _libraries() -> tuple[Any, Any]:
    import keras

    return keras, tf.keras


@pytest.mark.parametrize("kind", ["arrays", "generator", "py_dataset", "dataset", "mapped"])
def test_evaluate_and_predict(kind: str) -> None:
    found = []
    models = twins(lambda keras: network(keras, 5, 1, "sigmoid"))
    for keras, model in zip(_libraries(), models, strict=True):
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy", "auc"])
        ours = keras is tf.keras

        def make(keras: Any = keras, ours: bool = ours) -> dict[str, Any]:
            if kind == "generator":
                return {"x": _endless(BATCHES), "steps": 4}
            if kind == "arrays" or (not ours and kind != "py_dataset"):
                return {"x": X, "y": Y, "batch_size": 16}
            if kind == "py_dataset":
                return {"x": _py_dataset(keras, BATCHES)}
            dataset = _slices(X, Y).batch(16)
            return {"x": dataset.map(lambda x, y: (x, y)) if kind == "mapped" else dataset}

        scores = model.evaluate(**make(), verbose=0, return_dict=True)
        given = make()
        given.pop("y", None)
        scores = {name.lower(): value for name, value in scores.items()}
        found.append(([scores[n] for n in sorted(scores)], model.predict(**given, verbose=0)))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-4)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-4, atol=1e-6)
