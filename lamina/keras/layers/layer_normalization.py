"""Normalization of each row by itself: over features, by their mean square, to length 1."""

from __future__ import annotations

from typing import Any

from ...core.callers import warn
from ...core.errors import ArgumentTypeError
from ...core.shapes import normalize_axis
from ...ops import array, math, nn
from ..configurable import register
from .layer import Layer
from .normalizing import Normalizing, known_size, normalized, placed, wide


def _as_axes(axis: Any, owner: str) -> Any:
    if isinstance(axis, (list, tuple)):
        return list(axis)
    if isinstance(axis, int):
        return axis
    raise ArgumentTypeError(f"axis of {owner} is an integer or a list of them; got {axis!r}")


def _axes_in(axis: Any, rank: int) -> list[int]:
    """An `axis` argument as sorted axes from the front."""
    given = axis if isinstance(axis, list) else [axis]
    return sorted(normalize_axis(one, rank) for one in given)


def _weight_shape(layer: Layer, axis: Any, shape: Any) -> tuple[int, ...]:
    """The sizes of the axes as Keras orders them: negative ones first."""
    given = axis if isinstance(axis, list) else [axis]
    return tuple(known_size(layer, shape, one) for one in sorted(given))


def _sizes(x: Any, axes: list[int]) -> tuple[int, ...]:
    """The shape of a weight for `axes` that broadcasts over `x`."""
    return tuple(size if place in axes else 1 for place, size in enumerate(x.shape))


@register("keras.layers")
class LayerNormalization(Normalizing):
    """y = γ (x - μ) / √(σ² + ε) + β with mean and variance of each row over `axis`.

    γ and β have the sizes of the axes. `rms_scaling`, which older versions had, leaves mean and
    offset out: y = γ x / √(σ² + ε).

    Source: J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450.

    Example: `tf.keras.layers.LayerNormalization()(features)`.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        if rms_scaling:
            warn(
                "rms_scaling=True divides by the deviation, not by the root of the mean square; "
                "keras.layers.RMSNormalization does the latter"
            )
        super().__init__(
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.autocast = False  # numbers too large for half precision are normalized first
        self.axis = _as_axes(axis, "LayerNormalization")
        self.rms_scaling = rms_scaling

    def build(self, input_shape: Any) -> None:
        """Make scale and offset of the sizes of the axes."""
        self.make_scale_and_offset(
            _weight_shape(self, self.axis, input_shape),
            scale=self.scale or self.rms_scaling,
            center=self.center and not self.rms_scaling,
        )

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = wide(inputs)
        axes = _axes_in(self.axis, len(x.shape))
        gamma, beta = (placed(w, _sizes(x, axes), x.dtype) for w in (self.gamma, self.beta))
        mean, variance = nn.moments(x, axes, keepdims=True)
        if self.rms_scaling:
            outputs = x * math.rsqrt(variance + self.epsilon) * gamma
        else:
            outputs = normalized(x, (mean, variance, gamma, beta), self.epsilon)
        return array.cast(outputs, self.compute_dtype)


@register("keras.layers", "rms_normalization")
class RMSNormalization(Layer):
    """y = scale x / √(mean(x²) + ε), the mean of each row over `axis`.

    Source: B. Zhang and R. Sennrich, "Root mean square layer normalization", arXiv:1910.07467.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _as_axes(axis, "RMSNormalization")
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make the scale of the sizes of the axes."""
        shape = _weight_shape(self, self.axis, input_shape)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")

    def call(self, x: Any) -> Any:
        """The normalized inputs."""
        values = wide(x)
        axes = _axes_in(self.axis, len(values.shape))
        inverse = math.rsqrt(math.reduce_mean(values * values, axes, keepdims=True) + self.epsilon)
        scale = placed(self.scale, _sizes(values, axes), values.dtype)
        return array.cast(values * inverse * scale, x.dtype)


@register("keras.layers")
class UnitNormalization(Layer):
    """y = x / ‖x‖₂ over `axis`; zeros stay zeros.

    Example: `tf.keras.layers.UnitNormalization()(features)`.
    """

    _supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _as_axes(axis, "UnitNormalization")

    def call(self, inputs: Any) -> Any:
        """The inputs with norm 1."""
        x = wide(inputs)
        squares = math.reduce_sum(x * x, _axes_in(self.axis, len(x.shape)), keepdims=True)
        return array.cast(x * math.minimum(math.rsqrt(squares), 1e12), self.compute_dtype)
