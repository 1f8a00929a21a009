"""Models and weights as files: Keras 3's formats, and those of Keras 2."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...core.callers import warn
from ...core.errors import (
    ArgumentTypeError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
)
from ...core.files import FilePath, check_file, make_folder, write_bytes
from ...core.json_text import parsed
from ...core.offers import offered
from ...core.showing import shown
from ..columns import MEMBER, read_columns
from ..configurable import deserialize, serialize, sharing
from ..custom_objects import CustomObjectScope
from ..layers.layer import Layer
from ..limits import memory_budget, weight_budget
from ..place import MEMBER as PLACE
from ..place import read_place
from . import assets, hdf5, keras2, named, shards, weights
from .archive import opened, read_archive, write_archive
from .checked_hdf5 import checked_hdf5
from .folder import read_folder, write_folder
from .paths import CONFIG, checked_path, holds_hdf5, model_to_read, model_to_write

FORMAT = "3.15.1"  # the Keras whose files these are like
METADATA, WEIGHTS = "metadata.json", "model.weights.h5"
_LATEST = (".weights.h5", shards.ENDING)  # files of weights of Keras 3


def save_model(
    model: Any, filepath: FilePath, overwrite: bool = True, zipped: Any = None, **kwargs: Any
) -> None:
    """Write architecture, weights, losses, metrics and the optimizer's state to a `.keras` file.

    The file is complete or not there at all; Keras 3 opens it too. A file that ends in .h5 or
    .hdf5 is one of Keras 2; its folder is made where there is none. With `zipped=False`, the path
    names a folder of the same members. `include_optimizer=False` leaves out all that the model is
    compiled with.
    """
    folder = zipped is not None and not zipped
    wanted = kwargs.pop("save_format", None)
    path = checked_path(filepath, "a model") if folder else model_to_write(filepath, wanted)
    include = bool(kwargs.pop("include_optimizer", True))
    if kwargs:
        raise ArgumentTypeError(
            f"save_model does not know {next(iter(kwargs))!r}; its arguments are filepath, "
            "overwrite, zipped and include_optimizer"
        )
    if not folder and path.endswith(hdf5.ENDINGS):
        _check_built(model, "saved")
        content = hdf5.to_bytes(model, FORMAT, include)
        make_folder(os.path.dirname(path) or ".")
        write_bytes(path, content, overwrite)
        return
    members = model_members(model, include)
    if folder:
        write_folder(path, members, CONFIG, overwrite)
    else:
        write_archive(path, members, overwrite)


def model_members(model: Any, include_optimizer: bool = True) -> dict[str, bytes]:
    """The members of the `.keras` archive of `model`, by name, for `archive.write_archive`.

    More members may be added; Keras and `load_model` leave them alone.
    """
    _check_model(model, "saved")
    if not model.built:
        warn(
            f"the model {model.name!r} is saved without weights: it is not built. Start it with "
            "keras.Input(shape), call build(), or call it on data first"
        )
    if include_optimizer:
        _build_optimizer(model)  # Keras expects the slots in a file
    with sharing():
        described = serialize(model)
    if not include_optimizer:
        described.pop("compile_config", None)
    skip = () if include_optimizer else (getattr(model, "optimizer", None),)
    date = time.strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": FORMAT, "date_saved": date}
    content = weights.to_bytes(model, skip)
    members = {METADATA: _json(metadata), CONFIG: _json(described), WEIGHTS: content}
    if getattr(model, "_columns", None) is not None:
        members[MEMBER] = model._columns.to_bytes()
    training = getattr(model, "_training", None)
    place = training.standing.place() if training and training.standing else None
    if place is not None:
        members[PLACE] = place.to_bytes()
    return {**members, **assets.members(model)}


def _build_optimizer(model: Any) -> None:
    optimizer = getattr(model, "optimizer", None)  # a FeatureSpace has none
    if optimizer is not None and not optimizer.built and model.trainable_weights:
        optimizer.build(model.trainable_weights)


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"the configuration cannot be written as JSON: {error}") from error


def load_model(
    filepath: FilePath,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """The model in a `.keras` file or folder that lamina or Keras wrote, or in an HDF5 file.

    Classes and functions of your own are registered or given in `custom_objects`. Nothing in a
    file is ever run as code, whatever `safe_mode` says. DataLossError: the file is damaged;
    UnknownNameError: it names a class that is not known.
    """
    path, found = model_to_read(filepath)
    if found == "hdf5":
        budget = weight_budget(2 * os.path.getsize(path))
        with opened(path) as file, budget, CustomObjectScope(custom_objects):

            def make(config: Any) -> Any:
                with refusing(path):
                    text = json.dumps(keras2.modernized(config))
                return model_from_text(text, path)

            return hdf5.load(file, path, make, compile)
    read = read_folder if found == "folder" else read_archive
    members = read(path, (CONFIG, WEIGHTS), (METADATA, MEMBER, PLACE), below=assets.FOLDER)
    with weight_budget(2 * len(members[WEIGHTS])):  # what is loaded must be in the file
        with refusing(path):
            text = keras2.modern_text(members[CONFIG], members.get(METADATA), path)
        model = model_from_text(text, path, custom_objects, compile_model=compile)
        if model.built:
            _build_optimizer(model)  # where its class compiles itself
        weights.load(model, io.BytesIO(members[WEIGHTS]), path)
    assets.load(model, members, path)
    if MEMBER in members:
        model._columns = read_columns(members[MEMBER], path)
    if PLACE in members and hasattr(model, "_training"):
        model._training.place = read_place(members[PLACE], path)
    return model


def model_from_text(
    text: str | bytes,
    where: str,
    custom_objects: Mapping[str, Any] | None = None,
    compile_model: bool = True,
) -> Any:
    """The model of a configuration in JSON, with new weights; errors name `where` it was found."""
    config = parsed(text, where)
    if not isinstance(config, dict):
        raise DataLossError(f"{where}: the configuration of a model is a JSON object")
    if not compile_model:
        config["compile_config"] = None
    with refusing(where), memory_budget(), CustomObjectScope(custom_objects), sharing():
        model = deserialize(config)
    if not isinstance(model, Layer) or not hasattr(model, "save"):
        raise DataLossError(f"{where}: it describes a {type(model).__name__}, not a model")
    return model


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Whatever a wrong configuration makes constructors raise is an error that names `where`."""
    try:
        yield
    except OpError as error:
        raise type(error)(f"{where}: {shown(error, 1000)}") from error
    except (RecursionError, MemoryError) as error:
        raise DataLossError(f"{where}: the configuration is nested too deeply or huge") from error
    except Exception as error:
        raise DataLossError(
            f"{where}: nothing can be made of the configuration: {type(error).__name__}: "
            f"{shown(error)}"
        ) from error


