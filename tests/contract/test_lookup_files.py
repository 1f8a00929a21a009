"""Vocabularies, hashes and statistics in files that Keras on TensorFlow wrote.

tests/tools/lookup_files.py made the files, and wrote down what their models said.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import lamina as tf
from lamina import keras
from tests.tools.lookup_files import FOLDER, answers, feature_space, features, layers

EXPECTED = dict(np.load(FOLDER / "expected.npz"))
OF_SPACE = EXPECTED.pop("feature_space")
MAKERS: dict[str, Any] = {
    "layers": lambda: layers(keras),
    "feature_space": lambda: feature_space(keras, tf),
}


def made(name: str, how: str) -> Any:
    return keras.models.load_model(FOLDER / f"{name}.keras") if how == "loaded" else MAKERS[name]()


@pytest.mark.parametrize("how", ["loaded", "made"])
def test_layers_say_what_they_say_in_keras(how: str) -> None:
    found = answers(made("layers", how), tf)
    assert len(found) == len(EXPECTED)
    for number, (name, wanted) in enumerate(sorted(EXPECTED.items())):
        if wanted.dtype.kind == "S":
            np.testing.assert_array_equal(found[number].astype("S"), wanted, name)
        else:
            np.testing.assert_allclose(found[number], wanted, rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("how", ["loaded", "made"])
def test_a_feature_space_says_what_it_says_in_keras(how: str) -> None:
    found = made("feature_space", how)(features())
    np.testing.assert_allclose(found, OF_SPACE, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_saved_is_what_keras_saves(name: str, tmp_path: Path) -> None:
    """Keras reads it, then: the same vocabularies, settings, and numbers at the same places."""
    made(name, "loaded").save(tmp_path / "ours.keras")
    with (
        zipfile.ZipFile(FOLDER / f"{name}.keras") as theirs,
        zipfile.ZipFile(tmp_path / "ours.keras") as ours,
    ):
        assert sorted(ours.namelist()) == sorted(theirs.namelist())
        for member in ours.namelist():
            if member.startswith("assets/"):
                assert ours.read(member) == theirs.read(member), member
        found, wanted = (_settings(json.loads(file.read("config.json"))) for file in (ours, theirs))
        assert found == wanted
        found, wanted = _numbers(ours), _numbers(theirs)
    assert found.keys() == wanted.keys()
    for place, value in wanted.items():
        np.testing.assert_array_equal(found[place], value, place)


def _settings(config: Any) -> Any:
    """A configuration without what only Keras writes, and what tells objects apart."""
    if isinstance(config, dict):
        names = config.keys() - {"build_config", "optional", "shared_object_id", "registered_name"}
        return {name: _settings(config[name]) for name in names}
    return [_settings(value) for value in config] if isinstance(config, list) else config


def _numbers(archive: zipfile.ZipFile) -> dict[str, Any]:
    """What is in the file of weights by places; groups as None."""
    found = {}

    def take(place: str, item: Any) -> None:
        found[place] = item[()] if isinstance(item, h5py.Dataset) else None

    with archive.open("model.weights.h5") as content, h5py.File(content) as file:
        file.visititems(take)
    return found
