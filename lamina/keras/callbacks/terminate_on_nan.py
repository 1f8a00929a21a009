"""Stopping when the loss is no number any more."""

from __future__ import annotations

import math

from ...core.errors import FailedPreconditionError
from .base import Callback, Logs, say


class TerminateOnNaN(Callback):
    """Ends training at a loss that is NaN or infinite; with `raise_error`, by an error."""

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise FailedPreconditionError(
                f"the loss is {loss} after batch {batch}. Try a smaller learning rate or clipnorm, "
                "and look for extreme values in the data."
            )
        say(f"Batch {batch}: the loss is {loss}, training ends")
        self.model.stop_training = True
