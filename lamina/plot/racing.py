"""Optimizers side by side, from the same start: loss by step, loss by time, and their ways."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError, describe, nearest
from ..core.nest import flatten, map_structure
from ..keras import optimizers as known
from ..keras.callbacks import Callback
from ..keras.models import clone_model
from ..tensor.function import function as compiled
from ..tensor.variable import Variable
from .depth import arrays_of
from .surface import surface
from .theme import canvas, entry, frame, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]
DEFAULT = ("SGD", "SGD with momentum", "RMSprop", "Adam")
SHOWN = ("steps", "time", "paths")
_MOMENTUM = 0.9
# Learning rates that are tried, as shares of the width of what is looked at (of 1 for a model).
_RATES = tuple(10.0**exponent for exponent in np.arange(-5.0, 0.0, 0.5))
_DASHES = ("-", "--", "-.", ":")


class Runner(NamedTuple):
    """One optimizer's run; row 0 is the start."""

    losses: Values  # (steps + 1,)
    seconds: Values  # (steps + 1,), from the start on; only the steps themselves count
    path: Values | None  # (steps + 1, variables)


class Race(NamedTuple):
    """What `race` gave: a run by name of the optimizer, and on which function, if on one."""

    runs: dict[str, Runner]
    function: Any  # Objective or callable; None for a model
    bounds: Any
    unit: str  # "step" or "epoch"


def race(
    problem: Any,
    optimizers: Any = DEFAULT,
    *,
    start: Sequence[float] | None = None,
    bounds: Sequence[Sequence[float]] | None = None,
    steps: int | None = None,
    x: Any = None,
    y: Any = None,
    loss: Any = None,
    batch_size: int = 32,
) -> Race:
    """Let optimizers minimize a function, or train copies of a model, each from the same start.

    `problem` is one of `lamina.functions` or any function of one or two variables (then `start`
    and `bounds` say where); or a built model, with `x`, `y` and `loss` (by default, that with
    which it was compiled), trained for `steps` epochs (20; a function: 200 steps) with batches in
    the same order. `optimizers` are names, optimizers, or a dict of these by label. One that is
    named gets, of ten learning rates from 1e-5 to 0.3 (times the width of the bounds), that which
    is lowest over the last quarter without leaving the bounds; an optimizer is taken as it is.
    """
    entrants = _entrants(optimizers)
    count = (20 if hasattr(problem, "fit") else 200) if steps is None else steps
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidArgumentError(f"steps must be a positive integer; got {describe(steps)}.")
    if hasattr(problem, "fit"):
        if x is None or y is None:
            raise InvalidArgumentError("a model races on data: give x and y.")
        run = _model_run(problem, x, y, loss, batch_size, count)
        return Race(_runs(entrants, run, ()), None, None, "epoch")
    if not callable(problem):
        raise InvalidArgumentError(
            f"problem must be a function or a built model; got {describe(problem)}."
        )
    begin = getattr(problem, "start", None) if start is None else start
    bounds = getattr(problem, "bounds", None) if bounds is None else bounds
    if begin is None or bounds is None:
        raise InvalidArgumentError(
            "a function of your own needs start, one number for each variable, and bounds, a pair "
            "(low, high) for each."
        )
    if len(begin) != len(bounds):
        raise InvalidArgumentError(
            f"start and bounds must agree on the number of variables; got {len(begin)} and "
            f"{len(bounds)}."
        )
    run = _function_run(problem, begin, count)
    return Race(_runs(entrants, run, bounds), problem, bounds, "step")


