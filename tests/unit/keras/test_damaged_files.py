"""Files of strangers: damaged, foreign or hostile ones end in a clear error and change nothing."""

from __future__ import annotations

import copy
import errno
import io
import json
import os
import pickle
import stat
import sys
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina as tf
from lamina.core.errors import (
    AlreadyExistsError,
    ArgumentTypeError,
    DataLossError,
    FileWriteError,
    InvalidArgumentError,
    MissingFileError,
    NotFoundError,
    OpError,
    UnimplementedError,
    UnknownNameError,
)
from lamina.keras.saving import archive

keras = tf.keras
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"


def network():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def good():
    """The members of an undamaged file."""
    return keras.saving.model_members(network())


@pytest.fixture
def written(good, tmp_path):
    """A file with these members instead of, or besides, those of an undamaged one."""

    def write(**changes):
        names = {"config": CONFIG, "weights": WEIGHTS, "metadata": METADATA}
        members = {**good, **{names.get(name, name): value for name, value in changes.items()}}
        path = tmp_path / "model.keras"
        archive.write_archive(path, {k: v for k, v in members.items() if v is not None})
        return path

    return write


def changed(good, *path, value):
    """The configuration with another value at a path of keys."""
    config = json.loads(good[CONFIG])
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(config).encode()


def loaded(path):
    """The model in a file, or the error of lamina that says why there is none."""
    try:
        return keras.models.load_model(path)
    except OpError as error:
        return error


# Archives -----------------------------------------------------------------------------------------


def test_members_that_nobody_knows_are_left_alone(written, tmp_path):
    path = written(**{"lamina.json": b"{}", "notes/a.txt": b"x"})
    assert keras.models.load_model(path).predict(np.ones((2, 4)), verbose=0).shape == (2, 1)
    assert [item.name for item in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_files_that_end_too_early(written, share):
    path = written()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataLossError, match=r"model\.keras is not a zip archive.*or it is damaged"):
        keras.models.load_model(path)


