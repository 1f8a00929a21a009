"""Every registered layer: Keras's numbers, masks and configurations, gradients, native code, any
batch size.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram
from lamina.core import nest
from lamina.ir.interpret import interpreter
from lamina.keras import masks as mask_of
from lamina.keras.configurable import FAMILIES
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function
from tests.oracle import keras_layers, keras_normalization, keras_preprocessing
from tests.oracle.keras_layers import WITHOUT_A_ROW, Row, inputs, masks

ROWS = {**keras_layers.ROWS, **keras_normalization.ROWS, **keras_preprocessing.ROWS}

CASES = [
    pytest.param(name, row, id=f"{name}-{number}")
    for name, rows in ROWS.items()
    for number, row in enumerate(rows)
]


def test_every_layer_has_a_row() -> None:
    registry = FAMILIES["keras.layers"]
    classes = {registry[name].__name__ for name in registry}
    assert classes - set(WITHOUT_A_ROW) == set(ROWS), "layers without a row, or rows of none"


def _given(row: Row, tensor: Any) -> Any:
    """The row's inputs as tensors with their masks."""
    several = isinstance(row.shape, list)
    arrays = inputs(row) if several else [inputs(row)]
    tensors = [tensor(array) for array in arrays]
    for made, mask in zip(tensors, masks(row), strict=True):
        if mask is not None:
            made._keras_mask = tensor(mask)
    return tensors if several else tensors[0]


def _ours(row: Row) -> Any:
    return _given(row, tf.constant)


def _theirs(row: Row) -> Any:
    import keras

    return _given(row, keras.ops.convert_to_tensor)


def _constructed(library: Any, name: str, row: Row, **base: Any) -> Any:
    arguments = {**row.arguments, **({} if "layers" in row.arguments else base)}

    def inner(config: dict[str, Any]) -> Any:
        return getattr(library.layers, config["class_name"])(**config["config"], **base)

    if "layer" in arguments:
        arguments["layer"] = inner(arguments["layer"])
    if "layers" in arguments:
        arguments["layers"] = [inner(config) for config in arguments["layers"]]
    return getattr(library.layers, name)(**arguments)


def _made(library: Any, name: str, row: Row) -> Any:
    layer = _constructed(library, name, row)
    if row.adapts and hasattr(layer, "update_state"):  # Keras's adapt would need TensorFlow
        layer.update_state(inputs(row))
        layer.finalize_state()
    elif row.adapts:
        layer.adapt(inputs(row))
    layer(_ours(row) if library is tf.keras else _theirs(row))
    return layer


def _shapes(row: Row) -> Any:
    return nest.map_structure(lambda x: (None, *x.shape[1:]), inputs(row))


@pytest.mark.parametrize(("name", "row"), CASES)
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_the_numbers_are_keras(name: str, row: Row) -> None:
    import keras

    theirs, ours = _made(keras, name, row), _made(tf.keras, name, row)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert ours.supports_masking == theirs.supports_masking
    ours.set_weights([np.asarray(weight.value) for weight in theirs.weights])
    found, wanted = ours(_ours(row)), theirs(_theirs(row))
    np.testing.assert_allclose(found, np.asarray(wanted), rtol=1e-5, atol=1e-6)
    assert found.dtype.name == str(wanted.dtype)
    mask, wanted_mask = mask_of.get_mask(found), getattr(wanted, "_keras_mask", None)
    assert (mask is None) == (wanted_mask is None)
    if mask is not None:
        np.testing.assert_array_equal(mask, np.asarray(wanted_mask))
    known = found.shape if name == "Pipeline" else theirs.compute_output_shape(_shapes(row))
    known = (None, *known[1:])  # and None where Keras does not look
    pairs = zip(ours.compute_output_shape(_shapes(row)), known, strict=True)
    assert all(size == wanted or wanted is None for size, wanted in pairs)
    for penalty, wanted_penalty in zip(ours.losses, theirs.losses, strict=True):
        np.testing.assert_allclose(penalty, np.asarray(wanted_penalty), rtol=1e-5)


@pytest.mark.parametrize(("name", "row"), CASES)
def test_configurations_travel_both_ways(name: str, row: Row) -> None:
    import keras

    ours, theirs = _made(tf.keras, name, row), _made(keras, name, row)
    config = json.loads(json.dumps(tf.keras.layers.serialize(ours)))
    there = keras.layers.deserialize(config)
    back = tf.keras.layers.deserialize(json.loads(json.dumps(keras.layers.serialize(theirs))))
    for copy, library in ((there, keras), (back, tf.keras)):
        x = _ours(row) if library is tf.keras else _theirs(row)
        copy(x)
        copy.set_weights(ours.get_weights())
        if name == "Normalization":
            copy.finalize_state()  # Keras's Normalization works with a copy of its weights
        wanted = ours(_ours(row))
        np.testing.assert_allclose(np.asarray(copy(x)), wanted, rtol=1e-5, atol=1e-6)
        assert type(copy) is getattr(library.layers, name)
    assert there.name == ours.name and back.name == theirs.name


