"""Judging a network by the averages of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import FailedPreconditionError
from .base import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the averages that an optimizer with `use_ema=True` keeps.

    The model has them during evaluation (also that of an epoch) and prediction, and its own
    weights else. With `swap_on_epoch` it has them from the end of each epoch to the beginning of
    the next, so that callbacks which come after, such as ModelCheckpoint, save the averages.
    """

    kept = ("_swapped",)

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        """The variables, each with its average."""
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if optimizer is None or not optimizer.use_ema:
            raise FailedPreconditionError(
                "SwapEMAWeights needs an optimizer that averages: compile with use_ema=True in it"
            )
        return list(zip(optimizer._trainable_variables, optimizer._averages, strict=True))

    def _swap(self, wanted: bool) -> None:
        if self._swapped is wanted:
            return
        for variable, average in self._pairs():
            own = np.array(variable)
            variable.assign(average)
            average.assign(own)
        self._swapped = wanted

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.swap_on_epoch:
            return
        self._swap(True)
        last = (self.params or {}).get("epochs", 0) - 1
        if epoch == last or self.model.stop_training:
            for variable, average in self._pairs():  # fit ends by taking the averages over
                average.assign(variable)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._swap(False)
