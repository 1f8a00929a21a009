"""One step from many: (batch, steps, features) to (batch, features)."""

from __future__ import annotations

from typing import Any

from ...ops import array, math
from ..configurable import register
from .arguments import data_format_name
from .input_spec import InputSpec
from .layer import Layer


class _GlobalPooling1D(Layer):
    """What pools all steps; `keepdims` keeps their axis, with size 1.

    `data_format` "channels_first" stands for (batch, features, steps).
    """

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_name(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=3)

    @property
    def _steps_axis(self) -> int:
        return 1 if self.data_format == "channels_last" else 2


@register("keras.layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean over the steps; masked steps do not count."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Σ mᵢ xᵢ / Σ mᵢ over the steps i; `mask` is (batch, steps)."""
        axis = self._steps_axis
        if mask is None:
            return math.reduce_mean(inputs, axis, keepdims=self.keepdims)
        counts = array.expand_dims(array.cast(mask, "bool"), 3 - axis)
        total = math.reduce_sum(
            array.where(counts, inputs, array.zeros_like(inputs)), axis, keepdims=self.keepdims
        )
        weights = array.cast(counts, inputs.dtype)
        return total / math.reduce_sum(weights, axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: the masked steps are gone."""
        return None


@register("keras.layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest of the steps."""

    def call(self, inputs: Any) -> Any:
        """max over the steps."""
        return math.reduce_max(inputs, self._steps_axis, keepdims=self.keepdims)
