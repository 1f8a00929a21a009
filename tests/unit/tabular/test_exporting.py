"""The function from a table's columns to predictions, with strings and without."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina import tabular
from lamina.export import inference_graph
from lamina.ir.interpret import interpreter
from lamina.tabular.exporting import describe, export_predictor, table_model

ROWS = 300


def _table(target):
    draw = np.random.default_rng(3)
    numbers = draw.normal(50, 20, ROWS)
    debt = np.where(draw.random(ROWS) < 0.2, np.nan, draw.normal(size=ROWS))
    towns = draw.choice(["north", "south", "", "a b/c"], ROWS, p=[0.4, 0.3, 0.2, 0.1])
    towns[:3] = "rare"
    owner = draw.choice(["True", "false"], ROWS)
    score = numbers / 20 + (towns == "north") + np.nan_to_num(debt)
    targets = {
        "binary": np.where(score > 3, "good", "bad"),
        "multiclass": np.array(["low", "mid", "high"])[np.digitize(score, [2, 3.5])],
        "regression": score,
    }
    return {
        "town": towns.tolist(),
        "income": numbers.tolist(),
        "owner": owner.tolist(),
        "debt": debt.tolist(),
        "probability": draw.normal(size=ROWS).tolist(),
        "result": targets[target].tolist(),
    }


@pytest.fixture(params=["binary", "multiclass", "regression"])
def trained(request):
    table = _table(request.param)
    result = tabular.train(table, "result", layers=(4,), epochs=1, verbose=0)
    table["town"][5] = "a town that was not there"
    return result.predictor, table


def _columns(predictor, table, strings):
    """The columns of the first input, as whoever uses the exported function would give them."""
    lines = []
    for column in json.loads(describe(predictor.encoder, strings)["columns"]):
        values = table[column["name"]]
        if column["kind"] == "boolean":
            values = [{"True": 1, "false": 0}[value] for value in values]
        if column["kind"] == "category":
            values = [
                column["categories"].index(value) if value in column["categories"] else -1
                for value in values
            ]
        lines.append(values)
    return np.array(lines, np.float32).T


def test_texts_are_strings_in_onnx(trained, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    predictor, table = trained
    export_predictor(predictor, tmp_path / "m.onnx", verbose=False, metadata={"author": "me"})
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    assert sorted(each.name for each in session.get_inputs()) == ["columns", "town"]
    towns = np.array(table["town"], object)[:, None]
    (found,) = session.run(None, {"columns": _columns(predictor, table, True), "town": towns})
    expected = predictor.predict(table).values
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)
    about = session.get_modelmeta().custom_metadata_map
    assert (about["target"], about["author"]) == ("result", "me")
    if predictor.encoder.target.task == "binary":
        assert json.loads(about["classes"]) == ["bad", "good"]
        assert float(about["threshold"]) == predictor.encoder.target.threshold


def test_texts_are_numbers_where_there_are_no_strings(trained):
    predictor, table = trained
    found = inference_graph(table_model(predictor, strings=False))
    assert [port.name for port in found.inputs] == ["columns"]
    (values,) = interpreter(found.graph)([_columns(predictor, table, False)])
    expected = predictor.predict(table).values
    np.testing.assert_allclose(values.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)
