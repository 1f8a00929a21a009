"""Whole models in one HDF5 file: the format of Keras 2, which Keras 3 still reads and writes.

The architecture is JSON in the attribute `model_config`; `model_weights` has a group for each
layer, whose `weight_names` say in which order its datasets come.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from itertools import compress
from typing import IO, Any

import numpy as np

from ...core.callers import warn
from ...core.errors import DataLossError, InvalidArgumentError, OpError
from ...core.json_text import parsed
from ...ir.graph import eagerly
from .. import losses, optimizers
from ..configurable import FAMILIES, deserialize, deserialize_nested, serialize
from ..layers.layer import Layer
from . import keras2
from .checked_hdf5 import checked_hdf5
from .weights import Reader, fitting

ENDINGS = (".h5", ".hdf5")
_MOST = 64_000  # bytes of an attribute; longer lists of names go on in further ones

_TOP = "top_level_model_weights"

Make = Callable[[Any], Any]
"""From a configuration to a model."""


# Writing ------------------------------------------------------------------------------------------


def to_bytes(model: Any, version: str, include_optimizer: bool = True) -> bytes:
    """The HDF5 file of a model."""
    import h5py

    described = serialize(model)
    kept = ("class_name", "config", "build_config")  # the last, which Keras lacks, for subclasses
    config = {name: described[name] for name in kept if name in described}
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = version, "tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        _write_layers(file.create_group("model_weights"), model, version)
        if include_optimizer and model.compiled and model.optimizer is not None:
            training = model.get_compile_config()
            training.pop("optimizer", None)
            training["loss"] = _with_full_names(training["loss"])
            optimizer = model.optimizer
            described = {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}
            training["optimizer_config"] = serialize(described)
            file.attrs["training_config"] = json.dumps(training).encode()
            if optimizer.built:
                optimizer.build_rest(model.trainable_weights)
                variables = optimizer.variables_for(model.trainable_weights)
                _write_weights(file.create_group("optimizer_weights"), variables)
    return content.getvalue()


def _with_full_names(loss: Any) -> Any:
    """Losses by names that Keras 3 finds in such files, where it knows none of the short ones."""
    if isinstance(loss, list):
        return [_with_full_names(item) for item in loss]
    if isinstance(loss, dict) and "class_name" not in loss:
        return {name: _with_full_names(item) for name, item in loss.items()}
    known = isinstance(loss, str) and loss in FAMILIES["keras.losses"]
    return getattr(losses.get(loss), "__name__", loss) if known else loss


def weights_to_bytes(model: Any, version: str) -> bytes:
    """The HDF5 file of a model's weights, as `save_weights` of Keras 2 wrote it."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        _write_layers(file, model, version)
    return content.getvalue()


def _write_layers(group: Any, model: Any, version: str) -> None:
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    group.attrs["keras_version"], group.attrs["backend"] = version.encode(), b"tensorflow"
    for layer in model.layers:
        _write_weights(group.create_group(layer.name), _ordered(layer))
    _write_weights(group.create_group(_TOP), model.own_variables())


def _ordered(layer: Layer) -> list[Any]:
    """The weights of a layer as the format orders them."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _write_names(group: Any, name: str, values: list[str]) -> None:
    encoded = [value.encode() for value in values]
    size = max([1, *map(len, encoded)])
    count = max(1, _MOST // size)
    pieces = [encoded[start : start + count] for start in range(0, len(encoded), count)]
    if len(pieces) < 2:
        group.attrs[name] = np.array(encoded, f"S{size}")
        return
    for number, piece in enumerate(pieces):
        group.attrs[f"{name}{number}"] = np.array(piece, f"S{size}")


def _write_weights(group: Any, weights: list[Any]) -> None:
    names: list[str] = []
    for weight in weights:
        name = stem = weight.path
        while name in names:
            name = f"{stem}_{len(names)}"
        names.append(name)
        group[name] = np.asarray(weight.numpy())
    _write_names(group, "weight_names", names)


# Reading ------------------------------------------------------------------------------------------


def load(file: IO[bytes], where: str, make: Make, compile_model: bool) -> Any:
    """The model in an HDF5 file that lamina, Keras 3 or Keras 2 wrote.

    Where its losses, metrics or optimizer are not known, a warning says so, and it is not compiled.
    """
    with checked_hdf5(file, where) as h5:
        config = _json(h5, "model_config", where)
        if config is None:
            raise DataLossError(f"{where} holds no model (only weights?): it has no model_config")
        model = make(config)
        _assign(_layer_values(h5, model, where))
        training = _json(h5, "training_config", where) if compile_model else None
        if training is not None:
            _compile(model, training, h5, where)
    return model


def is_of_keras_2(h5: Any) -> bool:
    """Whether an open file holds layers by name, a model's or of weights alone."""
    return "layer_names" in h5.attrs or "model_weights" in h5


def load_weights(
    model: Any, file: IO[bytes], where: str, skip_mismatch: bool = False, by_name: bool = False
) -> None:
    """Let a model have the weights of an HDF5 file of a model, or of weights alone (Keras 2).

    Layers are matched by their order, or `by_name`; then those without a namesake stay.
    """
    with checked_hdf5(file, where) as h5:
        take_over = weights_in(h5, model, where, skip_mismatch, by_name)
    take_over()


