"""Means of losses and other functions of single rows."""

from __future__ import annotations

from typing import Any

from ...ops import math
from ..configurable import register
from ..losses import probabilistic, regression
from ..losses.base import as_floats, mean, pair, same_rank
from ..settings import epsilon
from .base import MODULE, FunctionMetric, RunningMean


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between t and y, as vectors along `axis`."""
    return -regression.cosine_similarity(y_true, y_pred, axis)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The covariance of t and y over the product of their deviations, along `axis`."""
    (t, t_variance), (y, y_variance) = (_centred(y, axis) for y in pair(y_true, y_pred))
    return mean(t / math.sqrt(t_variance) * (y / math.sqrt(y_variance)), axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """2 cov(t, y) / (var t + var y + (mean t - mean y)² + ε), along `axis`.

    Source: L. Lin, "A concordance correlation coefficient to evaluate reproducibility" (1989).
    """
    y_true, y_pred = pair(y_true, y_pred)
    (t, t_variance), (y, y_variance) = (_centred(y, axis) for y in (y_true, y_pred))
    shift = math.reduce_mean(y_true - y_pred, axis, keepdims=True)
    return mean(2.0 * t * y / (t_variance + y_variance + shift * shift + epsilon()), axis)


def _centred(y: Any, axis: int) -> tuple[Any, Any]:
    """y less its mean, and its variance."""
    centred = y - math.reduce_mean(y, axis, keepdims=True)
    return centred, math.reduce_mean(math.square(centred), axis, keepdims=True)


@register(MODULE, "mse", "MSE")
class MeanSquaredError(FunctionMetric):
    """The mean of (t - y)²."""

    fn = staticmethod(regression.mean_squared_error)


@register(MODULE)
class RootMeanSquaredError(RunningMean):
    """The square root of the mean of (t - y)²."""

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(dtype, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the squared errors of a batch."""
        y_true, y_pred = same_rank(as_floats(y_true, self.dtype), as_floats(y_pred, self.dtype))
        self._add(math.squared_difference(y_true, y_pred), sample_weight)

    def result(self) -> Any:
        """The root of the mean so far."""
        return math.sqrt(super().result())


@register(MODULE, "mae", "MAE")
class MeanAbsoluteError(FunctionMetric):
    """The mean of |t - y|."""

    fn = staticmethod(regression.mean_absolute_error)


@register(MODULE, "mape", "MAPE")
class MeanAbsolutePercentageError(FunctionMetric):
    """100 × the mean of |t - y| / |t|."""

    fn = staticmethod(regression.mean_absolute_percentage_error)


@register(MODULE, "msle", "MSLE")
class MeanSquaredLogarithmicError(FunctionMetric):
    """The mean of (log(1 + t) - log(1 + y))²."""

    fn = staticmethod(regression.mean_squared_logarithmic_error)


@register(MODULE)
class LogCoshError(FunctionMetric):
    """The mean of log cosh(y - t)."""

    fn = staticmethod(regression.log_cosh)

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)


@register(MODULE)
class Poisson(FunctionMetric):
    """The mean of y - t log y."""

    fn = staticmethod(regression.poisson)


@register(MODULE)
class Hinge(FunctionMetric):
    """The mean of max(1 - t y, 0)."""

    fn = staticmethod(regression.hinge)


@register(MODULE)
class SquaredHinge(FunctionMetric):
    """The mean of max(1 - t y, 0)²."""

    fn = staticmethod(regression.squared_hinge)


@register(MODULE)
class CategoricalHinge(FunctionMetric):
    """The mean of max(max (1 - t) y - Σ t y + 1, 0)."""

    fn = staticmethod(regression.categorical_hinge)


@register(MODULE, "kld", "KLD")
class KLDivergence(FunctionMetric):
    """The mean of Σ t log(t / p)."""

    fn = staticmethod(probabilistic.kl_divergence)


@register(MODULE, "bce", "BCE")
class BinaryCrossentropy(FunctionMetric):
    """The mean of -t log p - (1 - t) log(1 - p)."""

    fn = staticmethod(probabilistic.binary_crossentropy)

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self._options = {"from_logits": from_logits, "label_smoothing": label_smoothing}


@register(MODULE)
class CategoricalCrossentropy(FunctionMetric):
    """The mean of -Σ t log p; targets are one-hot."""

    fn = staticmethod(probabilistic.categorical_crossentropy)

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis
        self._options = {
            "from_logits": from_logits,
            "label_smoothing": label_smoothing,
            "axis": axis,
        }


@register(MODULE)
class SparseCategoricalCrossentropy(FunctionMetric):
    """The mean of -log p of the right class; targets are class indices.

    Targets equal to `ignore_class` count as 0; with sample weights they do not count at all.
    """

    fn = staticmethod(probabilistic.sparse_categorical_crossentropy)

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
        self._options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}


class _AlongAxis(FunctionMetric):
    """The mean of a function of vectors along `axis`."""

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis
        self._options = {"axis": axis}


@register(MODULE)
class CosineSimilarity(_AlongAxis):
    """The mean cosine of the angle between targets and predictions along `axis`."""

    fn = staticmethod(cosine_similarity)


@register(MODULE)
class PearsonCorrelation(_AlongAxis):
    """The mean correlation of targets and predictions along `axis`."""

    fn = staticmethod(pearson_correlation)


@register(MODULE)
class ConcordanceCorrelation(_AlongAxis):
    """The mean concordance of targets and predictions along `axis`."""

    fn = staticmethod(concordance_correlation)
