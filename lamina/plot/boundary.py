"""What a classifier says at each place of a plane of two features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe
from .theme import Theme, canvas, entry, frame, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[Any]
_POINTS = 200  # along each feature
_MARGIN = 0.08  # of the range of a feature, around the rows
_MARKERS = "osD^vP"


def decision_boundary(
    model: Any,
    x: Any,
    y: npt.ArrayLike,
    *,
    features: tuple[int, int] = (0, 1),
    feature_names: Sequence[Any] | None = None,
    class_names: Sequence[Any] | None = None,
    threshold: float = 0.5,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw which class a network predicts where, and the rows `x`, (rows, features), by class `y`.

    `model` has `predict_proba` or `predict`, or is a function of rows: one column, the probability
    of class 1 (shaded; the line is where it is `threshold`), or one column a class (the largest
    wins). `y` holds 0 to k - 1, or one column a class, or, if the model has `classes_`, some of
    these. `features` are the two columns of the picture; the others stand at their means. `style`
    is "light" or "dark".
    """
    rows = _rows(x)
    known = getattr(model, "classes_", None)
    known = known if isinstance(known, np.ndarray) and known.ndim == 1 else None
    labels = _labels(y, len(rows), known)
    first, second = _columns(features, rows.shape[1])
    across, up = (_places(rows[:, column]) for column in (first, second))
    grid = np.tile(np.nanmean(rows, axis=0), (_POINTS**2, 1)).astype(rows.dtype)
    grid[:, first], grid[:, second] = (side.ravel() for side in np.meshgrid(across, up))
    named = hasattr(model, "feature_names_in_") and hasattr(x, "iloc")
    scores = _scores(model, type(x)(grid, columns=x.columns) if named else grid, known)
    ax, theme = canvas(ax, style, (5.2, 4.4))
    _regions(ax, theme, across, up, scores, threshold)
    classes = max(2, scores.shape[1], int(labels.max()) + 1)
    names = _class_names(class_names, classes, known)
    if feature_names is None and all(isinstance(name, str) for name in getattr(x, "columns", [0])):
        feature_names = list(x.columns)
    for place in range(classes):
        chosen = rows[labels == place]
        ax.plot(
            chosen[:, first], chosen[:, second], _MARKERS[place % len(_MARKERS)],
            color=theme.series[place % len(theme.series)], markeredgecolor=theme.background,
            markeredgewidth=0.6, markersize=5, label=names[place],
        )  # fmt: skip
    _label_axes(ax, theme, (first, second), feature_names, rows.shape[1])
    ax.set(xlim=across[[0, -1]], ylim=up[[0, -1]])
    legend(ax, theme, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _rows(x: Any) -> Values:
    """The numbers of `x`, with decimals, so that places between them can be asked for."""
    rows = np.asarray(x)
    if rows.ndim != 2 or rows.shape[1] < 2 or not len(rows) or rows.dtype.kind not in "fiub":
        raise InvalidArgumentError(
            f"x must be numbers of shape (rows, 2 or more); got {describe(rows)}."
        )
    rows = rows if rows.dtype.kind == "f" else rows.astype(np.float32)
    if not np.isfinite(rows).any(axis=0).all() or np.isinf(rows).any():
        raise InvalidArgumentError(f"each column of x must hold finite numbers; got {describe(x)}.")
    return rows


def _labels(y: npt.ArrayLike, count: int, known: Values | None) -> npt.NDArray[np.intp]:
    """The place of each row's class, among those `known` if a model says which there are."""
    given = np.asarray(y)
    if given.ndim == 2:
        given = given.argmax(axis=1) if given.shape[1] > 1 else given[:, 0]
    if known is not None and given.shape == (count,):
        among = np.asarray(given[:, None] == known)
        if not among.any(axis=1).all():
            raise InvalidArgumentError(
                f"y must hold the model's classes, {describe(known)}; got {describe(y)}."
            )
        places: npt.NDArray[np.intp] = among.argmax(axis=1)
        return places
    given = given.astype(np.intp) if given.dtype.kind == "b" else given
    if given.shape != (count,) or not np.issubdtype(given.dtype, np.number):
        raise InvalidArgumentError(
            f"y must hold a class, from 0 on, for each of {count} rows; got {describe(y)}."
        )
    labels = given.astype(np.intp)
    if np.any(labels != given) or labels.min() < 0:
        raise InvalidArgumentError(f"y must hold classes from 0 on; got {describe(y)}.")
    return labels


def _columns(features: tuple[int, int], count: int) -> tuple[int, int]:
    try:
        first, second = (int(column) for column in features)
    except (TypeError, ValueError):
        first = second = 0
    if first == second or not (0 <= first < count and 0 <= second < count):
        raise InvalidArgumentError(
            f"features must be two different columns from 0 to {count - 1}; got {features!r}."
        )
    return first, second


def _places(values: Values) -> Values:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = _MARGIN * ((high - low) or 1.0)
    return np.linspace(low - margin, high + margin, _POINTS)


def _scores(model: Any, rows: Any, known: Values | None) -> Values:
    """One column (class 1) or one a class, for each row."""
    if hasattr(model, "predict_proba") or (known is not None and hasattr(model, "predict")):
        if hasattr(model, "predict_proba"):
            found = np.asarray(model.predict_proba(rows))
        else:  # of one that names a class, it is sure
            found = (np.asarray(model.predict(rows))[:, None] == known).astype(np.float32)
        found = found[:, 1:] if found.ndim == 2 and found.shape[1] == 2 else found
    elif hasattr(model, "predict"):
        found = np.asarray(
            model.predict(rows) if hasattr(model, "get_params") else model.predict(rows, verbose=0)
        )
    elif callable(model):
        found = np.asarray(model(rows))
    else:
        raise InvalidArgumentError(
            f"model must have predict, or be a function of rows; got {describe(model)}."
        )
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or len(found) != len(rows):
        raise InvalidArgumentError(
            "the model must give one row of probabilities for each of "
            f"{len(rows)} rows; got {describe(found)}."
        )
    return found


def _regions(
    ax: Axes, theme: Theme, across: Values, up: Values, scores: Values, threshold: float
) -> None:
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    shape = (len(up), len(across))
    extent = (across[0], across[-1], up[0], up[-1])
    look: dict[str, Any] = {"extent": extent, "origin": "lower", "aspect": "auto", "alpha": 0.55}
    if scores.shape[1] == 1:
        shades = [theme.series[0], theme.background, theme.series[1]]
        colors = LinearSegmentedColormap.from_list("classes", shades)
        values = scores.reshape(shape)
        ax.imshow(values, cmap=colors, vmin=0.0, vmax=1.0, **look)
        if values.min() < threshold < values.max():
            ax.contour(across, up, values, [threshold], colors=theme.ink, linewidths=1.4)
        return
    winners = scores.argmax(axis=1).reshape(shape)
    series = [theme.series[place % len(theme.series)] for place in range(scores.shape[1])]
    look["alpha"] = 0.35
    top = scores.shape[1] - 0.5
    ax.imshow(winners, cmap=ListedColormap(series), vmin=-0.5, vmax=top, **look)
    borders = np.arange(0.5, scores.shape[1] - 1)
    inside = borders[(borders > winners.min()) & (borders < winners.max())]
    if len(inside):
        ax.contour(across, up, winners, inside, colors=theme.ink, linewidths=0.9)


def _class_names(names: Sequence[Any] | None, count: int, known: Values | None) -> list[str]:
    if names is None and known is not None and known.dtype.kind not in "iufb":
        names = list(known)
    if names is None and known is not None and len(known) == count:
        return [f"class {label}" for label in known]
    if names is None:
        return [f"class {place}" for place in range(count)]
    if len(names) != count:
        raise InvalidArgumentError(f"class_names needs {count} names; got {describe(names)}.")
    return [entry(name, 24) for name in names]


def _label_axes(
    ax: Axes, theme: Theme, columns: tuple[int, int], names: Sequence[Any] | None, count: int
) -> None:
    if names is not None and len(names) != count:
        raise InvalidArgumentError(f"feature_names needs {count} names; got {describe(names)}.")
    labels = [f"feature {column}" if names is None else str(names[column]) for column in columns]
    others = count - 2
    rest = f", {others} other{'s' if others > 1 else ''} at the mean" if others else ""
    frame(ax, theme, labels[0], labels[1], f"What the network predicts{rest}")
    ax.grid(False)
