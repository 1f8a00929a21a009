"""safetensors, and TensorFlow's folders."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from . import hdf5
from .architecture import text_of
from .report import MOST_AXES, Inspection, Member, Weight

_HEADER = 100 * 2**20  # bytes; what the format itself allows
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4",
    "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip
_SIZES = {"BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
_ACTS = (b"PyFunc", b"EagerPyFunc", b"ReadFile", b"WriteFile", b"LoadLibrary", b"MatchingFiles")
_LONGEST_NAME = max(map(len, _ACTS)) + 2
_PIECE = 2**24  # bytes
_MOST_FILES = 10_000

Span = tuple[int, int, str]
"""The first byte of an array, the one after its last, and its name."""


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
    found = (_safetensor(name, entry, report, start) for name, entry in header.items())
    spans = sorted(span for span in found if span is not None)
    apart = _check_spans(spans, report, report.size - start)
    if statistics and apart:  # else the same bytes would be read again and again
        _summarize(spans, report, path, start)
        hdf5.note_not_finite(report, "the file")


def _summarize(spans: list[Span], report: Inspection, path: str, start: int) -> None:
    """Read the numbers of arrays that are where they claim to be."""
    weights = {weight.name: weight for weight in report.weights}
    block = 2**20
    for first, last, name in spans:
        weight = weights[name]
        if weight.dtype not in _DTYPES or last == first:
            continue
        numbers = np.memmap(path, _DTYPES[weight.dtype], "r", start + first, weight.shape).ravel()
        pieces = (numbers[at : at + block] for at in range(0, len(numbers), block))
        weight.statistics = hdf5.summarized(pieces)


def _safetensor(name: str, entry: Any, report: Inspection, start: int) -> Span | None:
    """Where an array lies; None where it claims what cannot be."""
    try:
        shape = tuple(int(size) for size in entry["shape"])
        kind = str(entry["dtype"])
        first, last = (int(place) for place in entry["data_offsets"])
        if len(shape) > MOST_AXES:
            raise ValueError(f"{len(shape):,} axes")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        report.stop(name, f"its entry in the header is damaged: {error}")
        return None
    item = np.dtype(_DTYPES[kind]).itemsize if kind in _DTYPES else _SIZES.get(kind, 0)
    weight = Weight(name, shape, kind, last - first)
    report.weights.append(weight)
    outside = not 0 <= first <= last <= report.size - start or min(shape, default=0) < 0
    if outside or (item and math.prod(shape) * item != last - first):
        why = f"shape {shape} of {kind} at bytes {first:,} to {last:,} of {report.size - start:,}"
        report.add("danger", "an array that is not where it claims to be", name, why)
        return None
    return first, last, name


def _check_spans(spans: list[Span], report: Inspection, size: int) -> bool:
    """Take down bytes of no array, and of several; whether there are none of several."""
    end, apart = 0, True
    for first, last, name in spans:
        if first < end:
            apart = False
            why = "two arrays of the file share bytes"
            report.add("warning", "an array over another", name, why)
        elif first > end:
            report.add("warning", "data outside of the arrays", name, f"{first - end:,} bytes")
        end = max(end, last)
    if size > end:
        report.add("warning", "data outside of the arrays", "the end", f"{size - end:,} bytes")
    return apart


# Folders ------------------------------------------------------------------------------------------


def list_folder(path: str, report: Inspection) -> None:
    """Add the files in a folder and those in it; links are told, and not followed."""
    files = sorted(islice(_files(path), _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        report.stop("the folder", f"it has more than {_MOST_FILES:,} files; so many are shown")
    for file in files[:_MOST_FILES]:
        name = text_of(Path(file).relative_to(path).as_posix())
        if os.path.islink(file):
            why = "a reader that follows it opens another file of this computer"
            report.add("danger", "a symbolic link", name, why)
            continue
        if not os.path.isfile(file):
            why = "a reader that opens it may wait for ever"
            report.add("danger", "a pipe or a device", name, why)
            continue
        size = os.lstat(file).st_size
        report.members.append(Member(name, size, size))
        report.size += size


def read_folder(path: str, report: Inspection, statistics: bool) -> None:
    """Add the files of a SavedModel, and which of its operations reach the computer."""
    list_folder(path, report)
    program = os.path.join(path, "saved_model.pb")
    if is_file(program):
        why = "TensorFlow runs the operations in it when it is loaded and called"
        report.add("warning", "a program of TensorFlow", "saved_model.pb", why)
        for operation in _operations(program):
            why = "it runs code, or reads and writes files of this computer"
            report.add("danger", f"the operation {operation}", "saved_model.pb", why)
    if is_file(os.path.join(path, "keras_metadata.pb")):
        report.about["written by"] = "Keras 2"


def _files(folder: str) -> Iterator[str]:
    """What is in a folder and those in it, but for these; no link is followed."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry.path


def is_file(path: str) -> bool:
    """Whether there is a file, and no link to one."""
    return os.path.isfile(path) and not os.path.islink(path)


def _operations(program: str) -> list[str]:
    """Those of `_ACTS` that a file has, as a protocol buffer writes them: a key, a length, a name.

    It is read piece by piece, each with the end of the one before.
    """
    named = b"|".join(re.escape(bytes([len(name)]) + name) for name in _ACTS)
    pattern, kept = re.compile(rb"[\n\x12](" + named + rb")"), b""
    found: set[str] = set()
    with open(program, "rb") as file:
        while piece := file.read(_PIECE):
            content = kept + piece
            found.update(match[1][1:].decode() for match in pattern.finditer(content))
            kept = content[-_LONGEST_NAME:]
    return sorted(found)
