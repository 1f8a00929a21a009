"""How far a training run is: a live line on a terminal, a line now and then in a file."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..keras.callbacks import Callback

_WIDE = 80  # columns; a narrower terminal gets a shorter line
_EVERY = 10  # epochs from one line to the next where nothing can be redrawn


class ProgressCallback(Callback):
    """A callback for `fit` and a context: the bar is there as long as the context lasts."""

    kept = ("best",)

    def __init__(self, console: Console, epochs: int) -> None:
        super().__init__()
        self.console = console
        self.epochs = epochs
        self.best = (float("inf"), 0)
        self.last = ""
        self.wide = console.width >= _WIDE
        columns = [
            TextColumn("Epoch {task.completed}/{task.total}"),
            BarColumn(bar_width=10),
            *([TimeElapsedColumn()] if self.wide else []),
            TextColumn("{task.fields[measures]}"),
        ]
        self.bar = Progress(
            *columns,
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task("", total=epochs, measures="")

    def __enter__(self) -> ProgressCallback:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()
        if self.last:
            self._print()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        loss, validation = float(logs["loss"]), float(logs["val_loss"])
        before, epoch_before = self.best
        self.best = min((before, epoch_before), (validation, epoch + 1))
        text = f"loss {loss:.4g}, validation {validation:.4g}, best {self.best[0]:.4g}"
        measures = text if self.wide else f"validation {validation:.4g}"
        self.bar.update(self.task, completed=epoch + 1, measures=measures)
        self.last = f"epoch {epoch + 1} of {self.epochs}: {text} in epoch {self.best[1]}"
        if not self.console.is_terminal and (epoch + 1) % _EVERY == 0:
            self._print()

    def _print(self) -> None:
        text, self.last = self.last, ""  # first of all: a signal may come while it is printed
        if not self.console.is_terminal:
            self.console.print(text, soft_wrap=True)
