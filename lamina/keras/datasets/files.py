"""Where the files of Keras's data come from, and how they are read: nothing in them is run."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ...core.archives import checked_archive
from ...core.downloads import cached
from ...core.dtypes import Array
from ...core.errors import (
    DataLossError,
    InvalidArgumentError,
    MissingFileError,
    NotFoundError,
    OpError,
)
from ...core.files import cache_folder

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_LIMIT = 256 * 2**20  # bytes; the largest file has 171 million

_T = TypeVar("_T")


def fetch(
    path: str,
    parse: Callable[[bytes], _T],
    url: str,
    checksum: str | None = None,
) -> _T:
    """What `parse` makes of the file at `url`, whose SHA-256 or MD5 must be `checksum`.

    It is read from `path` if that is absolute, from Keras's folder (KERAS_HOME, ~/.keras) if it
    lies there, else downloaded once. NotFoundError, which says what to do by hand, without network.
    """

    def checked(content: bytes, origin: str) -> _T:
        _verify(content, checksum, origin)
        return _parsed(parse, content, origin)

    if os.path.isabs(path):
        try:
            return checked(Path(path).read_bytes(), path)
        except OSError as error:
            raise MissingFileError(f"cannot read {path}: {error.strerror or error}") from None
    theirs = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / path
    if theirs.is_file():
        return checked(theirs.read_bytes(), str(theirs))
    name = f"datasets/{path}"
    try:
        return cached(url, name, _LIMIT, checked)
    except (NotFoundError, DataLossError) as error:
        raise type(error)(
            f"{error}. By hand: save {url} as {cache_folder() / name}, or anywhere, and give its "
            "absolute path where load_data takes one"
        ) from error


def _verify(content: bytes, checksum: str | None, origin: str) -> None:
    if checksum is None:
        return
    algorithm = "sha256" if len(checksum) == 64 else "md5"
    found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
    if found != checksum:
        raise DataLossError(f"{origin} has the {algorithm} {found}; expected {checksum}")


def _parsed(parse: Callable[[bytes], _T], content: bytes, origin: str) -> _T:
    try:
        return parse(content)
    except OpError:
        raise
    except Exception as error:  # whatever a damaged archive makes its reader raise
        raise DataLossError(f"{origin} is damaged: {type(error).__name__}: {error}") from error


# Reading ------------------------------------------------------------------------------------------

_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads lists, dicts, numbers, texts and NumPy arrays; nothing else can be named."""

    def find_class(self, module: str, name: str) -> Any:
        """The few functions that make arrays."""
        if (module, name) not in _ARRAYS:
            raise DataLossError(f"a file of data names {module}.{name}, which is not looked up")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def arrays(content: bytes) -> dict[str, Array]:
    """The arrays of a NumPy archive; those of Python lists are read without running anything."""
    found = {}
    with checked_archive(io.BytesIO(content), "the file") as archive:
        for name in archive.namelist():
            found[name.removesuffix(".npy")] = _array(archive.read(name))
    return found


def _array(content: bytes) -> Array:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    reader = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, _, dtype = reader(stream)
    if not dtype.hasobject:
        stream.seek(0)
        found: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return found
    objects = ArrayUnpickler(stream).load()
    if not isinstance(objects, np.ndarray) or objects.shape != shape:
        raise DataLossError(f"expected an array of shape {shape}")
    return objects


# Splitting ----------------------------------------------------------------------------------------

Pair = tuple[Array, Array]


def generator(seed: int) -> np.random.RandomState:
    """The generator that Keras's orders come from."""
    return np.random.RandomState(seed)


def shuffled(source: np.random.RandomState, *lines: Array) -> list[Array]:
    """Arrays with their rows in the next order that a generator gives."""
    order = np.arange(len(lines[0]))
    source.shuffle(order)
    return [line[order] for line in lines]


def split_rows(x: Array, y: Array, test_split: float, seed: int) -> tuple[Pair, Pair]:
    """Rows in the order of `seed`, the last `test_split` of them for the test."""
    if not 0 <= test_split < 1:
        raise InvalidArgumentError(f"test_split must be in [0, 1); got {test_split}")
    x, y = shuffled(generator(seed), x, y)
    count = int(len(x) * (1 - test_split))
    return (x[:count].copy(), y[:count].copy()), (x[count:].copy(), y[count:].copy())


def member(found: Mapping[str, Array], name: str) -> Array:
    """One array of an archive."""
    if name not in found:
        raise DataLossError(f"the archive has no array {name!r}; it has {', '.join(found)}")
    return found[name]
