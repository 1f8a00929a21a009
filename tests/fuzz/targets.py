"""What is fuzzed: for each kind of file its seeds, how they are changed, and what reads them."""

from __future__ import annotations

import functools
import io
import json
import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lamina as tf
from lamina.core.errors import OpError
from lamina.keras.configurable import FAMILIES, Configurable, serialize
from lamina.keras.limits import weight_budget
from lamina.keras.saving import model_members
from lamina.keras.saving.files import model_from_text, parsed, refusing
from lamina.tabular.archive import MEMBER, encoder_bytes, read_encoder
from lamina.tabular.encoding import Encoder, Feature
from lamina.tabular.target import Target
from lamina.train import files as checkpoints

from . import mutating

keras = tf.keras
CONFIG = "config.json"


class Fuzzed(NamedTuple):
    """One kind of file."""

    seeds: Callable[[], list[bytes]]
    mutate: mutating.Mutate
    read: Callable[[bytes], Any]


def is_refused(target: str, data: bytes) -> bool:
    """Whether reading ends in lamina's own error; any other error goes on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            TARGETS[target].read(data)
    except OpError:
        return True
    return False


# Models that seeds are made of --------------------------------------------------------------------


def network() -> Any:
    """A small network whose file has an optimizer's state."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)], name="network"
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_weights)
    return model


def _branches() -> Any:
    layers, ops = keras.layers, keras.ops
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    hidden = layers.BatchNormalization()(layers.Dense(3, kernel_regularizer="l2")(a))
    joined = layers.Concatenate()([ops.relu(hidden) + 1.0, layers.LayerNormalization()(b)])
    model = keras.Model([a, b], {"y": layers.Dense(2, activation="softmax")(joined)})
    model.compile(keras.optimizers.SGD(0.1, 0.9), "sparse_categorical_crossentropy")
    return model


def _texts() -> Any:
    layers = keras.layers
    words = layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")
    learned = layers.StringLookup()
    learned.adapt(np.array(["x", "y"]))
    inputs = keras.Input((2,), dtype="string")
    index = layers.Flatten()(layers.Embedding(5, 2)(learned(inputs)))
    return keras.Model(inputs, layers.Concatenate()([words(inputs), index]))


def _numbers() -> Any:
    layers = keras.layers
    normal, bins = layers.Normalization(), layers.Discretization(num_bins=3)
    for layer in (normal, bins):
        layer.adapt(np.arange(12.0).reshape(6, 2))
    inputs = keras.Input((2,))
    encoded = layers.CategoryEncoding(4, "multi_hot")(bins(inputs))
    joined = layers.Concatenate()([layers.Rescaling(0.5)(normal(inputs)), encoded])
    return keras.Model(inputs, layers.Dropout(0.2, seed=1)(joined))


@functools.cache
def models() -> list[Any]:
    """The models whose files are the seeds."""
    return [network(), _branches(), _texts(), _numbers()]


def _members(model: Any) -> list[tuple[str, bytes]]:
    return list(model_members(model).items())


def _archives() -> list[bytes]:
    return [mutating.packed(_members(model)) for model in models()]


def _configs() -> list[bytes]:
    mutating.names[:] = sorted({name for known in FAMILIES.values() for name in known})
    return [dict(_members(model))[CONFIG] for model in models()]


def _written(write: Callable[[str], Any], name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(str(path))
        return next(Path(folder).glob(f"{name}*")).read_bytes()


def _objects() -> list[bytes]:
    """One configuration of everything that has one, as far as it needs no arguments."""
    found = []
    for known in FAMILIES.values():
        for item in {id(item): item for item in map(known.__getitem__, known)}.values():
            arguments = _ARGUMENTS.get(getattr(item, "__name__", ""), {})
            if isinstance(item, type) and issubclass(item, Configurable):
                with suppress(Exception):  # what needs other arguments is not a seed
                    found.append(json.dumps(serialize(item(**arguments))).encode())
    return found


_ARGUMENTS: dict[str, dict[str, Any]] = {
    "Dense": {"units": 2, "activation": "relu", "kernel_regularizer": "l2"},
    "Discretization": {"bin_boundaries": [0.0, 1.0]},
    "Embedding": {"input_dim": 4, "output_dim": 2},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"},
    "Hashing": {"num_bins": 3},
    "IntegerLookup": {"vocabulary": [1, 2]},
    "MeanIoU": {"num_classes": 2},
    "PiecewiseConstantDecay": {"boundaries": [1], "values": [0.5, 0.25]},
    "PrecisionAtRecall": {"recall": 0.5},
    "Reshape": {"target_shape": [2, -1]},
    "StringLookup": {"vocabulary": ["a", "b"], "num_oov_indices": 2},
}


def _old_models() -> list[bytes]:
    chosen = (models()[0], models()[1])
    return [_written(model.save, "model.h5") for model in chosen]


def _weights() -> list[bytes]:
    return [_written(network().save_weights, "all.weights.h5")]


def _shards() -> list[bytes]:
    """The list of files; these lie where the reader looks for them."""
    path = Path(_folder()) / "parts.weights.json"
    network().save_weights(path, max_shard_size=1e-7)
    return [path.read_bytes()]


def _checkpoints() -> list[bytes]:
    return [_written(network().save_weights, "all.ckpt")]


def _named(ending: str) -> Callable[[], list[bytes]]:
    return lambda: [_written(network().save_weights, f"all{ending}")]


def _trainings() -> list[bytes]:
    """Where a training stood within an epoch, and after it."""
    with tempfile.TemporaryDirectory() as folder:
        _train(network(), folder, save_freq=1)
        return [path.read_bytes() for path in sorted(Path(folder).glob("*.npz"))]


def _train(model: Any, folder: str, **options: Any) -> None:
    kept = keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False, **options)
    x = np.arange(24, dtype="float32").reshape(6, 4) / 24
    model.fit(x, x[:, :1], batch_size=3, epochs=2, verbose=0, callbacks=[kept])


