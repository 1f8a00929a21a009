"""Weights in a file, looked at and changed without the model they belong to."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from ...core.errors import ArgumentTypeError, DataLossError, InvalidArgumentError, UnknownNameError
from ...core.files import FilePath, write_bytes
from ...core.json_text import parsed
from ...core.output import write_line
from ...core.showing import shown
from ..layers.layer import Layer
from . import weights
from .archive import opened, read_archive
from .checked_hdf5 import checked_hdf5, numbers_of
from .files import METADATA, WEIGHTS
from .paths import CONFIG, checked_path

_ENDING = ".weights.h5"
_OWN = "vars"  # the group of an object's own weights
_NUMBERS = "fiub"

Tree = dict[str, Any]
"""An object of a file: its weights are arrays by name, the objects in it are such dicts."""


class KerasFileEditor:
    """The weights in a `.weights.h5` or `.keras` file, to be looked at, changed and saved again.

    For weights of a model whose layers have changed since. `weights_dict` holds all of them: dicts
    of objects, in which there are further objects and arrays. The file is checked as
    `load_weights` checks it, and stays as it is.

    Example:
        editor = tf.keras.saving.KerasFileEditor("model.weights.h5")
        editor.summary()
        editor.rename_object("layers/dense_2", "dense_1")
        editor.save("renamed.weights.h5")
    """

    def __init__(self, filepath: FilePath) -> None:
        path = self.filepath = checked_path(filepath, "an editor")
        self.metadata: Any = None
        self.config: Any = None
        if path.endswith(".keras"):
            members = read_archive(path, (CONFIG, METADATA, WEIGHTS))
            self.config = parsed(members[CONFIG], path)
            self.metadata = parsed(members[METADATA], path)
            self.weights_dict = self._weights_of(io.BytesIO(members[WEIGHTS]))
        elif path.endswith(_ENDING):
            with opened(path) as file:
                self.weights_dict = self._weights_of(file)
        else:
            raise InvalidArgumentError(
                f"an editor opens files that end in .keras or {_ENDING}; got {path!r}"
            )

    def _weights_of(self, file: IO[bytes]) -> Tree:
        with checked_hdf5(file, self.filepath, "an HDF5 file of weights") as h5:
            return self._read(h5, "", set())

    def _read(self, group: Any, path: str, seen: set[Any]) -> Tree:
        """The object in a group: the numbers in its `vars`, and the objects in other groups.

        What is in two places is refused: groups in groups twice would take forever.
        """
        found: Tree = {}
        weights: list[tuple[str, Any]] = []
        if hasattr(own := group.get(_OWN), "items"):
            weights = [(f"{_OWN}/{name}", own[name]) for name in sorted(own, key=len)]  # 2, then 10
        for name, item in (*weights, *group.items()):
            key, inside = _name(name), hasattr(item, "items")
            numbers = not inside and item.dtype.kind in _NUMBERS
            if item in seen or key in found or not (inside if name == key else numbers):
                raise DataLossError(
                    f"{self.filepath}: {shown(f'{path}/{name}')} is not where weights of Keras 3 "
                    "are. Of Keras 2? Load them into a model, and save its weights again"
                )
            seen.add(item)
            if numbers:
                found[key] = numbers_of(item, f"{self.filepath}: {path}/{name}")
            elif name != _OWN and (inner := self._read(item, f"{path}/{name}", seen)):
                found[name] = inner
        return found

    # Looking

    def summary(self) -> None:
        """Print the objects in the file, with the shapes of their weights."""
        write_line(f"Weights in {shown(self.filepath)}")
        for path, item in _walk(self.weights_dict):
            line = "  " * path.count("/") + shown(_name(path))
            weight = not isinstance(item, dict)
            write_line(f"{line}: shape={item.shape}, dtype={item.dtype}" if weight else line)

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print how the file differs from a model, and count the weights that fit, and what not.

        The result has `status` ("success" or "error"), `error_count` and `match_count`.
        """
        if not isinstance(reference_model, Layer):
            raise ArgumentTypeError(
                f"a file is compared with a model; got {type(reference_model).__name__}"
            )
        ours = {path: item for path, item in _walk(self.weights_dict) if not isinstance(item, dict)}
        theirs = {
            f"/{group.removesuffix(_OWN)}{name}": array
            for group, _, arrays in weights.contents(reference_model)
            for name, array in arrays.items()
        }
        lines = [f"{path} is in the file alone" for path in ours if path not in theirs]
        lines += [f"{path} is in the model alone" for path in theirs if path not in ours]
        shared = [path for path in ours if path in theirs]
        lines += [
            f"{path} has shape {ours[path].shape} in the file, {theirs[path].shape} in the model"
            for path in shared
            if ours[path].shape != theirs[path].shape
        ]
        for line in lines:
            write_line(shown(line, 1000))
        matches = sum(ours[path].shape == theirs[path].shape for path in shared)
        status = "error" if lines else "success"
        write_line(f"{status}: {matches} weights fit, {len(lines)} do not")
        return {"status": status, "error_count": len(lines), "match_count": matches}

    # Changing

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give the object of this name or path (`"layers/dense_2"`) another name."""
        _check_name(new_name)
        parent, name = self._find(object_name)
        if new_name in parent:
            raise InvalidArgumentError(f"{new_name!r} is there already, beside {object_name!r}")
        renamed = [(new_name if key == name else key, item) for key, item in parent.items()]
        parent.clear()
        parent.update(renamed)

    def delete_object(self, object_name: str) -> None:
        """Remove the object of this name or path, with all in it."""
        parent, name = self._find(object_name)
        del parent[name]

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Put an object with these weights (`{"0": kernel, "1": bias}`) at a path."""
        *above, name = object_path.split("/")
        _check_name(name)
        parent = self._at("/".join(above)) if above else self.weights_dict
        parent[name] = _checked(weights)

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Put further weights into the object of this name or path."""
        parent, name = self._find(object_name)
        parent[name].update(_checked(weights))

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Remove a weight from the object of this name or path."""
        parent, name = self._find(object_name)
        if isinstance(parent[name].get(weight_name, {}), dict):
            raise UnknownNameError(
                f"{object_name!r} has no weight {weight_name!r}; it has {list(parent[name])}"
            )
        del parent[name][weight_name]

    def save(self, filepath: FilePath) -> None:
        """Write the weights to a `.weights.h5` file: whole, or not at all."""
        path = checked_path(filepath, "weights")
        if not path.endswith(_ENDING):
            raise InvalidArgumentError(f"edited weights go to {_ENDING} files; got {path!r}")
        groups = []
        for at, item in (("", self.weights_dict), *_walk(self.weights_dict)):
            if isinstance(item, dict):
                own = {name: value for name, value in item.items() if not isinstance(value, dict)}
                groups += [(f"{at}/{_OWN}".lstrip("/"), _name(at), own)] if own else []
        write_bytes(path, weights.groups_to_bytes(groups))

    resave_weights = save

    def _at(self, path: str) -> Tree:
        """The object at a path."""
        item: Any = self.weights_dict
        for name in path.strip("/").split("/"):
            item = item.get(name) if isinstance(item, dict) else None
        if not isinstance(item, dict):
            raise UnknownNameError(
                f"the file has no object {path!r:.200}; summary() shows what it has"
            )
        return item

    def _find(self, name: str) -> tuple[Tree, str]:
        """The dict that an object is in, and its name there."""
        path = f"/{name.strip('/')}"
        if "/" not in name:
            paths = [
                path
                for path, item in _walk(self.weights_dict)
                if _name(path) == name and isinstance(item, dict)
            ]
            if len(paths) > 1:
                raise InvalidArgumentError(
                    f"there are {len(paths)} objects {name!r}, at {', '.join(paths)}; give a path"
                )
            path = paths[0] if paths else path
        self._at(path)
        above = path.rpartition("/")[0]
        return self._at(above) if above else self.weights_dict, _name(path)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _walk(tree: Tree, above: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of all that is in an object, and in what is in it."""
    for name, item in tree.items():
        path = f"{above}/{name}"
        yield path, item
        if isinstance(item, dict):
            yield from _walk(item, path)


def _checked(weights: Any) -> Tree:
    """Weights (and objects in them) that a file can hold, by name."""
    if not isinstance(weights, Mapping):
        raise ArgumentTypeError(
            f"weights are a dict from names ('0', '1') to arrays; got {type(weights).__name__}"
        )
    found: Tree = {}
    for name, value in weights.items():
        _check_name(name)
        if isinstance(value, Mapping):
            found[name] = _checked(value)
            continue
        found[name] = np.asarray(value)
        if found[name].dtype.kind not in _NUMBERS:
            raise ArgumentTypeError(f"weights are numbers; {name!r} has dtype {found[name].dtype}")
    return found


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name or "/" in name or name in (".", "..", _OWN):
        raise InvalidArgumentError(
            f"an object or weight has a name without slashes, not a path; got {name!r:.200}"
        )
