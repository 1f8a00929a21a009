"""Pictures of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe, nearest
from .theme import canvas, frame, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ABBREVIATIONS = ("auc", "mae", "mape", "mse", "rmse", "r2")
_SHORT = {
    "mean_absolute_error": "MAE",
    "mean_squared_error": "MSE",
    "root_mean_squared_error": "RMSE",
}
_RISING = ("acc", "auc", "precision", "recall", "f1", "r2", "hit", "positives")


def history(
    history: Any,
    metric: str = "loss",
    *,
    mode: str = "auto",
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw a metric over the epochs, in training and validation, with the best epoch marked.

    `history` is what `fit` returns, or a dict of one list per metric. The best epoch is that of the
    validation curve where there is one; `mode` "min" or "max" says what is better, "auto" goes by
    the metric's name. `style` is "light" or "dark". Returns the axes.
    """
    curves, epochs = read_history(history, metric)
    best = best_epoch(curves[-1][1], metric, mode)
    ax, theme = canvas(ax, style)
    from matplotlib.ticker import MaxNLocator

    looks = [(theme.series[0], "--"), (theme.series[1], "-")]
    few = len(epochs) < 20
    for (label, values), (color, line) in zip(curves, looks, strict=False):
        marker = "o" if few else None
        ax.plot(epochs, values, line, color=color, label=label, marker=marker, markersize=3)
    name = readable(metric)
    title = f"{name} by epoch"
    if best is not None:
        label, values = curves[-1]
        title = f"Best {label} {name}: {values[best]:.4g}, epoch {epochs[best]}"
        ax.axvline(epochs[best], color=theme.muted, linewidth=0.8, linestyle=":")
        color = looks[len(curves) - 1][0]
        ax.plot(epochs[best], values[best], "o", color=color, markersize=7, label="best epoch")
    frame(ax, theme, "epoch", name, title)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if len(epochs) == 1:
        ax.set_xticks(epochs)
    legend(ax, theme, loc="best")
    return ax


def read_history(
    history: Any, metric: str
) -> tuple[list[tuple[str, npt.NDArray[np.float64]]], list[int]]:
    """The curves of a metric, by label ("training", "validation"), and the epochs, from 1."""
    record = getattr(history, "history", history)
    if not isinstance(record, Mapping):
        raise InvalidArgumentError(
            "history must be what fit returns, or a dict of one list per metric; "
            f"got {describe(history)}."
        )
    if metric not in record:
        known = [name for name in record if not str(name).startswith("val_")]
        raise InvalidArgumentError(
            f"The history holds no {metric!r}; it holds {', '.join(map(str, known)) or 'nothing'}."
            f"{nearest(metric, known)}"
        )
    pairs = (("training", metric), ("validation", f"val_{metric}"))
    curves = [(label, _numbers(record[name], name)) for label, name in pairs if name in record]
    lengths = {len(values) for _, values in curves}
    if len(lengths) > 1 or 0 in lengths:
        raise InvalidArgumentError(
            f"The history of {metric!r} must hold one value per epoch, in training and validation "
            f"alike; got {', '.join(f'{len(values)} {label}' for label, values in curves)} values."
        )
    count = lengths.pop()
    epochs: Sequence[int] = getattr(history, "epoch", None) or range(count)
    if len(epochs) != count:
        epochs = range(count)
    return curves, [int(epoch) + 1 for epoch in epochs]


def readable(metric: str) -> str:
    """The name of a metric as people write it: "binary accuracy", "AUC"."""
    if metric in _SHORT:
        return _SHORT[metric]
    words = metric.split("_")
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in words)


def best_epoch(values: npt.NDArray[np.float64], metric: str, mode: str = "auto") -> int | None:
    """The place of the best finite value; None where no value is finite."""
    if mode not in ("auto", "min", "max"):
        raise InvalidArgumentError(f"mode must be 'auto', 'min' or 'max'; got {describe(mode)}.")
    rising = mode == "max" or (mode == "auto" and _rises(metric))
    finite = np.where(np.isfinite(values), values, np.nan)
    if np.all(np.isnan(finite)):
        return None
    return int(np.nanargmax(finite) if rising else np.nanargmin(finite))


def _rises(metric: str) -> bool:
    name = metric.lower()
    if "loss" in name or name.startswith("false_"):
        return False
    return any(part in name for part in _RISING)


def _numbers(values: Any, name: str) -> npt.NDArray[np.float64]:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"The history of {name!r} must be numbers; got {describe(values)}."
        ) from error
    if numbers.ndim != 1:
        raise InvalidArgumentError(
            f"The history of {name!r} must be one number per epoch; got {describe(values)}."
        )
    return numbers
