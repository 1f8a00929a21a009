"""The graph that exports are made of: pure, simplified, with named weights."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.shapes import B
from lamina.export import inference_graph
from lamina.ir.interpret import interpreter


def _model():
    first = keras.Input((4,), name="numbers")
    second = keras.Input((2,), dtype="int32", name="codes")
    x = keras.layers.Dense(3, "relu", name="hidden")(first)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.5)(x)
    y = keras.layers.Flatten()(keras.layers.Embedding(5, 2, name="table")(second))
    return keras.Model(
        {"numbers": first, "codes": second},
        [
            keras.layers.Dense(2, name="left")(x),
            keras.layers.Add(name="right")([x[:, :2], y[:, :2]]),
        ],
        name="two",
    )


def test_it_computes_what_the_model_does_and_has_its_names():
    model = _model()
    found = inference_graph(model)
    assert [(port.name, port.spec.shape) for port in found.inputs] == [
        ("codes", (B, 2)),
        ("numbers", (B, 4)),
    ]
    assert [port.name for port in found.outputs] == ["left", "right"]
    assert found.name == "two"
    assert {"hidden/kernel", "table/embeddings"} <= set(found.constants.values())
    numbers = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    codes = np.arange(14, dtype=np.int32).reshape(7, 2) % 5
    expected = model.predict({"numbers": numbers, "codes": codes}, verbose=0)
    for one, other in zip(interpreter(found.graph)([codes, numbers]), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    names = {node.primitive.name for node in found.graph.nodes}
    assert not names & {"random_bits", "check", "observe"}


def test_an_input_signature_fixes_the_number_of_rows():
    model = _model()
    signature = {
        "numbers": tf.TensorSpec((3, 4), name="x"),
        "codes": keras.layers.InputSpec("int32", (3, 2)),
    }
    found = inference_graph(model, signature)
    assert [(port.name, port.spec.shape) for port in found.inputs] == [
        ("codes", (3, 2)),
        ("x", (3, 4)),
    ]


def test_a_subclass_is_exported_as_it_was_called():
    class Doubling(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            tf.debugging.assert_less(x, 1e9)
            return {"once": self.dense(x), "twice": 2 * self.dense(x)}

    model = Doubling()
    with pytest.raises(tf.errors.FailedPreconditionError, match="no weights yet"):
        inference_graph(model)
    x = np.ones((3, 4), np.float32)
    expected = model(x)
    found = inference_graph(model)
    assert [port.name for port in found.outputs] == ["once", "twice"]
    once, twice = interpreter(found.graph)([x])
    np.testing.assert_allclose(once, expected["once"], atol=1e-6)
    np.testing.assert_allclose(twice, expected["twice"], atol=1e-6)


def test_what_depends_on_state_is_refused():
    class Noisy(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(1)

        def call(self, x):
            return x + keras.random.normal(keras.ops.shape(x), seed=self.seed)

    model = keras.Sequential([keras.Input((4,)), Noisy()])
    with pytest.raises(tf.errors.UnimplementedError, match="each call changes the variable"):
        inference_graph(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "folder"}, "There is no SavedModel"),
        ({"filepath": "x", "format": "tf_saved_model"}, "TensorFlow's graphs are not written"),
        ({"filepath": "x", "format": "openvino"}, "OpenVINO reads ONNX"),
        ({"filepath": "x", "format": "coreml"}, "unknown format 'coreml'"),
    ],
)
def test_formats_that_are_not_there(arguments, message):
    with pytest.raises(tf.errors.OpError, match=message):
        _model().export(**arguments)


def test_only_models_are_exported():
    with pytest.raises(tf.errors.OpError, match="only models are exported; got Dense"):
        inference_graph(keras.layers.Dense(1))
