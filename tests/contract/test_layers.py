"""Every registered layer: Keras's numbers and configurations, gradients, any batch size."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.keras.configurable import FAMILIES
from lamina.tensor.function import Function
from tests.oracle.keras_layers import ROWS, WITHOUT_A_ROW, Row, inputs

CASES = [
    pytest.param(name, row, id=f"{name}-{number}")
    for name, rows in ROWS.items()
    for number, row in enumerate(rows)
]


def test_every_layer_has_a_row() -> None:
    registry = FAMILIES["keras.layers"]
    classes = {registry[name].__name__ for name in registry}
    assert classes - set(WITHOUT_A_ROW) == set(ROWS), "layers without a row, or rows of none"


def _made(library: Any, name: str, row: Row) -> Any:
    layer = getattr(library.layers, name)(**row.arguments)
    if row.adapts:
        layer.adapt(inputs(row))
    layer(inputs(row))
    return layer


@pytest.mark.parametrize(("name", "row"), CASES)
def test_the_numbers_are_keras(name: str, row: Row) -> None:
    import keras

    theirs, ours = _made(keras, name, row), _made(tf.keras, name, row)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    ours.set_weights([np.asarray(weight.value) for weight in theirs.weights])
    x = inputs(row)
    np.testing.assert_allclose(ours(x), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)
    assert ours.compute_output_shape((None, *x.shape[1:])) == theirs.compute_output_shape(
        (None, *x.shape[1:])
    )


@pytest.mark.parametrize(("name", "row"), CASES)
def test_configurations_travel_both_ways(name: str, row: Row) -> None:
    import keras

    ours, theirs = _made(tf.keras, name, row), _made(keras, name, row)
    config = json.loads(json.dumps(tf.keras.layers.serialize(ours)))
    there = keras.layers.deserialize(config)
    back = tf.keras.layers.deserialize(json.loads(json.dumps(keras.layers.serialize(theirs))))
    for copy, library in ((there, keras), (back, tf.keras)):
        x = inputs(row)
        copy(x)
        copy.set_weights(ours.get_weights())
        if hasattr(copy, "finalize_state"):
            copy.finalize_state()  # Keras's Normalization works with a copy of its weights
        np.testing.assert_allclose(np.asarray(copy(x)), ours(x), rtol=1e-5, atol=1e-6)
        assert type(copy) is getattr(library.layers, name)
    assert there.name == ours.name and back.name == theirs.name


@pytest.mark.parametrize(("name", "row"), CASES)
def test_one_program_for_every_batch_size(name: str, row: Row) -> None:
    layer = _made(tf.keras, name, row)
    program = Function(layer, symbolic_batch=True)
    x = inputs(row)
    for rows in (len(x), 1):
        np.testing.assert_allclose(program(x[:rows]), layer(x[:rows]), rtol=1e-6, atol=1e-7)
    assert program.trace_count == 1


@pytest.mark.parametrize(("name", "row"), CASES)
def test_gradients_are_finite_differences(name: str, row: Row) -> None:
    arguments = {**row.arguments, "dtype": "float64"}
    layer = getattr(tf.keras.layers, name)(**arguments)
    x = inputs(row).astype(np.float64)
    if row.adapts:
        layer.adapt(x)
    layer(x)
    values = [tf.Variable(x), *layer.trainable_weights]
    rng = np.random.default_rng(0)

    def loss() -> Any:
        return tf.reduce_sum(tf.sin(layer(values[0])))

    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, values)
    directions = [rng.normal(size=tuple(v.shape)) for v in values]
    slope = sum(float(np.sum(g.numpy() * d)) for g, d in zip(gradients, directions, strict=True))
    found = []
    for step in (1e-6, -2e-6):
        for v, d in zip(values, directions, strict=True):
            v.assign_add(step * d)
        found.append(float(loss()))
    np.testing.assert_allclose((found[0] - found[1]) / 2e-6, slope, rtol=1e-6, atol=1e-8)
