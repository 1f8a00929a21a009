"""What rows count for: weights of samples and of classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from .targets import Labels


def checked_weights(sample_weight: Any, rows: int) -> Array | None:
    """`sample_weight` as float64, one number a row; None where all rows count alike."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, np.float64)
    if weights.ndim == 0:
        weights = np.full(rows, weights)
    if weights.shape != (rows,):
        raise InvalidArgumentError(
            f"sample_weight.shape == {weights.shape}, expected {(rows,)}: one number a row"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InvalidArgumentError(
            "sample_weight holds finite numbers of at least 0 that are not all zero"
        )
    scaled: Array = np.ldexp(weights, -np.frexp(weights.max())[1])
    return scaled  # sums stay finite, and ratios exact


def weigh_classes(class_weight: Any, labels: Labels, codes: Array, weights: Array | None) -> Any:
    """`weights` times the weight of each row's class, of which `codes` are the numbers.

    "balanced" is w = total / (classes · total of the class), totals being sums of weights.
    """
    if class_weight is None:
        return weights
    if labels.several:
        factors = compute_sample_weight(class_weight, codes)
    else:
        factors = _of_classes(class_weight, labels, codes, weights)[codes]
    return factors if weights is None else factors * weights


def _of_classes(class_weight: Any, labels: Labels, codes: Array, weights: Array | None) -> Array:
    if class_weight == "balanced":
        totals = np.bincount(codes, weights, minlength=len(labels.classes))
        return np.where(totals > 0, totals.sum() / np.maximum(totals, 1e-300) / len(totals), 0)
    if not isinstance(class_weight, dict):
        raise InvalidArgumentError(
            f"class_weight is None, 'balanced' or a dict from labels to weights; got "
            f"{class_weight!r:.80}"
        )
    known = labels.classes.tolist()
    unknown = [label for label in class_weight if label not in known]
    if unknown:
        raise InvalidArgumentError(
            f"class_weight names {unknown[0]!r}; the classes are {known[:8]}"
        )
    found = np.array([class_weight.get(label, 1.0) for label in known], np.float64)
    if not np.isfinite(found).all() or (found < 0).any():
        raise InvalidArgumentError(f"weights of classes are numbers of at least 0: {class_weight}")
    return found


def merged(x: Array, y: Array, weights: Array | None) -> tuple[Array, Array, Array | None]:
    """Equal rows as one with their weights added, in an order that depends on values alone.

    Where all rows are one batch, the loss stays what it was; a weight of 2 is then the row
    twice, to the bit.
    """
    columns = y.reshape(len(y), -1)
    table = np.concatenate([x.astype(np.float64), columns.astype(np.float64)], axis=1)
    _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return x[first], y[first], np.bincount(place.reshape(-1), weights)


def relative(weights: Array | None) -> Array | None:
    """Weights with a mean of 1, so that the learning rate keeps its meaning; None if all are 1."""
    if weights is None or (weights == weights[0]).all():
        return None
    found: Array = (weights / weights.mean()).astype(np.float32)
    return found
