"""Compiled programs kept on disk, in a folder that only its user can write to.

An entry is believed only if its checksum fits its name and its content. Whatever goes wrong here
costs time, not more: there is then no entry, and none is written.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...core.config import config
from ...core.errors import OpError
from ...core.files import cache_folder, write_bytes

LIMIT = 256 << 20  # bytes in the folder
_CHECKSUM = 32
_LENGTH = 4  # bytes that hold the length of `meta`
_OTHERS_WRITE = 0o022


class Entry(NamedTuple):
    """A compiled program: its object file, and in JSON what its maker wants to know of it."""

    image: bytes
    meta: str


def read(name: str) -> Entry | None:
    """The entry `name`, if there is a sound one."""
    folder = _folder()
    if folder is None:
        return None
    try:
        content = (folder / name).read_bytes()
    except OSError:
        return None
    checksum, rest = content[:_CHECKSUM], content[_CHECKSUM:]
    if checksum != _checksum(name, rest):
        return None
    with suppress(OSError):
        os.utime(folder / name)  # those that were not used for longest are removed first
    end = _LENGTH + int.from_bytes(rest[:_LENGTH], "little")
    return Entry(rest[end:], rest[_LENGTH:end].decode())


def write(name: str, entry: Entry) -> None:
    """Keep an entry, if there is a place for it."""
    meta = entry.meta.encode()
    rest = len(meta).to_bytes(_LENGTH, "little") + meta + entry.image
    with suppress(OSError, OpError):
        folder = _folder(make=True)
        if folder is not None:
            write_bytes(folder / name, _checksum(name, rest) + rest)
            _prune(folder)


def _checksum(name: str, rest: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + rest).digest()


def _folder(make: bool = False) -> Path | None:
    """Where entries are, None where there is no safe place for them."""
    if config.object_cache.lower() == "off":
        return None
    try:
        own = config.object_cache
        folder = Path(own).expanduser() if own else cache_folder() / "programs"
        if make:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        status = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: nobody's home
        return None
    if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE):
        return None
    return folder


def _prune(folder: Path) -> None:
    """Remove what was not used for longest, until three quarters of the limit are left."""
    with os.scandir(folder) as found:
        files = [(entry, entry.stat()) for entry in found if entry.is_file(follow_symlinks=False)]
    size = sum(status.st_size for _, status in files)
    if size <= LIMIT:
        return
    for entry, status in sorted(files, key=lambda file: file[1].st_mtime):
        with suppress(OSError):
            os.unlink(entry)
            size -= status.st_size
        if size <= LIMIT * 3 // 4:
            return
