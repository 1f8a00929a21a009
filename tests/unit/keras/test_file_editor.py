"""Weights in files, changed without their model: as Keras's editor does it, and nested ones too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras as reference
import numpy as np
import pytest

from lamina import keras
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    InvalidArgumentError,
    OpError,
    UnknownNameError,
)

X = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)
NEW = {"0": np.full((3,), 2.0, np.float32), "1": np.ones((3,), np.float32)}


def flat(library: Any, *further: Any) -> Any:
    layers = library.layers
    return library.Sequential(
        [library.Input((4,)), layers.Dense(3), layers.BatchNormalization(), *further]
    )


def nested(library: Any) -> Any:
    return library.Sequential([library.Input((4,)), flat(library), library.layers.Dense(2)])


def leaves(tree: Any, above: str = "") -> dict[str, Any]:
    found = {}
    for name, item in tree.items():
        path = f"{above}/{name}"
        found |= leaves(item, path) if isinstance(item, dict) else {path: np.asarray(item)}
    return found


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "flat.weights.h5")
    flat(keras).save_weights(path)
    return path


EDITS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda editor: None,
    "rename_object": lambda editor: editor.rename_object("dense", "einsum_dense"),
    "rename_at_path": lambda editor: editor.rename_object("layers/dense", "dense_7"),
    "delete_object": lambda editor: editor.delete_object("layers/batch_normalization"),
    "add_object": lambda editor: editor.add_object("layers/group_normalization", NEW),
    "add_weights": lambda editor: editor.add_weights("dense", {"2": NEW["0"]}),
    "delete_weight": lambda editor: editor.delete_weight("layers/dense", "1"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edits_are_keras(edit: Callable[[Any], Any], path: str, tmp_path: Path) -> None:
    saved = []
    for library in (keras, reference):
        editor = library.saving.KerasFileEditor(path)
        edit(editor)
        editor.save(str(tmp_path / "edited.weights.h5"))
        saved.append(
            leaves(keras.saving.KerasFileEditor(tmp_path / "edited.weights.h5").weights_dict)
        )
    ours, theirs = saved
    assert sorted(ours) == sorted(theirs)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_edited_weights_fit_a_network_that_has_changed(path: str, tmp_path: Path) -> None:
    editor = keras.saving.KerasFileEditor(path)
    editor.add_object("layers/layer_normalization", NEW)
    editor.resave_weights(tmp_path / "new.weights.h5")
    for library in (keras, reference):
        model = flat(library, library.layers.LayerNormalization())
        model.load_weights(str(tmp_path / "new.weights.h5"))
        weights = model.get_weights()
        np.testing.assert_array_equal(weights[0], editor.weights_dict["layers"]["dense"]["0"])
        np.testing.assert_array_equal(weights[-2], NEW["0"])


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
def test_models_in_models_are_kept(ending: str, tmp_path: Path) -> None:
    model = nested(keras)
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], verbose=0)
    path = tmp_path / f"nested{ending}"
    (model.save if ending == ".keras" else model.save_weights)(path)
    editor = keras.saving.KerasFileEditor(path)
    assert (editor.config is not None) == (ending == ".keras")
    editor.save(tmp_path / "again.weights.h5")
    again = nested(keras)
    again.load_weights(tmp_path / "again.weights.h5")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert editor.compare(model) == {"status": "success", "error_count": 0, "match_count": 22}
    assert list(editor.weights_dict["optimizer"]) == [str(number) for number in range(14)]


def test_what_a_file_holds_is_shown_and_compared(path: str, capsys: Any) -> None:
    editor = keras.saving.KerasFileEditor(path)
    editor.summary()
    assert "    dense\n      0: shape=(4, 3), dtype=float32\n" in capsys.readouterr().out
    for library, editing in ((keras, keras), (reference, reference)):
        other = flat(library, library.layers.Dense(1))
        found = editing.saving.KerasFileEditor(path).compare(other)
        assert (found["status"], sorted(found)) == (
            "error",
            ["error_count", "match_count", "status"],
        )
    wide = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    assert editor.compare(wide) == {"status": "error", "error_count": 5, "match_count": 1}
    shown = capsys.readouterr().out
    assert "/layers/dense/0 has shape (4, 3) in the file, (5, 3) in the model\n" in shown
    assert "/layers/batch_normalization/0 is in the file alone\n" in shown


WRONG: dict[str, tuple[Callable[[Any], Any], type[OpError], str]] = {
    "no_object": (lambda e: e.delete_object("dense_9"), UnknownNameError, "no object '/dense_9'"),
    "no_path": (lambda e: e.add_object("a/b", NEW), UnknownNameError, "no object 'a'"),
    "no_weight": (lambda e: e.delete_weight("dense", "7"), UnknownNameError, r"\['0', '1'\]"),
    "taken": (
        lambda e: e.rename_object("dense", "batch_normalization"),
        InvalidArgumentError,
        "is there already",
    ),
    "a_path": (lambda e: e.rename_object("dense", "a/b"), InvalidArgumentError, "without slashes"),
    "no_dict": (lambda e: e.add_object("a", [NEW["0"]]), ArgumentTypeError, "got list"),
    "no_numbers": (lambda e: e.add_weights("dense", {"2": "x"}), ArgumentTypeError, "numbers"),
    "ending": (lambda e: e.save("a.h5"), InvalidArgumentError, r"go to \.weights\.h5 files"),
    "no_model": (lambda e: e.compare("model"), ArgumentTypeError, "got str"),
}


@pytest.mark.parametrize(("edit", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_edits_change_nothing(
    edit: Callable[[Any], Any], error: type[OpError], message: str, path: str
) -> None:
    editor = keras.saving.KerasFileEditor(path)
    before = leaves(editor.weights_dict)
    with pytest.raises(error, match=message):
        edit(editor)
    assert list(leaves(editor.weights_dict)) == list(before)


def test_names_in_several_places_need_a_path(tmp_path: Path) -> None:
    nested(keras).save_weights(tmp_path / "nested.weights.h5")
    editor = keras.saving.KerasFileEditor(tmp_path / "nested.weights.h5")
    with pytest.raises(InvalidArgumentError, match="2 objects 'dense', at /layers/dense, /layers/"):
        editor.delete_object("dense")
    editor.rename_object("layers/sequential", "sequential_1")
    assert sorted(editor.weights_dict["layers"]) == ["dense", "sequential_1"]


def test_files_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"end in \.keras or \.weights\.h5"):
        keras.saving.KerasFileEditor("model.h5")
    with h5py.File(tmp_path / "twice.weights.h5", "w") as file:  # 2^60 ways through 60 groups
        group = file
        for _ in range(60):
            group["b"] = inner = group.create_group("a")
            group = inner
    with h5py.File(tmp_path / "old.weights.h5", "w") as file:
        file["dense/kernel:0"] = np.ones((2, 3), np.float32)
    for name in ("twice", "old"):
        with pytest.raises(DataLossError, match="is not where weights of Keras 3 are"):
            keras.saving.KerasFileEditor(tmp_path / f"{name}.weights.h5")
