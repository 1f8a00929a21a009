"""tf.keras.experimental: names that TensorFlow 2 had there."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest
from .models.wide_deep import LinearModel, WideDeepModel
from .optimizers.schedules import CosineDecay, CosineDecayRestarts

__all__ = ["CosineDecay", "CosineDecayRestarts", "LinearModel", "WideDeepModel"]


def __getattr__(name: str) -> Any:
    raise UnknownNameError(f"keras.experimental has no {name!r}.{nearest(name, __all__)}")
