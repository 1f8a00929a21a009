"""Scaling by known numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....ops import array
from ...configurable import register
from .base import Preprocessing


@register("keras.layers")
class Rescaling(Preprocessing):
    """y = x scale + offset; both are numbers, or lists that are broadcast over the last axis.

    Example: `tf.keras.layers.Rescaling(1 / 255)(pixels)`.
    """

    _supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset

    def call(self, inputs: Any) -> Any:
        """The scaled inputs, in the layer's dtype."""
        dtype = self.compute_dtype
        scale, offset = (
            np.asarray(part, np.float64).astype(dtype) for part in (self.scale, self.offset)
        )
        return array.cast(inputs, dtype) * scale + offset
