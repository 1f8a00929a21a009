"""Weights by name: `.safetensors`, and `.npz` archives of NumPy.

The name of a weight is where its layer is in the model, as `.weights.h5` has it, and its own name:
"layers/dense_1/kernel", "encoder/bias". It does not depend on names of layers, which differ from
run to run. A weight that several layers share is stored once, under the first. The optimizer's
state and vocabularies are not weights.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.archives import read_arrays
from ...core.callers import warn
from ...core.dtypes import Array
from ...core.errors import (
    DataLossError,
    InvalidArgumentError,
    UnimplementedError,
    nearest,
)
from ...core.packages import needed
from ...ir.graph import eagerly
from ...tensor.variable import Variable
from ..layers.layer import Layer
from ..optimizers import Optimizer
from .archive import archived, opened
from .weights import converted, states, stores_itself

_METADATA = {"format": "np"}  # one entry: their order in a file is not fixed
_SHOWN = 5  # names in a message
_CHECKPOINT = "_CHECKPOINTABLE_OBJECT_GRAPH"  # what tf.train writes into its own .npz files


class Weights(NamedTuple):
    """What a model keeps, by name: variables, and layers that read and write their own."""

    variables: dict[str, Variable]
    owners: dict[str, Layer]


def weights_of(model: Layer) -> Weights:
    """All weights of a model by name, each once."""
    found = Weights({}, {})
    seen: set[int] = set()
    for state in states(model):
        if isinstance(state.owner, Optimizer):
            continue
        if stores_itself(state.owner):
            found.owners[state.path] = state.owner
            continue
        for variable in state.variables:
            if id(variable) in seen:
                continue
            seen.add(id(variable))
            own = variable.path.rpartition("/")[2]
            found.variables[_free(_joined(state.path, own), found.variables)] = variable
    return found


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _free(name: str, taken: dict[str, Any]) -> str:
    number, fresh = 0, name
    while fresh in taken:
        number += 1
        fresh = f"{name}_{number}"
    return fresh


# Writing ------------------------------------------------------------------------------------------


def _arrays(model: Layer) -> dict[str, Array]:
    known = weights_of(model)
    found = {name: np.asarray(v.numpy(), order="C") for name, v in known.variables.items()}
    for path, owner in known.owners.items():
        store: dict[str, Any] = {}
        owner.save_own_variables(store)
        for name, value in store.items():
            found[_joined(path, name)] = np.asarray(value, order="C")
    for name, array in found.items():
        if array.dtype.kind not in "fiub":
            raise InvalidArgumentError(
                f"the weight {name!r} holds {array.dtype}; files of weights hold numbers and "
                "booleans"
            )
    return found


def to_safetensors(model: Layer) -> bytes:
    """The weights as a safetensors file, whose metadata are {"format": "np"}."""
    save = _safetensors("safetensors.numpy").save
    content: bytes = save(_arrays(model), metadata=_METADATA)
    return content


def to_npz(model: Layer) -> bytes:
    """The weights as an archive of NumPy: np.load(file)["layers/dense/kernel"]."""
    members = {}
    for name, array in _arrays(model).items():
        content = io.BytesIO()
        np.lib.format.write_array(content, array, allow_pickle=False)
        members[f"{name}.npy"] = content.getvalue()
    return archived(members)


# Reading ------------------------------------------------------------------------------------------


def load_safetensors(model: Layer, path: str, skip_mismatch: bool) -> None:
    """Let a model have the weights in a safetensors file; all are checked before any is set."""
    package = _safetensors("safetensors")
    with opened(path):
        pass  # so that a missing file, or a folder, is told as everywhere
    try:
        with package.safe_open(path, framework="numpy") as file:
            types = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            unknown = [name for name, kind in types.items() if kind not in _TYPES]
            if unknown:
                raise UnimplementedError(
                    f"{path}: {unknown[0]!r} is of {types[unknown[0]]}, which lamina does not have"
                )
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in types}
            _load(model, path, shapes, file.get_tensor, skip_mismatch)
    except (package.SafetensorError, OSError, OverflowError) as error:
        raise DataLossError(f"{path} is not a safetensors file, or damaged: {error}") from error


_TYPES = ("F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL")


def load_npz(model: Layer, path: str, skip_mismatch: bool) -> None:
    """Let a model have the weights in an archive of NumPy; all are checked before any is set."""
    with opened(path) as file:
        arrays = read_arrays(file, path)
    if _CHECKPOINT in arrays:
        raise InvalidArgumentError(
            f"{path} is a checkpoint, not a file of weights: leave the ending out, "
            f"load_weights({os.path.splitext(path)[0]!r})"
        )
    shapes = {name: array.shape for name, array in arrays.items()}
    _load(model, path, shapes, arrays.__getitem__, skip_mismatch)


def _load(
    model: Layer,
    where: str,
    shapes: dict[str, tuple[int, ...]],
    read: Callable[[str], Array],
    skip_mismatch: bool,
) -> None:
    known = weights_of(model)
    own = {
        path: {name for name in shapes if name.rpartition("/")[0] == path} for path in known.owners
    }
    named = set(shapes).difference(*own.values())
    faults = _faults(known.variables, {name: shapes[name] for name in named}, where)
    if faults and not skip_mismatch:
        raise InvalidArgumentError("; ".join(list(faults.values())[:_SHOWN]))
    values = [
        (variable, converted(read(name), variable.spec.dtype, f"{where}: {name!r}"))
        for name, variable in known.variables.items()
        if name not in faults
    ]
    stores = [
        (owner, {name.rpartition("/")[2]: read(name) for name in own[path]})
        for path, owner in known.owners.items()
    ]
    with eagerly():
        for variable, value in values:
            variable.assign(value)
        for owner, store in stores:
            owner.load_own_variables(store)
    if faults:
        warn("; ".join(list(faults.values())[:_SHOWN]))


def _faults(
    variables: dict[str, Variable], shapes: dict[str, tuple[int, ...]], where: str
) -> dict[str, str]:
    """What is wrong, by the name of the weight."""
    found = {}
    more = sorted(set(shapes) - set(variables))
    for name, variable in variables.items():
        if name not in shapes:
            found[name] = (
                f"{where} lacks the weight {name!r}, of shape {variable.spec.shape}."
                f"{nearest(name, more)}"
            )
        elif shapes[name] != variable.spec.shape:
            found[name] = (
                f"{where}: {name!r} has shape {shapes[name]}; the model's has shape "
                f"{variable.spec.shape}"
            )
    for name in more:
        found[name] = f"{where} has {name!r}, of shape {shapes[name]}, which the model lacks"
    return found


def _safetensors(module: str) -> Any:
    otherwise = "keep weights in .npz or .weights.h5"
    with needed("files of safetensors", "safetensors", otherwise, extra="safetensors"):
        import safetensors
        import safetensors.numpy
    return safetensors if module == "safetensors" else safetensors.numpy
