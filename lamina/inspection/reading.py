"""Which kind of file something is, by its content, and who reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from ..core.errors import DataLossError, InvalidArgumentError, MissingFileError
from ..keras.saving import shards
from ..keras.saving.archive import opened
from . import archives, hdf5, onnx_files, others, pickles
from .report import Inspection, Member

KINDS = {
    "keras": "model of Keras 3 (.keras)",
    "tabular": "model of `lamina train` (.keras)",
    "h5": "model of Keras 2 (HDF5)",
    "h5 weights": "weights of Keras 2 (HDF5)",
    "weights": "weights of Keras 3 (.weights.h5)",
    "shards": "list of files of weights of Keras 3 (.weights.json)",
    "hdf5": "HDF5 file",
    "checkpoint": "checkpoint of lamina (.npz)",
    "npz": "arrays of NumPy (.npz)",
    "npy": "array of NumPy (.npy)",
    "safetensors": "weights (.safetensors)",
    "onnx": "model in ONNX",
    "saved model": "SavedModel of TensorFlow",
    "pickle": "pickle of Python",
    "compressed": "compressed file (of joblib?)",
    "torch": "file of PyTorch, with a pickle",
    "zip": "zip archive, of no known kind",
    "tensorflow checkpoint": "checkpoint of TensorFlow",
    "gguf": "model in GGUF",
    "tflite": "model in TFLite",
    "unknown": "file of an unknown kind",
}
"""What is said of each kind."""

_ZLIB = (b"\x01", b"^", b"\x9c", b"\xda")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MAGIC = (
    (0, b"PK\x03\x04", "zip"), (0, b"PK\x05\x06", "zip"), (0, _HDF5, "hdf5"),
    (0, b"\x93NUMPY", "npy"), (0, b"GGUF", "gguf"), (4, b"TFL3", "tflite"),
    (0, b"\x1f\x8b", "compressed"), (0, b"BZh", "compressed"), (0, b"\xfd7zXZ", "compressed"),
    (0, b"]\0\0", "compressed"), *((0, b"x" + level, "compressed") for level in _ZLIB),
)  # fmt: skip
_ENDINGS = {
    ".keras": ("keras", "tabular"),
    ".weights.h5": ("weights",),
    ".weights.json": ("shards",),
    ".h5": ("h5", "h5 weights", "weights"),
    ".hdf5": ("h5", "h5 weights", "weights", "hdf5"),
    ".npy": ("npy",),
    ".npz": ("npz", "checkpoint"),
    ".safetensors": ("safetensors",),
    ".onnx": ("onnx",),
}
_UNREAD = {
    "compressed": "joblib's are pickles inside, which run code when they are loaded",
    "tensorflow checkpoint": "TensorFlow reads it; save_weights('name.weights.h5') there",
}
_PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".bin")
_PROTOCOL = re.compile(rb"\x80[\x02-\x09]")


def inspect(path: str | os.PathLike[str], statistics: bool = False) -> Inspection:
    """What is in the file at `path`: its kind, author, layers, weights, and what is suspicious.

    No class that it names is looked up, imported or made, nothing is unpickled. With `statistics`
    every number is read, in bounded pieces. A damaged file is described as far as it can be;
    `stopped` says where. MissingFileError: there is no such file.
    """
    place = os.fspath(path)
    if not isinstance(place, str):
        raise InvalidArgumentError(f"the path of a file is a text; got {place!r:.80}")
    if os.path.isdir(place):
        return _folder(place, statistics)
    with opened(place) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(16)
    report = Inspection(place, _kind(place, head, size), size)
    _read(_READERS.get(report.kind, _nothing), report, statistics)
    _check_ending(place, report)
    report.sort()
    return report


def _read(
    reader: Callable[[str, Inspection, bool], None], report: Inspection, statistics: bool
) -> None:
    try:
        reader(report.path, report, statistics)
    except MemoryError:
        report.stop("the file", "reading it takes more memory than there is")
    except RecursionError:
        report.stop("the file", "it is nested too deeply")


def _folder(path: str, statistics: bool) -> Inspection:
    own = os.path.join(path, "model.keras")
    if os.path.isfile(own):
        return inspect(own, statistics)
    names = sorted(os.listdir(path))
    kind = "saved model" if "saved_model.pb" in names else archives.kind_of(names)
    if kind not in _FOLDERS:
        raise MissingFileError(
            f"the folder {path!r} is no SavedModel and holds no model.keras; name one of its "
            f"files. It holds {', '.join(names[:6]) or 'nothing'}."
        )
    report = Inspection(path, kind, 0)
    _read(_FOLDERS[kind], report, statistics)
    report.sort()
    return report


def _kind(path: str, head: bytes, size: int) -> str:
    found = next((kind for at, magic, kind in _MAGIC if head[at:].startswith(magic)), None)
    if found == "zip":
        return archives.kind_of(archives.names_in(path))
    if found == "hdf5":
        return hdf5.kind_of(path)
    if found is not None:
        return found
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and length + 8 <= size:
        return "safetensors"
    if not size:
        return "unknown"
    if path.endswith(shards.ENDING):
        return "shards"
    if _PROTOCOL.match(head) or path.lower().endswith(_PICKLES):
        return "pickle"
    if re.search(r"\.(index|data-\d{5}-of-\d{5})$", path):
        return "tensorflow checkpoint"
    return "onnx" if path.lower().endswith(".onnx") else "unknown"


def _check_ending(path: str, report: Inspection) -> None:
    """A name that promises another kind misleads whoever trusts it."""
    name = Path(path).name.lower()
    for ending, kinds in _ENDINGS.items():
        if name.endswith(ending):
            if report.kind not in kinds:
                why = f"it is called {ending}, and is a {KINDS[report.kind]}"
                report.add("warning", "a misleading name", name, why)
            return


def _nothing(path: str, report: Inspection, statistics: bool) -> None:
    why = _UNREAD.get(report.kind, "lamina has no reader for this kind")
    why = why if report.size else "it is empty"
    report.stop("the file", why)


def _read_hdf5(path: str, report: Inspection, statistics: bool) -> None:
    with open(path, "rb") as file:
        hdf5.read(file, report, "the file", statistics)


def _read_shards(path: str, report: Inspection, statistics: bool) -> None:
    """The files that a list names, which lie beside it; those that are missing are told."""
    try:
        places = shards.places_in(path)
    except DataLossError as error:
        report.stop("the list", error)
        return
    for name in sorted({name for files in places.values() for name in files}):
        beside = os.path.join(os.path.dirname(path), name)
        if not os.path.isfile(beside):
            report.add("note", "a missing file", name, "the list names it; it is not beside it")
            continue
        size = os.path.getsize(beside)
        report.members.append(Member(name, size, size))
        _read_hdf5(beside, report, statistics)


def _read_npy(path: str, report: Inspection, statistics: bool) -> None:
    try:
        with open(path, "rb") as file:
            archives.read_array(file, "array", report.size, report, statistics)
    except Exception as error:  # NumPy's reader of headers has many ways to fail
        report.stop("the file", error)
    hdf5.note_not_finite(report, "the file")


def _read_pickle(path: str, report: Inspection, statistics: bool) -> None:
    with open(path, "rb") as file:
        pickles.read(file, report, "the file")


_FOLDERS: dict[str, Callable[[str, Inspection, bool], None]] = {
    **dict.fromkeys(("keras", "tabular"), archives.read_folder),
    "saved model": others.read_folder,
}
_READERS: dict[str, Callable[[str, Inspection, bool], None]] = {
    **dict.fromkeys(("keras", "tabular", "npz", "checkpoint", "torch", "zip"), archives.read),
    **dict.fromkeys(("h5", "h5 weights", "weights", "hdf5"), _read_hdf5),
    "npy": _read_npy,
    "onnx": onnx_files.read,
    "pickle": _read_pickle,
    "safetensors": others.read_safetensors,
    "shards": _read_shards,
}
