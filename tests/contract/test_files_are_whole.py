"""Whatever writes files: where the system refuses, the error says so and the former file stays."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import export, keras, tabular
from lamina.core.errors import FileWriteError, InvalidArgumentError, MissingFileError
from lamina.export.header import write_both
from lamina.keras import callbacks

LIMIT = 300  # bytes: fewer than any of these files has


def _network() -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(40), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


MODEL = _network()
X = np.ones((8, 3), np.float32)


def _fit(make: Callable[[Path], Any]) -> Callable[[Path], Any]:
    def run(folder: Path) -> None:
        epochs = 3 if any(folder.iterdir()) else 2  # one more than a backup has
        _network().fit(X, X[:, :1], epochs=epochs, verbose=0, callbacks=[make(folder)])

    return run


def _table(folder: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=200)
    table = {"a": numbers, "b": numbers * 2 + 1}
    tabular.train(table, "b", epochs=2, verbose=0).save(folder / "results")


WRITERS: dict[str, Callable[[Path], Any]] = {
    "model": lambda folder: MODEL.save(folder / "model.keras"),
    "model in HDF5": lambda folder: MODEL.save(folder / "model.h5"),
    "weights": lambda folder: MODEL.save_weights(folder / "model.weights.h5"),
    "weights in HDF5": lambda folder: MODEL.save_weights(folder / "weights.h5"),
    "weights as a checkpoint": lambda folder: MODEL.save_weights(folder / "weights"),
    "checkpoint": lambda folder: tf.train.Checkpoint(model=MODEL).write(folder / "all"),
    "picture": lambda folder: keras.utils.plot_model(MODEL, folder / "model.svg"),
    "text": lambda folder: tf.io.write_file(str(folder / "a.txt"), "text " * 1000),
    "BackupAndRestore": _fit(
        lambda folder: callbacks.BackupAndRestore(folder / "kept", delete_checkpoint=False)
    ),
    "ModelCheckpoint": _fit(
        lambda folder: callbacks.ModelCheckpoint(folder / "best.keras", "loss")
    ),
    "table": _table,
    **{
        f"export to {name}": lambda folder, name=name, kind=kind: export.export(
            MODEL, folder / f"model{kind.ending}", format=name
        )
        for name, kind in export.FORMATS.items()
    },
}


@contextmanager
def limit() -> Iterator[None]:
    """Inside, files may have `LIMIT` bytes: more are refused, as on a full disk."""
    resource = pytest.importorskip("resource", reason="files are not limited on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def failing(name: str) -> Iterator[None]:
    """Inside, a function of the system fails."""

    def fail(*arguments: Any, **options: Any) -> Any:
        raise OSError(errno.EIO, "the disk is broken")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, name, fail)
        yield


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


FAILURES: dict[str, Callable[[], Any]] = {
    "no room": limit,
    "bytes do not come to the disk": lambda: failing("fsync"),
    "names do not change": lambda: failing("replace"),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("writer", WRITERS)
def test_the_former_file_stays(writer: str, failure: str, tmp_path: Path) -> None:
    WRITERS[writer](tmp_path)
    before = content(tmp_path)
    assert max(map(len, before.values())) > LIMIT
    with FAILURES[failure](), pytest.raises(FileWriteError, match="cannot be written"):
        WRITERS[writer](tmp_path)
    assert content(tmp_path) == before


def test_a_header_stays_with_the_file_that_it_is_of(tmp_path: Path) -> None:
    write_both(tmp_path / "model.c", b"old", "old")
    with limit(), pytest.raises(FileWriteError, match="cannot be written"):
        write_both(tmp_path / "model.c", bytes(LIMIT + 1), "new")
    assert content(tmp_path) == {"model.c": b"old", "model.h": b"old"}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_folder_that_cannot_be_written_to_is_told(writer: str, tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("an administrator may write anywhere")
    WRITERS[writer](tmp_path)
    before = content(tmp_path)
    folders = [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        refused = (FileWriteError, InvalidArgumentError)  # the latter before any work
        with pytest.raises(refused, match=r"can(no|')t be written"):
            WRITERS[writer](tmp_path)
        assert content(tmp_path) == before
    finally:
        for folder in folders:
            folder.chmod(0o700)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only the administrator of a Linux system can make a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_leaves_the_model(small_disk: Path) -> None:
    path = small_disk / "model.keras"
    MODEL.save(path)
    before = path.read_bytes()
    (small_disk / "other").write_bytes(bytes(40 << 10))
    with pytest.raises(FileWriteError, match=r"No space left.*unchanged"):
        _wide().save(path)
    assert content(small_disk) == {"model.keras": before, "other": bytes(40 << 10)}


def _wide() -> Any:
    return keras.Sequential([keras.Input((100,)), keras.layers.Dense(200)])


def test_a_log_has_whole_lines_where_there_is_no_room(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    listener = callbacks.CSVLogger(path)
    with limit(), pytest.raises(FileWriteError, match="cannot be added to"):
        _network().fit(X, X[:, :1], epochs=20, verbose=0, callbacks=[listener])
    lines = path.read_text("utf-8").splitlines(keepends=True)
    assert 2 < len(lines) < 20
    assert all(line.endswith("\n") and line.count(",") == 2 for line in lines)


def test_event_files_tell_where_there_is_no_room(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    listener = callbacks.TensorBoard(tmp_path, histogram_freq=1)
    with limit(), pytest.raises(FileWriteError, match=r"events\.out\.\S+ cannot be written"):
        _network().fit(X, X[:, :1], epochs=20, verbose=0, callbacks=[listener])


@pytest.mark.parametrize("kind", ["backup", "model"])
def test_a_folder_that_takes_no_files_is_told_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    made = {
        "backup": callbacks.BackupAndRestore(tmp_path),
        "model": callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
    }
    monkeypatch.setattr(Path, "touch", refuse)
    first = callbacks.LambdaCallback(on_epoch_begin=lambda *_: pytest.fail("it trains"))
    with pytest.raises(FileWriteError, match="cannot be written to: Permission denied"):
        _network().fit(X, X[:, :1], verbose=0, callbacks=[made[kind], first])


def test_a_log_goes_on_after_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss\n0,1.0,NA\n1,0.", "utf-8")
    _network().fit(X, X[:, :1], verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    lines = path.read_text("utf-8").splitlines()
    assert lines[:2] == ["epoch,loss,val_loss", "0,1.0,NA"]
    assert len(lines) == 3
    assert lines[2].startswith("0,")


def test_a_log_keeps_a_last_line_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss,val_loss\n0,1.0,NA\n1,0.5,NA", "utf-8")
    _network().fit(X, X[:, :1], verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    lines = path.read_text("utf-8").splitlines()
    assert lines[:3] == ["epoch,loss,val_loss", "0,1.0,NA", "1,0.5,NA"]
    assert len(lines) == 4


def test_a_missing_folder_of_a_log_is_told_before_training(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"no folder for .*Make it first"):
        _fit(lambda folder: callbacks.CSVLogger(folder / "none" / "log.csv"))(tmp_path)
