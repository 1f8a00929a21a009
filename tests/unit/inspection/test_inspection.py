"""What `inspect` sees in files of every kind, and that it never acts on what they say."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import sys
import zipfile

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import MissingFileError
from lamina.inspection import inspect
from lamina.inspection.reading import KINDS
from lamina.inspection.report import REFUSED
from tests.unit.inspection import files

keras = tf.keras


@pytest.fixture
def model():
    return files.network()


def test_a_model_is_described_whole(model, tmp_path):
    model.save(tmp_path / "model.keras")
    found = inspect(tmp_path / "model.keras", statistics=True)
    assert found.kind == "keras" and not found.suspicious and not found.findings
    assert found.about["keras_version"] and found.about["model"] == "Sequential network"
    assert [(x.name, x.kind, x.shape, x.parameters) for x in found.layers] == [
        ("inputs", "InputLayer", "(None, 4)", 0),
        ("hidden", "Dense", "(None, 3)", 15),
        ("dropout", "Dropout", "(None, 3)", 0),
        ("output", "Dense", "(None, 1)", 4),
    ]
    assert found.layers[1].settings == {"units": 3, "activation": "relu"}
    assert found.training["loss"] == "mse" and "Adam" in found.training["optimizer"]
    kernel = next(w for w in found.weights if w.name == "layers/dense/vars/0")
    value = model.layers[0].kernel.numpy().astype(np.float64)
    assert (kernel.shape, kernel.dtype, kernel.size) == ((4, 3), "float32", 48)
    assert kernel.statistics.least == value.min() and kernel.statistics.greatest == value.max()
    np.testing.assert_allclose(kernel.statistics.mean, value.mean(), rtol=1e-12)
    assert [member.name for member in found.members] == [
        files.METADATA, files.CONFIG, files.WEIGHTS
    ]  # fmt: skip


def test_a_model_in_a_folder_is_described_as_in_an_archive(model, tmp_path):
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "folder", zipped=False)
    archive = inspect(tmp_path / "model.keras", statistics=True)
    folder = inspect(tmp_path / "folder", statistics=True)
    assert (folder.kind, folder.findings, folder.stopped) == ("keras", [], [])
    assert (folder.layers, folder.training) == (archive.layers, archive.training)
    assert folder.weights == archive.weights
    assert {m.name: m.size for m in folder.members} == {m.name: m.size for m in archive.members}
    (tmp_path / "folder" / "setup.py").write_text("")
    (tmp_path / "folder" / files.CONFIG).rename(tmp_path / "config")
    (tmp_path / "folder" / files.CONFIG).symlink_to(tmp_path / "config")
    found = inspect(tmp_path / "folder")
    assert {finding.where for finding in found.findings} == {"setup.py", files.CONFIG}
    assert f"{files.CONFIG}: it is missing" in found.stopped and not found.layers


def _nested():
    inputs = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(3)(inputs)
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="inner")
    joined = keras.layers.Concatenate(name="both")([hidden, inner(hidden)])
    return keras.Model(inputs, keras.layers.Dense(1)(joined))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_nested_model_counts_each_parameter_once(ending, tmp_path):
    model = _nested()
    model.save(tmp_path / f"model{ending}")
    found = inspect(tmp_path / f"model{ending}")
    shown = {layer.name: layer for layer in found.layers}
    assert sum(x.parameters for x in found.layers if not x.depth) == model.count_params()
    assert shown["both"].shape == "(None, 5)" and shown["inner"].parameters == 8
    assert not found.suspicious, found.findings


WRITERS = {
    "h5": ("m.h5", lambda model, path: model.save(path)),
    "h5 weights": ("w.h5", lambda model, path: model.save_weights(path)),
    "weights": ("w.weights.h5", lambda model, path: model.save_weights(path)),
    "checkpoint": ("w.npz", lambda model, path: model.save_weights(path.with_suffix(""))),
    "npz": ("a.npz", lambda model, path: np.savez(path, a=np.ones(3))),
    "npy": ("a.npy", lambda model, path: np.save(path, np.ones((2, 3)))),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_kinds_without_suspicion(kind, model, tmp_path):
    name, writer = WRITERS[kind]
    writer(model, tmp_path / name)
    found = inspect(tmp_path / name, statistics=True)
    assert found.kind == kind and found.weights and not found.suspicious, found
    numeric = [w for w in found.weights if w.dtype.startswith("float") and 0 not in w.shape]
    assert numeric and all(weight.statistics is not None for weight in numeric)


def test_every_kind_has_words():
    assert all(KINDS.values())


@pytest.mark.parametrize("case", files.SUSPICIOUS)
def test_what_is_suspicious_is_found(case, tmp_path):
    what, severity, make = files.SUSPICIOUS[case]
    make(tmp_path / "model.keras")
    found = inspect(tmp_path / "model.keras", statistics=True)
    assert any(
        f"{f.what}: {f.why}".startswith(what) and f.severity == severity for f in found.findings
    ), found
    assert found.suspicious
    json.dumps(found.to_json(), allow_nan=False)


def test_two_members_of_one_name(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        files.write(tmp_path / "m.keras", [(files.CONFIG, b"{}")])
    found = inspect(tmp_path / "m.keras")
    assert any("2 members named" in f.why for f in found.findings)


def test_hidden_data_in_an_archive(tmp_path):
    content = files.write(tmp_path / "m.keras").read_bytes()
    (tmp_path / "before.keras").write_bytes(bytes(200_000) + content)
    assert inspect(tmp_path / "before.keras").kind == "unknown"  # it does not begin as an archive
    (tmp_path / "inside.keras").write_bytes(content[:4] + bytes(200_000) + content)
    found = inspect(tmp_path / "inside.keras")
    assert {"data outside of the members", REFUSED} <= {f.what for f in found.findings}


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_read_and_not_run(protocol, tmp_path):
    target = tmp_path / "made"
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"x": [files.Attack(target)]}, protocol))
    found = inspect(path)
    assert found.kind == "pickle" and found.suspicious and not target.exists()
    assert [name.partition(".")[2] for name in found.names] == ["mkdir"]


def test_the_pickle_in_an_archive_of_pytorch(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("m/data.pkl", pickle.dumps(files.Attack(tmp_path / "made")))
        archive.writestr("m/data/0", bytes(16))
    found = inspect(tmp_path / "m.pt")
    assert found.kind == "torch" and found.names and not (tmp_path / "made").exists()


def test_arrays_of_objects_are_pickles(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.array([{}], object))
    found = inspect(tmp_path / "a.npz")
    assert [f.what for f in found.findings] == ["an array of pickled objects"]


def _safetensors(path, header, data=b""):
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return inspect(path, statistics=True)


def test_safetensors(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.eye(3, dtype="f4"), "b": np.ones(2)}, tmp_path / "w.safetensors", {"k": "v"})
    found = inspect(tmp_path / "w.safetensors", statistics=True)
    assert found.kind == "safetensors" and not found.suspicious and found.about == {"k": "v"}
    assert {w.name: (w.shape, w.statistics.greatest) for w in found.weights} == {
        "a": ((3, 3), 1.0), "b": ((2,), 1.0)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ([2, [0, 8]], None),
        ([2**60, [0, 8]], "an array that is not where it claims to be"),
        ([2, [0, 10**9]], "an array that is not where it claims to be"),
        ([1e999, [0, 8]], "data outside of the arrays"),
        ([1, [0, 4]], "data outside of the arrays"),
    ],
)
def test_safetensors_that_lie(entry, what, tmp_path):
    size, offsets = entry
    header = {"a": {"dtype": "F32", "shape": [size], "data_offsets": offsets}}
    found = _safetensors(tmp_path / "w.safetensors", header, bytes(8))
    assert [f.what for f in found.findings][:1] == ([what] if what else [])


def test_onnx(tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx")
    h, t = onnx.helper, onnx.TensorProto
    inside = h.make_tensor("w", t.FLOAT, [2, 1], [1.0, 2.0])
    outside = t(name="far", data_type=t.FLOAT, dims=[4], data_location=t.EXTERNAL)
    for place in ("near.bin", "../../etc/passwd"):  # the last one counts
        outside.external_data.add(key="location", value=place)
    node = h.make_node("MatMul", ["x", "w"], ["y"], name="product")
    values = [h.make_tensor_value_info(n, t.FLOAT, ["rows", s]) for n, s in (("x", 2), ("y", 1))]
    graph = h.make_graph([node], "graph", values[:1], values[1:], [inside, outside])
    model = h.make_model(graph, producer_name="somebody")
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    found = inspect(tmp_path / "m.onnx", statistics=True)
    assert found.about["producer"] == "somebody" and found.about["inputs"] == "x (rows, 2)"
    assert [(x.name, x.kind) for x in found.layers] == [("product", "MatMul")]
    assert found.weights[0].statistics.mean == 1.5
    assert [(f.severity, f.where) for f in found.findings] == [("danger", "far"), ("note", "far")]
    monkeypatch.setitem(sys.modules, "onnx", None)  # not installed
    found = inspect(tmp_path / "m.onnx")
    assert found.about["producer"] == "somebody" and "lamina[onnx]" in found.stopped[0]


def test_onnx_within_branches_functions_and_attributes(tmp_path):
    onnx = pytest.importorskip("onnx")
    h, t = onnx.helper, onnx.TensorProto

    def outside(name):
        tensor = t(name=name, data_type=t.FLOAT, dims=[4], data_location=t.EXTERNAL)
        tensor.external_data.add(key="location", value="/etc/passwd")
        return tensor

    def node(kind, name, **settings):
        return h.make_node(kind, ["x"], [f"{name}_y"], name=name, **settings)

    value = h.make_tensor_value_info("x", t.FLOAT, [1])
    strange = node("Strange", "strange", domain="elsewhere")
    inner = h.make_graph([strange], "inner", [value], [value], [outside("within")])
    body = h.make_graph([node("If", "again", then_branch=inner)], "body", [value], [value])
    constant = node("Constant", "constant", value=outside("number"))
    calls = [node("Loop", "loop", body=body), constant, node("Ours", "call", domain="own")]
    values = onnx.SparseTensorProto(values=outside("sparse"), indices=t(name="i"), dims=[9])
    values.indices.dims.extend([2] * 100)
    graph = h.make_graph(calls, "g", [value], [value], sparse_initializer=[values])
    hidden = node("Hidden", "hidden", domain="elsewhere")
    ours = h.make_function("own", "Ours", ["x"], ["hidden_y"], [hidden], [])
    model = h.make_model(graph, functions=[ours])
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    found = inspect(tmp_path / "m.onnx", statistics=True)
    depths = {layer.name: layer.depth for layer in found.layers}
    assert depths == {"loop": 0, "again": 1, "strange": 2, "constant": 0, "call": 0, "hidden": 1}
    assert {(f.severity, f.where) for f in found.findings} == {
        ("danger", "within"), ("danger", "number"), ("danger", "sparse"), ("danger", "i"),
        ("warning", "strange"), ("warning", "hidden"),
    }  # fmt: skip


def test_a_folder_is_read_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr("lamina.inspection.others._PIECE", 64)
    monkeypatch.setattr("lamina.inspection.others._MOST_FILES", 3)
    named = b"\n\x0bEagerPyFunc\x12\x08ReadFile"
    for start in range(40, 70):
        (tmp_path / "saved_model.pb").write_bytes(bytes(start) + named + bytes(1000))
        found = {f.what for f in inspect(tmp_path).findings}
        assert found > {"the operation EagerPyFunc", "the operation ReadFile"}, start
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(b"")
    found = inspect(tmp_path)
    assert len(found.members) == 3 and "more than 3 files" in found.stopped[0]
    elsewhere = tmp_path / "elsewhere.pb"
    (tmp_path / "saved_model.pb").rename(elsewhere)
    (tmp_path / "saved_model.pb").symlink_to(elsewhere)
    assert "the operation ReadFile" not in {f.what for f in inspect(tmp_path).findings}


def test_a_folder_of_tensorflow(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x12\x08ReadFile\x1a\x00")
    found = inspect(tmp_path)
    assert found.kind == "saved model"
    assert [f.what for f in found.findings] == [
        "the operation ReadFile", "a program of TensorFlow"
    ]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_pipes_in_a_folder_are_told(tmp_path):
    os.mkfifo(tmp_path / "keras_metadata.pb")
    (tmp_path / "saved_model.pb").write_bytes(b"")
    found = inspect(tmp_path)
    assert ("a pipe or a device", "keras_metadata.pb") in [
        (f.what, f.where) for f in found.findings
    ]


def test_nothing_there(tmp_path):
    with pytest.raises(MissingFileError, match=r"no file .*nothing\.keras"):
        inspect(tmp_path / "nothing.keras")
    with pytest.raises(MissingFileError, match="is no SavedModel"):
        inspect(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x05", b"\x89HDF\r\n\x1a\n"])
@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.npz", "m.onnx", "m.safetensors", "m.pkl"])
def test_stubs_of_files_are_told(content, name, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert inspect(tmp_path / name, statistics=True).suspicious


def _sound(model, tmp_path):
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
    model.save_weights(tmp_path / "w")
    return [path.read_bytes() for path in sorted(tmp_path.iterdir()) if path.suffix]


def test_damaged_files_are_described_as_far_as_they_can_be(model, tmp_path):
    generator = np.random.default_rng(0)
    for number, content in enumerate(_sound(model, tmp_path)):
        for turn in range(40):
            damaged = bytearray(content)
            for place in generator.integers(0, len(damaged), 1 + turn % 8):
                damaged[place] ^= 1 << int(generator.integers(8))
            path = tmp_path / f"damaged{number}.keras"
            path.write_bytes(damaged[: len(damaged) - (turn % 4) * len(damaged) // 5])
            json.dumps(inspect(path, statistics=True).to_json(), allow_nan=False)


def test_compressed_files_are_named_and_left_alone(tmp_path):
    content = io.BytesIO()
    with gzip.GzipFile(fileobj=content, mode="wb") as file:
        file.write(pickle.dumps(files.Attack(tmp_path / "made")))
    (tmp_path / "m.joblib").write_bytes(content.getvalue())
    found = inspect(tmp_path / "m.joblib")
    assert found.kind == "compressed" and found.suspicious


def test_a_model_of_layers_that_lamina_lacks(tmp_path):
    import keras as theirs

    layers = theirs.layers
    inputs = theirs.Input((6, 4))
    attended = layers.MultiHeadAttention(2, 4)(inputs, inputs)
    hidden = layers.Bidirectional(layers.LSTM(3))(layers.Conv1D(5, 2)(attended))
    model = theirs.Model(inputs, layers.Dense(1)(hidden))
    model.save(tmp_path / "m.keras")
    found = inspect(tmp_path / "m.keras")
    assert sum(x.parameters for x in found.layers if not x.depth) == model.count_params()
    assert not found.suspicious and {f.what for f in found.findings} == {
        f"lamina has no {name}"
        for name in ("MultiHeadAttention", "Bidirectional", "LSTM", "Conv1D")
    }


@pytest.mark.parametrize(("compress", "kind"), [(0, "pickle"), (3, "compressed")])
def test_files_of_joblib(compress, kind, tmp_path):
    joblib = pytest.importorskip("joblib")
    joblib.dump({"x": np.ones(9), "y": files.Attack(tmp_path / "a")}, tmp_path / "m", compress)
    (tmp_path / "m").rename(tmp_path / "m.joblib")
    found = inspect(tmp_path / "m.joblib")
    assert found.kind == kind and found.suspicious and "joblib" in found.stopped[0]


@pytest.mark.parametrize("name", ["c-1.index", "c-1.data-00000-of-00001"])
def test_checkpoints_of_tensorflow_are_named(name, tmp_path):
    (tmp_path / name).write_bytes(b"\0\0\x07")
    found = inspect(tmp_path / name)
    assert found.kind == "tensorflow checkpoint" and "save_weights" in found.stopped[0]