@pytest.mark.parametrize(("name", "row"), CASES)
def test_one_program_for_every_batch_size(name: str, row: Row) -> None:
    layer = _made(tf.keras, name, row)
    program = Function(layer, symbolic_batch=True)
    several = isinstance(row.shape, list)
    x = inputs(row) if several else [inputs(row)]
    for rows in (len(x[0]), 1):
        given = [array[:rows] for array in x]
        batch: Any = given if several else given[0]
        np.testing.assert_allclose(program(batch), layer(batch), rtol=1e-6, atol=1e-7)
    assert program.trace_count == 1


@pytest.mark.parametrize(("name", "row"), CASES)
def test_gradients_are_finite_differences(name: str, row: Row) -> None:
    if not row.smooth:
        pytest.skip("jumps where steps become masked")
    layer = _constructed(tf.keras, name, row, dtype="float64")
    given = nest.map_structure(lambda x: x if row.classes else x.astype(np.float64), inputs(row))
    if row.adapts:
        layer.adapt(given)
    layer(given)
    tensors = [] if row.classes else [tf.Variable(x) for x in nest.flatten(given)]
    values = [*tensors, *layer.trainable_weights]
    rng = np.random.default_rng(0)

    def loss() -> Any:
        x = nest.pack_sequence_as(given, [v.read_value() for v in tensors]) if tensors else given
        return tf.reduce_sum(tf.sin(layer(_with_masks(row, x))))

    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, values)
    directions = [rng.normal(size=tuple(v.shape)) for v in values]
    slope = sum(
        float(np.sum(g.numpy() * d))
        for g, d in zip(gradients, directions, strict=True)
        if g is not None
    )
    found = []
    for step in (1e-6, -2e-6):
        for v, d in zip(values, directions, strict=True):
            v.assign_add(step * d)
        found.append(float(loss()))
    np.testing.assert_allclose((found[0] - found[1]) / 2e-6, slope, rtol=1e-6, atol=1e-8)


def _with_masks(row: Row, x: Any) -> Any:
    """`x` with the row's masks, one row of the batch after the other."""
    for tensor, mask in zip(nest.flatten(x), masks(row), strict=True):
        if mask is not None:
            mask_of.set_mask(tensor, tf.constant(mask))
    return x


@pytest.mark.parametrize(("name", "row"), CASES)
def test_training_runs_natively(name: str, row: Row) -> None:
    """Forward and backward, masks and random numbers too, with no operation interpreted."""
    layer = _made(tf.keras, name, row)
    given = nest.flatten(inputs(row))
    wanted = [mask for mask in masks(row) if mask is not None]

    def step(*tensors: Any) -> Any:
        data, marks = tensors[: len(given)], list(tensors[len(given) :])
        copies = [tf.identity(x) * 1 for x in data]
        for copy, mask in zip(copies, masks(row), strict=True):
            if mask is not None:
                mask_of.set_mask(copy, marks.pop(0))
        x = copies if isinstance(row.shape, list) else copies[0]
        sources = [] if row.classes else copies
        with tf.GradientTape() as tape:
            for source in sources:
                tape.watch(source)
            y = layer(x, training=True)
            loss = tf.reduce_sum(tf.sin(tf.cast(y, "float32")))
        mask = mask_of.get_mask(y)
        gradients = tape.gradient(loss, [*sources, *layer.trainable_weights])
        return [y, gradients, [] if mask is None else [mask]]

    program = Function(step, symbolic_batch=True).program_for(*given, *wanted)
    graph = optimize(program.graph)
    arrays = [*given, *wanted, *(value.array for value in program.source_values())]
    for ours, theirs in zip(NativeProgram(graph)(arrays), interpreter(graph)(arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_what_is_outside_says_so() -> None:
    import keras

    old = {"CuDNNLSTM", "DenseFeatures", "ThresholdedReLU"}
    known = {name for name in dir(keras.layers) if name[0] != "_"}
    missing = known - set(tf.keras.layers.__all__) | old
    assert len(missing) > 100
    for name in sorted(missing):
        with pytest.raises(AttributeError, match=rf"keras.layers.{name} is not there: "):
            getattr(tf.keras.layers, name)
