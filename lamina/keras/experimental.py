"""tf.keras.experimental: names that TensorFlow 2 had there."""

from __future__ import annotations

from ..core.outside import lacking
from .models.wide_deep import LinearModel, WideDeepModel
from .optimizers.schedules import CosineDecay, CosineDecayRestarts

__all__ = ["CosineDecay", "CosineDecayRestarts", "LinearModel", "WideDeepModel"]

__getattr__ = lacking("keras.experimental", __all__)
