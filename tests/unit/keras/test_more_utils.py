"""keras.utils: progress, settings, symbolic tensors, the former form of configurations, files."""

from __future__ import annotations

import hashlib
import io
import ntpath
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
)

keras, utils = tf.keras, tf.keras.utils


# Progress -----------------------------------------------------------------------------------------


def shown_by_keras(capsys: Any, updates: Any, **options: Any) -> list[str]:
    bar = reference.utils.Progbar(2, verbose=2, **options)
    for update in updates:
        bar.update(*update)
    return [part for part in capsys.readouterr().out.strip().split(" - ") if ": " in part]


@pytest.mark.parametrize(
    "options",
    [{}, {"stateful_metrics": ["loss"]}, {"stateless_metrics": ["loss"]}],
)
def test_progress_shows_the_means_of_keras(capsys: Any, options: dict[str, Any]) -> None:
    updates = [
        (1, [("loss", 4.0), ("rate", 0.5)]),
        (2, [("loss", np.array([1.0, 3.0])), ("rate", 0.25)]),
    ]
    wanted = [part.split(": ") for part in shown_by_keras(capsys, updates, **options)]
    bar = utils.Progbar(2, verbose=2, **options)
    for update in updates:
        bar.update(*update)
    line = capsys.readouterr().out.strip().split(" - ")
    found = [part.split(": ") for part in line if ": " in part]
    assert line[0] == "2/2" and line[1].endswith("/step")
    assert [(name, float(value)) for name, value in found] == [
        (name, pytest.approx(float(value), rel=1e-3)) for name, value in wanted
    ]


def test_progress_of_unknown_length_ends_when_told(capsys: Any) -> None:
    bar = utils.Progbar(None, unit_name="row")
    bar.add(3)
    assert capsys.readouterr().out == ""
    bar.update(5, [("rows", 123456.0)], finalize=True)
    said = capsys.readouterr().out
    assert said.startswith("5/Unknown - ") and said.endswith("rows: 123456\n")
    utils.Progbar(1, verbose=0).add(1)
    assert capsys.readouterr().out == ""
    with pytest.raises(InvalidArgumentError, match="not both"):
        utils.Progbar(1, stateful_metrics=[], stateless_metrics=[])


def test_progress_in_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    bar = utils.Progbar(4, interval=0, width=12)
    for step in range(4):
        bar.add(1, [("loss", float(step))])
    assert "4/4" in screen.getvalue() and "━" * 12 in screen.getvalue()
    assert "━" * 13 not in screen.getvalue() and "loss 3.000" in screen.getvalue()
    assert screen.getvalue().rstrip().endswith("\x1b[?25h"), "the cursor comes back"


# Settings -----------------------------------------------------------------------------------------


def test_settings_may_be_frozen() -> None:
    config = utils.Config(units=16)
    config.rate = 0.1
    config["name"] = "net"
    assert (
        config.units == 16 and config["rate"] == 0.1 and list(config) == ["name", "rate", "units"]
    )
    config.freeze()
    for change in (
        lambda: config.update(units=1),
        lambda: config.pop("units"),
        lambda: setattr(config, "units", 1),
        lambda: config.__delitem__("units"),
    ):
        with pytest.raises(ValueError, match="frozen"):
            change()
    config.unfreeze()
    config.update({"units": 8})
    del config["name"]
    assert config.as_dict() == {"units": 8, "rate": 0.1} and config.get("name", 1) == 1
    assert config.to_json() == '{"units": 8, "rate": 0.1}' and "rate" in config
    with pytest.raises(AttributeError, match=r"no 'unit'.* Did you mean 'units'"):
        _ = config.unit


def test_logging_can_be_asked_for() -> None:
    assert utils.is_interactive_logging_enabled()
    utils.disable_interactive_logging()
    assert not utils.is_interactive_logging_enabled()
    utils.enable_interactive_logging()
    assert utils.is_interactive_logging_enabled()


# Tensors ------------------------------------------------------------------------------------------


def test_where_symbolic_tensors_come_from() -> None:
    a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
    joined = keras.layers.Concatenate()([keras.layers.Dense(1)(a) * 2.0, b, a])
    assert {id(found) for found in utils.get_source_inputs(joined)} == {id(a), id(b)}
    assert utils.get_source_inputs(a) == [a]
    assert utils.is_keras_tensor(joined) and not utils.is_keras_tensor(tf.ones(2))
    with pytest.raises(ArgumentTypeError, match="takes a symbolic tensor"):
        utils.get_source_inputs(tf.ones(2))


@pytest.mark.parametrize(
    "dtype", [None, int, float, bool, str, "float64", "int8", np.int16, "bool"]
)
def test_names_of_dtypes_are_those_of_keras(dtype: Any) -> None:
    assert utils.standardize_dtype(dtype) == reference.utils.standardize_dtype(dtype)


def test_names_of_dtypes_must_exist() -> None:
    assert utils.standardize_dtype(tf.float16) == "float16"
    with pytest.raises(InvalidArgumentError, match="'flaot32' is no dtype"):
        utils.standardize_dtype("flaot32")


# The former form ----------------------------------------------------------------------------------


def test_objects_in_the_form_of_keras_2() -> None:
    layer = keras.layers.Dense(3, activation="tanh", name="d")
    written = utils.legacy.serialize_keras_object(layer)
    assert written["class_name"] == "Dense" and set(written) == {"class_name", "config"}
    again = utils.legacy.deserialize_keras_object(written)
    assert (again.units, again.name) == (3, "d")

    def own(x: Any) -> Any:
        return x

    assert utils.legacy.serialize_keras_object(own) == "own"
    assert utils.legacy.deserialize_keras_object("own", custom_objects={"own": own}) is own
    found = utils.legacy.deserialize_keras_object("relu", printable_module_name="activation")
    assert found is keras.activations.relu
    with pytest.raises(
        AttributeError, match=r"activation 'rellu' is not known.*Did you mean 'relu"
    ):
        utils.legacy.deserialize_keras_object("rellu", printable_module_name="activation")
    with pytest.raises(InvalidArgumentError, match="objects with get_config"):
        utils.legacy.serialize_keras_object(3)


