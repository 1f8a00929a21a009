"""Loss functions of one or two variables as curves, contours and surfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe, nearest
from ..functions import Objective
from .theme import SMALL, Theme, canvas, entry, frame, headline, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]
Bounds = Sequence[Sequence[float]]
KINDS = ("contour", "3d")
_POINTS, _POINTS_3D = 241, 81  # along each variable
_LEVELS = 22
_MARKERS = "osD^vP"


class Grid(NamedTuple):
    """Values of a function of two variables: row i, column j is the value at (x[j], y[i])."""

    x: Values
    y: Values
    z: Values


def surface(
    function: Objective | Callable[..., Any],
    bounds: Bounds | None = None,
    *,
    paths: Mapping[str, npt.ArrayLike] | None = None,
    kind: str = "contour",
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw a function of one or two variables, and the ways that optimizers take on it.

    `function` is one of `lamina.functions`, or any that takes arrays, one argument a variable.
    `bounds` has a pair (low, high) for each; those of `lamina.functions` know theirs. `paths` has,
    by name, points of shape (steps, variables). `kind` is "contour" (each shade covers the same
    area) or "3d" (axes that are given then need that projection). Stars are known minima. `style`
    is "light" or "dark".
    """
    pairs = _checked_bounds(function, bounds)
    if kind not in KINDS:
        raise InvalidArgumentError(
            f"kind must be 'contour' or '3d'; got {describe(kind)}.{nearest(str(kind), KINDS)}"
        )
    ways = {
        entry(name, 30): _checked_path(name, path, pairs) for name, path in (paths or {}).items()
    }
    if len(pairs) == 1:
        if kind == "3d":
            raise InvalidArgumentError("a function of one variable has no surface; leave kind out.")
        return _curve(function, pairs, ways, ax, style)
    if kind == "3d":
        return _solid(function, pairs, ways, ax, style)
    ax, theme = canvas(ax, style, (6.0, 4.2))
    shade(ax, theme, grid_of(function, pairs, _POINTS))
    _stars(ax, theme, function, pairs)
    for (name, path), color, marker in zip(ways.items(), _colors(theme, ways), _marks(ways)):
        _way(ax, theme, name, path, color, marker)
    _finish(ax, theme, function, pairs)
    return ax


def grid_of(function: Callable[..., Any], bounds: Bounds, points: int) -> Grid:
    """The values of a function of two variables at `points` × `points` places in `bounds`."""
    x, y = (np.linspace(low, high, points) for low, high in bounds)
    return Grid(x, y, _evaluated(function, *np.meshgrid(x, y)))


def shade(ax: Axes, theme: Theme, grid: Grid) -> None:
    """Shades and lines of equal value, deep places light: each shade covers the same area."""
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap

    finite = _finite(grid.z)
    levels = np.unique(np.quantile(finite, np.linspace(0, 1, _LEVELS)))
    if len(levels) < 2:
        raise InvalidArgumentError(
            "the function has one value everywhere; there is nothing to draw."
        )
    colors = LinearSegmentedColormap.from_list("shades", [theme.background, theme.muted])
    norm = BoundaryNorm(levels, 256)
    ax.contourf(grid.x, grid.y, grid.z, levels, cmap=colors, norm=norm, alpha=0.75)
    ax.contour(grid.x, grid.y, grid.z, levels[::2], colors=theme.muted, linewidths=0.4)


def _checked_bounds(function: Any, bounds: Bounds | None) -> list[tuple[float, float]]:
    if not callable(function):
        raise InvalidArgumentError(f"function must be callable; got {describe(function)}.")
    given = getattr(function, "bounds", None) if bounds is None else bounds
    if given is None:
        raise InvalidArgumentError(
            "bounds must say where to look: a pair (low, high) for each variable."
        )
    try:
        pairs = [(float(low), float(high)) for low, high in given]
    except (TypeError, ValueError):
        pairs = []
    if len(pairs) not in (1, 2) or not all(low < high for low, high in pairs):
        raise InvalidArgumentError(
            "bounds must have a pair (low, high) with low < high for each of one or two "
            f"variables; got {describe(given)}."
        )
    return pairs


def _checked_path(name: str, path: npt.ArrayLike, bounds: Bounds) -> Values:
    points = np.asarray(path, dtype=np.float64)
    if points.ndim == 1 and len(bounds) == 1:
        points = points[:, None]
    if points.ndim != 2 or points.shape[1] != len(bounds) or not len(points):
        raise InvalidArgumentError(
            f"the path {name!r} must have shape (steps, {len(bounds)}); got {describe(points)}."
        )
    return points


def _evaluated(function: Callable[..., Any], *places: Values) -> Values:
    values = np.asarray(function(*places), dtype=np.float64)
    if values.shape != places[0].shape:
        raise InvalidArgumentError(
            f"function must give one value for each point, shape {places[0].shape}; "
            f"got {describe(values)}."
        )
    return values


def _colors(theme: Theme, ways: Mapping[str, Values]) -> list[str]:
    return [theme.series[index % len(theme.series)] for index in range(len(ways))]


