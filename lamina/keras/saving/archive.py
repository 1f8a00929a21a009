"""Files that are whole or not there at all, and zip archives that are read with suspicion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ...core.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
)

LARGE = 256 * 2**20
"""Bytes; a member that is larger must not be more than `EXPANSION` times its size in the file."""
EXPANSION = 100


class FileWriteError(OpError, OSError):
    """A file that could not be written; one that was there before is unchanged."""


@contextmanager
def replacing(path: str | os.PathLike[str], overwrite: bool = True) -> Iterator[IO[bytes]]:
    """A new file to write, which takes the place of `path` at the end of the `with` block.

    After an exception what was at `path` is as it was. With `overwrite=False` an existing file
    is an AlreadyExistsError; a file that the system refuses to write is a FileWriteError.
    """
    target = Path(os.path.realpath(path))
    _check_target(target, path, overwrite)
    staged = target.with_name(f".lamina-{os.urandom(6).hex()}")
    try:
        with open(staged, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(staged, target.stat().st_mode & 0o7777)
        os.replace(staged, target)
    except OSError as error:
        raise FileWriteError(
            f"{path} cannot be written: {error.strerror or error}. "
            "What was there before is unchanged."
        ) from error
    finally:
        with suppress(OSError):
            staged.unlink(missing_ok=True)


def _check_target(target: Path, path: Any, overwrite: bool) -> None:
    if target.is_dir():
        raise InvalidArgumentError(f"{path} is a folder; name the file to write in it")
    if target.exists() and not target.is_file():
        raise InvalidArgumentError(f"{path} is not a regular file; it cannot be replaced")
    if target.exists() and not overwrite:
        raise AlreadyExistsError(
            f"{path} exists already, and overwrite=False; name another file or remove it"
        )
    if not target.parent.is_dir():
        raise NotFoundError(f"the folder of {path} does not exist; make {target.parent} first")


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
    """The file at `path`, to be read; NotFoundError where there is none."""
    if os.path.isdir(path):
        raise InvalidArgumentError(f"{path} is a folder; name a file")
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below, outside of what is caught here)
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror or error}") from error
    with file:
        yield file


def read_archive(
    path: str | os.PathLike[str], required: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, bytes]:
    """Members of the zip archive at `path` by name; nothing else in it is read or unpacked.

    DataLossError says what is wrong with a damaged, foreign or oversized file.
    """
    import zipfile
    import zlib

    broken = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
    with opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                infos = [_info(archive, name, path) for name in required]
                infos += [_info(archive, n, path) for n in optional if n in archive.namelist()]
                return {info.filename: archive.read(info) for info in infos}
        except (*broken, OSError, ValueError) as error:
            if isinstance(error, OpError):
                raise
            raise DataLossError(
                f"{path} is not a zip archive, as .keras files are, or it is damaged: {error}"
            ) from error


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
