"""Trains a small network with each item of a list: on lamina or on Keras, which are alike."""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

ROWS, BATCH, EPOCHS = 10_000, 32, 3


def libraries(peer: str) -> tuple[Any, dict[str, str]]:
    """Keras, or what stands for it, and which releases run."""
    if peer == "lamina":
        library = importlib.import_module("lamina")
        return library.keras, {"lamina": library.__version__}
    os.environ["KERAS_BACKEND"] = "jax"
    keras, jax = importlib.import_module("keras"), importlib.import_module("jax")
    return keras, {"Keras": keras.__version__, "JAX": jax.__version__}


def data(targets: str, rows: int, indices: bool) -> tuple[Any, Any]:
    """Features (or `indices` of 50 kinds), and targets of a kind."""
    draw = np.random.default_rng(0)
    x = draw.standard_normal((rows, 23), dtype="float32")
    classes = (x[:, :3] + draw.standard_normal((rows, 3), dtype="float32")).argmax(1)
    kinds = {
        "binary": (x[:, :1] > 0).astype("float32"),
        "classes": classes.astype("int32"),
        "onehot": np.eye(3, dtype="float32")[classes],
    }
    return np.abs(20 * x[:, :4]).astype("int32") % 50 if indices else x, kinds[targets]


def model_with(keras: Any, item: dict[str, Any]) -> Any:
    """The network with the item in it, compiled."""
    layers, kind, name = keras.layers, item["kind"], item["name"]
    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in item["arguments"].items()}
    indices = kind == "layer on indices"
    x = inputs = keras.Input((4,), dtype="int32") if indices else keras.Input((23,))
    if indices:
        x = layers.Flatten()(getattr(layers, name)(**arguments)(x))
    activation = name if kind == "activation" else "relu"
    if kind == "activation" and arguments:
        activation = functools.partial(getattr(keras.activations, name), **arguments)
    x = layers.Dense(16, activation=activation)(x)
    if kind == "layer":
        x = getattr(layers, name)(**arguments)(x)
    elif kind == "layer on matrices":
        x = getattr(layers, name)(**arguments)(layers.Reshape((4, 4))(x))
    elif kind == "joining layer":
        x = getattr(layers, name)(**arguments)([x, layers.Dense(16, activation="relu")(inputs)])
    elif kind == "wrapping layer":
        x = getattr(layers, name)(layers.Dense(16), **arguments)(x)
    x = layers.Flatten()(x) if len(x.shape) > 2 else x
    x = layers.Dense(8, activation="sigmoid")(x)
    binary = item["targets"] == "binary"
    outputs = layers.Dense(1 if binary else 3, activation="sigmoid" if binary else "softmax")(x)
    losses = {"binary": "binary_crossentropy", "onehot": "categorical_crossentropy"}
    loss: Any = losses.get(item["targets"], "sparse_categorical_crossentropy")
    if kind == "loss":
        loss = getattr(keras.losses, name)(**arguments)
    metrics = [getattr(keras.metrics, name)(**arguments)] if kind == "metric" else []
    optimizer = getattr(keras.optimizers, name)() if kind == "optimizer" else "adam"
    model = keras.Model(inputs, outputs)
    model.compile(optimizer, loss, metrics=metrics)
    return model


def microseconds(keras: Any, item: dict[str, Any], rows: int) -> float:
    """The least time of a step, over the epochs after the first."""
    x, y = data(item["targets"], rows, item["kind"] == "layer on indices")
    model = model_with(keras, item)
    times = []
    for _ in range(1 + EPOCHS):
        start = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)
        times.append(time.perf_counter() - start)
    return 1e6 * min(times[1:]) / -(-rows // BATCH)


def main() -> None:
    """Print the times as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("items", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    keras, versions = libraries(options.peer)
    found: dict[str, Any] = {"microseconds": {}, "errors": {}, "versions": versions}
    for item in json.loads(options.items.read_text("utf-8")):
        key = f"{item['kind']} {item['name']}"
        try:
            found["microseconds"][key] = microseconds(keras, item, 640 if options.quick else ROWS)
        except Exception as error:
            found["errors"][key] = f"{type(error).__name__}: {error!s:.200}"
        print(key, found["microseconds"].get(key), file=sys.stderr, flush=True)
        keras.backend.clear_session()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
