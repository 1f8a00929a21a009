"""Keras's activations beside ours: for each name the arguments to compare.

Every activation that lamina registers needs a row; the contract suite says so.
"""

from __future__ import annotations

from math import erf, pi
from typing import Any

import numpy as np

RELATIVE, ABSOLUTE = 1e-5, 2e-6

# None of the corners (0, ±0.5, ±1, ±3, 6) lies at a multiple of 1/7 from 0.05.
POINTS = (np.arange(-49, 51).reshape(10, 10) / 7 + 0.05).astype(np.float32)

ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "linear": [{}],
    "relu": [
        {},
        {"negative_slope": 0.1},
        {"max_value": 3.0},
        {"max_value": 6},
        {"threshold": 1.0},
        {"negative_slope": 0.3, "max_value": 4.0, "threshold": 0.5},
    ],
    "leaky_relu": [{}, {"negative_slope": 0.05}],
    "relu6": [{}],
    "softmax": [{}, {"axis": 0}, {"axis": None}],
    "log_softmax": [{}, {"axis": 0}, {"axis": None}],
    "sigmoid": [{}],
    "log_sigmoid": [{}],
    "tanh": [{}],
    "softplus": [{}],
    "softsign": [{}],
    "elu": [{}, {"alpha": 0.5}],
    "celu": [{}, {"alpha": 2.0}],
    "selu": [{}],
    "gelu": [{}, {"approximate": True}],
    "silu": [{}],
    "mish": [{}],
    "exponential": [{}],
    "hard_sigmoid": [{}],
    "hard_silu": [{}],
    "hard_tanh": [{}],
    "hard_shrink": [{}, {"threshold": 1.5}],
    "soft_shrink": [{}, {"threshold": 1.5}],
    "tanh_shrink": [{}],
    "threshold": [{"threshold": 0.7, "default_value": -2.0}],
    "squareplus": [{}, {"b": 1.0}],
    "sparse_plus": [{}],
    "sparse_sigmoid": [{}],
    "glu": [{}, {"axis": 0}],
    "sparsemax": [{}, {"axis": 0}],
}


def nearest_in_simplex(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """max(x - τ, 0) with τ, found by bisection, such that it sums to 1 along `axis`."""
    x = x.astype(np.float64)
    low, high = x.min(axis, keepdims=True) - 1, x.max(axis, keepdims=True)
    for _ in range(100):
        middle = (low + high) / 2
        over = np.maximum(x - middle, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.maximum(x - low, 0)


# Keras 3.15's sparsemax does not sum to 1 where more than one entry is positive.
WRONG_IN_KERAS = {"sparsemax": nearest_in_simplex}

CLOSED_FORMS = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "relu": lambda x: np.where(x > 0, x, 0),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "gelu": lambda x: x / 2 * (1 + np.vectorize(erf)(x / np.sqrt(2))),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "mish": lambda x: x * np.tanh(np.log(1 + np.exp(x))),
    "gelu approximate": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / pi) * (x + 0.044715 * x**3))),
}