def _encoder() -> Encoder:
    features = (
        Feature("age", "number", median=3.0, missing=True),
        Feature("city", "category", categories=("a", "b"), other=True),
    )
    return Encoder(features, Target("y", "binary", ("no", "yes"), 0.5), (("id", "unique"),))


def _tables() -> list[bytes]:
    return [mutating.packed([(MEMBER, encoder_bytes(_encoder())), *_members(network())])]


# Readers ------------------------------------------------------------------------------------------


def _at(name: str) -> Callable[[Callable[[str], Any]], Callable[[bytes], Any]]:
    """A decorator: what reads a path reads bytes, which are put there."""

    def decorate(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
        @functools.wraps(read)
        def reading(data: bytes) -> Any:
            path = os.path.join(_folder(), name)
            Path(path).write_bytes(data)
            return read(path)

        reading.file_name = name
        return reading

    return decorate


@functools.cache
def _folder() -> str:
    kept = tempfile.TemporaryDirectory(prefix="lamina-fuzz-")
    _kept.append(kept)
    return kept.name


_kept: list[Any] = []
_receiver = functools.cache(network)


@_at("model.keras")
def _load_model(path: str) -> Any:
    return keras.models.load_model(path)


@_at("model.h5")
def _load_old_model(path: str) -> Any:
    return keras.models.load_model(path)


@_at("all.weights.h5")
def _load_weights(path: str) -> Any:
    return _receiver().load_weights(path)


@_at("edited.weights.h5")
def _edit_weights(path: str) -> Any:
    return keras.saving.KerasFileEditor(path)


@_at("parts.weights.json")
def _load_shards(path: str) -> Any:
    return _receiver().load_weights(path)


@_at("all.npz")
def _load_checkpoint(path: str) -> Any:
    checkpoints.read(path.removesuffix(".npz"))
    return _receiver().load_weights(path.removesuffix(".npz"))


@_at("training-000001.npz")
def _go_on(path: str) -> Any:
    folder = os.path.dirname(path)
    try:
        _train(_receiver(), folder)
    finally:
        for written in Path(folder).glob("training-*.npz"):
            written.unlink()


@_at("named.npz")
def _load_named(path: str) -> Any:
    return _receiver().load_weights(path)


@_at("all.safetensors")
def _load_safetensors(path: str) -> Any:
    return _receiver().load_weights(path)


@_at("table.keras")
def _load_table(path: str) -> Any:
    return read_encoder(path)


def _load_object(data: bytes) -> Any:
    value = parsed(data, CONFIG)
    with weight_budget(2**20):
        made = keras.saving.deserialize_keras_object(value)
        if isinstance(made, keras.layers.Layer) and not made.built:
            with refusing(CONFIG):
                made(keras.Input((4,)))
    return made


def _load_json(data: bytes) -> Any:
    with weight_budget(2**20):
        return model_from_text(data, CONFIG)


def _mutate_npz(data: bytes, rng: Any) -> bytes:
    return mutating.mutate_archive({".npy": _mutate_array})(data, rng)


def _mutate_safetensors(data: bytes, rng: Any) -> bytes:
    """The header is JSON behind its length."""
    size = int.from_bytes(data[:8], "little")
    if size > len(data) - 8 or not rng.randrange(3):
        return mutating.mutate_bytes(data, rng)
    text = mutating.mutate_json(data[8 : 8 + size], rng)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def _mutate_array(data: bytes, rng: Any) -> bytes:
    """The header of an array is text: what it says of shape and dtype is changed."""
    known = [b"<f4", b"<f8", b"|O", b"|S9", b"|V8", b"(4, 3)", b"(2**40,)", b"(-1,)", b"|u1", b"()"]
    if rng.randrange(2) and data.startswith(b"\x93NUMPY"):
        return data.replace(rng.choice(known), rng.choice(known), 1)
    start = data.find(b"{", 128)
    if start >= 128 and rng.randrange(2):
        text = mutating.mutate_json(data[start:], rng)
        stream = io.BytesIO()
        np.save(stream, np.frombuffer(text, np.uint8))
        return stream.getvalue()
    return mutating.mutate_bytes(data, rng)


_INSIDE = {".json": mutating.mutate_json, ".h5": mutating.mutate_hdf5}
_mutate_archive = mutating.mutate_archive(_INSIDE)

TARGETS = {
    "archive": Fuzzed(_archives, _mutate_archive, _load_model),
    "json": Fuzzed(_configs, mutating.mutate_json, _load_json),
    "objects": Fuzzed(_objects, mutating.mutate_json, _load_object),
    "hdf5": Fuzzed(_old_models, mutating.mutate_hdf5, _load_old_model),
    "weights": Fuzzed(_weights, mutating.mutate_hdf5, _load_weights),
    "edited": Fuzzed(_weights, mutating.mutate_hdf5, _edit_weights),
    "shards": Fuzzed(_shards, mutating.mutate_json, _load_shards),
    "npz": Fuzzed(_checkpoints, _mutate_npz, _load_checkpoint),
    "trainings": Fuzzed(_trainings, _mutate_npz, _go_on),
    "named": Fuzzed(_named(".npz"), _mutate_npz, _load_named),
    "safetensors": Fuzzed(_named(".safetensors"), _mutate_safetensors, _load_safetensors),
    "tabular": Fuzzed(_tables, _mutate_archive, _load_table),
}
