"""Callbacks: what happens beside training, after each epoch or batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ...core.errors import OutsideError, UnknownNameError, nearest
from .backup import BackupAndRestore
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
from .remote_monitor import RemoteMonitor
from .swap_ema_weights import SwapEMAWeights
from .tensorboard import TensorBoard
from .terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
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
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]


experimental = SimpleNamespace(BackupAndRestore=BackupAndRestore)
"""Where TensorFlow 2.3 to 2.8 had it."""


def __getattr__(name: str) -> Any:
    if name == "OrbaxCheckpoint":
        raise OutsideError(
            "keras.callbacks.OrbaxCheckpoint writes JAX's checkpoints of many machines, which is "
            "outside of what lamina is for; use ModelCheckpoint or BackupAndRestore"
        )
    raise UnknownNameError(f"keras.callbacks has no {name!r}.{nearest(name, __all__)}")
