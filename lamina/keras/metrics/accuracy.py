"""How often predictions are right."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError
from ...ops import array, math
from ...prims.broadcast import reshape
from ...prims.index import take_along
from ...tensor.convert import to_tensor
from ..configurable import register
from ..losses.base import pair
from ..settings import floatx
from .base import MODULE, FunctionMetric


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the prediction equals the target, else 0."""
    return array.cast(math.equal(*pair(y_true, y_pred)), floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where y > threshold is what the target (0 or 1) says, else 0."""
    y_true, y_pred = pair(y_true, y_pred)
    predicted = array.cast(y_pred > threshold, y_true.spec.dtype)
    return array.cast(math.equal(y_true, predicted), floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction stands at the place of the largest target, else 0."""
    right, predicted = (math.argmax(to_tensor(y), -1) for y in (y_true, y_pred))
    return array.cast(math.equal(right, predicted), floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction stands at the place that the target names, else 0."""
    y_pred = to_tensor(y_pred)
    labels = _labels(y_true, y_pred)
    predicted = math.argmax(y_pred, -1)
    return array.cast(math.equal(array.cast(labels, predicted.spec.dtype), predicted), floatx())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the place of the largest target is among the k largest predictions, else 0."""
    return _in_top_k(math.argmax(to_tensor(y_true), -1), to_tensor(y_pred), k)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where the place that the target names is among the k largest predictions, else 0.

    With `from_sorted_ids`, predictions are class indices, the likeliest first.
    """
    y_pred = to_tensor(y_pred)
    labels = _labels(y_true, y_pred)
    if not from_sorted_ids:
        return _in_top_k(labels, y_pred, k)
    best = y_pred[..., :k]
    hits = math.equal(array.cast(array.expand_dims(labels, -1), best.spec.dtype), best)
    return array.cast(math.reduce_any(hits, -1), floatx())


def _labels(y_true: Any, y_pred: Any) -> Any:
    """Class indices in the shape of the predictions without their last axis."""
    labels = to_tensor(y_true)
    if len(labels.spec.shape) == len(y_pred.spec.shape) and labels.spec.shape[-1] == 1:
        labels = reshape(labels, labels.spec.shape[:-1])
    if labels.spec.shape != y_pred.spec.shape[:-1]:
        raise InvalidArgumentError(
            "one class index a row is expected as target; got y_true of shape "
            f"{tuple(labels.shape)} for y_pred of shape {tuple(y_pred.shape)}. For one-hot "
            "targets use the metric without 'sparse'."
        )
    return labels


def _in_top_k(labels: Any, scores: Any, k: int) -> Any:
    """Whether fewer than k scores are above the label's own (ties count as in)."""
    places = array.expand_dims(array.cast(labels, "int64"), -1)
    above = array.cast(scores > take_along(scores, places), "int32")
    return array.cast(math.reduce_sum(above, -1) < k, floatx())


@register(MODULE)
class Accuracy(FunctionMetric):
    """The share of predictions that equal their targets."""

    fn = staticmethod(accuracy)


@register(MODULE)
class BinaryAccuracy(FunctionMetric):
    """The share of rows on the right side of `threshold`."""

    fn = staticmethod(binary_accuracy)

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold
        self._options = {"threshold": threshold}


@register(MODULE)
class CategoricalAccuracy(FunctionMetric):
    """The share of rows whose likeliest class is right; targets are one-hot."""

    fn = staticmethod(categorical_accuracy)


@register(MODULE)
class SparseCategoricalAccuracy(FunctionMetric):
    """The share of rows whose likeliest class is right; targets are class indices."""

    fn = staticmethod(sparse_categorical_accuracy)


@register(MODULE)
class TopKCategoricalAccuracy(FunctionMetric):
    """The share of rows whose class is among the `k` likeliest; targets are one-hot."""

    fn = staticmethod(top_k_categorical_accuracy)

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = k
        self._options = {"k": k}


@register(MODULE)
class SparseTopKCategoricalAccuracy(FunctionMetric):
    """The share of rows whose class is among the `k` likeliest; targets are class indices."""

    fn = staticmethod(sparse_top_k_categorical_accuracy)

    def __init__(
        self,
        k: int = 5,
        name: str | None = None,
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = k
        self.from_sorted_ids = from_sorted_ids
        self._options = {"k": k, "from_sorted_ids": from_sorted_ids}