def save_weights(
    model: Any,
    filepath: FilePath,
    overwrite: bool = True,
    max_shard_size: float | None = None,
    save_format: str | None = None,
    objects_to_skip: Iterable[Any] | None = None,
) -> None:
    """Write all weights to a file; `weights_kind` says which, its folder is made.

    The optimizer's state is with them in `.weights.h5` and checkpoints. `max_shard_size` is in
    GB; more goes to several files, beside a `.weights.json` that lists them.
    """
    path, kind = weights_kind(filepath)
    if max_shard_size is not None:
        path, kind = _sharded(path, kind, max_shard_size)
    elif kind == shards.ENDING:
        raise InvalidArgumentError(
            f"{path!r} lists weights in several files: give max_shard_size, the GB of one file"
        )
    if save_format not in (None, _save_format(kind)):
        raise InvalidArgumentError(
            f"save_format is {_save_format(kind)!r} for {path!r}, by its ending; got "
            f"{save_format!r}"
        )
    if kind == ".keras":
        raise InvalidArgumentError(
            f"a .keras file holds a whole model: save({path!r}); weights alone go to .weights.h5"
        )
    if objects_to_skip is not None and kind not in _LATEST:
        raise InvalidArgumentError("objects_to_skip works with .weights.h5 files only")
    _check_built(model, "saved")
    make_folder(os.path.dirname(path) or ".")
    skip = tuple(objects_to_skip or ())
    if not kind:
        check_file(f"{path}.npz", overwrite)
        offered("write_checkpoint")(model, path)
        return
    if max_shard_size is not None:
        shards.save(model, path, max_shard_size, overwrite, skip)
        return
    if kind in _NAMED:
        content = _NAMED[kind][0](model)
    elif kind == ".weights.h5":
        content = weights.to_bytes(model, skip)
    else:
        content = hdf5.weights_to_bytes(model, FORMAT)
    write_bytes(path, content, overwrite)


def _sharded(path: str, kind: str, size: Any) -> tuple[str, str]:
    """The path of the list of shards, whose ending may be that of one file."""
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not size > 0:
        raise InvalidArgumentError(f"max_shard_size is a number of GB; got {size!r:.80}")
    if kind not in _LATEST:
        raise InvalidArgumentError(
            f"weights in several files are listed in one that ends in .weights.json; got {path!r}"
        )
    if kind == ".weights.h5":
        path = path.removesuffix(kind) + shards.ENDING
        warn(f"weights in several files are listed in {path!r}")
    return path, shards.ENDING


