"""keras.datasets: what Keras makes of the same files, from a server, a folder or a path; safely."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lamina.core.config import config
from lamina.core.errors import DataLossError, InvalidArgumentError, NotFoundError
from lamina.keras import datasets
from lamina.keras.datasets import files
from tests.tools.server import Server, serving

RNG = np.random.default_rng(1)
PICTURES = RNG.integers(0, 256, (6, 5, 4)).astype(np.uint8)
LABELS = np.array([3, 1, 2, 0, 9, 4], np.uint8)
TEXTS = np.empty(12, object)
TEXTS[:] = [list(map(int, RNG.integers(1, 30, RNG.integers(2, 9)))) for _ in range(12)]


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, **arrays)
    return stream.getvalue()


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(head + array.tobytes(), mtime=0)


def cifar(folder: str, batches: dict[str, dict[bytes, Any]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, batch in batches.items():
            content = pickle.dumps(batch, protocol=2)
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def batch(seed: int, **labels: Any) -> dict[bytes, Any]:
    data = np.random.default_rng(seed).integers(0, 256, (2, 3072)).astype(np.uint8)
    return {b"data": data, **{name.encode(): value for name, value in labels.items()}}


X, Y = RNG.normal(size=(700, 3)), RNG.normal(size=700)
FILES = {
    "mnist.npz": npz(x_train=PICTURES, y_train=LABELS, x_test=PICTURES[:2], y_test=LABELS[:2]),
    "boston_housing.npz": npz(x=X[:50], y=Y[:50]),
    "california_housing.npz": npz(x=X, y=Y),
    "imdb.npz": npz(
        x_train=TEXTS[:8], y_train=LABELS.repeat(2)[:8], x_test=TEXTS[8:], y_test=LABELS[:4]
    ),
    "reuters.npz": npz(x=TEXTS, y=LABELS.repeat(2)),
    "imdb_word_index.json": json.dumps({"good": 1, "bad": 2}).encode(),
    "reuters_word_index.json": json.dumps({"wheat": 1}).encode(),
    "train-images-idx3-ubyte.gz": idx(PICTURES),
    "train-labels-idx1-ubyte.gz": idx(LABELS),
    "t10k-images-idx3-ubyte.gz": idx(PICTURES[:2]),
    "t10k-labels-idx1-ubyte.gz": idx(LABELS[:2]),
    "cifar-10-python.tar.gz": cifar(
        "cifar-10-batches-py",
        {f"data_batch_{i}": batch(i, labels=[i, 0]) for i in range(1, 6)}
        | {"test_batch": batch(9, labels=[7, 8])},
    ),
    "cifar-100-python.tar.gz": cifar(
        "cifar-100-python",
        {n: batch(9, fine_labels=[70, 80], coarse_labels=[7, 8]) for n in ("train", "test")},
    ),
}
MODULES = [module for name in datasets.__all__ if (module := getattr(datasets, name))]
HOLDERS = {
    "mnist.npz": (datasets.mnist, "_CHECKSUM"),
    "boston_housing.npz": (datasets.boston_housing, "_CHECKSUM"),
    "california_housing.npz": (datasets.california_housing, "_CHECKSUM"),
    "imdb.npz": (datasets.imdb, "_CHECKSUM"),
    "reuters.npz": (datasets.reuters, "_CHECKSUM"),
    "imdb_word_index.json": (datasets.imdb, "_WORDS"),
    "reuters_word_index.json": (datasets.reuters, "_WORDS"),
    "cifar-10-python.tar.gz": (datasets.cifar10, "_CHECKSUM"),
    "cifar-100-python.tar.gz": (datasets.cifar100, "_CHECKSUM"),
}


@pytest.fixture(autouse=True)
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(config, "cache", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name, (module, attribute) in HOLDERS.items():
        monkeypatch.setattr(module, attribute, hashlib.sha256(FILES[name]).hexdigest())
    with serving(FILES) as running:
        for module in (*MODULES, sys.modules["lamina.keras.datasets.sequences"]):
            if hasattr(module, "ORIGIN"):
                monkeypatch.setattr(module, "ORIGIN", running.url(""))
            elif hasattr(module, "_URL"):
                name = module._URL.rpartition("/")[2]
                monkeypatch.setattr(module, "_URL", running.url(name))
        yield running


def same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, tuple):
        assert len(ours) == len(theirs)
        for left, right in zip(ours, theirs, strict=True):
            same(left, right)
    else:
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mnist", {}),
        ("boston_housing", {}),
        ("boston_housing", {"test_split": 0.33, "seed": 5}),
        ("california_housing", {}),
        ("california_housing", {"version": "small"}),
        ("imdb", {}),
        ("imdb", {"num_words": 15, "skip_top": 3, "maxlen": 8}),
        ("imdb", {"start_char": None, "oov_char": None, "num_words": 12, "index_from": 0}),
        ("reuters", {}),
        ("reuters", {"num_words": 15, "test_split": 0.3, "start_char": None, "seed": 1}),
    ],
)
def test_the_same_as_keras(
    name: str, arguments: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{name}.npz"
    path.write_bytes(FILES[path.name])
    theirs = sys.modules[f"keras.src.datasets.{name}"]
    monkeypatch.setattr(theirs, "get_file", lambda *args, **kwargs: str(path))
    same(getattr(datasets, name).load_data(**arguments), theirs.load_data(**arguments))  # type: ignore[attr-defined]


def test_pictures_of_clothes_and_things() -> None:
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data()
    same((x, y, x_test, y_test), (PICTURES, LABELS, PICTURES[:2], LABELS[:2]))
    (x, y), (x_test, y_test) = datasets.cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and y.tolist()[:3] == [[1], [0], [2]]
    data = batch(1)[b"data"].reshape(2, 3, 32, 32)
    same(x[:2], data.transpose(0, 2, 3, 1))
    assert y_test.tolist() == [[7], [8]] and y.dtype == x_test.dtype == np.uint8
    assert datasets.cifar100.load_data("coarse")[0][1].tolist() == [[7], [8]]
    assert datasets.cifar100.load_data()[1][1].tolist() == [[70], [80]]


def test_words_and_topics() -> None:
    assert datasets.imdb.get_word_index() == {"good": 1, "bad": 2}
    assert datasets.reuters.get_word_index() == {"wheat": 1}
    assert datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


def test_a_file_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        datasets.mnist.load_data()
    assert server.asked == 1
    assert os.listdir(tmp_path / "cache" / "datasets") == ["mnist.npz"]


def test_a_file_of_keras_or_a_path_needs_no_download(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "keras" / "datasets"
    folder.mkdir(parents=True)
    (folder / "mnist.npz").write_bytes(FILES["mnist.npz"])
    datasets.mnist.load_data()
    datasets.mnist.load_data(path=str(folder / "mnist.npz"))
    assert server.asked == 0
    with pytest.raises(NotFoundError, match="cannot read /nowhere"):
        datasets.mnist.load_data(path="/nowhere/mnist.npz")
    (folder / "mnist.npz").write_bytes(b"other")
    with pytest.raises(DataLossError, match="has the sha256"):
        datasets.mnist.load_data()


def test_without_network_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.mnist, "ORIGIN", "http://127.0.0.1:9/")
    with pytest.raises(NotFoundError, match=r"By hand: save http://127\.0\.0\.1:9/mnist\.npz as"):
        datasets.mnist.load_data()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo run > /dev/null",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mnist.npz", FILES["mnist.npz"][:-40], "is damaged"),
        ("mnist.npz", npz(x_train=LABELS), "has no array 'y_train'"),
        ("imdb.npz", npz(x_train=np.array([Evil()], object)), "system, which is not looked up"),
        ("imdb.npz", npz(x_train=np.array({}, object)), "has no array"),
        (
            "train-images-idx3-ubyte.gz",
            gzip.compress(b"\0\0\x08\x01\0\0\0\x09", mtime=0),
            "cut short",
        ),
        ("train-labels-idx1-ubyte.gz", idx(LABELS[:3]), "6 pictures and 3 labels"),
        (
            "cifar-10-python.tar.gz",
            cifar("cifar-10-batches-py", {"test_batch": {b"data": Evil()}}),
            "which is not looked up",
        ),
    ],
)
def test_a_damaged_or_hostile_file_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, message: str
) -> None:
    server.files[name] = content
    if name in HOLDERS:
        monkeypatch.setattr(*HOLDERS[name], hashlib.sha256(content).hexdigest())
    module = HOLDERS.get(name, (datasets.fashion_mnist,))[0]
    with pytest.raises(DataLossError, match=message):
        module.load_data()


def test_what_the_server_has_must_be_what_keras_has(server: Server) -> None:
    server.files["mnist.npz"] = b"moved"
    with pytest.raises(DataLossError, match="has the sha256"):
        datasets.mnist.load_data()


@pytest.mark.parametrize(
    "call",
    [
        lambda: datasets.boston_housing.load_data(test_split=1.0),
        lambda: datasets.reuters.load_data(test_split=-1),
        lambda: datasets.california_housing.load_data(version="tiny"),
        lambda: datasets.cifar100.load_data("middle"),
        lambda: datasets.imdb.load_data(maxlen=1),
    ],
)
def test_arguments_are_checked(call: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"must be|is '|increase maxlen"):
        call()


def test_addresses_and_checksums_are_those_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for name, (module, attribute) in HOLDERS.items():
        source = Path(
            sys.modules[f"keras.src.datasets.{module.__name__.rpartition('.')[2]}"].__file__ or ""
        )
        text = source.read_text("utf-8")
        assert getattr(module, attribute) in text, name
        assert getattr(module, "_URL", files.ORIGIN) in text
