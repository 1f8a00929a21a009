"""Zip archives: `.keras`, `.npz` and those of PyTorch; every member is looked at, none unpacked."""

from __future__ import annotations

import io
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any

import numpy as np

from ..core.archives import EXPANSION, LARGE, array_of, checked_archive
from ..core.errors import DataLossError
from ..keras.saving.archive import opened
from ..keras.saving.files import METADATA, WEIGHTS
from ..keras.saving.paths import CONFIG
from ..train.files import DAMAGE, OBJECTS, nodes_of
from . import architecture, hdf5, others, pickles
from .report import MOST_AXES, REFUSED, Inspection, Member, Weight

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(OSError, ValueError, OverflowError),
)
_MOST = 10_000  # members that are shown
_TABLE = "lamina.json"
_HEADERS = 16 * 2**20
_MOST_PICKLES = 10  # PyTorch writes one
_LENGTHS = 26  # where a member's header has them
_OBJECTS = f"{OBJECTS}.npy"
_LOADS_CODE = (".py", ".pyc", ".so", ".dll", ".dylib", ".pyd", ".sh", ".exe", ".pkl", ".pickle")


def kind_of(names: list[str]) -> str:
    """Which kind of archive has members of these names."""
    if CONFIG in names and (WEIGHTS in names or METADATA in names):
        return "tabular" if _TABLE in names else "keras"
    if any(name.endswith("data.pkl") for name in names):
        return "torch"
    if names and all(name.endswith(".npy") for name in names):
        return "checkpoint" if _OBJECTS in names else "npz"
    return "zip"


def names_in(path: str) -> list[str]:
    """The names of an archive's members; none where it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except _DAMAGE:
        return []


def read(path: str, report: Inspection, statistics: bool) -> None:
    """Add the members, and what those say that belong to the kind of archive."""
    statistics = _is_sound(path, report) and statistics  # bombs unpack again and again
    try:
        with zipfile.ZipFile(path) as archive:
            _list(archive, report)
            readers = {
                "keras": _read_keras,
                "tabular": _read_keras,
                "npz": _read_arrays,
                "checkpoint": _read_arrays,
                "torch": _read_pickles,
                "zip": _read_pickles,
            }
            readers[report.kind](archive, report, statistics)
    except _DAMAGE as error:
        report.stop("the archive", error)


def _list(archive: zipfile.ZipFile, report: Inspection) -> None:
    infos = archive.infolist()
    for info in infos[:_MOST]:
        report.members.append(Member(info.filename, info.file_size, info.compress_size))
    if len(infos) > _MOST:
        report.stop("the archive", f"{len(infos):,} members; the first {_MOST:,} are shown")
    if report.kind in ("keras", "tabular"):
        _note_programs((info.filename for info in infos), report)
    taken = sum(
        info.compress_size + 30 + 46 + 2 * len(info.filename.encode("utf-8", "replace"))
        for info in infos
    )
    left = report.size - taken
    if left > max(2**16, report.size // 100 + 128 * len(infos)):
        why = f"{left:,} bytes belong to no member; something else may be hidden there"
        report.add("warning", "data outside of the members", "the archive", why)


def _note_programs(names: Iterable[str], report: Inspection) -> None:
    for name in names:
        if name.lower().endswith(_LOADS_CODE):
            why = "no reader of models needs it"
            report.add("warning", "a program or pickle in the archive", name, why)


def _is_sound(path: str, report: Inspection) -> bool:
    """Take down why `load_model` would not touch the archive: names, links, sizes, headers."""
    try:
        with open(path, "rb") as file, checked_archive(file, report.kind):
            return True
    except DataLossError as error:
        report.add("danger", REFUSED, "the archive", str(error).removeprefix(f"{report.kind}: "))
        return False


def _content(archive: zipfile.ZipFile, name: str, report: Inspection, limit: int) -> bytes | None:
    """A member's bytes, None where it is missing, too large or damaged."""
    found = [info for info in archive.infolist() if info.filename == name]
    if not found:
        report.stop(name, "it is missing")
        return None
    if found[-1].file_size > limit:
        report.stop(
            name, f"{found[-1].file_size:,} bytes are more than the {limit:,} that are read"
        )
        return None
    try:
        with archive.open(found[-1]) as member:
            return member.read(limit)
    except _DAMAGE as error:
        report.stop(name, error)
        return None