def weights_in(
    h5: Any, model: Any, where: str, skip_mismatch: bool = False, by_name: bool = False
) -> Callable[[], None]:
    """What lets a model have the weights of an open file, which are read and checked now."""
    return partial(_assign, _layer_values(h5, model, where, skip_mismatch, by_name))


def _json(h5: Any, name: str, where: str) -> Any:
    text = h5.attrs.get(name)
    if text is None:
        return None
    return parsed(text, f"{where}: {name}")


def _layer_values(
    h5: Any, model: Any, where: str, skip_mismatch: bool = False, by_name: bool = False
) -> list[tuple[Any, Any]]:
    """Each weight of the model's layers with its value; layers are matched by order or name."""
    reader = Reader(h5, where)
    group = reader.group("model_weights") if "model_weights" in h5 else h5
    names = _names(group, "layer_names")
    stored = [(name, weights) for name in names if (weights := _names(group[name], "weight_names"))]
    pairs = (_by_name if by_name else _by_order)(stored, model, where)
    own = _names(group[_TOP], "weight_names") if _TOP in group else []
    wanted = [
        (f"the layer {layer.name!r}", name, paths, _ordered(layer)) for layer, name, paths in pairs
    ]
    if own:
        wanted.append(("the model itself", _TOP, own, model.own_variables()))
    reads = (
        partial(_values, reader, group[name], paths, weights, what)
        for what, name, paths, weights in wanted
    )
    return fitting(reads, skip_mismatch)


_Pairs = list[tuple[Any, str, list[str]]]
"""Layers with the names of their groups and of the weights in them."""


def _by_order(stored: list[tuple[str, list[str]]], model: Any, where: str) -> _Pairs:
    layers = [layer for layer in model.layers if layer.weights]
    if len(stored) != len(layers):
        raise InvalidArgumentError(
            f"{where} has weights of {len(stored)} layers ({', '.join(n for n, _ in stored)}), the "
            f"model has {len(layers)} with weights ({', '.join(x.name for x in layers)}). With "
            "by_name=True, load_weights gives them to the layers of the same names"
        )
    return [(layer, *each) for layer, each in zip(layers, stored, strict=True)]


def _by_name(stored: list[tuple[str, list[str]]], model: Any, where: str) -> _Pairs:
    found = [(layer, *each) for each in stored for layer in model.layers if layer.name == each[0]]
    if stored and not found:
        warn(
            f"{where}: no layer of the model {model.name!r} has a name in the file "
            f"({', '.join(name for name, _ in stored[:8])}); nothing was loaded"
        )
    return found


def _values(
    reader: Reader, group: Any, paths: list[str], weights: list[Any], what: str
) -> list[tuple[Any, Any]]:
    if len(paths) != len(weights):
        raise InvalidArgumentError(
            f"{reader.where} has {len(paths)} weights for {what}, which has {len(weights)}"
        )
    return [
        (weight, reader.at(group, path, weight, what))
        for path, weight in zip(paths, weights, strict=True)
    ]


def _names(group: Any, name: str) -> list[str]:
    """A list of names in an attribute, or in several that are numbered."""
    found = list(group.attrs.get(name, ()))
    number = 0
    while f"{name}{number}" in group.attrs:
        found += list(group.attrs[f"{name}{number}"])
        number += 1
    return [item.decode() if isinstance(item, bytes) else str(item) for item in found]


def _outputs(model: Any) -> list[str]:
    """The names of a model's outputs; none of one that is not made of symbolic tensors."""
    return list(getattr(model, "output_names", None) or ())


def _assign(values: list[tuple[Any, Any]]) -> None:
    with eagerly():
        for variable, value in values:
            variable.assign(value)


def _compile(model: Any, training: dict[str, Any], h5: Any, where: str) -> None:
    try:
        described = training.pop("optimizer_config")
        name = str(described["class_name"]).rpartition(">")[2]
        optimizer = deserialize({"class_name": name, "config": described["config"]})
        if not isinstance(optimizer, optimizers.Optimizer):
            raise InvalidArgumentError(f"{name} is no optimizer")
        training = keras2.modernized(training)
        for key in ("metrics", "weighted_metrics"):
            training[key] = keras2.present_metrics(training.get(key), _outputs(model))
        known = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly")
        arguments = {key: deserialize_nested(training.get(key)) for key in known[:-1]}
        model.compile(optimizer=optimizer, **arguments, run_eagerly=bool(training.get(known[-1])))
    except (OpError, LookupError, TypeError, AttributeError, ValueError) as error:
        warn(
            f"{where}: the model is not compiled, for what it was compiled with is not known here: "
            f"{error}"
        )
        return
    optimizer.build(model.trainable_weights)
    if "optimizer_weights" in h5:
        reader, group = Reader(h5, where), h5["optimizer_weights"]
        paths = _names(group, "weight_names")
        shapes = [getattr(group.get(path), "shape", None) for path in paths]
        variables = (
            keras2.optimizer_order(paths, optimizer)
            or keras2.order_of_shapes(shapes, optimizer, optimizer.variables)
            or optimizer.variables
        )
        if len(paths) == len(variables):
            needed = [variable is not None for variable in variables]
            paths, variables = (list(compress(each, needed)) for each in (paths, variables))
            values = _values(reader, group, paths, variables, "the optimizer")
            _assign([*values, *keras2.missing_values(optimizer, values)])
        else:
            warn(
                f"{where}: the optimizer has {len(optimizer.variables)} variables, its state in "
                f"the file {len(paths)}; it starts anew"
            )
