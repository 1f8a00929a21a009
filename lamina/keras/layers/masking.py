"""The layer that marks steps as missing, and the one that does nothing."""

from __future__ import annotations

from typing import Any

from ...ops import array, math
from ..configurable import register
from .layer import Layer


@register("keras.layers")
class Identity(Layer):
    """y = x."""

    _supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs


@register("keras.layers")
class Masking(Layer):
    """Masks the steps whose features are all `mask_value`, and sets them to 0.

    Later layers that know masks leave these steps out, and so does the loss.

    Example: `tf.keras.layers.Masking(mask_value=-1.0)`.
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Which steps have a feature that is not `mask_value`."""
        return math.reduce_any(math.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        """The inputs with zeros in the masked steps."""
        counts = array.expand_dims(self.compute_mask(inputs), -1)
        return array.where(counts, inputs, array.zeros_like(inputs))
