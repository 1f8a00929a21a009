"""Normalization of groups of features."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError
from ...core.shapes import normalize_axis
from ...ops import array, nn
from ..configurable import register
from .input_spec import InputSpec
from .normalizing import Normalizing, known_size, normalized, placed, wide


@register("keras.layers")
class GroupNormalization(Normalizing):
    """y = γ (x - μ) / √(σ² + ε) + β; mean and variance of each row over each of `groups` groups.

    The groups divide `axis`, and each covers all other axes but the first; -1 makes a group of
    every index. γ and β have the size of the axis.

    Source: Y. Wu and K. He, "Group normalization", arXiv:1803.08494.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(groups, int) or isinstance(groups, bool) or (groups < 1 and groups != -1):
            raise InvalidArgumentError(
                f"groups is a positive integer, or -1 for a group of every feature; got {groups!r}"
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
        self.groups = groups
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Make scale and offset, and check that the groups divide the axis."""
        size = known_size(self, input_shape, self.axis)
        if self.groups == -1:
            self.groups = size
        if size % self.groups:
            raise InvalidArgumentError(
                f"the size of axis {self.axis} is a multiple of the {self.groups} groups; got "
                f"{size}. Give groups= a number that divides it."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})
        self.make_scale_and_offset((size,), scale=self.scale, center=self.center)

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = wide(inputs)
        axis = normalize_axis(self.axis, len(x.shape))
        width = x.shape[axis] // self.groups
        whole = array.shape(x)
        sizes: list[Any] = [whole[place] for place in range(len(x.shape))]
        grouped = array.reshape(x, [*sizes[:axis], self.groups, width, *sizes[axis + 1 :]])
        axes = [place for place in range(1, len(grouped.shape)) if place != axis]
        mean, variance = nn.moments(grouped, axes, keepdims=True)
        after = (1,) * (len(x.shape) - axis - 1)
        shape = (*(1,) * axis, self.groups, width, *after)
        gamma, beta = (placed(weight, shape, x.dtype) for weight in (self.gamma, self.beta))
        outputs = normalized(grouped, (mean, variance, gamma, beta), self.epsilon)
        return array.cast(array.reshape(outputs, whole), self.compute_dtype)