# Keras's ------------------------------------------------------------------------------------------


def _read_keras(archive: zipfile.ZipFile, report: Inspection, statistics: bool) -> None:
    names = archive.namelist()
    _describe(names, lambda name: _content(archive, name, report, LARGE), report)
    if WEIGHTS not in names:
        report.stop(WEIGHTS, "it is missing")
        return
    info = archive.getinfo(WEIGHTS)
    if info.compress_type == zipfile.ZIP_STORED:
        with open(report.path, "rb") as file:
            hdf5.read(_part(file, info), report, WEIGHTS, statistics)
    elif (content := _content(archive, WEIGHTS, report, LARGE)) is not None:
        hdf5.read(io.BytesIO(content), report, WEIGHTS, statistics)


def read_folder(path: str, report: Inspection, statistics: bool) -> None:
    """Add what a folder says that has the members of a `.keras` archive as files."""
    others.list_folder(path, report)
    _note_programs((member.name for member in report.members), report)
    names = [name for name in (METADATA, CONFIG, _TABLE) if _is_plain(path, name)]
    _describe(names, lambda name: _content_of_file(path, name, report), report)
    if not _is_plain(path, WEIGHTS):
        report.stop(WEIGHTS, "it is missing")
        return
    with opened(os.path.join(path, WEIGHTS)) as file:
        hdf5.read(file, report, WEIGHTS, statistics)


def _is_plain(folder: str, name: str) -> bool:
    return others.is_file(os.path.join(folder, name))


def _content_of_file(folder: str, name: str, report: Inspection) -> bytes | None:
    if not _is_plain(folder, name):
        report.stop(name, "it is missing")
        return None
    with opened(os.path.join(folder, name)) as file:
        content = file.read(LARGE + 1)
    if len(content) > LARGE:
        report.stop(name, f"it is larger than the {LARGE:,} bytes that are read")
        return None
    return content


def _describe(
    names: Sequence[str], content: Callable[[str], bytes | None], report: Inspection
) -> None:
    """Author, architecture and table, from those of the `names` that tell them."""
    if METADATA in names and (text := content(METADATA)) is not None:
        found = hdf5.parsed(text, report, METADATA)
        for key, value in list(found.items())[:20] if isinstance(found, dict) else ():
            report.about[architecture.text_of(key)] = architecture.text_of(value)
    if (text := content(CONFIG)) is not None:
        config = hdf5.parsed(text, report, CONFIG)
        if config is not None:
            architecture.read(config, report, CONFIG)
    if _TABLE in names and (text := content(_TABLE)) is not None:
        _describe_table(hdf5.parsed(text, report, _TABLE), report)


def _part(file: IO[bytes], info: zipfile.ZipInfo) -> IO[bytes]:
    """A member that is stored as it is; zipfile reads all that lies before a place to get there."""
    file.seek(info.header_offset + _LENGTHS)
    lengths = struct.unpack("<2H", file.read(4))  # of its name and what is added
    return io.BufferedReader(_Part(file, file.tell() + sum(lengths), info.file_size))


