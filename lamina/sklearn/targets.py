"""Targets as a network is trained on them, and what its outputs mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import column_or_1d

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..keras.configurable import snake_case
from .sparse import is_sparse

_BLOCK = 1 << 22
"""Numbers of a table that are float64 at once."""

OF_UNIT = frozenset({"mean_squared_error", "mse", "mean_absolute_error", "mae"})
"""Losses, by name, that mean the same for a target in standard deviations."""


def loss_name(loss: Any) -> str:
    """The name of a loss that is one, or an object, a class or a function."""
    if isinstance(loss, str):
        return snake_case(loss)
    named = loss if hasattr(loss, "__name__") else type(loss)
    return snake_case(named.__name__)


class Labels:
    """The classes of a target in one column, or several at once of which each holds or not."""

    def __init__(self, y: Any, classes: Any = None) -> None:
        self.several = y.ndim == 2
        if self.several:
            self.classes: Any = np.arange(y.shape[1]) if classes is None else np.asarray(classes)
        else:
            self.classes = np.unique(y if classes is None else classes)
        if len(self.classes) < 2 and not self.several:
            raise InvalidArgumentError(
                "a classifier needs rows of at least two classes; y holds one class only: "
                f"{self.classes.tolist()}"
            )

    @property
    def is_binary(self) -> bool:
        return len(self.classes) == 2 and not self.several

    def codes(self, y: Any) -> Array:
        """The number of each row's class; for several at once, 0 and 1."""
        if self.several:
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise InvalidArgumentError(
                    f"y has a column for each of {len(self.classes)} labels; got {y.shape}"
                )
            return np.asarray(y, np.int64)
        codes = np.searchsorted(self.classes, y)
        found = np.minimum(codes, len(self.classes) - 1)
        unknown = np.unique(y[self.classes[found] != y])
        if len(unknown):
            raise InvalidArgumentError(
                f"y holds labels that are none of the classes {self.classes.tolist()[:8]}: "
                f"{unknown.tolist()[:8]}"
            )
        return np.asarray(found)

    def encode(self, codes: Array, outputs: int, loss: Any) -> Array:
        """Codes as a network with `outputs` columns and `loss` takes them."""
        if self.several:
            self._check_outputs(outputs, len(self.classes))
            return codes.astype(np.float32)
        if outputs == 1 and self.is_binary:
            return codes.astype(np.float32)[:, None]
        self._check_outputs(outputs, len(self.classes))
        if loss_name(loss).startswith("sparse_"):
            return codes.astype(np.int32)
        return np.eye(outputs, dtype=np.float32)[codes]

    def _check_outputs(self, outputs: int, expected: int) -> None:
        if outputs != expected:
            other = ", or 1 with a sigmoid" if self.is_binary else ""
            raise InvalidArgumentError(
                f"the model has {outputs} outputs for {expected} classes: its last layer needs "
                f"{expected} units{other}"
            )

    def probabilities(self, outputs: Array) -> Array:
        """A column a class; those of one row sum to 1 unless several classes may hold."""
        found = outputs.astype(np.float64)
        if self.several:
            return found
        if found.shape[1] == 1:
            return np.concatenate([1 - found, found], axis=1)
        found /= found.sum(axis=1, keepdims=True)
        return found

    def decode(self, probabilities: Array) -> Array:
        """The likeliest class of each row; of several at once, those above 1/2."""
        if self.several:
            return (probabilities > 0.5).astype(np.int64)
        chosen: Array = self.classes[np.argmax(probabilities, axis=1)]
        return chosen


def checked_labels(y: Any) -> Any:
    """Labels of classes in one column, or an indicator matrix; other targets raise."""
    check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    if kind not in ("binary", "multiclass"):
        raise InvalidArgumentError(
            f"Unknown label type: {kind}. y holds one label a row, or 0 and 1 in a column a label"
        )
    return column_or_1d(y, warn=True)


class Scale:
    """The unit of a regression's targets: y = centre + spread · output."""

    def __init__(self, y: Array, weights: Array | None, standardize: bool) -> None:
        self.line, self.standardized = y.ndim == 1, standardize
        columns = as_columns(y)
        self.centre, self.spread = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
        if standardize:
            self.centre, variance = moments(columns, weights)
            self.spread = np.sqrt(variance)

    def encode(self, y: Array) -> Array:
        """Targets as the network is trained on them."""
        columns = as_columns(y)
        if columns.shape[1] != len(self.centre):
            raise InvalidArgumentError(
                f"y has {columns.shape[1]} columns; the model was trained on {len(self.centre)}"
            )
        return ((columns - self.centre) / self.spread).astype(np.float32)

    def decode(self, outputs: Array) -> Array:
        """Outputs of the whole model as targets were given."""
        found = outputs.astype(np.float64)
        return found[:, 0] if self.line else found


def as_columns(y: Array) -> Array:
    """Targets as a matrix."""
    return y[:, None] if y.ndim == 1 else y


def moments(columns: Any, weights: Array | None) -> tuple[Array, Array]:
    """Weighted mean and variance of each column, in float64; 1 where a column is constant.

    Constant is what differs by no more than rounding, as for scikit-learn's StandardScaler.
    """
    rows, precision = columns.shape[0], np.float64(_precision(columns.dtype))
    if is_sparse(columns):
        known = None if weights is None else weights.astype(columns.dtype)
        mean, variance = mean_variance_axis(columns, axis=0, weights=known)
    else:
        size = max(1, _BLOCK // rows)
        blocks = (columns[:, start : start + size] for start in range(0, columns.shape[1], size))
        found = [_moments(block.astype(np.float64), weights) for block in blocks]
        mean, variance = (np.concatenate(each) for each in zip(*found, strict=True))
    mean, variance = mean.astype(np.float64), variance.astype(np.float64)
    bound = rows * precision * variance + (rows * mean * precision) ** 2
    return mean, np.where(variance <= bound, 1.0, variance)


def _moments(block: Array, weights: Array | None) -> tuple[Array, Array]:
    mean = np.average(block, axis=0, weights=weights)
    return mean, np.average((block - mean) ** 2, axis=0, weights=weights)


def _precision(dtype: Any) -> float:
    return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)
