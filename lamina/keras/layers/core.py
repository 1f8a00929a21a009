"""Layers without weights: activation, dropout, flatten; and the input of a model."""

from __future__ import annotations

from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ...core.shapes import element_count
from ...ops import array
from .. import activations
from ..configurable import register
from ..random import SeedGenerator
from .layer import Layer
from .symbolic import KerasTensor, Operation, spec_of_shape


@register("keras.layers")
class Activation(Layer):
    """y = activation(x)."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """activation(inputs)."""
        return self.activation(inputs)


@register("keras.layers")
class Dropout(Layer):
    """In training, zeros with probability `rate`, the rest scaled by 1 / (1 - rate).

    Outside of training the input passes unchanged. `noise_shape` has 1 where one decision holds
    for a whole axis, None for the size of the input.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15 (2014).
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise InvalidArgumentError(
                f"the rate of Dropout is a number from 0 to 1, the share that is dropped; got "
                f"{rate!r}"
            )
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, thinned in training."""
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return array.zeros_like(inputs)
        shape = inputs.spec.shape
        if self.noise_shape is not None:
            pairs = zip(self.noise_shape, shape, strict=True)
            shape = tuple(size if wanted is None else wanted for wanted, size in pairs)
        kept = self.seed_generator.uniform(shape, inputs.dtype) >= self.rate
        scaled = inputs * (1.0 / (1.0 - self.rate))
        return array.where(kept, scaled, array.zeros_like(inputs))


@register("keras.layers")
class Flatten(Layer):
    """Every row as one line: (batch, a, b, …) to (batch, a b …); (batch,) to (batch, 1)."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise InvalidArgumentError(
                f"data_format is 'channels_last' or 'channels_first'; got {data_format!r}"
            )
        self.data_format = data_format or "channels_last"

    def call(self, inputs: Any) -> Any:
        """The inputs as a matrix."""
        shape = inputs.spec.shape
        if self.data_format == "channels_first" and len(shape) > 2:
            order = (0, *range(2, len(shape)), 1)
            inputs = array.transpose(inputs, order)
        return array.reshape(inputs, (-1, element_count(shape[1:])))


@register("keras.layers")
class InputLayer(Layer):
    """The place where data enter a functional model."""

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        batch_shape: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        super().__init__(name=name, dtype=dtype, **kwargs)
        if shape is None and batch_shape is None:
            raise InvalidArgumentError("an Input needs shape=, the sizes of one row, e.g. (23,)")
        if batch_shape is None:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            batch_shape = (batch_size, *shape)
        self.batch_shape = tuple(batch_shape)
        anything = (None, *self.batch_shape[1:]) if self.batch_shape else ()
        spec = spec_of_shape(anything, self._dtype)  # a model takes batches of every size
        operation = Operation(self, (), {})
        operation.outputs = [KerasTensor(spec, operation)]
        self._inbound.append(operation)
        self.output = operation.outputs[0]
        self.built = True

    def call(self, *_: Any) -> Any:
        """An input layer is fed, not called."""
        raise InvalidArgumentError("an InputLayer cannot be called; call the model instead")

    @property
    def input_dtype(self) -> str:
        """The dtype of the data."""
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        """Shape, dtype and name."""
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self._dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An input layer made of what `get_config` gave, here or in Keras."""
        known = dict(config)
        for unsupported in ("sparse", "ragged", "optional"):
            if known.pop(unsupported, False):
                raise UnimplementedError(f"{unsupported} inputs are not supported")
        shape = known.pop("batch_input_shape", None) or known.pop("batch_shape", None)
        known.pop("batch_shape", None)
        return cls(batch_shape=tuple(shape), **known)


_ONLY_IN_KERAS = ("sparse", "ragged", "optional", "tensor", "type_spec")


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    **kwargs: Any,
) -> Any:
    """A symbolic tensor for rows of `shape`, to call layers on.

    Example: `x = tf.keras.Input((23,)); y = tf.keras.layers.Dense(1)(x)`.
    """
    for key, value in kwargs.items():
        if key not in _ONLY_IN_KERAS:
            raise ArgumentTypeError(f"Input does not know the argument {key!r}")
        if value:
            raise UnimplementedError(f"Input does not support {key}={value!r:.40}")
    layer = InputLayer(
        shape=shape, batch_size=batch_size, dtype=dtype, batch_shape=batch_shape, name=name
    )
    return layer.output
