"""The loss around the weights of a trained model, in a plane of two directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe, nearest
from ..keras.models import clone_model
from .depth import WeightHistory
from .surface import Grid, shade
from .theme import canvas, frame, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Weights = list[npt.NDArray[Any]]
Vector = npt.NDArray[np.float64]
DIRECTIONS = ("random", "path")
_MARGIN = 0.25  # around a path, of its extent


def loss_landscape(
    model: Any,
    x: Any,
    y: Any,
    *,
    history: WeightHistory | None = None,
    directions: str = "random",
    span: float | None = None,
    points: int = 31,
    seed: int = 0,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw the loss on (x, y) in a plane through the model's weights, with the way to them.

    `directions` "random": two normal directions, each unit's part scaled to the size of the unit's
    weights, biases left alone, so that layers of any scale can be compared (filter normalisation,
    Li et al. 2018, Visualizing the loss landscape of neural nets); "path": the two along which
    `history`, the WeightHistory of the training, moved most (principal components, section 7 of
    the paper), which shows a path best. A path is projected onto the plane; the loss under it is
    that of the plane, not of the path. `span` is how far to look to each side (by default 1, or
    what holds the path). The model must be compiled, and is left as it is. `style` is "light" or
    "dark".
    """
    _check(model, directions, points)
    center = _finite_weights(model)
    record = [] if history is None else history.epochs
    if record and [w.shape for w in record[0]] != [w.shape for w in center]:
        raise InvalidArgumentError("history is of another model: it has other weights.")
    if directions == "path":
        plane, explained = _principal(center, record)
        labels = [f"component {k + 1}, {share:.0%} of the way" for k, share in enumerate(explained)]
    else:
        plane = _filter_normalised(center, np.random.default_rng(seed))
        labels = ["direction 1", "direction 2"]
    path = np.array([_coordinates(weights, center, plane) for weights in record])
    sides = _sides(path, span)
    grid = _losses(model, x, y, center, plane, sides, points)
    ax, theme = canvas(ax, style, (5.8, 4.4))
    shade(ax, theme, grid)
    if len(path):
        ax.plot(*path.T, "-o", color=theme.series[1], markersize=3, linewidth=1.5, label="epochs")
    look: dict[str, Any] = {"color": theme.ink, "markersize": 12, "linestyle": "none"}
    ax.plot(0, 0, "*", **look, markeredgecolor=theme.background, label="trained weights")
    middle = float(_loss_at(model, x, y))
    frame(ax, theme, labels[0], labels[1], f"Loss around the trained weights, {middle:.4g} there")
    ax.grid(False)
    ax.set(xlim=sides[0], ylim=sides[1])
    legend(ax, theme, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _check(model: Any, directions: str, points: int) -> None:
    """Refuse what cannot be drawn, before anything is computed."""
    if directions not in DIRECTIONS:
        raise InvalidArgumentError(
            f"directions must be 'random' or 'path'; got {describe(directions)}."
            f"{nearest(str(directions), DIRECTIONS)}"
        )
    if isinstance(points, bool) or not isinstance(points, int) or not 5 <= points <= 201:
        raise InvalidArgumentError(f"points must be an integer from 5 to 201; got {points!r}.")
    if getattr(model, "optimizer", None) is None or not model.built:
        raise InvalidArgumentError("the model must be built and compiled: its loss is drawn.")


def _finite_weights(model: Any) -> Weights:
    """The model's weights, unless its training diverged."""
    center = [np.asarray(weights) for weights in model.get_weights()]
    if not all(np.all(np.isfinite(weights)) for weights in center):
        raise InvalidArgumentError(
            "the model's weights are NaN or infinite: the training diverged. Try a smaller "
            "learning rate, or scale the inputs."
        )
    return center


def _filter_normalised(center: Weights, random: np.random.Generator) -> list[Weights]:
    """Two directions; what is no matrix (biases, scales, statistics) stays."""
    found: list[Weights] = []
    for _ in range(2):
        direction: Weights = []
        for weights in center:
            if weights.ndim < 2 or weights.dtype.kind != "f":
                direction.append(np.zeros(weights.shape))
                continue
            drawn = random.normal(size=weights.shape)
            over = tuple(range(weights.ndim - 1))  # a unit's weights: one column
            wanted, norm = (np.sqrt(np.sum(np.square(w), axis=over)) for w in (weights, drawn))
            direction.append(drawn * (wanted / np.maximum(norm, 1e-12)))
        found.append(direction)
    return found


def _principal(center: Weights, record: Sequence[Weights]) -> tuple[list[Weights], Vector]:
    """The two directions in which the path varies most around its end, and their shares."""
    if len(record) < 3:
        raise InvalidArgumentError(
            "directions='path' needs the history of at least 2 epochs: a lamina.plot.WeightHistory "
            f"that was among fit's callbacks; got {len(record)} sets of weights."
        )
    moves = np.stack([_flat(weights) - _flat(center) for weights in record])
    _, sizes, axes = np.linalg.svd(moves, full_matrices=False)
    if not sizes[0] > 0:
        raise InvalidArgumentError("the weights did not move in this history.")
    shares = sizes[:2] ** 2 / np.sum(sizes**2)
    return [_shaped(axis, center) for axis in axes[:2]], shares


def _coordinates(weights: Weights, center: Weights, plane: list[Weights]) -> Vector:
    """The place in the plane that is nearest to `weights` (least squares)."""
    basis = np.stack([_flat(direction) for direction in plane], axis=1)
    found = np.linalg.lstsq(basis, _flat(weights) - _flat(center), rcond=None)[0]
    return found.astype(np.float64)


def _sides(path: Vector, span: float | None) -> list[tuple[float, float]]:
    if span is not None:
        if not span > 0:
            raise InvalidArgumentError(f"span must be positive; got {span}.")
        return [(-span, span)] * 2
    if not len(path):
        return [(-1.0, 1.0)] * 2
    corners = np.vstack([path, np.zeros(2)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = _MARGIN * np.maximum(high - low, 1e-3 + 0.2 * np.max(high - low))
    return [(float(a - m), float(b + m)) for a, b, m in zip(low, high, margin)]


def _losses(
    model: Any, x: Any, y: Any, center: Weights, plane: list[Weights], sides: Any, points: int
) -> Grid:
    across, up = (np.linspace(low, high, points) for low, high in sides)
    copy = clone_model(model)
    copy.compile(loss=model.loss, loss_weights=getattr(model, "loss_weights", None))
    values = np.empty((points, points))
    for row, column in np.ndindex(points, points):
        moved = [
            (weights + across[column] * first + up[row] * second).astype(weights.dtype)
            for weights, first, second in zip(center, *plane)
        ]
        copy.set_weights(moved)
        values[row, column] = _loss_at(copy, x, y)
    return Grid(across, up, values)


def _loss_at(model: Any, x: Any, y: Any) -> float:
    return float(model.evaluate(x, y, batch_size=4096, verbose=0, return_dict=True)["loss"])


def _flat(weights: Weights) -> Vector:
    return np.concatenate([part.ravel().astype(np.float64) for part in weights])


def _shaped(vector: Vector, like: Weights) -> Weights:
    ends = np.cumsum([part.size for part in like])[:-1]
    parts = np.split(vector, ends)
    return [part.reshape(kind.shape) for part, kind in zip(parts, like)]
