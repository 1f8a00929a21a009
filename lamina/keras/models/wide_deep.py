"""Linear models, and linear ones beside deep ones: `tf.keras.experimental` of TensorFlow 2.

H.-T. Cheng et al., "Wide & Deep Learning for Recommender Systems" (2016).
"""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.errors import InvalidArgumentError
from ...ops.elementwise import add_n
from .. import activations, initializers, regularizers
from ..configurable import register
from ..layers.dense import Dense
from ..optimizers import MultiOptimizer
from ..optimizers import get as get_optimizer
from .model import Model


@register("keras.experimental")
class LinearModel(Model):
    """activation(Σ xᵢ Wᵢ + b) over the inputs: one tensor, or several in a list or dict."""

    def __init__(
        self,
        units: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.dense_layers: list[Any] = []
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        several = isinstance(input_shape, dict) or any(
            isinstance(shape, (list, tuple)) for shape in input_shape
        )
        shapes = _values(input_shape) if several else [input_shape]
        self.dense_layers = [
            Dense(
                self.units,
                use_bias=False,
                kernel_initializer=self.kernel_initializer,
                kernel_regularizer=self.kernel_regularizer,
            )
            for _ in shapes
        ]
        for layer, shape in zip(self.dense_layers, shapes, strict=True):
            layer.build(shape)
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                name="bias",
            )

    def call(self, inputs: Any) -> Any:
        parts = _values(inputs) if isinstance(inputs, (dict, list, tuple)) else [inputs]
        if len(parts) != len(self.dense_layers):
            raise InvalidArgumentError(
                f"{self.name} was built for {len(self.dense_layers)} inputs; got {len(parts)}"
            )
        total = add_n([layer(part) for layer, part in zip(self.dense_layers, parts, strict=True)])
        total = total + self.bias if self.use_bias else total
        return self.activation(total)


def _values(inputs: Any) -> list[Any]:
    """The entries of a list, or of a dict in the order of its names."""
    return [inputs[name] for name in sorted(inputs)] if isinstance(inputs, dict) else list(inputs)


@register("keras.experimental")
class WideDeepModel(Model):
    """activation(linear(x) + deep(x)); inputs are for both, or a pair: for the linear, the deep.

    `compile(optimizer=[a, b])` trains the linear model with a and the deep one with b.
    """

    def __init__(
        self, linear_model: Any, dnn_model: Any, activation: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.linear_model = linear_model
        self.dnn_model = dnn_model
        self.activation = activations.get(activation)

    def call(self, inputs: Any, training: Any = None) -> Any:
        pair = isinstance(inputs, (list, tuple)) and len(inputs) == 2
        wide, deep = inputs if pair else (inputs, inputs)
        outputs = self.linear_model(wide), self.dnn_model(deep, training=training)
        return nest.map_structure(lambda a, b: self.activation(a + b), *outputs)

    def compile(self, optimizer: Any = "rmsprop", *args: Any, **kwargs: Any) -> None:
        """As `Model.compile`; of two optimizers, the first is the linear model's."""
        if isinstance(optimizer, (list, tuple)):
            linear, deep = (get_optimizer(each) for each in optimizer)

            def choose(variable: Any) -> Any:
                own = self.linear_model.trainable_variables
                return linear if any(variable is each for each in own) else deep

            optimizer = MultiOptimizer(choose)
        super().compile(optimizer, *args, **kwargs)
