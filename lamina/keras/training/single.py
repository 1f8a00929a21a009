"""Batches one at a time: what a step needs is found once, and found again after a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..layers.context import CHANGES, LEARNED
from ..optimizers.state import SCHEDULED
from .data import Batches
from .pieces import Piece
from .stepper import Logs, Stepper


class SingleSteps:
    """`train_on_batch` or `test_on_batch` of a model, for batches of one kind."""

    def __init__(self, model: Any, stepper: Stepper) -> None:
        self._stepper = stepper
        self._reset: Callable[[], None] = model._resetter()
        self._weights = model.weights
        self.names: list[str] = model.metrics_names
        self._stamp = self._now()
        from threading import Lock  # costs an import that only training needs

        self._alone = Lock()  # memory of native code serves one thread at a time

    def _now(self) -> tuple[Any, ...]:
        trainable = [weight.trainable for weight in self._weights]
        return CHANGES[0], LEARNED[0], SCHEDULED[0], trainable

    def is_valid(self) -> bool:
        """Whether no layer was changed since this was made."""
        return self._stamp == self._now()

    def run(self, batches: Batches, *, reset: bool) -> Logs:
        """The step; loss and metrics, counted anew with `reset`."""
        with self._alone:
            if reset:
                self._reset()
            if self._stepper.attach(Piece(batches, None)):
                self._stepper.advance(0, 1)
            else:
                self._stepper.run(batches.batch(slice(None)))
            return self._stepper.logs()
