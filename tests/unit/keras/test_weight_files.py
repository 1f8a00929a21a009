"""Weights in several files, models in folders, and parts that keep what they have."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.core.errors import (
    AlreadyExistsError,
    ArgumentTypeError,
    DataLossError,
    InvalidArgumentError,
)
from tests.unit.keras.saved_models import (
    BUILDERS,
    X,
    another,
    assert_same,
    assert_same_predictions,
    built,
    load,
    ours,
    sequential,
    subclassed,
    theirs,
)

WAYS = [(ours, ours), (ours, theirs), (theirs, ours)]
NAMES = ["ours-ours", "ours-theirs", "theirs-ours"]
SMALL = 1e-7  # GB: about a hundred bytes


@pytest.mark.parametrize(("writer", "reader"), WAYS, ids=NAMES)
@pytest.mark.parametrize("size", [SMALL, 1], ids=["many", "one"])
@pytest.mark.parametrize("build", [sequential, subclassed])
def test_weights_in_several_files(build, size, writer, reader, tmp_path):
    first, second = built(build, writer), another(build, reader)
    first.save_weights(tmp_path / "all.weights.json", max_shard_size=size)
    shards = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert shards[0] == "all_00000.weights.h5" and (len(shards) == 1) == (size == 1)
    second.load_weights(tmp_path / "all.weights.json")
    assert_same(first, second)


def test_the_list_is_that_of_keras(tmp_path):
    found = []
    for k in (ours, theirs):
        folder = tmp_path / k.__name__
        folder.mkdir()
        built(sequential, k).save_weights(folder / "all.weights.json", max_shard_size=SMALL)
        found.append(json.loads((folder / "all.weights.json").read_text("utf-8")))
    assert found[0] == found[1]


def test_the_list_takes_the_place_of_one_file(tmp_path):
    with pytest.warns(UserWarning, match=r"listed in .*all\.weights\.json"):
        built(sequential, ours).save_weights(tmp_path / "all.weights.h5", max_shard_size=1)
    assert (tmp_path / "all.weights.json").is_file()


def test_what_no_shard_can_hold(tmp_path):
    model = built(sequential, ours)
    with pytest.raises(InvalidArgumentError, match="give max_shard_size"):
        model.save_weights(tmp_path / "a.weights.json")
    with pytest.raises(InvalidArgumentError, match="a number of GB; got 0"):
        model.save_weights(tmp_path / "a.weights.json", max_shard_size=0)
    with pytest.raises(InvalidArgumentError, match=r"ends in \.weights\.json; got"):
        model.save_weights(tmp_path / "a.keras", max_shard_size=1)
    with pytest.raises(InvalidArgumentError, match="Give a larger max_shard_size"):
        model.save_weights(tmp_path / "a.weights.json", max_shard_size=1e-9)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"weight_map": []}',
        '{"weight_map": {"/vars": 3}}',
        '{"weight_map": {"/vars": "../a_00000.weights.h5"}}',
        '{"weight_map": {"/vars": "/etc/passwd"}}',
        json.dumps({"weight_map": {"/vars": [f"{n}.weights.h5" for n in range(2000)]}}),
    ],
)
def test_damaged_lists(text, tmp_path):
    (tmp_path / "a.weights.json").write_text(text, "utf-8")
    with pytest.raises(DataLossError, match=r"a\.weights\.json"):
        built(sequential, ours).load_weights(tmp_path / "a.weights.json")


def test_shards_that_are_missing_or_of_another_model(tmp_path):
    model = another(sequential, ours)
    before = model.get_weights()
    built(subclassed, ours).save_weights(tmp_path / "a.weights.json", max_shard_size=SMALL)
    with pytest.raises(InvalidArgumentError, match="Is it of another model"):
        model.load_weights(tmp_path / "a.weights.json")
    model.save_weights(tmp_path / "b.weights.json", max_shard_size=SMALL)
    (tmp_path / "b_00001.weights.h5").unlink()
    with pytest.raises(FileNotFoundError, match="b_00001"):
        model.load_weights(tmp_path / "b.weights.json")
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# Folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(("writer", "reader"), WAYS, ids=NAMES)
def test_models_in_folders(build, writer, reader, tmp_path):
    model = built(build, writer)
    model.save(tmp_path / "model", zipped=False)
    assert (tmp_path / "model" / "config.json").is_file()
    assert_same(model, load(reader, tmp_path / "model"))


def test_a_folder_is_written_over_only_where_that_is_wanted(tmp_path):
    model = built(sequential, ours)
    model.save(tmp_path / "model", zipped=False)
    with pytest.raises(AlreadyExistsError, match="overwrite=False"):
        model.save(tmp_path / "model", overwrite=False, zipped=False)
    model.save(tmp_path / "model", zipped=False)
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InvalidArgumentError, match="name a folder"):
        model.save(tmp_path / "file", zipped=False)


def test_a_folder_without_a_part(tmp_path):
    built(sequential, ours).save(tmp_path / "model", zipped=False)
    (tmp_path / "model" / "model.weights.h5").unlink()
    with pytest.raises(DataLossError, match=r"has no file 'model\.weights\.h5'"):
        load(ours, tmp_path / "model")


# What keeps what it has ---------------------------------------------------------------------------


@pytest.mark.parametrize("reader", [ours, theirs], ids=["ours", "theirs"])
def test_objects_to_skip(reader, tmp_path):
    source, model = built(sequential, ours), another(sequential, reader)
    path = tmp_path / "a.weights.h5"
    source.save_weights(path)
    before = [np.array(v) for v in model.optimizer.variables]
    out = model.layers[-1].get_weights()
    model.load_weights(path, objects_to_skip=[model.optimizer, model.layers[-1]])
    for a, b in zip(before, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, np.array(b))
    np.testing.assert_array_equal(out[0], model.layers[-1].get_weights()[0])
    dense = model.layers[1].get_weights()
    np.testing.assert_array_equal(dense[0], source.layers[1].get_weights()[0])


def test_objects_left_out_of_a_file(tmp_path):
    source, model = built(sequential, ours), another(sequential, ours)
    path = tmp_path / "a.weights.h5"
    ours.saving.save_weights(source, path, objects_to_skip=[source.optimizer])
    ours.saving.load_weights(model, path, objects_to_skip=[model.optimizer])
    assert_same_predictions(source, model)
    for options in ({"by_name": True}, {"objects_to_skip": [model.optimizer], "by_name": True}):
        with pytest.raises(InvalidArgumentError, match="by_name works with HDF5 files as Keras 2"):
            model.load_weights(path, **options)
    with pytest.raises(ArgumentTypeError, match="got 'by_names'; its arguments are"):
        model.load_weights(path, by_names=True)


def test_a_layer_behind_a_property(tmp_path):
    def make(k):
        class Behind(k.Model):
            def __init__(self):
                super().__init__()
                self._inner = k.layers.Dense(2)

            @property
            def encoder(self):
                return self._inner

            def call(self, x):
                return self.encoder(x)

        model = Behind()
        model(X)
        return model

    for writer, reader in WAYS:
        first, second = make(writer), make(reader)
        first.save_weights(tmp_path / "a.weights.h5")
        second.load_weights(tmp_path / "a.weights.h5")
        assert_same_predictions(first, second)
