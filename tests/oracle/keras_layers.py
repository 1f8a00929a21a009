"""Layers to check: constructor arguments and the shape of a batch of inputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Row(NamedTuple):
    """One layer with arguments, and what it is called on."""

    arguments: dict[str, Any]
    shape: tuple[int, ...]
    adapts: bool = False


ROWS: dict[str, list[Row]] = {
    "Dense": [
        Row({"units": 4}, (6, 3)),
        Row({"units": 4, "activation": "relu", "use_bias": False}, (6, 3)),
        Row(
            {
                "units": 2,
                "activation": "tanh",
                "kernel_regularizer": "l2",
                "bias_initializer": "ones",
                "kernel_constraint": "max_norm",
            },
            (4, 5, 3),
        ),
    ],
    "Activation": [Row({"activation": "softmax"}, (5, 4)), Row({"activation": "elu"}, (5, 4))],
    "Dropout": [Row({"rate": 0.4, "seed": 3}, (7, 5))],
    "Flatten": [
        Row({}, (4, 3, 2)),
        Row({}, (4,)),
        Row({"data_format": "channels_first"}, (4, 3, 2)),
    ],
    "Normalization": [
        Row({}, (9, 3), adapts=True),
        Row({"axis": None}, (9, 3), adapts=True),
        Row({"mean": [1.0, 2.0, 3.0], "variance": [4.0, 5.0, 6.0], "invert": True}, (9, 3)),
    ],
}

WITHOUT_A_ROW = {
    "Layer": "the base class computes nothing",
    "InputLayer": "is fed, not called; tests/unit/keras/test_models.py",
}


def inputs(row: Row) -> np.ndarray:
    """A batch of the row's shape."""
    return np.random.default_rng(len(row.shape)).normal(1, 2, row.shape).astype(np.float32)
