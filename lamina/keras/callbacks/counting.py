"""Counting batches over epochs, for what happens after every so many of them."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError


def checked_frequency(save_freq: Any) -> Any:
    """'epoch', or a positive number of batches."""
    is_number = isinstance(save_freq, int) and not isinstance(save_freq, bool)
    if save_freq != "epoch" and not (is_number and save_freq > 0):
        raise InvalidArgumentError(
            f"save_freq is 'epoch' or a positive number of batches; got {save_freq!r}"
        )
    return save_freq


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
        self._waiting, self._last = state
