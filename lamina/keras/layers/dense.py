"""The densely connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError
from ...tensor import arithmetic
from .. import activations, constraints, initializers, regularizers
from ..configurable import register
from .layer import Layer


@register("keras.layers")
class Dense(Layer):
    """y = activation(x W + b).

    x: (…, n); W, the `kernel`: (n, units); b, the `bias`: (units,); y: (…, units).

    Example: `tf.keras.layers.Dense(16, activation="relu")(features)`.
    """

    _supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        number = isinstance(units, (int, float, np.number)) and not isinstance(units, bool)
        if not number or int(units) != units or units <= 0:
            raise InvalidArgumentError(f"Dense expects a positive number of units; got {units!r}")
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the kernel and the bias."""
        if not input_shape:
            raise InvalidArgumentError(
                f"Dense {self.name!r} expects inputs of rank 2 or more, (batch, …, features); "
                "got a scalar"
            )
        self.input_size = int(input_shape[-1]) if len(input_shape) > 1 else None
        if self.input_size is None:
            raise InvalidArgumentError(
                f"Dense {self.name!r} expects inputs of rank 2 or more, (batch, …, features); got "
                "rank 1. Add an axis: x[:, None] for a column, x[None, :] for one row."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.input_size, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Any, training: Any = None) -> Any:
        """activation(inputs @ kernel + bias)."""
        shape = inputs.spec.shape
        if len(shape) < 2 or shape[-1] != self.input_size:
            raise InvalidArgumentError(
                f"the layer {self.name!r} was built for {self.input_size} features; got inputs of "
                f"shape {tuple(inputs.shape)}"
            )
        outputs = arithmetic.matmul(inputs, self.kernel)
        if self.bias is not None:
            outputs = arithmetic.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)
