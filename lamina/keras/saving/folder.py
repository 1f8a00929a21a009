"""Models in folders: the members of a `.keras` archive as files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from ...core.errors import DataLossError, InvalidArgumentError
from ...core.files import check_file, make_folder, write_bytes
from .archive import opened


def write_folder(
    path: str, members: Mapping[str, bytes], last: str, overwrite: bool = True
) -> None:
    """Write each member as a file below the folder `path`; `last` when all others are there."""
    if os.path.exists(path) and not os.path.isdir(path):
        raise InvalidArgumentError(f"{path} is a file; with zipped=False, name a folder")
    make_folder(path)
    check_file(os.path.join(path, last), overwrite)
    for name in sorted(members, key=lambda name: name == last):
        target = os.path.join(path, *name.split("/"))
        make_folder(os.path.dirname(target))
        write_bytes(target, members[name])


def read_folder(
    path: str, required: Iterable[str], optional: Iterable[str] = (), below: str = ""
) -> dict[str, bytes]:
    """Files in the folder `path` by name, and those in its folder `below`.

    DataLossError: a required one is missing, or is a link to another place.
    """
    found = {name: _read(path, name) for name in required}
    found |= {
        name: _read(path, name) for name in optional if os.path.lexists(os.path.join(path, name))
    }
    for place, _, names in os.walk(os.path.join(path, below)) if below else ():
        for name in names:
            inner = os.path.relpath(os.path.join(place, name), path).replace(os.sep, "/")
            found[inner] = _read(path, inner)
    return found


def _read(path: str, name: str) -> bytes:
    target = os.path.join(path, *name.split("/"))
    if os.path.realpath(target) != os.path.join(os.path.realpath(path), *name.split("/")):
        raise DataLossError(f"{target} is a link to another place; such links are not followed")
    if not os.path.isfile(target):
        raise DataLossError(f"{path} has no file {name!r}; a model's folder has one")
    try:
        with opened(target) as file:
            return file.read()
    except MemoryError as error:
        raise DataLossError(f"{target} is larger than the memory") from error
