"""A progress bar for loops of one's own."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError
from ...core.output import is_terminal
from ..callbacks.base import say
from ..callbacks.progress import ProgressLine, duration, measures_of


class Progbar:
    """How many of `target` steps are done, how long each takes, and the means of values.

    verbose=1: a bar in a terminal, elsewhere a line at the end; 2: a line at the end; 0: nothing.
    Values are averaged over steps, except those named in `stateful_metrics` (or all that are not
    named in `stateless_metrics`), of which the last counts, as it does of all at the end.

    Example:
        bar = tf.keras.utils.Progbar(100)
        for step in range(100):
            bar.add(1, values=[("loss", train(step))])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Collection[str] | None = None,
        stateless_metrics: Collection[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise InvalidArgumentError(
                "name either stateful_metrics or stateless_metrics, not both"
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._last = set(stateful_metrics or ())
        self._averaged = None if stateless_metrics is None else set(stateless_metrics)
        self._values: dict[str, tuple[Any, float]] = {}  # sums, with how many steps they are of
        self._done = 0
        self._live: Any = None
        self._start = time.perf_counter()
        self._drawn = 0.0

    def update(
        self, current: int, values: Iterable[Any] | None = None, finalize: bool | None = None
    ) -> None:
        """`current` steps are done; `values` are pairs of a name and a value of the last steps."""
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        steps = max(current - self._done, 1)
        for name, value in values or ():
            number = float(np.mean(np.asarray(value)))
            total, count = self._values.get(name, (0.0, 0.0))
            if finalize or not self._is_averaged(name):
                total, count = 0.0, 0.0
            self._values[name] = total + number * steps, count + steps
        self._done = current
        self._show(finalize)

    def add(self, n: int, values: Iterable[Any] | None = None) -> None:
        """`n` more steps are done."""
        self.update(self._done + n, values)

    def _is_averaged(self, name: str) -> bool:
        return name not in self._last if self._averaged is None else name in self._averaged

    def _show(self, finalize: bool) -> None:
        now = time.perf_counter()
        if self.verbose == 1 and is_terminal():
            if finalize or now - self._drawn >= self.interval:
                self._drawn = now
                self._draw(finalize)
        elif finalize and self.verbose:
            say(" - ".join([self._count(), self._pace(), *measures_of(self._means(), ": ")]))

    def _draw(self, finalize: bool) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            self._live = Live("", console=Console(), auto_refresh=False)
            self._live.start()
        line = ProgressLine(
            "", self._count(), self._done, self.target, self._pace(), self._means(), self.width
        )
        self._live.update(line, refresh=True)
        if finalize:
            self._live.stop()
            self._live = None

    def _means(self) -> dict[str, float]:
        return {name: total / count for name, (total, count) in self._values.items()}

    def _count(self) -> str:
        return f"{self._done}/{self.target or 'Unknown'}"

    def _pace(self) -> str:
        seconds = time.perf_counter() - self._start
        return f"{duration(seconds / max(self._done, 1))}/{self.unit_name}"
