"""Global heaps of HDF5 files, in which texts of any length lie, checked before libhdf5 reads them.

It walks a heap by the sizes that the heap itself states, and never ends where one of them is 0
(HDF5 File Format Specification 3.0, III.E).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

_BEGIN = b"GCOL\x01\0\0\0"
_PIECE = 2**22  # bytes that are searched at a time
_HEADER = 16  # bytes of a heap's header, and of an object's


def check_heaps(file: IO[bytes]) -> None:
    """Walk every heap in `file`; ValueError where one could not be walked to its end."""
    size = file.seek(0, os.SEEK_END)
    if _lengths(file) != 8:
        raise ValueError("its sizes are not of 8 bytes, as in Keras's files")
    for begin in _places(file):
        file.seek(begin)
        length = int.from_bytes(file.read(_HEADER)[8:], "little")
        if not _HEADER <= length <= size - begin or not _is_sound(file.read(length - _HEADER)):
            raise ValueError(f"its texts at byte {begin:,} can't be walked")


def _lengths(file: IO[bytes]) -> int:
    """The bytes of a size, by the superblock."""
    file.seek(0)
    block = file.read(16)
    return block[14] if block[8] < 2 else block[10]


def _places(file: IO[bytes]) -> Iterator[int]:
    """Where something begins as heaps do."""
    file.seek(0)
    at, rest = 0, b""
    while piece := file.read(_PIECE):
        content = rest + piece
        start = content.find(_BEGIN)
        while start >= 0:
            yield at + start
            start = content.find(_BEGIN, start + 1)
        rest = content[1 - len(_BEGIN) :]
        at += len(content) - len(rest)
        file.seek(at + len(rest))


def _is_sound(objects: bytes) -> bool:
    """Whether the objects of a heap follow each other to its end."""
    place = 0
    while place + _HEADER <= len(objects):
        index = int.from_bytes(objects[place : place + 2], "little")
        size = int.from_bytes(objects[place + 8 : place + _HEADER], "little")
        # Object 0 is what is free, its header included.
        step = size if index == 0 else _HEADER + -(-size // 8) * 8
        if step < _HEADER or place + step > len(objects):
            return False
        place += step
    return True
