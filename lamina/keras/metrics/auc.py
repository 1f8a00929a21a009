"""The area under a curve of decisions."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError
from ...ops import array, math
from ...ops.common import floats
from ...tensor.convert import to_tensor
from ..configurable import register
from ..losses.base import as_floats
from ..settings import epsilon
from .base import MODULE
from .confusion import Counts, DecisionCounter, even_thresholds, listed_thresholds

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "majoring", "minoring")


@register(MODULE)
class AUC(DecisionCounter):
    """The area under the ROC (or precision-recall) curve, from counts at many thresholds.

    `curve`: 'ROC' (true over false positive rate), 'PR' (precision over recall) or 'PRGAIN'.
    `summation_method`: 'interpolation' (trapezoids; for PR after J. Davis, M. Goadrich, "The
    relationship between precision-recall and ROC curves", ICML 2006), 'majoring' or 'minoring'
    (the higher or lower end of each step). `thresholds` replace the `num_thresholds` evenly
    spaced ones. `multi_label`: the mean of the areas of all columns, weighted by
    `label_weights`; otherwise these weigh single predictions. `from_logits`: predictions are
    mapped by the sigmoid first.
    """

    kept = Counts._fields
    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        self.curve = _one_of("curve", str(curve).upper(), _CURVES)
        self.summation_method = _one_of(
            "summation_method", str(summation_method).lower(), _SUMMATIONS
        )
        if thresholds is not None:
            inner = sorted(listed_thresholds(thresholds, 0.5))
            self.thresholds = [-epsilon(), *inner, 1.0 + epsilon()]
        elif num_thresholds > 1:
            self.thresholds = even_thresholds(num_thresholds)
        else:
            raise InvalidArgumentError(f"num_thresholds is at least 2; got {num_thresholds}")
        if num_labels and not multi_label:
            raise InvalidArgumentError("num_labels is used with multi_label=True only")
        self.num_thresholds = len(self.thresholds)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else as_floats(label_weights, self.dtype)
        self.from_logits = from_logits
        self._built = False
        if not multi_label:
            self._build(())
        elif num_labels:
            self._build((num_labels,))

    def _build(self, labels: tuple[int, ...]) -> None:
        self._make_state((self.num_thresholds, *labels))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        y_pred = floats(to_tensor(y_pred))
        if self.multi_label and len(y_pred.spec.shape) != 2:
            raise InvalidArgumentError(
                f"AUC(multi_label=True) expects predictions of shape (rows, labels); got "
                f"{tuple(y_pred.shape)}"
            )
        if not self._built:
            self._build((int(y_pred.shape[1]),))
        if self.from_logits:
            y_pred = math.sigmoid(y_pred)
        self._count(
            y_true,
            math.clip_by_value(y_pred, 0.0, 1.0),
            sample_weight=sample_weight,
            label_weights=None if self.multi_label else self.label_weights,
            by_label=self.multi_label,
        )

    def result(self) -> Any:
        """The area so far, between 0 and 1."""
        if not self._built:
            return array.zeros((), self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._joined(self._interpolated_steps())
        x, y = self._curve()
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) / 2.0
        elif self.summation_method == "majoring":
            heights = math.maximum(left, right)
        else:
            heights = math.minimum(left, right)
        return self._joined((x[:-1] - x[1:]) * heights)

    def _curve(self) -> tuple[Any, Any]:
        """x and y of the curve at each threshold."""
        recall = self._share("true_positives", "false_negatives")
        if self.curve == "ROC":
            return self._share("false_positives", "true_negatives"), recall
        if self.curve == "PR":
            return recall, self._share("true_positives", "false_positives")
        tp, fp, tn, fn = (getattr(self, name).read_value() for name in self.kept)
        odds = math.divide_no_nan(tp + fn, tn + fp)
        none = tp == 0.0
        recall_gain = 1.0 - odds * math.divide_no_nan(fn, tp)
        precision_gain = 1.0 - odds * math.divide_no_nan(fp, tp)
        x = math.maximum(array.where(none, 0.0, recall_gain), 0.0)
        return x, array.where(none, 1.0, precision_gain)

    def _interpolated_steps(self) -> Any:
        """The area of each step between thresholds, true positives linear in all positives."""
        tp, fp, _, fn = (getattr(self, name).read_value() for name in self.kept)
        predicted = tp + fp
        step = tp[:-1] - tp[1:]
        slope = math.divide_no_nan(step, math.maximum(predicted[:-1] - predicted[1:], 0.0))
        start = tp[1:] - slope * predicted[1:]
        both = math.logical_and(predicted[:-1] > 0.0, predicted[1:] > 0.0)
        ratio = math.divide_no_nan(predicted[:-1], math.maximum(predicted[1:], 0.0))
        ratio = array.where(both, ratio, 1.0)
        area = slope * (step + start * math.log(ratio))
        return math.divide_no_nan(area, math.maximum(tp[1:] + fn[1:], 0.0))

    def _joined(self, steps: Any) -> Any:
        """The sum of all steps; of several labels the (weighted) mean."""
        if not self.multi_label:
            return math.reduce_sum(steps)
        areas = math.reduce_sum(steps, 0)
        if self.label_weights is None:
            return math.reduce_mean(areas)
        weights = self.label_weights
        return math.divide_no_nan(math.reduce_sum(areas * weights), math.reduce_sum(weights))


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidArgumentError(f"{name} is one of {', '.join(allowed)}; got {value!r}")
    return value
