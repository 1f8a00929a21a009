"""Checkpoint files: a NumPy archive (.npz) of the variables, and the objects that held them.

Nothing in a file is run: arrays are read without pickle, the objects are a list in JSON. The
format is lamina's; TensorFlow's own (.index and .data files) is not read. In each folder a text
file "checkpoint" names the last one, as TensorFlow has it.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..core.archives import leads_out, read_arrays
from ..core.dtypes import Array, as_dtype
from ..core.errors import DataLossError, MissingFileError, NotFoundError
from ..core.files import FilePath, make_folder, write_bytes
from ..core.showing import shown
from .objects import Node

ENDING = ".npz"
STATE = "checkpoint"
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What comes of reading a file that is not what it should be."""
OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
_FORMAT = 1
_MOST_STATE = 1 << 20  # bytes of the file "checkpoint"


def write(prefix: str, nodes: list[Node], values: dict[str, Array]) -> None:
    """Write one checkpoint, whole or not at all; its folder is made."""
    listed = [[node.key, node.children] for node in nodes]
    text = json.dumps({"format": _FORMAT, "nodes": listed}).encode()
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{OBJECTS: np.frombuffer(text, np.uint8), **values})
    make_folder(os.path.dirname(prefix) or ".")
    write_bytes(f"{prefix}{ENDING}", content.getvalue())


def read(prefix: str) -> tuple[list[Node], dict[str, Array]]:
    """The nodes and values of a checkpoint.

    NotFoundError: there is none, or one of TensorFlow's; DataLossError: it is damaged.
    """
    path = _existing(prefix)
    try:
        with open(path, "rb") as file:
            values = read_arrays(file, path)
        return nodes_of(values.pop(OBJECTS).tobytes(), values), values
    except DAMAGE as error:
        raise DataLossError(
            f"{path} is no checkpoint of lamina, or damaged: {shown(error)}"
        ) from error


def nodes_of(text: bytes, names: Container[str]) -> list[Node]:
    """The nodes that JSON describes, whose variables are among `names`; DAMAGE: they cannot be."""
    described = json.loads(text)
    nodes = [Node(key, dict(children)) for key, children in described["nodes"]]
    places = [place for node in nodes for place in node.children.values()]
    if not nodes or not all(isinstance(at, int) and 0 <= at < len(nodes) for at in places):
        raise ValueError("a part points nowhere")
    if not all(node.key is None or node.key in names for node in nodes):
        raise ValueError("a variable has no value")
    return nodes


def _existing(prefix: str) -> Path:
    path = Path(f"{prefix}{ENDING}")
    if path.is_file():
        return path
    if Path(f"{prefix}.index").exists():
        raise MissingFileError(
            f"{prefix} is a checkpoint of TensorFlow, whose format lamina does not read. Save "
            "weights there with model.save_weights('name.weights.h5')."
        )
    near = latest_checkpoint(path.parent) if path.parent.is_dir() else None
    hint = f" The latest in that folder is {near}." if near else ""
    raise MissingFileError(f"there is no checkpoint {prefix!r} ({path} does not exist).{hint}")


# Looking into a checkpoint ------------------------------------------------------------------------


class CheckpointReader:
    """The variables of one checkpoint, by their keys."""

    def __init__(self, prefix: str) -> None:
        _, self._values = read(prefix)

    def get_tensor(self, tensor_str: str) -> Array:
        """The value of one variable."""
        if tensor_str not in self._values:
            raise NotFoundError(
                f"the checkpoint has no {tensor_str!r}; it has {', '.join(sorted(self._values))}"
            )
        return self._values[tensor_str]

    def has_tensor(self, tensor_str: str) -> bool:
        """Whether it holds a variable of this key."""
        return tensor_str in self._values

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Shapes by keys."""
        return {name: list(value.shape) for name, value in sorted(self._values.items())}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """Dtypes by keys."""
        return {name: as_dtype(value.dtype) for name, value in sorted(self._values.items())}


def _resolved(checkpoint: FilePath) -> str:
    """The prefix of a checkpoint, given itself or its folder."""
    text = os.fspath(checkpoint)
    if os.path.isdir(text):
        found = latest_checkpoint(text)
        if found is None:
            raise MissingFileError(f"there is no checkpoint in the folder {text!r}")
        return found
    return text


def load_checkpoint(ckpt_dir_or_file: FilePath) -> CheckpointReader:
    """A reader of a checkpoint, or of the latest one in a folder."""
    return CheckpointReader(_resolved(ckpt_dir_or_file))


def load_variable(ckpt_dir_or_file: FilePath, name: str) -> Array:
    """The value of the variable with the key `name`."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: FilePath) -> list[tuple[str, list[int]]]:
    """Keys and shapes of all variables, by name."""
    return list(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


# Which one is the latest --------------------------------------------------------------------------


class CheckpointState:
    """What the file "checkpoint" of a folder says: the latest, and all that are kept."""

    def __init__(self, latest: str, every: list[str], times: list[float]) -> None:
        self.model_checkpoint_path = latest
        self.all_model_checkpoint_paths = every
        self.all_model_checkpoint_timestamps = times


def get_checkpoint_state(
    checkpoint_dir: FilePath, latest_filename: str | None = None
) -> CheckpointState | None:
    """What the file "checkpoint" (or `latest_filename`) in a folder says; None without one.

    Names that lead out of the folder are left out: what is old is removed by what it says.
    """
    folder = Path(checkpoint_dir)
    file = folder / (latest_filename or STATE)
    try:
        if not file.is_file():  # a pipe would never end
            return None
        with open(file, "rb") as stream:
            text = stream.read(_MOST_STATE).decode()
    except (OSError, UnicodeDecodeError):
        return None
    entries = re.findall(r'^(\w+): (".*"|[\d.e+-]+)\s*$', text, re.MULTILINE)
    names: dict[str, list[str]] = {"model_checkpoint_path": [], "all_model_checkpoint_paths": []}
    times = []
    for name, value in entries:
        if name in names:
            if _is_inside(folder, value[1:-1]):
                names[name].append(str(folder / value[1:-1]))
        elif name == "all_model_checkpoint_timestamps":
            with suppress(ValueError):  # no number: a time that is not known
                times.append(float(value))
    if not names["model_checkpoint_path"]:
        return None
    latest = names["model_checkpoint_path"][-1]
    return CheckpointState(latest, names["all_model_checkpoint_paths"] or [latest], times)


def _is_inside(folder: Path, name: str) -> bool:
    """Whether a name means a file in `folder`, also where folders in it are links."""
    if leads_out(name) or not name.isprintable():
        return False
    place = os.path.realpath((folder / name).parent)
    return Path(place).is_relative_to(os.path.realpath(folder))


def write_state(folder: FilePath, prefixes: list[str], times: list[float]) -> None:
    """Say in the folder's file "checkpoint" which are kept, the last being the latest."""
    names = [os.path.relpath(prefix, folder) for prefix in prefixes]
    lines = [f'model_checkpoint_path: "{names[-1]}"'] if names else []
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    lines += [f"all_model_checkpoint_timestamps: {moment}" for moment in times]
    make_folder(folder)
    write_bytes(os.path.join(folder, STATE), "".join(f"{line}\n" for line in lines).encode())


def latest_checkpoint(checkpoint_dir: FilePath, latest_filename: str | None = None) -> str | None:
    """The prefix of the latest checkpoint in a folder, to give to `restore`; None without one."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not os.path.exists(f"{state.model_checkpoint_path}{ENDING}"):
        return None
    return state.model_checkpoint_path
