"""safetensors, and TensorFlow's folders."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from . import hdf5
from .architecture import text_of
from .report import Inspection, Member, Weight

_HEADER = 100 * 2**20  # bytes; what the format itself allows
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4",
    "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip
_SIZES = {"BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
_ACTS = (b"PyFunc", b"EagerPyFunc", b"ReadFile", b"WriteFile", b"LoadLibrary", b"MatchingFiles")
_MOST_FILES = 10_000


def read_safetensors(path: str, report: Inspection, statistics: bool) -> None:
    """Add the arrays that the header of a safetensors file lists."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        start = 8 + length
        if length > _HEADER or start > report.size:
            report.stop("the header", f"it claims {length:,} bytes")
            return
        header = hdf5.parsed(file.read(length), report, "the header")
    if not isinstance(header, dict):
        return
    metadata = header.pop("__metadata__", None)
    for key, value in list(metadata.items())[:20] if isinstance(metadata, dict) else ():
        report.about[text_of(key)] = text_of(value)
    spans = []
    for name, entry in header.items():
        span = _safetensor(name, entry, report, path, start, statistics)
        if span is not None:
            spans.append((*span, name))
    _check_spans(sorted(spans), report, report.size - start)
    hdf5.note_not_finite(report, "the file")


def _safetensor(
    name: str, entry: Any, report: Inspection, path: str, start: int, statistics: bool
) -> tuple[int, int] | None:
    try:
        shape = tuple(int(size) for size in entry["shape"])
        kind = str(entry["dtype"])
        first, last = (int(place) for place in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        report.stop(name, f"its entry in the header is damaged: {error}")
        return None
    item = np.dtype(_DTYPES[kind]).itemsize if kind in _DTYPES else _SIZES.get(kind, 0)
    weight = Weight(name, shape, kind, last - first)
    report.weights.append(weight)
    outside = not 0 <= first <= last <= report.size - start or min(shape, default=0) < 0
    if outside or (item and math.prod(shape) * item != last - first):
        why = f"shape {shape} of {kind} at bytes {first:,} to {last:,} of {report.size - start:,}"
        report.add("danger", "an array that is not where it claims to be", name, why)
    elif statistics and kind in _DTYPES and last > first:
        numbers = np.memmap(path, _DTYPES[kind], "r", start + first, (math.prod(shape),))
        block = 2**20
        pieces = (numbers[at : at + block] for at in range(0, len(numbers), block))
        weight.statistics = hdf5.summarized(pieces)
    return first, last


def _check_spans(spans: list[tuple[int, int, str]], report: Inspection, size: int) -> None:
    end = 0
    for first, last, name in spans:
        if first < end:
            why = "two arrays of the file share bytes"
            report.add("warning", "an array over another", name, why)
        elif first > end:
            report.add("warning", "data outside of the arrays", name, f"{first - end:,} bytes")
        end = max(end, last)
    if size > end:
        report.add("warning", "data outside of the arrays", "the end", f"{size - end:,} bytes")


# Folders ------------------------------------------------------------------------------------------


def read_folder(path: str, report: Inspection) -> None:
    """Add the files of a SavedModel, and which of its operations reach the computer."""
    files = sorted(file for file in Path(path).rglob("*") if not file.is_dir())
    if len(files) > _MOST_FILES:
        report.stop("the folder", f"{len(files):,} files; the first {_MOST_FILES:,} are shown")
    for file in files[:_MOST_FILES]:
        name = file.relative_to(path).as_posix()
        if file.is_symlink():
            why = "a reader that follows it opens another file of this computer"
            report.add("danger", "a symbolic link", name, why)
            continue
        size = file.stat().st_size
        report.members.append(Member(name, size, size))
        report.size += size
    program = os.path.join(path, "saved_model.pb")
    if os.path.isfile(program):
        why = "TensorFlow runs the operations in it when it is loaded and called"
        report.add("warning", "a program of TensorFlow", "saved_model.pb", why)
        with open(program, "rb") as file_:
            content = file_.read(2**28)
        for name_ in (name for name in _ACTS if b"\n" + bytes([len(name)]) + name in content
                      or b"\x12" + bytes([len(name)]) + name in content):  # fmt: skip
            why = "it runs code, or reads and writes files of this computer"
            report.add("danger", f"the operation {name_.decode()}", "saved_model.pb", why)
    described = os.path.join(path, "keras_metadata.pb")
    if os.path.isfile(described):
        report.about["written by"] = "Keras 2"
