"""Weights in several HDF5 files beside a `.weights.json` that says which group lies where.

As Keras writes them: `{"metadata": {"total_size": bytes}, "weight_map": {"/layers/dense/vars":
"name_00000.weights.h5" or a list of files}}`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...core.archives import LARGE, leads_out
from ...core.errors import DataLossError, InvalidArgumentError
from ...core.files import check_file, write_bytes
from ...core.json_text import parsed
from ...core.showing import shown
from ..layers.layer import Layer
from .archive import opened
from .checked_hdf5 import checked_hdf5
from .weights import Reader, contents, groups_to_bytes, states

ENDING = ".weights.json"
_MOST_SHARDS = 1000  # files that are open at a time

Groups = list[tuple[str, str, dict[str, Any]]]


def save(
    model: Layer, path: str, max_shard_size: float, overwrite: bool, skip: Iterable[Any] = ()
) -> None:
    """Write shards of at most `max_shard_size` GB each, then the list of what is in them."""
    limit = float(max_shard_size) * 2**30
    groups = list(contents(model, skip))
    for place, _, arrays in groups:
        for name, array in arrays.items():
            if array.nbytes > limit:
                raise InvalidArgumentError(
                    f"{place}/{name} takes {array.nbytes:,} bytes; with max_shard_size="
                    f"{max_shard_size} a file holds {int(limit):,}. Give a larger max_shard_size"
                )
    check_file(path, overwrite)
    places: dict[str, list[str]] = {}
    for number, shard in enumerate(_parted(groups, limit)):
        file = f"{os.path.basename(path).removesuffix(ENDING)}_{number:05}.weights.h5"
        write_bytes(Path(path).with_name(file), groups_to_bytes(shard))
        for place, _, arrays in shard:
            if arrays:
                places.setdefault(f"/{place}", []).append(file)
    single = {f"/{place}" for place, _, arrays in groups if len(arrays) == 1}
    listed = {place: files[0] if place in single else files for place, files in places.items()}
    size = sum(array.nbytes for _, _, arrays in groups for array in arrays.values())
    text = json.dumps({"metadata": {"total_size": size}, "weight_map": listed}, indent=4)
    write_bytes(path, text.encode())


def _parted(groups: Groups, limit: float) -> Iterator[Groups]:
    """The groups in pieces that `limit` bytes hold; one group may go on in the next."""
    shard: Groups = []
    size = 0
    for place, owner, arrays in groups:
        shard.append((place, owner, {}))
        for name, array in arrays.items():
            if size + array.nbytes > limit:
                yield shard
                shard, size = [(place, owner, {})], 0
            shard[-1][2][name] = array
            size += array.nbytes
    yield shard


def load(model: Layer, path: str, skip_mismatch: bool = False, skip: Iterable[Any] = ()) -> None:
    """Let the model have the weights in shards; all are checked before any is set."""
    places = places_in(path)
    names = sorted({name for files in places.values() for name in files})
    with ExitStack() as stack:
        files = {}
        for name in names:
            shard = Path(path).with_name(name)
            file = stack.enter_context(opened(shard))
            kind = "an HDF5 file of weights"
            files[name] = stack.enter_context(checked_hdf5(file, str(shard), kind))
        reader = _ShardReader(files, places, path)
        values = reader.values(states(model, skip), skip_mismatch)
    reader.assign(values)


def places_in(path: str) -> dict[str, list[str]]:
    """For each group the files that hold its arrays, all in the folder of the list."""
    with opened(path) as file:
        listed = parsed(file.read(min(os.path.getsize(path), LARGE + 1)), path)
    try:
        found = {
            str(place).strip("/"): [files] if isinstance(files, str) else list(files)
            for place, files in listed["weight_map"].items()
        }
        names = {name for files in found.values() for name in files}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataLossError(
            f"{path} is no list of weights in several files, or is damaged: {error}"
        ) from error
    if len(names) > _MOST_SHARDS:
        raise DataLossError(f"{path} names {len(names):,} files; at most {_MOST_SHARDS:,} are read")
    for name in names:
        plain = isinstance(name, str) and name.isprintable() and "/" not in name
        if not plain or leads_out(name) or not name.endswith(".weights.h5"):
            raise DataLossError(
                f"{path} names {shown(repr(name), 80)}; weights lie in files that end in "
                ".weights.h5, in the folder of the list"
            )
    return found


class _Parts:
    """One group, in several files."""

    def __init__(self, groups: list[Any]) -> None:
        self.groups = groups

    def __iter__(self) -> Iterator[str]:
        return (name for group in self.groups for name in group)

    def of(self, name: str) -> Any:
        """The group that has the member `name`; the first if none has."""
        return next((group for group in self.groups if name in group), self.groups[0])


class _ShardReader(Reader):
    """Reads groups from the files that hold them."""

    def __init__(self, files: dict[str, Any], places: dict[str, list[str]], where: str) -> None:
        super().__init__(None, where)
        self._files, self._places = files, places

    def group(self, path: str) -> Any:
        found = []
        for name in self._places.get(path, ()):
            self.h5 = self._files[name]
            group = super().group(path)
            if group is None:
                raise DataLossError(f"{self.where}: {name} has no group {path!r}")
            found.append(group)
        return _Parts(found) if found else None

    def _member(self, group: Any, name: str) -> Any:
        return super()._member(group.of(name) if isinstance(group, _Parts) else group, name)

    def _dataset(self, group: Any, name: str) -> tuple[Any, str]:
        return super()._dataset(group.of(name) if isinstance(group, _Parts) else group, name)
