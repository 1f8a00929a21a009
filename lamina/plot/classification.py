"""Pictures of how a classifier does on rows it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe
from ..tabular import evaluation
from .theme import NORMAL, SMALL, Theme, canvas, entry, frame, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = npt.NDArray[Any]
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_MOST_CURVES = len(_DASHES)  # more classes than this are drawn in grey
_MOST_CELL_TEXTS = 12  # larger confusion matrices are shaded only
_FEW = 10  # rows; a bin with fewer says little
_DARKEST = 0.5  # opacity of a full cell: its text stays readable in both looks


def roc(
    y_true: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    class_names: Sequence[Any] | None = None,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw the ROC curve: share of class 1 found over share of class 0 wrongly named.

    `scores` of one value per row belong to class 1; with shape (rows, classes), each class gets a
    curve against the rest (`y_true` then holds 0 to k - 1). `style` is "light" or "dark".
    """
    ax, theme = canvas(ax, style, (4.4, 4.1))
    ax.plot([0, 1], [0, 1], "--", color=theme.muted, linewidth=1, label="chance")
    areas = _curves(ax, theme, y_true, scores, class_names, _roc_line, "AUC")
    title = f"ROC curve, {'mean AUC' if len(areas) > 1 else 'AUC'} {_mean(areas)}"
    frame(ax, theme, "false positive rate", "true positive rate", title)
    _unit_square(ax)
    legend(ax, theme, loc="lower right")
    return ax


def precision_recall(
    y_true: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    class_names: Sequence[Any] | None = None,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw precision over recall as the threshold falls, with the base rate for comparison.

    `scores` as for `roc`. `style` is "light" or "dark".
    """
    ax, theme = canvas(ax, style, (4.4, 4.1))
    areas = _curves(ax, theme, y_true, scores, class_names, _precision_line, "AP")
    if len(areas) == 1:
        rate = float(np.mean(np.asarray(y_true)))
        ax.axhline(rate, color=theme.muted, linewidth=1, linestyle="--", label="base rate")
    title = f"{'Mean average' if len(areas) > 1 else 'Average'} precision {_mean(areas)}"
    frame(ax, theme, "recall", "precision", title)
    _unit_square(ax)
    legend(ax, theme, loc="best")
    return ax


def calibration(
    y_true: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    bins: int = 10,
    strategy: str = "uniform",
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw the observed share of class 1 over the predicted, and the rows per bin below.

    The bars are 95 % intervals (Wilson 1927), the diagonal is perfect calibration. Bins with fewer
    than 10 rows are hollow, and the line leaves them out. The histogram is a child of the returned
    axes (`ax.child_axes[0]`). `style` is "light" or "dark".
    """
    found = evaluation.calibration(y_true, probabilities, bins, strategy)
    filled = found.counts > 0
    predicted, observed = found.predicted[filled], found.observed[filled]
    own_figure = ax is None
    ax, theme = canvas(ax, style, (4.4, 4.6))
    from matplotlib.ticker import MaxNLocator

    ax.plot([0, 1], [0, 1], "--", color=theme.muted, linewidth=1, label="perfect")
    low, high = _wilson(observed, found.counts[filled])
    few = found.counts[filled] < _FEW
    ax.vlines(
        predicted, low, high, color=theme.series[0], alpha=0.5, linewidth=2, label="95 % interval"
    )
    look: dict[str, Any] = {"color": theme.series[0], "markersize": 5}
    ax.plot(predicted[~few], observed[~few], "-o", **look, label="network" if any(~few) else "_")
    if any(few):
        look["markerfacecolor"] = ax.get_facecolor()
        ax.plot(predicted[few], observed[few], "o", **look, label=f"fewer than {_FEW} rows")
    score = evaluation.brier_score(y_true, probabilities)
    frame(ax, theme, "", "observed share", f"Calibration, Brier score {score:.4f}")
    _unit_square(ax)
    legend(ax, theme, loc="upper left")
    ax.tick_params(labelbottom=False)
    below = ax.inset_axes((0.0, -0.31, 1.0, 0.26), sharex=ax)
    below.set_facecolor(ax.get_facecolor())
    widths = np.diff(found.edges)
    below.bar(
        found.edges[:-1], found.counts, widths, align="edge", color=theme.series[0], alpha=0.55,
        edgecolor=theme.background, linewidth=0.8,
    )  # fmt: skip
    frame(below, theme, "predicted probability", "rows")
    below.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))
    if own_figure:  # the layout has to see the histogram once before it makes room for it
        cast("Figure", ax.figure).draw_without_rendering()
    return ax


