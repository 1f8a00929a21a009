"""Files that are whole or not there at all, and the folder for what is kept to save time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .config import config
from .errors import AlreadyExistsError, FileWriteError, InvalidArgumentError, MissingFileError

FilePath = str | os.PathLike[str]
_STAGED = ".lamina-"  # how files are called until they are whole
_PAUSES = (0.01, 0.05, 0.2, 0.8)  # seconds


def cache_folder() -> Path:
    """The folder of what can be had anew: `config.cache` (LAMINA_CACHE) or the system's place."""
    if config.cache:
        return Path(config.cache).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "lamina" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lamina"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lamina"


@contextmanager
def replacing(path: FilePath, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """A new binary file, which takes the place of `path` at the end of the `with` block.

    Nobody ever sees half of it: after an exception, what was at `path` is as it was. A link is
    followed, and permissions stay. Raises as `check_file` does before anything is written, and
    FileWriteError where the system refuses (a full disk, no permission).
    """
    target = check_file(path, overwrite)
    staged = target.with_name(f"{_STAGED}{os.urandom(6).hex()}")
    try:
        with open(staged, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(staged, target.stat().st_mode & 0o7777)
        _take_place(staged, target)
        sync_folder(target.parent)
    except OSError as error:
        raise FileWriteError(
            f"{path} cannot be written: {error.strerror or error}. "
            "What was there before is unchanged."
        ) from error
    finally:
        with suppress(OSError):
            staged.unlink(missing_ok=True)


def _take_place(staged: Path, target: Path) -> None:
    """os.replace; on Windows again, for a second: scanners of viruses hold new files that long."""
    for pause in _PAUSES if sys.platform == "win32" else ():
        try:
            return os.replace(staged, target)
        except PermissionError:
            time.sleep(pause)
    return os.replace(staged, target)


def sync_folder(folder: Path) -> None:
    """Let a new name in a folder outlast a power failure, where folders can be opened."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some network file systems refuse; the file itself is safe
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def make_folder(path: FilePath) -> None:
    """Make a folder, and those around it, where it is missing; FileWriteError where it can't be."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise FileWriteError(
            f"The folder {os.fspath(path)!r} cannot be made: {error.strerror or error}."
        ) from error


def check_folder(path: FilePath) -> None:
    """Make a folder where it is missing; FileWriteError where no file can be written into it."""
    make_folder(path)
    probe = Path(path, f"{_STAGED}{os.urandom(6).hex()}")
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileWriteError(
            f"The folder {os.fspath(path)!r} cannot be written to: {error.strerror or error}."
        ) from error


def remove_leftovers(folder: FilePath) -> None:
    """Remove what killed processes were writing into `folder`, where nobody else writes now."""
    for name in os.listdir(folder):
        if name.startswith(_STAGED):
            with suppress(OSError):
                os.remove(os.path.join(folder, name))


def write_bytes(path: FilePath, content: bytes, overwrite: bool = True) -> None:
    """Write `content` to `path`, whole or not at all; see `replacing`."""
    with replacing(path, overwrite) as file:
        file.write(content)


def append_bytes(path: FilePath, content: bytes) -> None:
    """Add `content` to the end of a file: whole or not at all, also where the process is killed."""
    try:
        with open(path, "ab", buffering=0) as file:
            before = file.tell()
            if file.write(content) != len(content):
                file.truncate(before)
                raise OSError("the disk is full, or a limit is reached")
    except FileNotFoundError:
        raise MissingFileError(
            f"There is no folder for {os.fspath(path)!r}. Make it first."
        ) from None
    except OSError as error:
        raise FileWriteError(
            f"{path} cannot be added to: {error.strerror or error}. "
            "What was there before is unchanged."
        ) from error


def check_file(path: FilePath, overwrite: bool = True) -> Path:
    """Where a file at `path` would be written, links followed.

    InvalidArgumentError for a folder or a device, AlreadyExistsError for a file with
    `overwrite=False`, MissingFileError where the folder to write it in does not exist.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InvalidArgumentError(f"{path} is a folder. Name the file to write in it.")
    if target.exists() and not target.is_file():
        raise InvalidArgumentError(f"{path} is not a regular file, so it can't be replaced.")
    if target.exists() and not overwrite:
        raise AlreadyExistsError(
            f"{path} exists already, and overwrite=False. Name another file, or remove it."
        )
    if not target.parent.is_dir():
        raise MissingFileError(f"There is no folder {str(target.parent)!r}. Make it first.")
    return target
