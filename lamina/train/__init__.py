"""tf.train: checkpoints of programs, and averages of variables."""

from __future__ import annotations

from ..ops.names import namespace
from .averages import ExponentialMovingAverage
from .checkpoint import Checkpoint, CheckpointOptions
from .files import (
    CheckpointReader,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from .manager import CheckpointManager, checkpoints_iterator

__all__ = [
    "Checkpoint", "CheckpointManager", "CheckpointOptions", "CheckpointReader",
    "ExponentialMovingAverage", "checkpoints_iterator", "get_checkpoint_state",
    "latest_checkpoint", "list_variables", "load_checkpoint", "load_variable",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
