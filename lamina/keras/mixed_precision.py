"""keras.mixed_precision: the names by which TensorFlow 2 knows dtype policies."""

from __future__ import annotations

from ..core.outside import lacking
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

__getattr__ = lacking("keras.mixed_precision", __all__)