class _Part(io.RawIOBase):
    """A part of a file as a file."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_CUR: self._at, os.SEEK_END: self._size}.get(whence, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        content = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


def _describe_table(found: Any, report: Inspection) -> None:
    """What `lamina train` wrote about the table that the model is for."""
    if not isinstance(found, dict):
        return
    features, target = found.get("features"), found.get("target")
    if isinstance(features, list):
        names = [text_of_name(item) for item in features]
        more = ", …" if len(names) > 12 else ""
        report.about["columns"] = f"{len(names)}: {', '.join(names[:12])}{more}"
    if isinstance(target, dict):
        classes = target.get("classes")
        shown = f" of {architecture.describe(classes)}" if classes else ""
        name, task = (architecture.text_of(target.get(key)) for key in ("name", "task"))
        report.about["target"] = f"{name}, {task}{shown}"
    if "lamina" in found:
        report.about["lamina_version"] = architecture.text_of(found["lamina"])


def text_of_name(item: Any) -> str:
    """The name of a column."""
    return architecture.text_of(item.get("name") if isinstance(item, dict) else item)


# NumPy's and PyTorch's ----------------------------------------------------------------------------


def _read_arrays(archive: zipfile.ZipFile, report: Inspection, statistics: bool) -> None:
    for info in archive.infolist()[:_MOST]:
        if not info.filename.endswith(".npy"):
            continue
        try:
            with archive.open(info) as member:
                read_array(
                    member, info.filename.removesuffix(".npy"), info.file_size, report, statistics
                )
        except Exception as error:  # NumPy's reader of headers has many ways to fail
            report.stop(info.filename, error)
    hdf5.note_not_finite(report, "the archive")
    if report.kind == "checkpoint":
        _judge_graph(archive, report)


def _judge_graph(archive: zipfile.ZipFile, report: Inspection) -> None:
    """Take down where the objects of a checkpoint do not fit its variables."""
    content = _content(archive, _OBJECTS, report, LARGE)
    if content is None:
        return
    try:
        text = array_of(content, report.kind, _OBJECTS).tobytes()
        nodes_of(text, {weight.name for weight in report.weights})
    except DAMAGE as error:
        report.add("warning", REFUSED, _OBJECTS, str(error))


def read_array(file: IO[bytes], name: str, size: int, report: Inspection, statistics: bool) -> None:
    """Add one array of NumPy's format, whose file is `size` bytes large."""
    from numpy.lib import format as npy

    version = npy.read_magic(file)
    reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = reader(file)
    if dtype.hasobject:
        why = "reading it with allow_pickle=True runs whatever code the file names"
        report.add("danger", "an array of pickled objects", name, why)
    claimed = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or len(shape) > MOST_AXES:
        raise ValueError(f"its shape is {str(shape)[:80]}")
    weight = Weight(name, tuple(shape), str(dtype), claimed)
    if claimed > size and not dtype.hasobject:
        why = f"it claims {claimed:,} bytes; there are {size:,}"
        report.add("danger", "an array of absurd size", name, why)
    elif statistics and dtype.kind in "fiub" and claimed <= max(LARGE, report.size * EXPANSION):
        weight.statistics = hdf5.summarized(_pieces(file, dtype, math.prod(shape)))
    report.weights.append(weight)


def _pieces(file: IO[bytes], dtype: np.dtype[Any], count: int) -> Any:
    block = 2**20
    while count > 0:
        part = file.read(min(block, count) * dtype.itemsize)
        if len(part) < min(block, count) * dtype.itemsize:
            raise EOFError("the numbers end too soon")
        yield np.frombuffer(part, dtype)
        count -= block


def _read_pickles(archive: zipfile.ZipFile, report: Inspection, statistics: bool) -> None:
    """Members that are pickles, which PyTorch's are; their code is listed, not run."""
    names = [name for name in archive.namelist() if name.endswith((".pkl", ".pickle"))]
    for name in names[:_MOST_PICKLES]:
        content = _content(archive, name, report, _HEADERS)
        if content is not None:
            pickles.read(io.BytesIO(content), report, name)
    if len(names) > _MOST_PICKLES:
        report.stop("the archive", f"{len(names):,} pickles; {_MOST_PICKLES} are looked into")