def compare_optimizers(
    problem: Any,
    optimizers: Any = DEFAULT,
    *,
    show: str = "steps",
    ax: Axes | None = None,
    style: str | None = None,
    **options: Any,
) -> Axes:
    """Draw a race of optimizers: the loss by step, by time, or the ways that they took.

    `problem` is what `race` gave, or what it takes, with its `options`. `show` is "steps", "time"
    (seconds of the steps alone, on this machine) or "paths" (over the function). A loss that
    falls by more than a factor of 100 is drawn above its least value, on a logarithmic axis.
    `style` is "light" or "dark".
    """
    if show not in SHOWN:
        raise InvalidArgumentError(
            f"show must be one of {', '.join(map(repr, SHOWN))}; got {describe(show)}."
            f"{nearest(str(show), SHOWN)}"
        )
    found = problem if isinstance(problem, Race) else race(problem, optimizers, **options)
    if show == "paths":
        if found.function is None:
            raise InvalidArgumentError(
                "the ways of a model's weights have too many dimensions to be drawn; see "
                "lamina.plot.loss_landscape."
            )
        paths = {name: run.path for name, run in found.runs.items() if run.path is not None}
        return surface(found.function, found.bounds, paths=paths, ax=ax, style=style)
    ax, theme = canvas(ax, style)
    for index, (name, run) in enumerate(found.runs.items()):
        places = run.seconds * 1e3 if show == "time" else np.arange(len(run.losses))
        color, dash = (
            theme.series[index % len(theme.series)],
            _DASHES[index // len(theme.series) % 4],
        )
        ax.plot(places, run.losses, dash, color=color, label=entry(name, 40), linewidth=1.8)
    best = min(found.runs, key=lambda name: _end(found.runs[name]))
    title = f"Lowest after {len(run.losses) - 1} {found.unit}s: {best}"
    if not math.isfinite(_end(found.runs[best])):
        title = "None of them stays finite"
    frame(ax, theme, "milliseconds" if show == "time" else found.unit, "loss", title)
    _scale(ax, found)
    if show == "steps":
        ax.set_xlim(0, len(run.losses) - 1)
    legend(ax, theme, loc="best")
    return ax


def _scale(ax: Axes, found: Race) -> None:
    losses = np.concatenate([run.losses for run in found.runs.values()])
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return
    begin = next(iter(found.runs.values())).losses[0]
    low, high = finite.min(), max(begin, np.quantile(finite, 0.9))
    high = min(high, begin + 10 * max(abs(begin), begin - low))  # what diverges leaves the picture
    if low > 0 and begin > 100 * low:
        ax.set_yscale("log")
        ax.set_ylim(max(low, begin * 1e-12) * 0.7, high * 2)
    elif high > low:
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


def _rank(run: Runner, bounds: Any) -> float:
    """The mean loss of the last quarter; what leaves the bounds or diverges comes last."""
    low, high = np.array(bounds, dtype=np.float64).reshape(-1, 2).T
    if run.path is not None and not np.all((run.path >= low) & (run.path <= high)):
        return math.inf
    late = float(np.mean(run.losses[-max(1, len(run.losses) // 4) :]))
    return late if math.isfinite(late) else math.inf


def _end(run: Runner) -> float:
    return float(run.losses[-1]) if math.isfinite(run.losses[-1]) else math.inf


def _entrants(optimizers: Any) -> dict[str, tuple[type, dict[str, Any]]]:
    """Class and arguments by label; without a learning rate where one is to be found."""
    if isinstance(optimizers, str) or not isinstance(optimizers, (Mapping, Sequence)):
        optimizers = [optimizers]
    pairs = (
        optimizers.items()
        if isinstance(optimizers, Mapping)
        else [(item if isinstance(item, str) else _label(item), item) for item in optimizers]
    )
    entrants: dict[str, tuple[type, dict[str, Any]]] = {}
    for label, item in pairs:
        if label in entrants:
            raise InvalidArgumentError(
                f"two optimizers are called {label!r}; give a dict of optimizers by label."
            )
        if item == "SGD with momentum":
            entrants[label] = known.SGD, {"momentum": _MOMENTUM}
            continue
        optimizer = known.get(item)
        if optimizer is None:
            raise InvalidArgumentError("None is no optimizer; name one, such as 'adam'.")
        entrants[str(label)] = (
            type(optimizer),
            {} if isinstance(item, str) else optimizer.get_config(),
        )
    if not entrants:
        raise InvalidArgumentError("there are no optimizers to compare.")
    return entrants


def _label(optimizer: Any) -> str:
    rate = getattr(known.get(optimizer), "learning_rate", None)
    name = type(optimizer).__name__
    try:
        return f"{name}, {float(rate):.3g}"  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a schedule
        return name


def _runs(
    entrants: Mapping[str, tuple[type, dict[str, Any]]], run: Callable[[Any], Runner], bounds: Any
) -> dict[str, Runner]:
    width = max((float(high) - float(low) for low, high in bounds), default=1.0)
    runs = {}
    for label, (kind, arguments) in entrants.items():
        if arguments.get("learning_rate") is not None:
            runs[label] = run(kind.from_config(arguments))  # type: ignore[attr-defined]
            continue
        tried = {}
        for share in _RATES:
            rate = float(f"{share * width:.1g}")
            tried[rate] = run(kind(learning_rate=rate, **arguments))
        best = min(tried, key=lambda rate: _rank(tried[rate], bounds))
        runs[f"{label}, {best:g}"] = tried[best]
    return runs


def _function_run(problem: Any, start: Sequence[float], steps: int) -> Callable[[Any], Runner]:
    places = [float(place) for place in start]
    variables = [Variable(np.float64(place)) for place in places]

    def run(optimizer: Any) -> Runner:
        for variable, place in zip(variables, places):
            variable.assign(np.float64(place))
        optimizer.build(variables)

        @compiled
        def step() -> Any:
            value = problem(*variables)
            optimizer.minimize(lambda: problem(*variables), variables)
            return value

        begins = [np.array(state) for state in optimizer.variables]
        step()  # the first call traces
        for variable, begin in zip([*variables, *optimizer.variables], [*places, *begins]):
            variable.assign(begin)
        losses, clock, path = [], [], [places]
        for _ in range(steps):
            start_time = time.perf_counter()
            losses.append(float(step()))
            clock.append(time.perf_counter() - start_time)
            path.append([float(variable.numpy()) for variable in variables])
        losses.append(float(problem(*variables)))
        seconds = np.arange(steps + 1) * np.median(clock)  # others may hold up a single step
        return Runner(np.array(losses), seconds, np.array(path))

    return run


class _Stopwatch(Callback):
    """The loss over all rows after each epoch, and the time of each; the first also compiles."""

    def __init__(self, losses: Callable[[], float]) -> None:
        super().__init__()
        self._loss_now = losses
        self._begin = 0.0
        self.seconds: list[float] = []
        self.losses: list[float] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.losses.append(self._loss_now())

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._begin)
        self.losses.append(self._loss_now())


def _model_run(
    problem: Any, x: Any, y: Any, loss: Any, batch_size: int, epochs: int
) -> Callable[[Any], Runner]:
    if not problem.built:
        raise InvalidArgumentError(
            "the model has no weights yet, from which all could start: build it with keras.Input."
        )
    loss = getattr(problem, "loss", None) if loss is None else loss
    if loss is None:
        raise InvalidArgumentError("the model is not compiled: give loss, 'mse' for one.")
    x, y = arrays_of(x), arrays_of(y)
    order = np.random.default_rng(0).permutation(len(flatten(x)[0]))
    x, y = (map_structure(lambda part: _ordered(part, order), whole) for whole in (x, y))
    weights = problem.get_weights()

    def run(optimizer: Any) -> Runner:
        model = clone_model(problem)
        model.set_weights(weights)
        model.compile(optimizer, loss=loss)
        watch = _Stopwatch(lambda: model.evaluate(x, y, verbose=0, return_dict=True)["loss"])
        model.fit(
            x, y, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0, callbacks=[watch]
        )
        seconds = np.arange(epochs + 1) * np.median(watch.seconds[1:] or watch.seconds)
        return Runner(np.array(watch.losses), seconds, None)

    return run


def _ordered(rows: Any, order: npt.NDArray[np.intp]) -> Any:
    """Rows of an array or a data frame in another order."""
    if hasattr(rows, "iloc"):
        return rows.iloc[order]
    return rows[order] if hasattr(rows, "columns") else np.asarray(rows)[order]
