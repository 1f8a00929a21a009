"""Overfitting: the same rows, fitted by networks that can say more and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe
from ..keras import layers, losses, optimizers
from ..keras.models import Sequential
from .theme import NORMAL, Theme, canvas, frame, headline, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]
_STEEPNESS = 0.8  # a unit
_RATE = 0.03


class Fit(NamedTuple):
    """A network of `units`, its curve over x, and its error on both halves of the rows."""

    units: int
    x: Values
    y: Values
    training: float
    validation: float


def overfitting(
    x: npt.ArrayLike | None = None,
    y: npt.ArrayLike | None = None,
    *,
    units: Sequence[int] = (1, 2, 100),
    epochs: int = 3000,
    seed: int = 0,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw networks of growing width fitted to the same few rows: too little, enough, too much.

    One hidden layer of tanh `units`, trained for `epochs` on every other row; the rows between are
    for validation. `x` and `y` are numbers, one a row (by default 30 of an arc, with noise drawn
    from `seed`). Above, the fits; below, the mean squared error on both halves against the
    number of units. They are children of the returned axes (`ax.child_axes`). `style` is "light" or
    "dark".
    """
    places, heights = _rows(x, y, seed)
    fits = [fitted(places, heights, count, epochs) for count in _checked(units)]
    ax, theme = canvas(ax, style, (2.5 * max(3, len(fits)), 4.8))
    ax.set_axis_off()
    width = 1.0 / len(fits)
    for index, fit in enumerate(fits):
        part = ax.inset_axes((width * index + 0.03, 0.52, width - 0.06, 0.40))
        part.set_facecolor(ax.get_facecolor())
        _draw_fit(part, theme, places, heights, fit)
        part.tick_params(labelleft=index == 0)
    below = ax.inset_axes((0.03, 0.02, 0.94, 0.34))
    below.set_facecolor(ax.get_facecolor())
    _draw_errors(below, theme, fits)
    best = min(fits, key=lambda fit: fit.validation)
    headline(ax, theme, f"Rows not seen are met best with {_units(best)}")
    return ax


def fitted(x: Values, y: Values, units: int, epochs: int) -> Fit:
    """A network trained on the rows at even places, and its errors there and at the others."""
    shift, scale = x.mean(), x.std() or 1.0
    inputs = ((x - shift) / scale)[:, None].astype(np.float32)
    middle, spread = y[::2].mean(), y[::2].std() or 1.0
    targets = ((y - middle) / spread)[:, None].astype(np.float32)
    hidden = layers.Dense(units, "tanh")
    model = Sequential([layers.Input((1,)), hidden, layers.Dense(1, kernel_initializer="zeros")])
    # Steps side by side, steeper where there are more: many of them can follow any rows.
    signs = np.where(np.arange(units) % 2, -1.0, 1.0)
    steepness = signs * (1.0 + _STEEPNESS * units)
    centers = np.linspace(inputs.min(), inputs.max(), units + 2)[1:-1]
    hidden.set_weights([steepness[None], -steepness * centers])
    rate = optimizers.schedules.CosineDecay(_RATE, epochs)
    model.compile(optimizers.Adam(rate), losses.MeanSquaredError())
    model.fit(inputs[::2], targets[::2], batch_size=len(x), epochs=epochs, shuffle=False, verbose=0)
    grid = np.linspace(x.min(), x.max(), 300)
    curve = model.predict(((grid - shift) / scale)[:, None].astype(np.float32), verbose=0)[:, 0]
    errors = np.square((model.predict(inputs, verbose=0) - targets)[:, 0]) * spread**2
    found = (float(errors[::2].mean()), float(errors[1::2].mean()))
    return Fit(units, grid, curve * spread + middle, *found)


def _rows(x: npt.ArrayLike | None, y: npt.ArrayLike | None, seed: int) -> tuple[Values, Values]:
    if (x is None) != (y is None):
        raise InvalidArgumentError("give x and y together, or neither.")
    if x is None:
        random = np.random.default_rng(seed)
        x = np.linspace(0.0, 1.0, 30)
        y = np.sin(np.pi * x) + random.normal(scale=0.3, size=len(x))
    places, heights = (np.asarray(part, dtype=np.float64).reshape(-1) for part in (x, y))
    if len(places) != len(heights) or len(places) < 4:
        raise InvalidArgumentError(
            f"x and y must be as many numbers, at least 4; got {describe(x)} and {describe(y)}."
        )
    order = np.argsort(places)
    return places[order], heights[order]


def _checked(units: Sequence[int]) -> list[int]:
    counts = list(units)
    good = all(isinstance(count, int) and not isinstance(count, bool) for count in counts)
    if not counts or not good or min(counts) < 1 or sorted(set(counts)) != counts:
        raise InvalidArgumentError(
            f"units must be rising positive integers, one for each network; got {describe(units)}."
        )
    return counts


def _draw_fit(ax: Axes, theme: Theme, x: Values, y: Values, fit: Fit) -> None:
    ax.plot(x[::2], y[::2], "o", color=theme.series[0], markersize=4)
    look: dict[str, Any] = {"color": theme.series[1], "markerfacecolor": "none", "markersize": 4}
    ax.plot(x[1::2], y[1::2], "s", **look)
    ax.plot(fit.x, fit.y, color=theme.ink, linewidth=1.6)
    frame(ax, theme, "", "")
    ax.set_title(_units(fit), loc="left", fontsize=NORMAL, color=theme.muted, parse_math=False)
    margin = 0.25 * (np.ptp(y) or 1.0)
    ax.set_ylim(y.min() - margin, y.max() + margin)


def _units(fit: Fit) -> str:
    return f"{fit.units} unit{'s' if fit.units > 1 else ''}"


def _draw_errors(ax: Axes, theme: Theme, fits: Sequence[Fit]) -> None:
    units = [fit.units for fit in fits]
    ax.plot(units, [fit.training for fit in fits], "--o", color=theme.series[0], label="training")
    look: dict[str, Any] = {"color": theme.series[1], "markerfacecolor": "none"}
    ax.plot(units, [fit.validation for fit in fits], "-s", **look, label="validation")
    frame(ax, theme, "units", "mean squared error")
    ax.set_xscale("log")
    ax.set_ylim(bottom=0)
    ax.set_xticks(units, [str(count) for count in units])
    ax.minorticks_off()
    legend(ax, theme, loc="best")
