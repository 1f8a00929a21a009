"""Zip archives: written whole or not at all, read with suspicion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from ...core.errors import DataLossError, InvalidArgumentError, MissingFileError, OpError
from ...core.files import replacing

LARGE = 256 * 2**20
"""Bytes; a member that is larger must not be more than `EXPANSION` times its size in the file."""
EXPANSION = 100
_MOST = 10_000  # members that are read


def write_archive(
    path: str | os.PathLike[str], members: Mapping[str, bytes], overwrite: bool = True
) -> None:
    """Write a zip archive of `members`, stored as they are: whole, or not at all."""
    import zipfile

    with replacing(path, overwrite) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """The file at `path`, to be read; MissingFileError where there is none."""
    if os.path.isdir(path):
        raise InvalidArgumentError(f"{path} is a folder; name a file")
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below, outside of what is caught here)
    except FileNotFoundError:
        raise MissingFileError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror or error}") from error
    with file:
        yield file


def read_archive(
    path: str | os.PathLike[str],
    required: Iterable[str],
    optional: Iterable[str] = (),
    below: str = "",
) -> dict[str, bytes]:
    """Members of the zip archive at `path` by name, and those in the folder `below` of it.

    Nothing else is read, and nothing unpacked.

    DataLossError says what is wrong with a damaged, foreign or oversized file.
    """
    import zipfile
    import zlib

    broken = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
    with opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = [_info(archive, name, path) for name in required]
                others = [name for name in archive.namelist() if name in tuple(optional)]
                if below:
                    others += [n for n in archive.namelist() if _is_file_in(n, below)]
                if len(others) > _MOST:
                    raise DataLossError(f"{path} has {len(others):,} files of layers")
                infos += [_info(archive, name, path) for name in others]
                return {info.filename: archive.read(info) for info in infos}
        except (*broken, OSError, ValueError) as error:
            if isinstance(error, OpError):
                raise
            raise DataLossError(
                f"{path} is not a zip archive, as .keras files are, or it is damaged: {error}"
            ) from error


def _is_file_in(name: str, folder: str) -> bool:
    return name.startswith(folder) and not name.endswith("/")


def _info(archive: Any, name: str, path: Any) -> Any:
    """The one entry of that name, of a credible size."""
    found = [info for info in archive.infolist() if info.filename == name]
    if len(found) != 1:
        others = ", ".join(repr(info.filename[:40]) for info in archive.infolist()[:5])
        raise DataLossError(
            f"{path} has {len(found) or 'no'} members named {name!r}; a .keras file has one. "
            f"It holds {others or 'nothing'}."
        )
    info = found[0]
    if info.file_size > max(LARGE, EXPANSION * info.compress_size):
        raise DataLossError(
            f"{path}: its member {name!r} claims {info.file_size:,} bytes but takes only "
            f"{info.compress_size:,} in the file; that is no model"
        )
    return info