@settings(max_examples=40)
@given(st.data())
def test_any_changed_byte_is_an_error_or_without_effect(good, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "model.keras"
    archive.write_archive(path, good)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    found = loaded(path)
    if isinstance(found, OpError):
        assert "model.keras" in str(found)
    else:
        assert found.count_params() == 19


@pytest.mark.parametrize("member", ["config", "weights"])
def test_a_member_is_missing(written, member):
    with pytest.raises(DataLossError, match="has no members named"):
        keras.models.load_model(written(**{member: None}))


def test_a_member_twice(written):
    path = written()
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr(CONFIG, b"{}")
    with pytest.raises(DataLossError, match=r"has 2 members named 'config\.json'"):
        keras.models.load_model(path)


def test_files_that_are_something_else(tmp_path):
    path = tmp_path / "model.keras"
    with pytest.raises(NotFoundError, match=r"no file '.*model\.keras'"):
        keras.models.load_model(path)
    for content in (b"", b"hello", pickle.dumps(print)):
        path.write_bytes(content)
        with pytest.raises(DataLossError, match="is not a zip archive"):
            keras.models.load_model(path)
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        keras.models.load_model(tmp_path / "folder.keras")
    with pytest.raises(InvalidArgumentError, match=r"ends in \.keras or \.h5 or \.hdf5"):
        keras.models.load_model("model.txt")
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(UnimplementedError, match="is a SavedModel, a program of TensorFlow's"):
        keras.models.load_model(tmp_path)
    with pytest.raises(NotFoundError, match=r"no checkpoint 'model\.ckpt'"):
        network().load_weights("model.ckpt")
    with pytest.raises(InvalidArgumentError, match=r"weights alone go to \.weights\.h5"):
        network().save_weights("model.keras")
    with pytest.raises(InvalidArgumentError, match=r"Save it as 'my_model\.keras'"):
        network().save("my_model/")
    with pytest.raises(UnimplementedError, match="save_format is 'h5' for"):
        network().save("a.h5", save_format="tf")
    with pytest.raises(ArgumentTypeError, match="is a path; got int"):
        keras.models.load_model(3)


# Configurations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"[" * 100_000, b"\xff\xfe", b'{"a": 1}'])
def test_a_configuration_that_is_none(written, text):
    with pytest.raises(OpError, match=r"model\.keras"):
        keras.models.load_model(written(config=text))


def test_deep_nesting(good, written):
    deep = []
    for _ in range(900):
        deep = [deep]
    path = written(config=changed(good, "config", "layers", 1, "config", "activation", value=deep))
    with pytest.raises(OpError, match=r"model\.keras"):
        keras.models.load_model(path)


def test_code_in_a_file_is_never_run(good, written, tmp_path):
    code = {"class_name": "__lambda__", "config": {"value": ["4wEAAAA=", None, None]}}
    path = written(config=changed(good, "config", "layers", 1, "config", "activation", value=code))
    for safe_mode in (True, False):
        with pytest.raises(UnimplementedError, match="never runs code from a file"):
            keras.models.load_model(path, safe_mode=safe_mode)
    for module, name in [("os", "system"), ("keras.src.utils", "get_file"), ("builtins", "exec")]:
        item = {"module": module, "class_name": name, "config": {}, "registered_name": name}
        place = ("config", "layers", 1)
        with pytest.raises(UnknownNameError, match=f"'{name}'.* is not known to lamina"):
            keras.models.load_model(written(config=changed(good, *place, value=item)))
        function = {"module": module, "class_name": "function", "config": name}
        place = ("config", "layers", 1, "config", "activation")
        with pytest.raises(UnknownNameError, match=f"'{name}'.* is not known to lamina"):
            keras.models.load_model(written(config=changed(good, *place, value=function)))


def test_a_builtin_name_does_not_reach_a_users_class(good, written):
    class Dense(keras.layers.Layer):
        def __init__(self, **kwargs):
            raise AssertionError("a user's class was made in place of Keras's")

    model = keras.models.load_model(written(), custom_objects={"Dense": Dense})
    assert type(model.layers[0]) is keras.layers.Dense
    empty = keras.Model(inputs := keras.Input((2,)), inputs)
    described = keras.saving.serialize_keras_object(empty)
    with keras.saving.custom_object_scope({"Functional": Dense}):
        assert isinstance(keras.saving.deserialize_keras_object(described), keras.Model)
    item = {
        "module": None,
        "class_name": "Dense",
        "config": {"units": 1},
        "registered_name": "Dense",
    }
    path = written(config=changed(good, "config", "layers", 1, value=item))
    with pytest.raises(UnknownNameError, match="the class 'Dense' is not known"):
        keras.models.load_model(path)


def test_weights_that_the_file_cannot_hold_are_not_made(good, written):
    path = written(config=changed(good, "config", "layers", 1, "config", "units", value=10**13))
    with pytest.raises(InvalidArgumentError, match="more than the file can hold"):
        keras.models.load_model(path)
    assert keras.layers.Dense(10_000)(np.ones((1, 10))).shape == (1, 10_000)


def paths_of(value, prefix=()):
    """The path of every value inside nested JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*prefix, key)
        if isinstance(item, (dict, list)):
            yield from paths_of(item, (*prefix, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats(width=16) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@settings(max_examples=150)
@given(st.data())
@pytest.mark.filterwarnings("ignore:.*the optimizer .* it starts anew")
def test_any_changed_value_is_a_model_or_a_clear_error(good, tmp_path_factory, data):
    config = json.loads(good[CONFIG])
    path = data.draw(st.sampled_from(list(paths_of(config))))
    place = config = copy.deepcopy(config)
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(JSON)
    members = {**good, CONFIG: json.dumps(config).encode()}
    file = tmp_path_factory.mktemp("values") / "model.keras"
    archive.write_archive(file, members)
    found = loaded(file)
    assert isinstance(found, keras.Model) or "model.keras" in str(found)


# Weights ------------------------------------------------------------------------------------------


@pytest.fixture
def tampered(tmp_path):
    """A file of weights in which `change` has changed something."""

    def write(change):
        path = tmp_path / "all.weights.h5"
        network().save_weights(path)
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return write


def replace(name, **kwargs):
    def change(file):
        del file[name]
        file.create_dataset(name, **kwargs)

    return change


def soft(file):
    del file["layers/dense"]
    file["layers/dense"] = h5py.SoftLink("/layers")


def loop(file):
    del file["layers/dense/vars"]
    file["layers/dense/vars"] = h5py.SoftLink("/layers/dense/vars")


def external(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")


def outside(file):
    del file["layers/dense/vars/0"]
    storage = [("/etc/passwd", 0, 48)]
    file.create_dataset("layers/dense/vars/0", (4, 3), np.float32, external=storage)


def virtual(file):
    del file["layers/dense/vars/0"]
    layout = h5py.VirtualLayout((4, 3), np.float32)
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", (4, 3))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def group(file):
    del file["layers/dense/vars/0"]
    file.create_group("layers/dense/vars/0")


def blocks(file):
    del file["layers/dense/vars/0"]
    file.create_dataset(
        "layers/dense/vars/0",
        (4, 3),
        np.float32,
        maxshape=(None, None),
        chunks=(4096, 1024),
        compression="gzip",
    )


KERNEL = "layers/dense/vars/0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (soft, "is a link to another place or file"),
        (loop, "is a link to another place or file"),
        (external, "is a link to another place or file"),
        (outside, "has its numbers in another file"),
        (virtual, "has its numbers in another file"),
        (group, "is missing, or is not a dataset"),
        (blocks, "is stored in blocks larger than itself"),
        (replace("layers/dense", data=[1.0]), "is not a group"),
        (
            replace(KERNEL, shape=(4, 2**40), dtype="f4"),
            r"claims .* bytes \(shape \(4, 1099511627776\)",
        ),
        (replace(KERNEL, data=np.full((4, 3), b"text")), r"holds \|S4; float32 is expected"),
        (replace(KERNEL, data=np.ones((4, 3), np.int32)), "holds int32; float32 is expected"),
        (replace(KERNEL, data=np.ones((4, 3), complex)), "holds neither numbers nor texts"),
        (replace("optimizer/vars/0", data=np.int64(2**40)), "numbers that int32 cannot hold"),
        (lambda file: file.pop("layers"), "has 2 weights, the file has 0"),
    ],
)
def test_weights_that_cannot_be_trusted(tampered, change, message):
    path = tampered(change)
    model = network()
    model.optimizer.build(model.trainable_weights)
    before = model.get_weights()
    with pytest.raises((DataLossError, InvalidArgumentError), match=message) as caught:
        model.load_weights(path)
    assert "all.weights.h5" in str(caught.value)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
def test_weights_that_end_too_early(tampered, share):
    path = tampered(lambda file: None)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataLossError, match=r"all\.weights\.h5 is not an HDF5 file of weights"):
        network().load_weights(path)


def test_more_than_the_model_needs_is_left_alone(tampered):
    path = tampered(lambda file: file.create_dataset("layers/lstm/vars/0", data=[1.0]))
    network().load_weights(path)


# Writing ------------------------------------------------------------------------------------------


def test_an_existing_file_is_kept_where_one_asks_for_it(tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("precious")
    with pytest.raises(AlreadyExistsError, match="exists already, and overwrite=False"):
        network().save(path, overwrite=False)
    assert path.read_text() == "precious"
    network().save(path)
    assert keras.models.load_model(path).built
    weights = tmp_path / "all.weights.h5"
    network().save_weights(weights, overwrite=False)
    with pytest.raises(AlreadyExistsError, match="overwrite=False"):
        network().save_weights(weights, overwrite=False)


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, function):
    path = tmp_path / "model.keras"
    network().save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive.os, function, full)
    with pytest.raises(FileWriteError, match=r"model\.keras cannot be written: No space"):
        network().save(path)
    with pytest.raises(OSError, match="What was there before is unchanged"):
        network().save(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["model.keras"]


def test_an_exception_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "old"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), archive.replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")
def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "model.keras", tmp_path / "link.keras"
    network().save(path)
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    link.symlink_to(path)
    network().save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user"
)
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileWriteError, match="Permission denied"):
            network().save(tmp_path / "model.keras")
    finally:
        tmp_path.chmod(0o700)


def test_places_where_no_file_can_be(tmp_path):
    with pytest.raises(MissingFileError, match=r"There is no folder .*nowhere"):
        network().save(tmp_path / "nowhere" / "model.keras")
    network().save(tmp_path / "made" / "model.h5")  # as in Keras
    assert os.listdir(tmp_path / "made") == ["model.h5"]
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(InvalidArgumentError, match=r"is a folder\. Name the file"):
        network().save(tmp_path / "folder.keras")
    if os.path.exists(os.devnull) and sys.platform != "win32":
        (tmp_path / "null.keras").symlink_to(os.devnull)
        with pytest.raises(InvalidArgumentError, match="is not a regular file"):
            network().save(tmp_path / "null.keras")


def test_arguments_of_other_formats(tmp_path):
    path = tmp_path / "model.keras"
    with pytest.raises(UnimplementedError, match="save_format is 'keras' for"):
        network().save(path, save_format="h5")
    with pytest.raises(ArgumentTypeError, match="does not know 'save_traces'"):
        network().save(path, save_traces=False)
    with pytest.raises(InvalidArgumentError, match="by_name works with HDF5 files as Keras 2"):
        network().load_weights(path, by_name=True)
    with pytest.raises(ArgumentTypeError, match="only models are saved; got Dense"):
        keras.saving.save_model(keras.layers.Dense(1), path)
    assert not list(tmp_path.iterdir())


def test_archives_with_members_of_ones_own(tmp_path):
    path = tmp_path / "model.keras"
    members = keras.saving.model_members(network()) | {"notes.json": b"[1]"}
    archive.write_archive(path, members)
    assert archive.read_archive(path, [], ["notes.json", "absent"]) == {"notes.json": b"[1]"}
    assert keras.models.load_model(path).built
    with h5py.File(io.BytesIO(members[WEIGHTS])) as file:
        assert set(file) == {"layers", "optimizer", "vars"}
