"""A folder of results that is complete or not there at all."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import InvalidArgumentError
from ..core.files import sync_folder

MODEL = "model.keras"
HISTORY = "history.csv"
REPORT = "report.html"


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Raise where no results can be saved into `folder`, before hours of training are lost."""
    folder = Path(folder)
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise InvalidArgumentError(
            f"{existing} is a file, not a folder. Name another output folder."
        )
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".lamina-", dir=existing))  # permissions alone don't tell
    except OSError as error:
        raise InvalidArgumentError(
            f"{existing} can't be written to ({error.strerror or error}). "
            "Name another output folder."
        ) from None
    return folder


@contextmanager
def staged(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """A new folder to write results into, which takes the place of `folder` at the end.

    Where `folder` exists, its results are replaced one by one, the model last, those that are not
    written anew go, and other files stay. After an exception everything is as before.
    """
    folder = check_folder(folder).resolve()
    stage = folder.parent / f".{folder.name}-{secrets.token_hex(4)}"
    stage.mkdir(parents=True)
    try:
        yield stage
        if folder.exists() or not _moved(stage, folder):
            _replace(stage, folder)
            sync_folder(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _moved(stage: Path, folder: Path) -> bool:
    try:
        os.rename(stage, folder)
    except OSError:
        if not folder.is_dir():  # another run may just have made it
            raise
        return False
    return True


def _replace(stage: Path, folder: Path) -> None:
    ours = (folder / MODEL).exists()
    for name in (HISTORY, REPORT, MODEL):
        if (stage / name).exists():
            os.replace(stage / name, folder / name)
        elif ours:
            (folder / name).unlink(missing_ok=True)
