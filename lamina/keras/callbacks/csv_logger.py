"""Measures of each epoch in a file."""

from __future__ import annotations

import os
from typing import IO, Any

import numpy as np

from .base import Callback, Logs


class CSVLogger(Callback):
    """Writes a line an epoch: its number from 0, then the measures of the first epoch by name.

    Where that has no validation, there are columns for it that hold "NA", as all that is missing.
    Each line is on disk before the next epoch begins. `append` keeps what the file holds already,
    and writes no second head.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._names: list[str] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._names = []
        with self._open("a" if self.append else "w"):
            pass  # a file that cannot be written shows now

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import csv

        logs = logs or {}
        with self._open("a") as file:
            writer = csv.writer(file, delimiter=self.separator)
            if not self._names:
                self._names = sorted(logs)
                if not any(name.startswith("val_") for name in logs):
                    self._names += [f"val_{name}" for name in self._names]
                if not file.tell():
                    writer.writerow(["epoch", *self._names])
            writer.writerow([epoch, *(_field(logs.get(name, "NA")) for name in self._names)])

    def _open(self, mode: str) -> IO[str]:
        return open(self.filename, mode, encoding="utf-8", newline="")


def _field(value: Any) -> Any:
    """A number or a text as it is; several numbers as Keras writes them."""
    return f'"[{", ".join(map(str, np.asarray(value)))}]"' if np.ndim(value) else value
