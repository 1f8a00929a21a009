"""The record of a training."""

from __future__ import annotations

from typing import Any

from ...core.showing import html_table
from .base import Callback, Logs

_SHOWN = (5, 15)  # epochs at the beginning and at the end that a notebook shows


class History(Callback):
    """What `fit` returns: `history` holds a list of values, one an epoch, for each measure."""

    kept = ("history", "epoch")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []
        self.model.history = self

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def _repr_html_(self) -> str:
        """What a notebook shows: the measures, an epoch a row, those in the middle left out."""
        columns = {name: values for name, values in self.history.items() if values}
        rows = [
            [str(epoch + 1), *(_shown(values, place) for values in columns.values())]
            for place, epoch in enumerate(self.epoch)
        ]
        first, last = _SHOWN
        if len(rows) > first + last:
            rows = [*rows[:first], ["…"] * (len(columns) + 1), *rows[-last:]]
        title = f"{len(self.epoch):,} epoch{'s' * (len(self.epoch) != 1)}"
        names = ["Epoch", *columns]
        return html_table(title, names, rows, numbers=names)


def _shown(values: list[Any], place: int) -> str:
    """A measure of an epoch; nothing where it was not taken in each."""
    if place >= len(values):
        return ""
    value = values[place]
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)[:80]
