"""Pictures of how a regression does on rows it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..tabular import evaluation
from .theme import canvas, frame, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 2000


def residuals(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw truth minus prediction over the prediction: a good fit is a level band around 0.

    The line joins the means of the residuals in tenths of the rows, by prediction. Of more than
    2,000 rows, every k-th is drawn; mean and title count all. `style` is "light" or "dark".
    """
    figures = evaluation.evaluate_regression(y_true, y_pred)
    predicted = np.asarray(y_pred, dtype=np.float64).reshape(-1)
    errors = np.asarray(y_true, dtype=np.float64).reshape(-1) - predicted
    order = np.argsort(predicted, kind="stable")
    predicted, errors = predicted[order], errors[order]
    step = -(-len(errors) // _MOST_POINTS)
    ax, theme = canvas(ax, style)
    shown = f"{len(errors[::step]):,} of {len(errors):,} rows" if step > 1 else "rows"
    ax.plot(
        predicted[::step], errors[::step], "o", color=theme.series[0], label=shown,
        markersize=3, alpha=0.35 if len(errors) > 500 else 0.8, markeredgewidth=0,
    )  # fmt: skip
    ax.axhline(0, color=theme.muted, linewidth=1)
    x, mean = _means_of_tenths(predicted, errors)
    ax.plot(x, mean, "-", color=theme.series[1], linewidth=2, label="mean")
    title = f"Residuals, RMSE {figures['rmse']:.4g}"
    if not np.isnan(figures["r2"]):
        title += f", R² {figures['r2']:.4f}"
    frame(ax, theme, "prediction", "truth − prediction", title)
    legend(ax, theme, loc="best")
    return ax


def _means_of_tenths(
    predicted: npt.NDArray[Any], errors: npt.NDArray[Any]
) -> tuple[list[float], list[float]]:
    parts = [part for part in np.array_split(np.arange(len(errors)), 10) if len(part)]
    return (
        [float(predicted[part].mean()) for part in parts],
        [float(errors[part].mean()) for part in parts],
    )
