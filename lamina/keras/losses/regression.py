"""Losses for numbers, counts and directions."""

from __future__ import annotations

import math as python_math
from typing import Any

from ...ops import array, math
from ...ops.common import floats
from ..configurable import register
from ..settings import epsilon
from .base import MODULE, FunctionLoss, as_floats, mean, pair


@register(MODULE, "mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (t - y)² over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return mean(math.squared_difference(y_true, y_pred))


@register(MODULE, "mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of |t - y| over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return mean(math.abs(y_true - y_pred))


@register(MODULE, "mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 × the mean of |t - y| / max(|t|, ε) over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    size = math.maximum(math.abs(y_true), epsilon())
    return 100.0 * mean(math.abs((y_true - y_pred) / size))


@register(MODULE, "msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (log(1 + t) - log(1 + y))² over the last axis; values below ε count as ε."""
    y_true, y_pred = pair(y_true, y_pred)
    logs = [math.log(math.maximum(y, epsilon()) + 1.0) for y in (y_true, y_pred)]
    return mean(math.squared_difference(*logs))


@register(MODULE)
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean over the last axis of e²/2 where |e| ≤ delta, else delta |e| - delta²/2.

    Source: P. Huber, "Robust estimation of a location parameter" (1964).
    """
    y_true, y_pred = pair(y_true, y_pred)
    error = y_pred - y_true
    size = math.abs(error)
    line = delta * size - 0.5 * delta * delta
    return mean(array.where(size <= delta, 0.5 * error * error, line))


@register(MODULE, "logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of log cosh(y - t) over the last axis, which never overflows."""
    y_true, y_pred = pair(y_true, y_pred)
    error = y_pred - y_true
    return mean(error + math.softplus(-2.0 * error) - python_math.log(2.0))


@register(MODULE)
def poisson(y_true: Any, y_pred: Any) -> Any:
    """The mean of y - t log(y + ε) over the last axis."""
    y_true, y_pred = pair(y_true, y_pred)
    return mean(y_pred - y_true * math.log(y_pred + epsilon()))


@register(MODULE)
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between t and y, as vectors along `axis`."""
    y_true, y_pred = pair(y_true, y_pred)
    return -math.reduce_sum(unit_length(y_true, axis) * unit_length(y_pred, axis), axis)


def unit_length(x: Any, axis: int) -> Any:
    """x over its length along `axis` (over ε where it is shorter)."""
    square = math.reduce_sum(math.square(x), axis, keepdims=True)
    return x / math.sqrt(math.maximum(square, epsilon() ** 2))


@register(MODULE)
def hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - t y, 0) over the last axis; targets are ±1, or 0 and 1."""
    return mean(_margins(y_true, y_pred))


@register(MODULE)
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - t y, 0)² over the last axis; targets are ±1, or 0 and 1."""
    return mean(math.square(_margins(y_true, y_pred)))


def _margins(y_true: Any, y_pred: Any) -> Any:
    y_true, y_pred = pair(y_true, y_pred)
    binary = math.reduce_all(math.logical_or(y_true == 0.0, y_true == 1.0))
    signs = array.where(binary, 2.0 * y_true - 1.0, y_true)
    return math.maximum(1.0 - signs * y_pred, 0.0)


@register(MODULE)
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(max (1 - t) y - Σ t y + 1, 0) over the last axis; targets are one-hot."""
    y_true, y_pred = pair(y_true, y_pred)
    right = math.reduce_sum(y_true * y_pred, -1)
    wrong = math.reduce_max((1.0 - y_true) * y_pred, -1)
    return math.maximum(wrong - right + 1.0, 0.0)


@register(MODULE)
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 Σ t y / (Σ t + Σ y + ε) over `axis` (None: over all)."""
    y_pred = floats(y_pred)
    y_true = as_floats(y_true, y_pred.spec.dtype)
    total = math.reduce_sum(y_true, axis) + math.reduce_sum(y_pred, axis)
    return 1.0 - 2.0 * math.reduce_sum(y_true * y_pred, axis) / (total + epsilon())


@register(MODULE)
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """1 - Σ t y / (Σ t y + alpha Σ t (1 - y) + beta Σ (1 - t) y + ε) over `axis`.

    Source: S. Salehi, D. Erdogmus, A. Gholipour, "Tversky loss function for image segmentation"
    (2017), with Keras's naming of alpha and beta.
    """
    y_pred = floats(y_pred)
    y_true = as_floats(y_true, y_pred.spec.dtype)
    both = math.reduce_sum(y_true * y_pred, axis)
    missed = math.reduce_sum(y_true * (1.0 - y_pred), axis)
    invented = math.reduce_sum((1.0 - y_true) * y_pred, axis)
    return 1.0 - both / (both + alpha * missed + beta * invented + epsilon())


# As classes ---------------------------------------------------------------------------------------


@register(MODULE)
class MeanSquaredError(FunctionLoss):
    """The mean of (t - y)²."""

    fn = staticmethod(mean_squared_error)


@register(MODULE)
class MeanAbsoluteError(FunctionLoss):
    """The mean of |t - y|."""

    fn = staticmethod(mean_absolute_error)


@register(MODULE)
class MeanAbsolutePercentageError(FunctionLoss):
    """100 × the mean of |t - y| / |t|."""

    fn = staticmethod(mean_absolute_percentage_error)


@register(MODULE)
class MeanSquaredLogarithmicError(FunctionLoss):
    """The mean of (log(1 + t) - log(1 + y))²."""

    fn = staticmethod(mean_squared_logarithmic_error)


@register(MODULE)
class LogCosh(FunctionLoss):
    """The mean of log cosh(y - t)."""

    fn = staticmethod(log_cosh)


@register(MODULE)
class Poisson(FunctionLoss):
    """The mean of y - t log y."""

    fn = staticmethod(poisson)


@register(MODULE)
class Hinge(FunctionLoss):
    """The mean of max(1 - t y, 0)."""

    fn = staticmethod(hinge)


@register(MODULE)
class SquaredHinge(FunctionLoss):
    """The mean of max(1 - t y, 0)²."""

    fn = staticmethod(squared_hinge)


@register(MODULE)
class CategoricalHinge(FunctionLoss):
    """max(max (1 - t) y - Σ t y + 1, 0)."""

    fn = staticmethod(categorical_hinge)


@register(MODULE)
class Huber(FunctionLoss):
    """Squares of small errors, a line for those beyond `delta`."""

    fn = staticmethod(huber)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.delta = delta
        self._options = {"delta": delta}


@register(MODULE)
class CosineSimilarity(FunctionLoss):
    """Minus the cosine of the angle between targets and predictions along `axis`."""

    fn = staticmethod(cosine_similarity)

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = axis
        self._options = {"axis": axis}


@register(MODULE)
class Dice(FunctionLoss):
    """1 - Sørensen's and Dice's overlap of targets and predictions."""

    fn = staticmethod(dice)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = axis
        self._options = {"axis": axis}


@register(MODULE)
class Tversky(FunctionLoss):
    """1 - Tversky's index of targets and predictions."""

    fn = staticmethod(tversky)

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis
        self._options = {"alpha": alpha, "beta": beta, "axis": axis}
