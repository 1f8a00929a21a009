"""What follows one measure: which way is better, and whether a value is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.callers import warn
from ...core.errors import InvalidArgumentError
from .base import Callback, Logs

_UP = ("acc", "accuracy", "auc", "precision", "recall", "specificity", "sensitivity", "iou")
_DOWN = ("loss", "error", "mse", "mae", "mape", "msle", "rmse", "crossentropy", "divergence")


class MonitorCallback(Callback):
    """Base of callbacks that compare a measure with its best value so far.

    `mode` says what is better: "min", "max", or "auto", which goes by the measure's name.
    Only a change of more than `min_delta` is an improvement.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warn(
                f"{type(self).__name__}: mode is 'auto', 'min' or 'max'; got {mode!r}, which is "
                "taken as 'auto'"
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)

    def get_monitor_value(self, logs: Logs | None) -> Any:
        """The measure's value in `logs`, None (and a warning) where it is missing."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            hint = ""
            if self.monitor.startswith("val_"):
                hint = " Give fit validation_data or validation_split for measures of validation."
            warn(
                f"{type(self).__name__} follows {self.monitor!r}, which the logs do not have; they "
                f"have {', '.join(logs or {}) or 'nothing'}.{hint}"
            )
        return value

    def is_improvement(self, value: Any, reference: Any) -> bool:
        """Whether `value` is better than `reference` (None: always)."""
        if reference is None:
            return True
        least = self.min_delta if self._direction() == "max" else -self.min_delta
        return bool(self.monitor_op(value - least, reference))

    @property
    def monitor_op(self) -> Any:
        """`numpy.less` or `numpy.greater`: how a better value compares with another."""
        return np.less if self._direction() == "min" else np.greater

    def _direction(self) -> str:
        if self.mode != "auto":
            return self.mode
        name = self.monitor.removeprefix("val_").lower()
        for metric in getattr(self.model, "metrics", None) or ():
            known = getattr(metric, "_direction", None)
            if known and getattr(metric, "name", None) == name:
                return "max" if known == "up" else "min"
        for endings, direction in ((_UP, "max"), (_DOWN, "min")):
            if name.endswith(endings):
                return direction
        raise InvalidArgumentError(
            f"{type(self).__name__} cannot tell from the name {self.monitor!r} whether more is "
            "better; pass mode='max' or mode='min'"
        )
