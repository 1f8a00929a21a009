"""Measures of each epoch in a file."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from ...core.callers import warn
from ...core.files import append_bytes
from .base import Callback, Logs


class CSVLogger(Callback):
    """Writes a line an epoch: its number from 0, then the measures of the first epoch by name.

    Where that has no validation, there are columns for it that hold "NA", as all that is missing.
    Each line is on disk before the next epoch begins. `append` keeps what the file holds already,
    and its columns; half a last line is taken away.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._names: list[str] = []
        self._size = -1  # what the file is cut to when the first epoch begins; -1: nothing

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._names, self._size = [], -1
        append_bytes(self.filename, b"")  # a file that cannot be written shows now
        self._size = self._whole_lines() if self.append else 0

    def _whole_lines(self) -> int:
        """How many bytes its whole lines are; a last one that only lacks its end gets it."""
        with open(self.filename, "rb") as file:
            content = file.read()
        end, mark = content.rfind(b"\n") + 1, self.separator.encode()
        if content[end:].count(mark) < max(1, content.partition(b"\n")[0].count(mark)):
            return end
        append_bytes(self.filename, b"\n")
        return len(content) + 1

    def get_state(self) -> Any:
        return {"names": self._names, "size": _size(self.filename)}

    def set_state(self, state: Any) -> None:
        """Go on after the lines that were there; those of what is done again are taken away."""
        self._names, self._size = list(map(str, state["names"])), int(state["size"])
        self._cut()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._cut()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._cut()

    def _cut(self) -> None:
        """Take away what is not part of this training: only when it is known where it begins."""
        if 0 <= self._size < _size(self.filename):
            os.truncate(self.filename, self._size)
        self._size = -1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import csv

        self._cut()
        logs = logs or {}
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=self.separator)
        if not self._names:
            self._names = self._columns() or _named(logs)
            left_out = sorted(set(logs) - set(self._names))
            if left_out:
                warn(f"{self.filename} has no column for {', '.join(left_out)}: left out")
            if not _size(self.filename):
                writer.writerow(["epoch", *self._names])
        writer.writerow([epoch, *(_field(logs.get(name, "NA")) for name in self._names)])
        append_bytes(self.filename, text.getvalue().encode())

    def _columns(self) -> list[str]:
        """The measures in the head of a file that is gone on with, if it has one."""
        import csv

        with open(self.filename, encoding="utf-8", errors="replace", newline="") as file:
            head = next(csv.reader(file, delimiter=self.separator), [])
        return head[1:] if head[:1] == ["epoch"] else []


def _named(logs: Logs) -> list[str]:
    """The columns of a new file."""
    names = sorted(logs)
    has_validation = any(name.startswith("val_") for name in logs)
    return names if has_validation else [*names, *(f"val_{name}" for name in names)]


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0


def _field(value: Any) -> Any:
    """A number or a text as it is; several numbers as Keras writes them."""
    return f'"[{", ".join(map(str, np.asarray(value)))}]"' if np.ndim(value) else value
