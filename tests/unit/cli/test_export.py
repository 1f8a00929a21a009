"""`lamina export`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import keras, tabular

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture
def clients(here):
    result = tabular.train("clients.csv", "paid", ignore=["grade"], epochs=1, verbose=0)
    result.save("clients")
    return result.predictor


def test_the_folder_of_a_training_is_exported_with_its_columns(run, clients, here):
    status, out, err = run("export", "clients", "-o", "model.onnx", "--name", "pays")
    assert (status, out) == (0, "")
    assert err.splitlines() == [
        "model.onnx: ONNX, which many runtimes read",
        "  takes columns: float32 (rows, 1)",
        "  takes town: string (rows, 1)",
        "  gives probability: float32 (rows, 1)",
        "  columns, in this order: debt",
    ]
    session = onnxruntime.InferenceSession("model.onnx")
    assert session.get_modelmeta().graph_name == "pays"
    given = {
        "columns": np.array([[0.5], [np.nan]], np.float32),
        "town": np.array([["north"], [""]], object),
    }
    (found,) = session.run(None, given)
    expected = clients.predict({"town": ["north", ""], "debt": [0.5, np.nan]}).values
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)


def test_a_keras_model_is_exported_without_a_word_if_asked(run, here):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save("net.keras")
    assert run("export", "net.keras", "-o", "net", "--format", "onnx", "-q") == (0, "", "")
    assert onnxruntime.InferenceSession("net").get_inputs()[0].shape == ["rows", 2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("net.keras", "-o", "net.pb"), "ends in that of a format"),
        (("net.keras", "-o", "net.onnx", "--format", "litert"), "TensorFlow Lite"),
        (("none.keras", "-o", "net.onnx"), "there is no file 'none.keras'"),
        (("net.keras", "-o", "net.keras", "--format", "onnx"), "is the model itself"),
        (("net.keras", "-o", "none/net.onnx"), "There is no folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(run, here, words, message):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save("net.keras")
    status, out, err = run("export", *words)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert {path.name for path in here.iterdir()} == {"clients.csv", "net.keras"}
