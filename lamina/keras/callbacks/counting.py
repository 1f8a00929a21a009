"""Counting batches over epochs, for what happens after every so many of them."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError


class BatchCounter:
    """Says when `span` batches have passed since it said so last, epochs put end to end."""

    def __init__(self, span: int) -> None:
        self._span = span
        self.start()

    def start(self) -> None:
        """Begin to count."""
        self._waiting, self._last = 0, -1

    def start_epoch(self) -> None:
        """Batches count from 0 again."""
        self._last = -1

    def is_due(self, batch: int) -> bool:
        """Count up to `batch`, of which some may not have been told; whether it is time."""
        self._waiting += batch - self._last
        self._last = batch
        if self._waiting < self._span:
            return False
        self._waiting = 0
        return True

    @property
    def left(self) -> int:
        """How many more batches there are until it is time."""
        return self._span - self._waiting

    def state(self) -> list[int]:
        """What it counts from."""
        return [self._waiting, self._last]

    def restore(self, state: list[int]) -> None:
        """Go on from a `state`."""
        self._waiting, self._last = map(int, state)


class CountsBatches:
    """What callbacks have in common that save after epochs, or after every `save_freq` batches."""

    save_freq: Any
    _counter: BatchCounter

    def _save_after(self, save_freq: Any) -> None:
        """Take over 'epoch', or a positive number of batches."""
        is_number = isinstance(save_freq, int) and not isinstance(save_freq, bool)
        if save_freq != "epoch" and not (is_number and save_freq > 0):
            raise InvalidArgumentError(
                f"save_freq is 'epoch' or a positive number of batches; got {save_freq!r}"
            )
        self.save_freq = save_freq
        self._counter = BatchCounter(1 if save_freq == "epoch" else save_freq)

    @property
    def hears_batches(self) -> bool:
        """Batches matter only where they are counted."""
        return bool(self.save_freq != "epoch")

    def batches_left(self) -> int:
        """How many batches may pass before the next file."""
        return self._counter.left
