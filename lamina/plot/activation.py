"""Activation functions, and why a network needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe
from ..keras import activations as known
from ..tensor.convert import to_tensor
from ..tensor.tape import GradientTape
from .theme import NORMAL, Theme, canvas, entry, frame, headline, legend, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]
_POINTS = 601
_PROBE = np.linspace(-3.0, 3.0, 7)
YOUNG, OLD, LOW, HIGH = 0.3, 0.6, 0.1, 0.5
"""Age and bill of the course's borrowers, scaled to lie between 0 and 1."""
AGE_WEIGHT, BILL_WEIGHT = 1.0, 2.0


def activations(
    *functions: str | Callable[..., Any],
    derivatives: bool = True,
    bounds: tuple[float, float] = (-5.0, 5.0),
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw activation functions of one number, and their derivatives, dashed.

    `functions` are names ("relu") or functions of a tensor; without any, relu, sigmoid, tanh and
    gelu. The derivatives are those that training uses, from a GradientTape. Functions of a whole
    layer (softmax) have no such curve and are refused. `style` is "light" or "dark".
    """
    low, high = bounds
    if not low < high:
        raise InvalidArgumentError(f"bounds are (low, high) with low < high; got {bounds}.")
    chosen = [(_label(item), known.get(item)) for item in functions or DEFAULT]
    x = np.linspace(low, high, _POINTS)
    curves = [(label, *_curve(label, function, x)) for label, function in chosen]
    ax, theme = canvas(ax, style, (5.2, 3.6))
    for index, (label, values, slopes) in enumerate(curves):
        color = theme.series[index % len(theme.series)]
        ax.plot(x, values, color=color, linewidth=2, label=entry(label))
        if derivatives:
            ax.plot(x, slopes, "--", color=color, linewidth=1.2, label="_")
    if derivatives:
        ax.plot([], [], "--", color=theme.muted, linewidth=1.2, label="derivative")
    names = [label for label, *_ in curves]
    title = names[0] if len(names) == 1 else "Activation functions"
    frame(ax, theme, "x, the weighted sum of a unit", "activation", title)
    ax.set_xlim(low, high)
    legend(ax, theme, loc="best")
    return ax


DEFAULT = ("relu", "sigmoid", "tanh", "gelu")


def why_nonlinear(
    activation: str | Callable[..., Any] = "sigmoid",
    *,
    ax: Axes | None = None,
    style: str | None = None,
) -> Axes:
    """Draw what a higher bill does to a young and an old borrower, without and with an activation.

    z = 1.0 · age + 2.0 · bill, as in the course: ages 0.3 and 0.6, bills 0.1 and 0.5. Without an
    activation both differences are 0.8; with the sigmoid they are 0.163 and 0.142. The halves are
    children of the returned axes (`ax.child_axes`). `style` is "light" or "dark".
    """
    name, function = _label(activation), known.get(activation)
    ax, theme = canvas(ax, style, (6.4, 3.4))
    ax.set_axis_off()
    halves = (("without activation", "z", _identity), (f"with {name}", f"{name}(z)", function))
    for place, (title, label, apply) in enumerate(halves):
        half = ax.inset_axes((0.55 * place + 0.02, 0.06, 0.41, 0.80))
        half.set_facecolor(ax.get_facecolor())
        young, old = _slopes(half, theme, title, label, apply)
    meaning = "depends on age" if abs(young - old) > 1e-6 else "is the same at any age"
    headline(ax, theme, f"With {name}, what a bill means {meaning}", pad=14)
    return ax


def _slopes(
    ax: Axes, theme: Theme, title: str, label: str, apply: Callable[..., Any]
) -> list[float]:
    """Lines from the low to the high bill; by how much each borrower's rises."""
    rises = []
    bills = np.array([LOW, HIGH])
    for age, who, color, marker in (
        (YOUNG, "young", theme.series[0], "o"),
        (OLD, "old", theme.series[1], "s"),
    ):
        values = np.asarray(apply(to_tensor(AGE_WEIGHT * age + BILL_WEIGHT * bills)))
        rises.append(float(values[1] - values[0]))
        ax.plot(bills, values, "-", marker=marker, color=color, linewidth=2)
        ax.get_lines()[-1].set_label(f"{who}: {rises[-1]:+.3f}")
    frame(ax, theme, "bill", label)
    ax.set_title(plain(title), loc="left", fontsize=NORMAL, color=theme.muted, parse_math=False)
    ax.set_xticks(bills, ["low, 0.1", "high, 0.5"])
    ax.margins(x=0.15, y=0.1)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.35 * (high - low))  # for the legend
    legend(ax, theme, loc="upper left")
    return rises


def _identity(z: Any) -> Any:
    return z


def _label(item: Any) -> str:
    return plain(item if isinstance(item, str) else getattr(item, "__name__", "activation"), 30)


def _curve(label: str, function: Callable[..., Any], x: Values) -> tuple[Values, Values]:
    try:
        alone = [
            float(np.asarray(function(to_tensor(np.array([[place]])))).item()) for place in _PROBE
        ]
        together = np.asarray(function(to_tensor(_PROBE[None])))
        if together.shape != (1, len(_PROBE)) or not np.allclose(together[0], alone):
            raise InvalidArgumentError(
                f"{label} works on a whole layer at once, not number by number, so it has no curve."
            )
    except (ValueError, TypeError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        raise InvalidArgumentError(
            f"{label} must give one number for each number; it said: {describe(str(error))}"
        ) from error
    points = to_tensor(x[:, None])
    with GradientTape() as tape:
        tape.watch(points)
        values = function(points)
    slopes: Any = tape.gradient(values, points, unconnected_gradients="zero")
    return np.asarray(values)[:, 0], np.asarray(slopes)[:, 0]