def _marks(ways: Mapping[str, Values]) -> list[str]:
    return [_MARKERS[index % len(_MARKERS)] for index in range(len(ways))]


def _curve(
    function: Any, bounds: Bounds, ways: Mapping[str, Values], ax: Axes | None, style: str | None
) -> Axes:
    low, high = bounds[0]
    x = np.linspace(low, high, 801)
    y = _evaluated(function, x)
    finite = _finite(y)
    ax, theme = canvas(ax, style)
    ax.plot(x, y, color=theme.muted, linewidth=2)
    _stars(ax, theme, function, bounds)
    for (name, path), color, marker in zip(ways.items(), _colors(theme, ways), _marks(ways)):
        heights = _evaluated(function, path[:, 0])
        _way(ax, theme, name, np.column_stack([path[:, 0], heights]), color, marker)
    name = _name(function)
    formula = getattr(function, "formula", "")
    frame(ax, theme, "x", "loss", f"{name}: {formula}" if formula else name)
    margin = 0.05 * (np.ptp(finite) or 1.0)
    ax.set(xlim=(low, high), ylim=(finite.min() - margin, finite.max() + margin))
    if ax.get_legend_handles_labels()[0]:
        legend(ax, theme, loc="best")
    return ax


def _solid(
    function: Any, bounds: Bounds, ways: Mapping[str, Values], ax: Any, style: str | None
) -> Axes:
    grid = grid_of(function, bounds, _POINTS_3D)
    height = 0.01 * np.ptp(_finite(grid.z))
    drawn: Any
    drawn, theme = canvas(ax, style, (5.4, 4.6), projection="3d")
    drawn.plot_surface(
        *np.meshgrid(grid.x, grid.y), grid.z, cmap="cividis", alpha=0.8, linewidth=0, rcount=80,
        ccount=80,
    )  # fmt: skip
    for (name, path), color in zip(ways.items(), _colors(theme, ways)):
        inside = path[_is_inside(path, bounds)]
        heights = _evaluated(function, *inside.T) + height
        drawn.plot(*inside.T, heights, color=color, label=name, linewidth=2, zorder=5)
    points = _minima(function, bounds)
    if len(points):
        heights = _evaluated(function, *points.T)
        drawn.plot(
            *points.T, heights, "*", color=theme.ink, markersize=11, label="minimum", zorder=6
        )
    for axis in (drawn.xaxis, drawn.yaxis, drawn.zaxis):
        axis.pane.set_visible(False)
        axis.line.set_color(theme.muted)
        axis._axinfo["grid"]["color"] = theme.grid
    drawn.tick_params(colors=theme.muted, labelsize=SMALL)
    for axis, label in ((drawn.xaxis, "x"), (drawn.yaxis, "y"), (drawn.zaxis, "loss")):
        axis.set_label_text(label, color=theme.ink)
    headline(drawn, theme, _name(function))
    if ways or len(points):
        legend(drawn, theme, loc="upper left")
    return drawn  # type: ignore[no-any-return]


def _is_inside(path: Values, bounds: Bounds) -> npt.NDArray[np.bool_]:
    low, high = np.array(bounds, dtype=np.float64).T
    inside: npt.NDArray[np.bool_] = np.all((path >= low) & (path <= high), axis=1)
    return inside


def _way(ax: Axes, theme: Theme, name: str, path: Values, color: str, marker: str) -> None:
    ax.plot(*path.T, color=color, linewidth=1.6, label=name, gid="way")
    look: dict[str, Any] = {"color": color, "markeredgecolor": theme.background, "zorder": 4}
    ax.plot(*path[0], "o", **look, markersize=6)
    ax.plot(*path[-1], marker, **look, markersize=8, gid="end")


def _stars(ax: Axes, theme: Theme, function: Any, bounds: Bounds) -> None:
    points = _minima(function, bounds)
    if len(points):
        if len(bounds) == 1:
            points = np.insert(points, 1, function.minimum, axis=1)
        ax.plot(
            *points.T, "*", color=theme.ink, markeredgecolor=theme.background,
            markersize=13, zorder=3, label="minimum", linestyle="none", clip_on=False,
        )  # fmt: skip


def _finish(ax: Axes, theme: Theme, function: Any, bounds: Bounds) -> None:
    frame(ax, theme, "x", "y", _name(function))
    ax.grid(False)
    ax.set(xlim=bounds[0], ylim=bounds[1])
    if ax.get_legend_handles_labels()[0]:
        legend(ax, theme, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _minima(function: Any, bounds: Bounds) -> Values:
    """The known minima within the bounds, (minima, variables)."""
    points = np.array(getattr(function, "minima", ()), np.float64).reshape(-1, len(bounds))
    return points[_is_inside(points, bounds)]


def _finite(values: Values) -> Values:
    found = values[np.isfinite(values)]
    if not len(found):
        raise InvalidArgumentError("the function is nowhere finite; there is nothing to draw.")
    return found


def _name(function: Any) -> str:
    name = getattr(function, "name", None) or getattr(function, "__name__", "")
    return "" if name == "<lambda>" else plain(str(name).replace("_", " "), 40).capitalize()
