"""Callbacks: what happens beside training, after each epoch or batch."""

from __future__ import annotations

from typing import Any

from ...core.errors import UnimplementedError, UnknownNameError, nearest
from .base import Callback
from .callback_list import CallbackList
from .csv_logger import CSVLogger
from .early_stopping import EarlyStopping
from .history import History
from .lambda_callback import LambdaCallback
from .learning_rate import LearningRateScheduler, ReduceLROnPlateau
from .model_checkpoint import ModelCheckpoint
from .monitor import MonitorCallback
from .progress import ProgbarLogger
from .terminate_on_nan import TerminateOnNaN

__all__ = [
    "Callback",
    "CallbackList",
    "CSVLogger",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

_ABSENT = ("BackupAndRestore", "OrbaxCheckpoint", "RemoteMonitor", "SwapEMAWeights", "TensorBoard")


def __getattr__(name: str) -> Any:
    if name in _ABSENT:
        raise UnimplementedError(f"keras.callbacks.{name} is not implemented by lamina")
    raise UnknownNameError(f"keras.callbacks has no {name!r}.{nearest(name, __all__)}")
