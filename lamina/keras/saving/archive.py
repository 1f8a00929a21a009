"""Zip archives: written whole or not at all, read with suspicion."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from ...core.archives import checked_archive
from ...core.errors import DataLossError, InvalidArgumentError, MissingFileError
from ...core.files import FilePath, replacing


def write_archive(path: FilePath, members: Mapping[str, bytes], overwrite: bool = True) -> None:
    """Write a zip archive of `members`, stored as they are: whole, or not at all."""
    with replacing(path, overwrite) as file:
        _write_members(file, members)


def archived(members: Mapping[str, bytes]) -> bytes:
    """The zip archive of `members` that `write_archive` writes."""
    content = io.BytesIO()
    _write_members(content, members)
    return content.getvalue()


def _write_members(file: IO[bytes], members: Mapping[str, bytes]) -> None:
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


@contextmanager
def opened(path: FilePath) -> Iterator[IO[bytes]]:
    """The file at `path`, to be read; MissingFileError where there is none.

    Devices and pipes, which may never end, are no files.
    """
    if os.path.isdir(path):
        raise InvalidArgumentError(f"{path} is a folder; name a file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise InvalidArgumentError(f"{path} is a device or a pipe; name a file")
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below, outside of what is caught here)
    except FileNotFoundError:
        raise MissingFileError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror or error}") from error
    with file:
        yield file


def read_archive(
    path: FilePath,
    required: Iterable[str],
    optional: Iterable[str] = (),
    below: str = "",
) -> dict[str, bytes]:
    """Members of the zip archive at `path` by name, and those in the folder `below` of it.

    The archive is checked as a whole; nothing else is read, and nothing unpacked.

    DataLossError says what is wrong with a damaged, foreign or oversized file.
    """
    with (
        opened(path) as file,
        checked_archive(file, path, "a zip archive, as .keras files are") as archive,
    ):
        names = archive.namelist()
        if missing := [name for name in required if name not in names]:
            others = ", ".join(repr(name[:40]) for name in names[:5])
            raise DataLossError(
                f"{path} has no members named {missing[0]!r}; a .keras file has one. "
                f"It holds {others or 'nothing'}."
            )
        wanted = {*required, *optional}
        return {
            name: archive.read(name)
            for name in names
            if name in wanted or (below and name.startswith(below) and not name.endswith("/"))
        }
