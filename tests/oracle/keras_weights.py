"""Regularizers and constraints: for each name the arguments to compare with Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

WEIGHTS = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)

REGULARIZERS: dict[str, list[dict[str, Any]]] = {
    "L1": [{}, {"l1": 0.3}],
    "L2": [{}, {"l2": 0.3}],
    "L1L2": [{}, {"l1": 0.1}, {"l2": 0.2}, {"l1": 0.1, "l2": 0.2}],
    "OrthogonalRegularizer": [{}, {"factor": 0.5, "mode": "columns"}],
    "Regularizer": [{}],
}

CONSTRAINTS: dict[str, list[dict[str, Any]]] = {
    "MaxNorm": [{}, {"max_value": 0.5, "axis": 1}, {"axis": [0, 1]}],
    "NonNeg": [{}],
    "UnitNorm": [{}, {"axis": 1}],
    "MinMaxNorm": [
        {},
        {"min_value": 1.5, "max_value": 2.5, "axis": 1},
        {"min_value": 0.5, "max_value": 1.0, "rate": 0.3},
    ],
    "Constraint": [{}],
}
