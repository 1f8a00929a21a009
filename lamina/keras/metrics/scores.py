"""Scores made of sums over all rows: R² and F."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError
from ...ops import array, math
from ..configurable import register
from ..losses.base import as_floats, check_same_shape, same_rank
from ..settings import epsilon
from .base import MODULE, Metric


@register(MODULE)
class R2Score(Metric):
    """1 - Σ (t - y)² / Σ (t - mean t)² for each column: the share of variance explained.

    `class_aggregation` joins columns: 'uniform_average', 'variance_weighted_average' or None.
    With `num_regressors` p, and n targets counted, 1 - (1 - R²) (n - 1) / (n - p - 1); where
    that is not defined, R² itself.
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        known = ("uniform_average", "variance_weighted_average", None)
        if class_aggregation not in known:
            raise InvalidArgumentError(
                f"class_aggregation is one of {known}; got {class_aggregation!r}"
            )
        if num_regressors < 0:
            raise InvalidArgumentError(f"num_regressors is at least 0; got {num_regressors}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), name="num_samples")
        self._built = False

    def _build(self, columns: int) -> None:
        self.squared_sum = self.add_variable((columns,), name="squared_sum")
        self.sum = self.add_variable((columns,), name="sum")
        self.total_mse = self.add_variable((columns,), name="residual")
        self.count = self.add_variable((columns,), name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of shape (rows, columns)."""
        t, y = same_rank(as_floats(y_true, self.dtype), as_floats(y_pred, self.dtype))
        _check_matrix("R2Score", t, y)
        if not self._built:
            self._build(int(y.shape[1]))
        weights = as_floats(1.0 if sample_weight is None else sample_weight, self.dtype)
        if len(weights.spec.shape) == 1:
            weights = array.expand_dims(weights, 1)
        weights = array.broadcast_to(weights, t.spec.shape)
        self.sum.assign_add(math.reduce_sum(t * weights, 0))
        self.squared_sum.assign_add(math.reduce_sum(t * t * weights, 0))
        self.total_mse.assign_add(math.reduce_sum(math.squared_difference(t, y) * weights, 0))
        self.count.assign_add(math.reduce_sum(weights, 0))
        self.num_samples.assign_add(array.cast(array.size(t), self.dtype))

    def result(self) -> Any:
        """The score so far; 0 before the first batch."""
        if not self._built:
            return array.zeros((), self.dtype)
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1.0 - self.total_mse / total
        scores = array.where(math.is_inf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = math.reduce_mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = math.reduce_sum(total * scores) / math.reduce_sum(total)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Any) -> Any:
        spare = self.num_samples - (self.num_regressors + 1.0)
        defined = spare > 0.0
        ratio = (self.num_samples - 1.0) / array.where(defined, spare, 1.0)
        return array.where(defined, 1.0 - (1.0 - scores) * ratio, scores)


_AVERAGES = (None, "micro", "macro", "weighted")


@register(MODULE)
class FBetaScore(Metric):
    """(1 + beta²) P R / (beta² P + R) with precision P and recall R of each class.

    Targets are one-hot. A class is predicted where it exceeds `threshold`, or (None) where it
    is the largest of its row. `average` joins classes: 'micro' (all decisions together),
    'macro' (the plain mean), 'weighted' (by how often a class occurs) or None.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if average not in _AVERAGES:
            raise InvalidArgumentError(f"average is one of {_AVERAGES}; got {average!r}")
        if isinstance(beta, bool) or not isinstance(beta, (int, float)) or beta <= 0:
            raise InvalidArgumentError(f"beta is a positive number; got {beta!r}")
        number = isinstance(threshold, (int, float, np.number))
        if threshold is not None and not (number and 0 < threshold <= 1):
            raise InvalidArgumentError(f"0 < threshold ≤ 1 is expected; got {threshold!r}")
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, name="intermediate_weights")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of shape (rows, classes)."""
        t, y = as_floats(y_true, self.dtype), as_floats(y_pred, self.dtype)
        _check_matrix(type(self).__name__, t, y)
        if not self._built:
            self._build(int(y.shape[1]))
        if self.threshold is None:
            largest = y >= math.reduce_max(y, -1, keepdims=True)
            chosen = math.logical_and(largest, math.abs(y) > 1e-9)  # a row of zeros has none
        else:
            chosen = y > self.threshold
        p = array.cast(chosen, self.dtype)
        axis = None if self.average == "micro" else 0
        weights = None
        if sample_weight is not None:
            weights = array.expand_dims(as_floats(sample_weight, self.dtype), 1)

        def total(values: Any) -> Any:
            return math.reduce_sum(values if weights is None else values * weights, axis)

        self.true_positives.assign_add(total(p * t))
        self.false_positives.assign_add(total(p * (1.0 - t)))
        self.false_negatives.assign_add(total((1.0 - p) * t))
        self.intermediate_weights.assign_add(total(t))

    def result(self) -> Any:
        """The score so far; 0 before the first batch."""
        if not self._built:
            return array.zeros((), self.dtype)
        right = self.true_positives.read_value()
        precision = right / (right + self.false_positives + epsilon())
        recall = right / (right + self.false_negatives + epsilon())
        square = float(self.beta) ** 2
        product = precision * recall * (1.0 + square)
        scores = product / (square * precision + recall + epsilon())
        if self.average == "weighted":
            total = math.reduce_sum(self.intermediate_weights) + epsilon()
            return math.reduce_sum(scores * (self.intermediate_weights / total))
        return scores if self.average is None else math.reduce_mean(scores)


@register(MODULE)
class F1Score(FBetaScore):
    """2 P R / (P + R) with precision P and recall R of each class."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


def _check_matrix(name: str, t: Any, y: Any) -> None:
    if len(y.spec.shape) != 2:
        raise InvalidArgumentError(
            f"{name} expects targets and predictions of shape (rows, columns); got y_true of "
            f"shape {tuple(t.shape)} and y_pred of shape {tuple(y.shape)}"
        )
    check_same_shape(name, t, y)
