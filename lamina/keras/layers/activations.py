"""Activations as layers."""

from __future__ import annotations

from typing import Any

from ...core.callers import warn
from ...core.errors import InvalidArgumentError
from ...ops import array, math
from .. import activations, constraints, initializers, regularizers
from ..configurable import register
from .input_spec import InputSpec
from .layer import Layer


def _not_negative(layer: str, name: str, value: Any) -> float:
    """`value` where it is a number that is not negative."""
    if value is None or value < 0:
        raise InvalidArgumentError(
            f"{name} of {layer} is a number that is not negative; got {value!r}"
        )
    number: float = value
    return number


@register("keras.layers")
class Activation(Layer):
    """y = activation(x)."""

    _supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """activation(inputs)."""
        return self.activation(inputs)


@register("keras.layers")
class ReLU(Layer):
    """x above `threshold`, at most `max_value`; negative_slope (x - threshold) below."""

    _supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = max_value
        if max_value is not None:
            _not_negative("ReLU", "max_value", max_value)
        self.negative_slope = _not_negative("ReLU", "negative_slope", negative_slope)
        self.threshold = _not_negative("ReLU", "threshold", threshold)

    def call(self, inputs: Any) -> Any:
        """The rectified inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@register("keras.layers")
class LeakyReLU(Layer):
    """x where positive, else negative_slope x; `alpha` is the former name of the slope."""

    _supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            warn("LeakyReLU: the argument `alpha` is called `negative_slope` today")
            negative_slope = kwargs.pop("alpha")
            self._arguments.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = _not_negative("LeakyReLU", "negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        """The inputs, the negative ones scaled."""
        return activations.leaky_relu(inputs, self.negative_slope)


@register("keras.layers")
class PReLU(Layer):
    """x where positive, else α x with learned slopes α.

    α has the shape of a row, with 1 along `shared_axes` (1 is the first axis after the batch).

    Source: K. He et al., "Delving deep into rectifiers", ICCV 2015, equation 1.
    """

    _supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        several = isinstance(shared_axes, (list, tuple))
        self.shared_axes = list(shared_axes) if several else shared_axes
        if shared_axes is not None and not several:
            self.shared_axes = [shared_axes]

    def build(self, input_shape: Any) -> None:
        """Make the slopes."""
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            shape=shape,
            name="alpha",
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        shared = self.shared_axes or range(len(input_shape))
        axes = {a: input_shape[a] for a in range(1, len(input_shape)) if a not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        """relu(x) - α relu(-x)."""
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)


@register("keras.layers")
class ELU(Layer):
    """x where positive, else alpha (eˣ - 1)."""

    _supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """The inputs, the negative ones bent."""
        return activations.elu(inputs, self.alpha)


@register("keras.layers")
class Softmax(Layer):
    """eˣ / Σ eˣ over `axis` (or several axes); masked entries are left out and become 0."""

    _supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The shares; `mask` broadcasts to the inputs, and what is above 0.5 in it counts."""
        if mask is None:
            return activations.softmax(inputs, self._axes())
        have, wanted = inputs.spec.shape, mask.spec.shape
        places = zip(reversed(wanted), reversed(have), strict=False)
        if len(wanted) > len(have) or any(a not in (1, b) for a, b in places):
            raise InvalidArgumentError(
                f"the mask of Softmax broadcasts to the inputs; got inputs of shape "
                f"{tuple(inputs.shape)} and a mask of shape {tuple(mask.shape)}"
            )
        counts = mask if mask.spec.dtype.kind == "b" else math.greater(mask, 0.5)
        least = -3e4 if inputs.spec.dtype.name == "float16" else -1e9
        shares = activations.softmax(array.where(counts, inputs, least), self._axes())
        return array.where(counts, shares, array.zeros_like(shares))

    def _axes(self) -> Any:
        several = isinstance(self.axis, (list, tuple))
        return self.axis[0] if several and len(self.axis) == 1 else self.axis
