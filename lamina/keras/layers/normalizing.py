"""What the normalization layers share: their two weights, and how these apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.dtypes import FLOAT32
from ...core.errors import InvalidArgumentError
from ...core.shapes import normalize_axis
from ...ops import array, math
from ...prims.elementwise import cast
from .. import constraints, initializers, regularizers
from .layer import Layer


class Normalizing(Layer):
    """A layer that scales by a weight `gamma` and shifts by a weight `beta`, if wanted."""

    _supports_masking = True
    gamma: Any = None
    beta: Any = None

    def __init__(
        self,
        *,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def make_scale_and_offset(self, shape: tuple[int, ...], *, scale: bool, center: bool) -> None:
        """The weights `gamma` and `beta` of `shape`."""
        if scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )


def wide(x: Any) -> Any:
    """`x` in a dtype that statistics are good in: at least float32."""
    dtype = x.spec.dtype
    return x if dtype.kind == "f" and dtype.itemsize >= 4 else cast(x, FLOAT32)


def known_size(layer: Layer, shape: Any, axis: int) -> int:
    """The size of an axis that weights are made for."""
    size = shape[normalize_axis(axis, len(shape))]
    if size is None:
        raise InvalidArgumentError(
            f"the layer {layer.name!r} needs to know the size of axis {axis}; got inputs of shape "
            f"{tuple(shape)}"
        )
    return int(size)


def normalized(x: Any, parts: Sequence[Any], epsilon: float) -> Any:
    """(x - mean) / √(variance + ε) · γ + β, as x · inv + (β - mean · inv); all broadcast.

    `parts` are mean, variance, γ (or None) and β (or None).
    """
    mean, variance, gamma, beta = parts
    inverse = math.rsqrt(variance + epsilon)
    if gamma is not None:
        inverse = inverse * gamma
    offset = -mean * inverse if beta is None else beta - mean * inverse
    return x * inverse + offset


def placed(weight: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """A weight (or None) in a shape that broadcasts, and in the dtype of the computation."""
    return None if weight is None else array.reshape(array.cast(weight, dtype), shape)
