"""Predicting, and a model file that Keras opens as well as lamina."""

from __future__ import annotations

import io
import os
import shutil
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest

from lamina import tabular
from lamina.core.errors import DataLossError, InvalidArgumentError, NotFoundError
from lamina.tabular.archive import MEMBER
from lamina.tabular.prediction import Predictions
from lamina.tabular.target import Target

ROWS = 60


def table():
    generator = np.random.default_rng(0)
    a = generator.normal(size=ROWS)
    return {
        "a": a,
        "b": np.array(["u", "v"])[np.arange(ROWS) % 2],
        "y": np.where(a > 0, "yes", "no"),
    }


@pytest.fixture(scope="module")
def result():
    return tabular.train(table(), "y", epochs=2, verbose=0)


@pytest.fixture
def saved(result, tmp_path):
    return result.predictor.save(tmp_path / "model.keras")


def test_a_saved_model_predicts_the_same(result, saved):
    loaded = tabular.load(saved)
    assert loaded.encoder == result.encoder
    np.testing.assert_array_equal(loaded.predict(table()).values, result.predict(table()).values)


def test_rows_keep_their_order_and_columns_any(result):
    frame = pd.DataFrame(table())
    values = result.predict(frame).values
    turned = frame[["y", "b", "a"]].iloc[::-1].assign(more=1)
    np.testing.assert_allclose(result.predict(turned).values[::-1], values, rtol=1e-6)
    np.testing.assert_allclose(result.predict(frame[5:6]).values, values[5:6], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_keras_opens_the_file_and_agrees(result, saved):
    model = keras.models.load_model(saved)
    inputs = result.encoder.encode(tabular.as_table(table()))
    expected = result.predict(table()).values
    np.testing.assert_allclose(model.predict(inputs, verbose=0)[:, 0], expected, rtol=1e-5)


def test_a_file_of_the_same_name_is_replaced_whole_or_not_at_all(result, saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(os, "replace", _fail)
    with pytest.raises(OSError, match="disk full"):
        result.predictor.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == ["model.keras"]


def _fail(*_):
    raise OSError("disk full")


def test_a_model_needs_its_suffix(result, tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"ends in \.keras"):
        result.predictor.save(tmp_path / "model.h5")


def test_an_encoding_of_another_network_is_refused(saved, tmp_path):
    other = tabular.train({**table(), "c": np.arange(ROWS) ** 2}, "y", epochs=1, verbose=0)
    mixed = tmp_path / "mixed.keras"
    other.predictor.save(tmp_path / "other.keras")
    with (
        zipfile.ZipFile(tmp_path / "other.keras") as network,
        zipfile.ZipFile(saved) as encoding,
        zipfile.ZipFile(mixed, "w") as target,
    ):
        for name in network.namelist():
            target.writestr(name, (encoding if name == MEMBER else network).read(name))
    with pytest.raises(DataLossError, match="do not fit its encoding"):
        tabular.load(mixed)


def test_a_missing_file_and_a_damaged_one(saved, tmp_path):
    with pytest.raises(NotFoundError, match="no model"):
        tabular.load(tmp_path / "nothing.keras")
    damaged = shutil.copy(saved, tmp_path / "damaged.keras")
    with open(damaged, "r+b") as file:
        file.truncate(100)
    with pytest.raises(DataLossError, match="damaged"):
        tabular.load(damaged)


def predictions(task, classes, values):
    return Predictions(Target("y", task, classes), np.array(values, np.float32))


def test_two_classes():
    found = predictions("binary", ("no", "yes"), [0.25, 0.5, 1.0])
    assert len(found) == 3
    assert found.classes == ["no", "yes", "yes"]
    assert found.columns == {"class": found.classes, "probability_yes": [0.25, 0.5, 1.0]}


def test_the_threshold_decides_between_two_classes():
    values = np.array([0.2, np.nextafter(np.float32(0.3), np.float32(0)), 0.31], np.float32)
    found = Predictions(Target("y", "binary", ("no", "yes"), threshold=0.3), values)
    assert found.classes == ["no", "no", "yes"]


def test_several_classes():
    found = predictions("multiclass", ("a", "b", "c"), [[0.5, 0.25, 0.25], [0, 0.25, 0.75]])
    assert found.codes.tolist() == [0, 2]
    assert list(found.columns) == ["class", "probability_a", "probability_b", "probability_c"]
    assert found.columns["probability_c"] == [0.25, 0.75]


def test_numbers():
    found = predictions("regression", (), [1.5, -2.0])
    assert found.columns == {"prediction": [1.5, -2.0]}
    with pytest.raises(InvalidArgumentError, match="no classes"):
        found.codes  # noqa: B018


def test_predictions_as_csv():
    file = io.StringIO()
    predictions("binary", ("no", 'y,"es'), [0.125, 1 / 3, 0.75]).write_csv(file)
    assert file.getvalue() == (
        'class,"probability_y,""es"\nno,0.125\nno,0.3333333\n"y,""es",0.75\n'
    )
