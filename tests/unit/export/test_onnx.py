"""Exports to ONNX: names, several inputs and outputs, options, and what cannot be exported."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    MissingFileError,
    MissingPackageError,
    UnimplementedError,
    UnknownArgumentError,
)
from lamina.export.graph import inference_graph
from lamina.export.onnx import onnx_model

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
X = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)


def _session(model, **options):
    found = onnx_model(inference_graph(model, **options))
    return onnxruntime.InferenceSession(found.SerializeToString())


def _check(model, arrays, **options):
    """The exported model gives for named inputs what the model gives."""
    session = _session(model, **options)
    assert [each.name for each in session.get_inputs()] == sorted(arrays)
    expected = tf.nest.flatten(model(arrays if len(arrays) > 1 else next(iter(arrays.values()))))
    for one, other in zip(session.run(None, arrays), expected, strict=True):
        assert one.dtype == other.numpy().dtype
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    return session


def _small():
    return keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2, name="y")])


def test_the_file_says_what_it_is(tmp_path, capsys):
    path = tmp_path / "model.onnx"
    _small().export(path, metadata={"author": "me"}, name="small")
    assert capsys.readouterr().out == f"Saved artifact at '{path}'.\n"
    found = onnx.load(path)
    assert (found.producer_name, found.graph.name) == ("lamina", "small")
    assert {each.key: each.value for each in found.metadata_props} == {"author": "me"}
    assert [(each.domain, each.version) for each in found.opset_import] == [("", 18)]
    assert any(each.name.endswith("/y/kernel") for each in found.graph.initializer)
    assert [node.op_type for node in found.graph.node] == ["Gemm", "Identity"]
    first = path.read_bytes()
    _small().export(path, opset_version=21, verbose=False)
    assert capsys.readouterr().out == ""
    assert onnx.load(path).opset_import[0].version == 21
    assert path.read_bytes() != first


def test_inputs_and_outputs_by_name():
    numbers = keras.Input((4,), name="numbers")
    codes = keras.Input((2,), dtype="int64", name="codes")
    x = keras.layers.Concatenate()(
        [numbers, keras.layers.Flatten()(keras.layers.Embedding(5, 3)(codes))]
    )
    hidden = keras.layers.Dense(5, "selu")(x)
    outputs = {
        "price": keras.layers.Dense(1, name="price")(hidden),
        "kind": keras.layers.Dense(3, "softmax", name="kind")(hidden),
        "same": numbers,
    }
    model = keras.Model({"numbers": numbers, "codes": codes}, outputs)
    session = _check(model, {"codes": np.arange(14).reshape(7, 2) % 5, "numbers": X})
    assert [each.name for each in session.get_outputs()] == ["kind", "price", "numbers_1"]
    assert [each.shape for each in session.get_outputs()] == [["rows", 3], ["rows", 1], ["rows", 4]]


def test_models_inside_steps_between_and_masks():
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "gelu")], name="inner")
    inputs = keras.Input((4,), name="x")
    x = inner(inner(inputs)) + 2 * inputs
    x = keras.ops.concatenate([x, keras.ops.cumsum(x, axis=1), keras.ops.sort(x, axis=1)], axis=-1)
    x = keras.layers.Masking(0.0)(keras.ops.relu(x[:, :, None]))
    outputs = keras.layers.GlobalAveragePooling1D()(keras.layers.LayerNormalization()(x))
    _check(keras.Model(inputs, outputs), {"x": X})


def test_branches_and_loops_of_a_subclass():
    class Looping(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def call(self, x):
            if tf.reduce_sum(x) > 0:
                x = self.dense(x)
                x = x + 1.0
            else:
                x = x - 1.0
            turns = tf.constant(0)
            while tf.reduce_max(tf.abs(x)) < 100.0 and turns < 20:
                x = x * 2.0
                turns = turns + 1
            return x, turns * tf.ones_like(x)[:, 0]

    model = Looping()
    for x in (X, abs(X), -abs(X)):
        expected = model(x)
        found = _session(model).run(None, {"input_0": x})
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_condition_that_repeats_a_number_looks_at_it_in_every_turn():
    class Doubling(keras.Model):
        def call(self, x):
            factor = tf.reduce_sum(x) * 0.0 + 1.0
            while tf.reduce_sum(tf.sort(tf.broadcast_to(factor[None], (3,)))) < 40.0:
                factor = factor * 2.0
            return x * factor

    model = Doubling()
    expected = model(X)
    found = onnx_model(inference_graph(model))
    (loop,) = [node for node in found.graph.node if node.op_type == "Loop"]
    body = loop.attribute[0].g
    assert any(node.op_type == "Expand" for node in body.node)  # else it would never end
    (found,) = onnxruntime.InferenceSession(found.SerializeToString()).run(None, {"input_0": X})
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_other_dtypes():
    for dtype in ("float64", "float16"):
        model = keras.Sequential(
            [
                keras.Input((4,), name="x", dtype=dtype),
                keras.layers.Dense(3, "gelu", dtype=dtype),
                keras.layers.Dense(2, "softmax", dtype=dtype),
            ]
        )
        (found,) = _session(model).run(None, {"x": X.astype(dtype)})
        error = 2e-3 if dtype == "float16" else 1e-6
        np.testing.assert_allclose(found, model(X.astype(dtype)), atol=error)
    mixed = keras.Sequential(
        [keras.Input((4,), name="x"), keras.layers.Dense(3, "tanh", dtype="mixed_float16")]
    )
    (found,) = _session(mixed).run(None, {"x": X})
    np.testing.assert_allclose(found, mixed(X), atol=2e-3)


def test_a_fixed_number_of_rows():
    class Rows(keras.Model):
        def call(self, x):
            return x[::-1] - tf.reduce_mean(x, axis=0)

    model = Rows()
    model(X)
    with pytest.raises(tf.errors.OpError, match="cannot be exported"):
        inference_graph(model)
    session = _session(model, input_signature=tf.TensorSpec((7, 4), name="x"))
    assert session.get_inputs()[0].shape == [7, 4]
    (found,) = session.run(None, {"x": X})
    np.testing.assert_allclose(found, model(X), atol=1e-6)


def test_numbers_that_are_none():
    """NaN and infinities come out as they do here."""
    x = X.copy()
    x[0, 0], x[1, 1], x[2, 2] = np.nan, np.inf, -np.inf
    inputs = keras.Input((4,), name="x")
    outputs = [
        keras.layers.ReLU()(inputs),
        keras.ops.cast(inputs, "int32"),
        keras.ops.cast(inputs * 1e30, "int64"),
        keras.ops.isfinite(inputs),
        keras.ops.maximum(inputs, inputs[:, ::-1]),
        keras.ops.max(inputs, axis=1),
        keras.ops.sign(inputs),
    ]
    model = keras.Model(inputs, outputs)
    with np.errstate(invalid="ignore"):
        found = _session(model).run(None, {"x": x})
        for number, (one, other) in enumerate(zip(found, model(x), strict=True)):
            np.testing.assert_allclose(one, other, err_msg=str(number), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"opset_version": 17},
            InvalidArgumentError,
            r"opset_version is 18 to 2\d with onnx .*; got 17",
        ),
        ({"opset_version": "18"}, InvalidArgumentError, "got '18'"),
        ({"name": 3}, ArgumentTypeError, "name= of an export is text; got 3"),
        ({"metadata": {"year": 3}}, ArgumentTypeError, "is a dict of texts"),
        ({"metadata": ["year"]}, ArgumentTypeError, "is a dict of texts"),
        ({"opset": 17}, UnknownArgumentError, "have no option 'opset'; they have opset_version"),
        ({"filepath": "none/model.onnx"}, MissingFileError, "There is no folder"),
        ({"input_signature": [1]}, tf.errors.OpError, "input_signature has specs"),
    ],
)
def test_arguments_that_make_no_sense(options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        _small().export(**{"filepath": "model.onnx", **options})
    assert not list(tmp_path.iterdir())


def test_what_onnx_lacks_is_named(tmp_path):
    inputs = keras.Input((3, 3))
    model = keras.Model(inputs, keras.ops.inv(inputs))
    with pytest.raises(UnimplementedError, match="the primitive 'inverse': there are no operators"):
        model.export(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_too_much_for_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("lamina.export.onnx._LARGEST", 10)
    with pytest.raises(UnimplementedError, match="constants of 32 bytes"):
        _small().export(tmp_path / "model.onnx")


def test_the_package_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackageError, match=r"lamina\[onnx\]"):
        _small().export(tmp_path / "model.onnx")