# Files --------------------------------------------------------------------------------------------

CONTENT = b"a,b\n1,2\n"


@pytest.fixture
def origin(tmp_path: Path) -> str:
    """The address of a file; the local kind, as no net is needed."""
    path = tmp_path / "remote" / "table.csv"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path.as_uri()


def remote(origin: str) -> Path:
    return Path(origin.removeprefix("file://"))


def test_a_file_is_downloaded_once(origin: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    path = utils.get_file(origin=origin)
    assert path == str(tmp_path / "home" / "datasets" / "table.csv")
    remote(origin).write_bytes(b"changed")
    assert Path(utils.get_file(origin=origin)).read_bytes() == CONTENT
    path = utils.get_file("other.csv", origin, cache_dir=tmp_path / "here", cache_subdir="sub")
    assert path == str(tmp_path / "here" / "sub" / "other.csv")
    assert Path(utils.get_file(origin=origin, force_download=True)).read_bytes() == b"changed"


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_file_is_checked(origin: str, tmp_path: Path, algorithm: str) -> None:
    digest = hashlib.new(algorithm, CONTENT).hexdigest()
    path = Path(utils.get_file(origin=origin, file_hash=digest, cache_dir=tmp_path))
    path.write_bytes(b"damaged")
    assert utils.get_file(origin=origin, file_hash=digest, cache_dir=tmp_path) == str(path)
    assert path.read_bytes() == CONTENT
    remote(origin).write_bytes(b"another")
    path.unlink()
    with pytest.raises(DataLossError, match=f"its {algorithm} is"):
        utils.get_file(origin=origin, file_hash=digest, cache_dir=tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_is_unpacked(tmp_path: Path, kind: str) -> None:
    packed = tmp_path / "data.archive"
    if kind == "tar":
        with tarfile.open(packed, "w:gz") as tar:
            info = tarfile.TarInfo("inner/table.csv")
            info.size = len(CONTENT)
            tar.addfile(info, io.BytesIO(CONTENT))
    else:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("inner/table.csv", CONTENT)
    home = tmp_path / "home"
    folder = utils.get_file(origin=packed.as_uri(), extract=True, cache_dir=home)
    assert (Path(folder) / "inner" / "table.csv").read_bytes() == CONTENT
    assert utils.get_file("a.tgz", packed.as_uri(), extract=True, cache_dir=home) == str(
        home / "datasets" / "a_extracted"
    )
    with pytest.raises(ArgumentTypeError, match="archive_format is"):
        utils.get_file("b", packed.as_uri(), extract=True, archive_format="rar", cache_dir=home)


def _tar(path: Path, name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Path:
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, 0 if link else len(CONTENT)
        tar.addfile(info, io.BytesIO(CONTENT))
    return path


def _zip(path: Path, name: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, CONTENT)
    return path


def _bomb(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 70 * 2**20
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: _tar(path, "../outside.csv"), "leads out of its folder"),
        (lambda path: _tar(path, "/outside.csv"), "leads out of its folder"),
        (lambda path: _tar(path, "C:/outside.csv"), "leads out of its folder"),
        (lambda path: _tar(path, "a", tarfile.SYMTYPE, "../../outside.csv"), "is a link"),
        (lambda path: _tar(path, "a", tarfile.LNKTYPE, "/etc/passwd"), "is a link"),
        (lambda path: _tar(path, "a", tarfile.FIFOTYPE), "is a link or a device"),
        (lambda path: _zip(path, "../outside.csv"), "leads out of its folder"),
        (_bomb, "unpacks to more than 100 times"),
        (lambda path: path.write_bytes(_tar(path, "a").read_bytes()[:60]) and path, "damaged"),
    ],
)
def test_archives_that_would_write_elsewhere_are_not_unpacked(
    tmp_path: Path, make: Any, message: str
) -> None:
    packed = make(tmp_path / "bad.archive")
    home = tmp_path / "home"
    with pytest.raises(DataLossError, match=message):
        utils.get_file(origin=packed.as_uri(), extract=True, cache_dir=home)
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["bad.archive_archive"]
    assert not list(tmp_path.rglob("outside.csv"))


def test_files_that_cannot_be_had(tmp_path: Path, origin: str) -> None:
    missing = (tmp_path / "nothing.csv").as_uri()
    with pytest.raises(NotFoundError, match="could not download"):
        utils.get_file(origin=missing, cache_dir=tmp_path)
    with pytest.raises(InvalidArgumentError, match="needs origin="):
        utils.get_file("a.csv")
    with pytest.raises(InvalidArgumentError, match="without folders"):
        utils.get_file("a/b.csv", origin, cache_dir=tmp_path)
    with pytest.MonkeyPatch.context() as windows:
        windows.setattr("os.path", ntpath)
        windows.setattr("os.sep", "\\")
        for name in ("../b.csv", "a\\b.csv", "C:b.csv"):
            with pytest.raises(InvalidArgumentError, match="without folders"):
                utils.get_file(name, origin, cache_dir="here")
    with pytest.raises(InvalidArgumentError, match="'auto', 'md5' or 'sha256'"):
        utils.get_file(origin=origin, file_hash="0", hash_algorithm="crc", cache_dir=tmp_path)
    with pytest.raises(DataLossError, match="no archive of tar or zip"):
        utils.get_file(origin=origin, extract=True, cache_dir=tmp_path)