def confusion_matrix(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    class_names: Sequence[Any] | None = None,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw the table of true (rows) and predicted classes: counts, and shares of each row.

    With `class_names`, labels are the places 0 to k - 1 in it; without, all labels that occur.
    `style` is "light" or "dark".
    """
    if class_names is None:
        labels = np.unique(np.concatenate([np.ravel(y_true), np.ravel(y_pred)]))
        names = [plain(label, 14) for label in labels.tolist()]
    else:
        labels = np.arange(len(class_names))
        names = [plain(name, 14) for name in class_names]
    counts = evaluation.confusion_matrix(y_true, y_pred, labels)
    side = min(3.4 + 0.35 * len(names), 9.0)
    ax, theme = canvas(ax, style, (side + 0.5, side))
    _cells(ax, theme, counts)
    share = np.trace(counts) / counts.sum()
    frame(ax, theme, "predicted", "truth", f"Confusion matrix, accuracy {share:.4f}")
    ax.grid(False)
    ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), aspect="equal")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xticks(range(len(names)), names, rotation=0 if len(names) < 5 else 90)
    ax.set_yticks(range(len(names)), names)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(False)
        label.set_fontsize(SMALL if len(names) <= 20 else 5)
    return ax


def _cells(ax: Axes, theme: Theme, counts: npt.NDArray[np.int64]) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    places = [(column, row) for row, column in np.ndindex(counts.shape)]
    colors = [to_rgba(theme.series[0], _DARKEST * share) for share in shares.ravel()]
    squares = [corners + place for place in places]
    ax.add_collection(
        PolyCollection(squares, facecolors=colors, edgecolors=theme.grid, linewidths=1)
    )
    if len(counts) > _MOST_CELL_TEXTS:
        return
    size = NORMAL if len(counts) <= 6 else 6.5
    for column, row in places:
        share = f"{shares[row, column]:.1%}" if totals[row, 0] else "–"
        text = f"{counts[row, column]:,}\n{share}"
        ax.text(column, row, text, ha="center", va="center", color=theme.ink, fontsize=size)


def _curves(
    ax: Axes,
    theme: Theme,
    y_true: npt.ArrayLike,
    scores: npt.ArrayLike,
    class_names: Sequence[Any] | None,
    line: Callable[[Values, Values], tuple[Values, Values, float]],
    area_name: str,
) -> list[float]:
    """One curve, or one per class against the rest; the area under each."""
    values, true = np.asarray(scores), np.asarray(y_true)
    if values.ndim != 2 or values.shape[1] == 1:
        x, y, area = line(true, values)
        ax.plot(x, y, color=theme.series[0], linewidth=2, label="network")
        return [area]
    classes = values.shape[1]
    if not np.all(np.isin(true, np.arange(classes))):
        raise InvalidArgumentError(
            f"y_true must hold classes from 0 to {classes - 1}, one per column of the scores; "
            f"got {describe(true)}."
        )
    names = class_names if class_names is not None else range(classes)
    if len(names) != classes:
        raise InvalidArgumentError(
            f"class_names needs {classes} names, one per column of the scores; "
            f"got {describe(class_names)}."
        )
    areas, many = [], classes > _MOST_CURVES
    for index, name in enumerate(names):
        x, y, area = line(true.reshape(-1) == index, values[:, index])
        areas.append(area)
        label = f"{entry(name, 18)} ({area_name} {_mean([area])})"
        if many:
            label = f"{classes} classes" if index == 0 else "_"
            ax.plot(x, y, color=theme.series[0], linewidth=0.8, alpha=0.5, label=label)
        else:
            ax.plot(x, y, linestyle=_DASHES[index], color=theme.series[index], label=label)
    return areas


def _roc_line(true: Values, scores: Values) -> tuple[Values, Values, float]:
    curve = evaluation.roc_curve(true, scores)
    x, y = curve.false_positive_rate, curve.true_positive_rate
    corner = np.ones(len(x), dtype=bool)  # points inside a straight run add nothing to the picture
    corner[1:-1] = (np.abs(np.diff(x, 2)) > 1e-12) | (np.abs(np.diff(y, 2)) > 1e-12)
    return x[corner], y[corner], evaluation.auc(true, scores)


def _precision_line(true: Values, scores: Values) -> tuple[Values, Values, float]:
    curve = evaluation.precision_recall_curve(true, scores)
    recall = np.repeat(np.append(0.0, curve.recall), 2)[1:-1]  # steps, as they are summed
    return recall, np.repeat(curve.precision, 2), evaluation.average_precision(true, scores)


def _wilson(share: Values, counts: Values) -> tuple[Values, Values]:
    """95 % interval of a share observed in `counts` rows."""
    z = 1.959964
    scale = 1.0 + z * z / counts
    middle = (share + z * z / (2 * counts)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / counts + z * z / (4 * counts**2))
    return middle - half, middle + half


def _mean(areas: Sequence[float]) -> str:
    defined = [area for area in areas if not np.isnan(area)]
    return f"{np.mean(defined):.4f}" if defined else "undefined (one class only)"


def _unit_square(ax: Axes) -> None:
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    ax.set_xticks(ticks)
    ax.set_yticks(ticks)
