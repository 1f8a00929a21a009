"""Counting right and wrong decisions at thresholds, and what follows from the counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...core.errors import InvalidArgumentError
from ...ops import array, math
from ...prims.broadcast import broadcast, reshape
from ...prims.index import scatter_add, search
from ...tensor.convert import to_tensor
from ..configurable import register
from ..limits import spend_besides
from ..losses.base import as_floats, check_same_shape, same_rank
from ..settings import epsilon
from .base import MODULE, Metric

FEW = 8  # so many thresholds are compared one by one; more are searched in
_NOTHING = -1e10  # stands for predictions that are not among the top k


class Counts(NamedTuple):
    """Weighted counts at each threshold: shape (thresholds,), or (thresholds, labels)."""

    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any


def count_decisions(
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    dtype: str,
    sample_weight: Any = None,
    label_weights: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    by_label: bool = False,
) -> Counts:
    """How many predictions above each threshold (and not) have a target other than 0 (and not).

    `top_k`: only the k largest predictions of a row count as positive. `class_id`: only this
    column counts. `by_label`: one count for each column.
    """
    y_pred, y_true = same_rank(as_floats(y_pred, dtype), as_floats(y_true, dtype))
    check_same_shape("a metric that counts decisions", y_true, y_pred)
    if top_k is not None:
        y_pred = _only_top(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred = (_column(y, class_id) for y in (y_true, y_pred))
    positive = as_floats(y_true != 0.0, dtype)
    negative = 1.0 - positive
    weights = _weights(sample_weight, label_weights, y_pred)
    if weights is not None:
        positive, negative = positive * weights, negative * weights
    edges = np.asarray(thresholds, y_pred.spec.dtype)
    ascending = bool((edges[1:] >= edges[:-1]).all())
    above = _above_many if len(edges) > FEW and ascending else _above_few
    hits, alarms = above([positive, negative], y_pred, edges, by_label)
    axes = [0] if by_label else None
    return Counts(
        hits,
        alarms,
        math.reduce_sum(negative, axes) - alarms,
        math.reduce_sum(positive, axes) - hits,
    )


def _only_top(y_pred: Any, k: int) -> Any:
    """Predictions, with all but the k largest of each row moved out of reach."""
    order = array.argsort(y_pred, direction="DESCENDING", stable=True)
    place = array.argsort(order, stable=True)  # of each prediction in its row's order
    return array.where(place < k, y_pred, array.zeros_like(y_pred) + _NOTHING)


def _column(y: Any, class_id: int) -> Any:
    if len(y.spec.shape) < 2:
        raise InvalidArgumentError(
            f"class_id expects predictions of shape (rows, classes); got {tuple(y.shape)}"
        )
    return y[..., class_id : class_id + 1]


def _weights(sample_weight: Any, label_weights: Any, like: Any) -> Any:
    """Weights of rows and of columns together, in the shape of `like`; None where all are 1."""
    joined = None
    if sample_weight is not None:
        joined = as_floats(sample_weight, like.spec.dtype)
        if len(joined.spec.shape) == len(like.spec.shape) - 1:
            joined = array.expand_dims(joined, -1)
        joined = array.broadcast_to(joined, like.spec.shape)
    if label_weights is not None:
        columns = as_floats(label_weights, like.spec.dtype)
        joined = columns if joined is None else joined * columns
        joined = array.broadcast_to(joined, like.spec.shape)
    return joined


def _above_few(values: list[Any], y_pred: Any, edges: Any, by_label: bool) -> list[Any]:
    """The sums of `values` where predictions exceed each edge, edge by edge."""
    rank = len(y_pred.spec.shape)
    axes = [0] if by_label else list(range(rank))
    over = array.expand_dims(y_pred, -1) > edges
    sums = []
    for value in values:
        counted = array.where(over, array.expand_dims(value, -1), 0.0)
        total = math.reduce_sum(counted, axes)
        sums.append(array.transpose(total) if by_label else total)
    return sums


def _above_many(values: list[Any], y_pred: Any, edges: Any, by_label: bool) -> list[Any]:
    """The same by sorting predictions into the gaps between ascending edges."""
    gap = search(to_tensor(edges), y_pred, right=False)  # how many edges a prediction exceeds
    columns = y_pred.spec.shape[-1] if by_label else 1
    if by_label:
        gap = gap * columns + np.arange(columns)
    sums = []
    for value in values:
        value = broadcast(value, y_pred.spec.shape)
        held = scatter_add(gap, value, ((len(edges) + 1) * columns,), 0)
        table = math.cumsum(reshape(held, (len(edges) + 1, columns)), 0, reverse=True)[1:]
        sums.append(table if by_label else reshape(table, (len(edges),)))
    return sums


def listed_thresholds(thresholds: Any, default: float) -> list[float]:
    """The thresholds given (one or several, from 0 to 1), else `default`."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    wrong = [t for t in found if t is None or not 0 <= t <= 1]
    if wrong or not found:
        raise InvalidArgumentError(f"thresholds are numbers from 0 to 1; got {thresholds!r}")
    return [float(t) for t in found]


