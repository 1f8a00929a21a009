"""Keras's losses beside ours: for each name, arguments and the kind of sample to compare on.

Every loss that lamina registers needs a row; the contract suite says so. Rows of functions serve
their classes too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

RELATIVE, ABSOLUTE = 1e-5, 1e-6

Row = tuple[str, dict[str, Any]]

FUNCTIONS: dict[str, list[Row]] = {
    "mean_squared_error": [("numbers", {})],
    "mean_absolute_error": [("numbers", {})],
    "mean_absolute_percentage_error": [("numbers", {})],
    "mean_squared_logarithmic_error": [("positive", {}), ("numbers", {})],
    "huber": [("numbers", {}), ("numbers", {"delta": 0.4})],
    "log_cosh": [("numbers", {})],
    "poisson": [("positive", {})],
    "cosine_similarity": [("numbers", {}), ("numbers", {"axis": 0})],
    "hinge": [("signs", {}), ("logits", {})],
    "squared_hinge": [("signs", {}), ("logits", {})],
    "categorical_hinge": [("onehot logits", {})],
    "dice": [("chances", {}), ("chances", {"axis": -1})],
    "tversky": [("chances", {}), ("chances", {"alpha": 0.3, "beta": 0.9, "axis": 1})],
    "binary_crossentropy": [
        ("chances", {}),
        ("chance", {"label_smoothing": 0.2}),
        ("logits", {"from_logits": True}),
        ("logits", {"from_logits": True, "label_smoothing": 0.1, "axis": 0}),
    ],
    "binary_focal_crossentropy": [
        ("chances", {}),
        ("chances", {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5}),
        ("logits", {"from_logits": True, "label_smoothing": 0.1}),
    ],
    "categorical_crossentropy": [
        ("onehot", {}),
        ("shares", {"label_smoothing": 0.2}),
        ("onehot logits", {"from_logits": True, "label_smoothing": 0.1}),
        ("positive", {"axis": 0}),
    ],
    "categorical_focal_crossentropy": [
        ("onehot", {}),
        ("onehot", {"alpha": 0.5, "gamma": 1.5, "label_smoothing": 0.1}),
        ("onehot logits", {"from_logits": True}),
    ],
    "sparse_categorical_crossentropy": [
        ("classes", {}),
        ("class column", {}),
        ("classes logits", {"from_logits": True}),
        ("classes", {"ignore_class": 1}),
        ("classes logits", {"from_logits": True, "ignore_class": 2}),
    ],
    "categorical_generalized_cross_entropy": [("classes", {"q": 0.5}), ("classes", {"q": 0.9})],
    "kl_divergence": [("shares", {})],
}

CLASSES: dict[str, str] = {
    "MeanSquaredError": "mean_squared_error",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "Huber": "huber",
    "LogCosh": "log_cosh",
    "Poisson": "poisson",
    "CosineSimilarity": "cosine_similarity",
    "Hinge": "hinge",
    "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge",
    "Dice": "dice",
    "Tversky": "tversky",
    "BinaryCrossentropy": "binary_crossentropy",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "CategoricalGeneralizedCrossEntropy": "categorical_generalized_cross_entropy",
    "KLDivergence": "kl_divergence",
}


def _softmax(z):
    powers = np.exp(z - z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


# kind of sample, arguments, formula in float64
CLOSED_FORMS = {
    "mean_squared_error": ("numbers", {}, lambda t, y: ((t - y) ** 2).mean(-1)),
    "mean_absolute_error": ("numbers", {}, lambda t, y: np.abs(t - y).mean(-1)),
    "huber": (
        "numbers",
        {"delta": 0.7},
        lambda t, y: np.where(
            np.abs(t - y) <= 0.7, (t - y) ** 2 / 2, 0.7 * np.abs(t - y) - 0.7**2 / 2
        ).mean(-1),
    ),
    "binary_crossentropy": (
        "chances",
        {},
        lambda t, p: -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(-1),
    ),
    "categorical_crossentropy": (
        "onehot logits",
        {"from_logits": True},
        lambda t, z: -(t * np.log(_softmax(z))).sum(-1),
    ),
    "sparse_categorical_crossentropy": (
        "classes",
        {},
        lambda t, p: -np.log(p[np.arange(len(t)), t]),
    ),
    "kl_divergence": ("shares", {}, lambda t, p: (t * np.log(t / p)).sum(-1)),
}
