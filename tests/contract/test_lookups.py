"""Lookups and hashes: the numbers of Keras on TensorFlow, everywhere that a layer can be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.tensor.function import Function
from tests.oracle import keras_hashing, keras_lookups
from tests.oracle.keras_lookups import Row

ROWS = {**keras_lookups.ROWS, **keras_hashing.ROWS}
LAYERS = tf.keras.layers
rows = pytest.mark.parametrize("name", ROWS)
batches = pytest.mark.parametrize(
    "name",
    [
        name
        for name, row in ROWS.items()
        if isinstance(row.inputs, list) and np.ndim(row.inputs) == 2
    ],
)


def _made(row: Row) -> Any:
    layer = getattr(LAYERS, row.layer)(**row.arguments)
    if row.adapts_to is not None:
        layer.adapt(row.adapts_to)
    return layer


def _inputs(row: Row) -> Any:
    several = isinstance(row.inputs, tuple)
    return tuple(map(np.array, row.inputs)) if several else np.array(row.inputs)


def _check(found: Any, row: Row) -> None:
    array = np.asarray(found)
    assert array.shape == row.shape
    if array.dtype == object:
        assert [item.decode() for item in array.ravel()] == row.expected
    else:
        np.testing.assert_allclose(array.ravel(), row.expected, rtol=1e-5)


@rows
def test_the_numbers_are_keras(name: str) -> None:
    row = ROWS[name]
    layer = _made(row)
    _check(layer(_inputs(row)), row)
    if row.vocabulary is not None:
        assert layer.get_vocabulary() == row.vocabulary
        assert layer.vocabulary_size() == len(row.vocabulary)
    assert not layer.weights


@rows
def test_lists_are_whole_tensors(name: str) -> None:
    row = ROWS[name]
    _check(_made(row)(row.inputs), row)


@rows
def test_a_configuration_and_the_vocabulary_make_the_layer_again(name: str) -> None:
    row = ROWS[name]
    layer = _made(row)
    again = LAYERS.deserialize(json.loads(json.dumps(LAYERS.serialize(layer))))
    if row.adapts_to is not None:
        weights = layer._idf if layer.output_mode == "tf_idf" else None
        again.set_vocabulary(layer.get_vocabulary(), *([] if weights is None else [weights]))
    _check(again(_inputs(row)), row)
    assert again.get_config() == layer.get_config()


@batches
def test_one_program_serves_every_batch(name: str) -> None:
    row = ROWS[name]
    program = Function(_made(row), symbolic_batch=True)
    x = _inputs(row)
    _check(program(x), row)
    assert len(program(x[:1])) == 1
    assert program.trace_count == 1


@batches
def test_models_and_their_files_have_it(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    x = _inputs(row)
    dtype = "string" if x.dtype.kind == "U" else x.dtype.name
    inputs = tf.keras.Input(x.shape[1:], dtype=dtype)
    model = tf.keras.Model(inputs, _made(row)(inputs))
    assert model.output_shape[1:] == row.shape[1:]
    _check(model.predict(x, verbose=0), row)
    model.save(tmp_path / "model.keras")
    _check(tf.keras.models.load_model(tmp_path / "model.keras").predict(x, verbose=0), row)
    dataset = tf.data.Dataset.from_tensor_slices(x).batch(len(x)).map(model.layers[1])
    _check(next(iter(dataset)), row)