class DecisionCounter(Metric):
    """A metric whose state is some of the four counts."""

    kept: ClassVar[tuple[str, ...]] = ()
    thresholds: Any

    def _make_state(self, shape: tuple[int, ...]) -> None:
        for name in self.kept:
            setattr(self, name, self.add_variable(shape, name=name))

    def _count(self, y_true: Any, y_pred: Any, **options: Any) -> None:
        counts = count_decisions(y_true, y_pred, self.thresholds, self.dtype, **options)
        for name in self.kept:
            getattr(self, name).assign_add(getattr(counts, name))

    def _share(self, part: str, rest: str) -> Any:
        """part / (part + rest), 0 where both are."""
        part, rest = getattr(self, part), getattr(self, rest)
        return math.divide_no_nan(part, math.add(part, rest))

    def _single(self, result: Any) -> Any:
        return result[0] if len(self.thresholds) == 1 else result


class _OneCount(DecisionCounter):
    """The number of decisions of one kind."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.thresholds = listed_thresholds(thresholds, 0.5)
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        counts = count_decisions(
            y_true, y_pred, self.thresholds, self.dtype, sample_weight=sample_weight
        )
        self.accumulator.assign_add(getattr(counts, self.kept[0]))

    def result(self) -> Any:
        """The count so far, for each threshold."""
        return self._single(self.accumulator.read_value())


@register(MODULE)
class TruePositives(_OneCount):
    """How many predictions above the threshold are right."""

    kept = ("true_positives",)


@register(MODULE)
class FalsePositives(_OneCount):
    """How many predictions above the threshold are wrong."""

    kept = ("false_positives",)


@register(MODULE)
class TrueNegatives(_OneCount):
    """How many predictions up to the threshold are right."""

    kept = ("true_negatives",)


@register(MODULE)
class FalseNegatives(_OneCount):
    """How many predictions up to the threshold are wrong."""

    kept = ("false_negatives",)


class _Share(DecisionCounter):
    """true positives / (true positives + one kind of error)."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = listed_thresholds(thresholds, 0.5 if top_k is None else _NOTHING)
        self._make_state((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        self._count(
            y_true,
            y_pred,
            sample_weight=sample_weight,
            top_k=self.top_k,
            class_id=self.class_id,
        )

    def result(self) -> Any:
        """The share so far, for each threshold; 0 where nothing was counted."""
        return self._single(self._share(*self.kept))


@register(MODULE)
class Precision(_Share):
    """The share of right ones among predictions above the threshold."""

    kept = ("true_positives", "false_positives")


@register(MODULE)
class Recall(_Share):
    """The share of positive rows that are predicted above the threshold."""

    kept = ("true_positives", "false_negatives")


_SHARES = {
    "sensitivity": ("true_positives", "false_negatives"),
    "recall": ("true_positives", "false_negatives"),
    "specificity": ("true_negatives", "false_positives"),
    "precision": ("true_positives", "false_positives"),
}


class _BestUnder(DecisionCounter):
    """The largest value of one share at thresholds where another reaches `value`."""

    kept = Counts._fields
    wanted: ClassVar[str]
    given: ClassVar[str]

    def _prepare(
        self, value: float, num_thresholds: int, class_id: int | None, name: Any, dtype: Any
    ) -> None:
        Metric.__init__(self, dtype, name)
        if not 0 <= value <= 1:
            raise InvalidArgumentError(f"{self.given} is a number from 0 to 1; got {value}")
        if num_thresholds < 1:
            raise InvalidArgumentError(f"num_thresholds is at least 1; got {num_thresholds}")
        self.value = value
        setattr(self, self.given, value)
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        spend_besides((num_thresholds,), "a list of thresholds", 32)
        evenly = np.linspace(0.0, 1.0, num_thresholds).tolist()
        self.thresholds = [0.5] if num_thresholds == 1 else evenly
        self._make_state((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        self._count(y_true, y_pred, sample_weight=sample_weight, class_id=self.class_id)

    def result(self) -> Any:
        """The best value so far; 0 where no threshold will do."""
        feasible = self._share(*_SHARES[self.given]) >= self.value
        return math.reduce_max(array.where(feasible, self._share(*_SHARES[self.wanted]), 0.0))


@register(MODULE)
class SensitivityAtSpecificity(_BestUnder):
    """The best sensitivity at thresholds with at least this specificity."""

    wanted, given = "sensitivity", "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._prepare(specificity, num_thresholds, class_id, name, dtype)


@register(MODULE)
class SpecificityAtSensitivity(_BestUnder):
    """The best specificity at thresholds with at least this sensitivity."""

    wanted, given = "specificity", "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._prepare(sensitivity, num_thresholds, class_id, name, dtype)


@register(MODULE)
class PrecisionAtRecall(_BestUnder):
    """The best precision at thresholds with at least this recall."""

    wanted, given = "precision", "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._prepare(recall, num_thresholds, class_id, name, dtype)


@register(MODULE)
class RecallAtPrecision(_BestUnder):
    """The best recall at thresholds with at least this precision."""

    wanted, given = "recall", "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._prepare(precision, num_thresholds, class_id, name, dtype)


def even_thresholds(count: int) -> list[float]:
    """`count` thresholds from just below 0 to just above 1."""
    spend_besides((count,), "a list of thresholds", 32)
    inner = [number / (count - 1) for number in range(1, count - 1)]
    return [-epsilon(), *inner, 1.0 + epsilon()]