def load_weights(model: Any, filepath: FilePath, skip_mismatch: bool = False, **kwargs: Any) -> Any:
    """Read the weights in a file, a model's or of weights alone; all are checked before any is set.

    With `skip_mismatch`, layers whose weights do not fit keep theirs, and a warning names them.
    `by_name` gives the weights in an HDF5 file of Keras 2 to the layers of the same names;
    `objects_to_skip` (layers, the optimizer) keep what they have. From a checkpoint, the result
    says what was found, as that of `tf.train.Checkpoint.restore`.
    """
    path, kind = weights_kind(filepath)
    if kind == ".weights.h5" and os.path.isfile(path) and holds_hdf5(path):
        _load_of_either_layout(model, path, skip_mismatch, kwargs)
        return None
    if kind == ".keras" and _is_of_keras_2(path):
        kind = ".h5"
    by_name, skip = _load_options(kind, path, kwargs)
    if not kind:
        _check_model(model, "loaded")
        return offered("read_checkpoint")(model, path)
    _check_built(model, "loaded")
    if kind == ".keras":
        read = read_folder if os.path.isdir(path) else read_archive
        content = read(path, (WEIGHTS,))[WEIGHTS]
        weights.load(model, io.BytesIO(content), path, skip_mismatch)
        return None
    if kind in _NAMED:
        _NAMED[kind][1](model, path, skip_mismatch)
        return None
    if kind == shards.ENDING:
        shards.load(model, path, skip_mismatch, skip)
        return None
    with opened(path) as file:
        if kind == ".weights.h5":
            weights.load(model, file, path, skip_mismatch, skip)
        else:
            hdf5.load_weights(model, file, path, skip_mismatch, by_name)
    return None


def _is_of_keras_2(path: str) -> bool:
    """Whether a file is laid out as Keras 2 did it, under any name."""
    if not os.path.isfile(path) or not holds_hdf5(path):
        return False
    with opened(path) as file, checked_hdf5(file, path, weights.KIND) as h5:
        return hdf5.is_of_keras_2(h5)


def _load_of_either_layout(
    model: Any, path: str, skip_mismatch: bool, options: dict[str, Any]
) -> None:
    """Read weights that lie as Keras 3 or as Keras 2 laid them out, in a file checked once."""
    with opened(path) as file, checked_hdf5(file, path, weights.KIND) as h5:
        former = hdf5.is_of_keras_2(h5)
        by_name, skip = _load_options(".h5" if former else ".weights.h5", path, options)
        _check_built(model, "loaded")
        if former:
            take_over = hdf5.weights_in(h5, model, path, skip_mismatch, by_name)
        else:
            take_over = weights.weights_in(h5, model, path, skip_mismatch, skip)
    take_over()


def _load_options(kind: str, path: str, options: dict[str, Any]) -> tuple[bool, tuple[Any, ...]]:
    """`by_name` and `objects_to_skip`, where this kind of file can do them."""
    by_name = bool(options.pop("by_name", False))
    skip = tuple(options.pop("objects_to_skip", None) or ())
    if options:
        raise ArgumentTypeError(
            f"load_weights got {next(iter(options))!r}; its arguments are filepath, "
            "skip_mismatch, by_name and objects_to_skip"
        )
    if by_name and kind not in hdf5.ENDINGS:
        raise InvalidArgumentError(
            f"by_name works with HDF5 files as Keras 2 writes them, whose layers have names; got "
            f"{path!r}. Files of Keras 3 go by the place of layers: leave by_name out"
        )
    if skip and kind not in _LATEST:
        raise InvalidArgumentError(
            f"objects_to_skip works with .weights.h5 files only; got {path!r}"
        )
    return by_name, skip


def weights_kind(filepath: FilePath) -> tuple[str, str]:
    """The path, and how weights lie there, by its ending.

    `.weights.h5` is Keras 3's format, `.weights.json` a list of such files, any other `.h5` or
    `.hdf5` that of Keras 2; `.safetensors` and `.npz` hold arrays by name (`named.py`). A path
    without one of these names a checkpoint (""), as in TensorFlow 2.0 to 2.15.
    """
    path = checked_path(filepath, "weights")
    endings = (*_LATEST, ".keras", *hdf5.ENDINGS, *_NAMED)
    return path, next((ending for ending in endings if path.endswith(ending)), "")


_NAMED: dict[str, tuple[Callable[..., bytes], Callable[..., None]]] = {
    ".safetensors": (named.to_safetensors, named.load_safetensors),
    ".npz": (named.to_npz, named.load_npz),
}
"""By ending what writes and reads weights by name."""


def _save_format(kind: str) -> str:
    """What TensorFlow 2 calls the format of weights with this ending."""
    return "tf" if not kind else kind[1:] if kind in _NAMED else "h5"


def _check_model(model: Any, verb: str) -> None:
    if not isinstance(model, Layer) or not hasattr(model, "save"):
        raise ArgumentTypeError(f"only models are {verb}; got {type(model).__name__}")


def _check_built(model: Any, verb: str) -> None:
    _check_model(model, verb)
    if not model.built:
        raise FailedPreconditionError(
            f"the model {model.name!r} has no weights yet that could be {verb}; start it with "
            "keras.Input(shape), call build(), or call it on data first"
        )
