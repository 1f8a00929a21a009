"""keras.mixed_precision: the names by which TensorFlow 2 knows dtype policies."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest
from .dtype_policies import DTypePolicy, dtype_policy, set_dtype_policy
from .optimizers import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]


def __getattr__(name: str) -> Any:
    raise UnknownNameError(f"keras.mixed_precision has no {name!r}.{nearest(name, __all__)}")
