"""The same network in Keras and in lamina."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Build = Callable[[Any], Any]
"""From a `keras` module (Keras's or lamina's) to an uncompiled model."""


def data(rows: int, features: int, classes: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and targets of a kind: binary, onehot, sparse, regression, or far.

    The targets of `far` lie above and below of what a network reaches in 100 steps: where a
    residual passes zero, the slope of |residual| jumps, and rounding decides at which step.
    """
    rng = np.random.default_rng(rows + features)
    x = rng.normal(size=(rows, features)).astype(np.float32)
    labels = (x[:, 0] + 0.3 * rng.normal(size=rows) > 0).astype(int) + (x[:, 1] > 1).astype(int)
    if kind == "binary":
        return x, (labels > 0).astype(np.float32)[:, None]
    if kind == "onehot":
        return x, np.eye(classes, dtype=np.float32)[labels]
    if kind == "sparse":
        return x, labels.astype(np.int32)
    offset = np.where(x[:, 2:3] > 0, 30, -30) if kind == "far" else 0
    return x, (x @ rng.normal(size=(features, 1)) + offset).astype(np.float32)


def network(keras: Any, features: int, outputs: int, activation: str | None) -> Any:
    """Two hidden layers and an output."""
    return keras.Sequential(
        [
            keras.Input((features,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(6, activation="elu"),  # no kinks: rounding must not decide
            keras.layers.Dense(outputs, activation=activation),
        ]
    )


def twins(build: Build) -> tuple[Any, Any]:
    """Keras's model and lamina's with the same weights."""
    import keras

    import lamina

    theirs, ours = build(keras), build(lamina.keras)
    ours.set_weights(theirs.get_weights())
    return theirs, ours
