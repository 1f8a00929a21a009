"""Files of layers in a `.keras` archive (vocabularies): below `assets/`, by the layer's path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.errors import DataLossError, OpError
from ...core.showing import shown
from ..layers.layer import Layer
from . import weights

FOLDER = "assets/"
_DEEPEST = 20  # folders in one another


def members(model: Layer) -> dict[str, bytes]:
    """The files that layers write by `save_assets(folder)`, by their names in the archive."""
    found: dict[str, bytes] = {}
    for path, owner in _owners(model, "save_assets"):
        with _folder() as folder:
            owner.save_assets(folder)
            for place, _, names in os.walk(folder):
                for name in names:
                    file = os.path.join(place, name)
                    inner = os.path.relpath(file, folder).replace(os.sep, "/")
                    with open(file, "rb") as content:
                        found["/".join(filter(None, ("assets", path, inner)))] = content.read()
    return found


def load(model: Layer, archive: Mapping[str, bytes], where: str) -> None:
    """Let layers read their files by `load_assets(folder)`."""
    for path, owner in _owners(model, "load_assets"):
        start = f"{FOLDER}{path}/" if path else FOLDER
        own = {
            name.removeprefix(start): content
            for name, content in archive.items()
            if name.startswith(start)
        }
        if not own:
            continue
        with _folder() as folder:
            _write(folder, own, where)
            try:
                owner.load_assets(folder)
            except (OpError, OSError, ValueError) as error:
                raise DataLossError(
                    f"{where}: the files of the layer {owner.name!r} cannot be read: {error}"
                ) from error


def _write(folder: str, files: Mapping[str, bytes], where: str) -> None:
    """Write files into a folder, and in folders of it, by names that lead nowhere else."""
    for name, content in files.items():
        parts = name.split("/")
        wrong = any(part in ("", ".", "..") or os.path.basename(part) != part for part in parts)
        if wrong or len(parts) > _DEEPEST:
            raise DataLossError(f"{where}: {shown(name)!r} is no name of a file")
        try:
            os.makedirs(os.path.join(folder, *parts[:-1]), exist_ok=True)
            with open(os.path.join(folder, *parts), "xb") as file:
                file.write(content)
        except OSError as error:
            raise DataLossError(
                f"{where}: the file {shown(name)!r} of a layer cannot be written: {error.strerror}"
            ) from error


def _owners(model: Layer, hook: str) -> Iterator[tuple[str, Any]]:
    """Layers that have a method `hook`, with their paths."""
    for state in weights.states(model):
        if hasattr(state.owner, hook):
            yield state.path, state.owner


def _folder() -> Any:
    import tempfile

    return tempfile.TemporaryDirectory()
