"""Layers around other layers and functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...core import nest
from ...core.errors import InvalidArgumentError
from ...ops import array
from ..configurable import deserialize_nested, register, serialize
from ..lambdas import refusal
from ..masks import masks_of
from .arguments import call_signature
from .layer import Layer


@register("keras.layers")
class Lambda(Layer):
    """y = function(x, **arguments); a `mask` or `training` that `function` takes is passed on.

    Weights that `function` uses are not the layer's: write a Layer for those. `output_shape` (the
    sizes of a row, or a function of the input shape) is what `compute_output_shape` gives; without
    it, `function` is traced. `mask`: the outputs' mask, or a function of inputs and their mask.

    A file can name a function that is registered, `@keras.saving.register_keras_serializable()`,
    or passed in custom_objects. A lambda is written as Keras writes it, and found again in the
    session that wrote it; elsewhere, lamina runs no code from a file.

    Example: `tf.keras.layers.Lambda(tf.square)`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._row_shape = output_shape
        names = inspect.signature(function).parameters
        self._passed = [name for name in ("mask", "training") if name in names]

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """function(inputs)."""
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{n: given[n] for n in self._passed})

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask that was given, or what a function says."""
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that was given, or the one found by tracing."""
        if self._row_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._row_shape):
            return self._row_shape(input_shape)
        return _with_batch(nest.flatten(input_shape)[0], self._row_shape)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer with a function that is known by name; code, as Keras 2 wrote it, is refused."""
        if isinstance(config.get("function"), list) or config.get("function_type") == "lambda":
            raise refusal(f"the function of the Lambda layer {config.get('name')!r:.80}")
        return super().from_config(config)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        config.update(output_shape=serialize(self._row_shape), arguments=serialize(self.arguments))
        unset = [name for name in ("output_shape", "mask") if config[name] is None]
        return {name: value for name, value in config.items() if name not in unset}


def _with_batch(batch: Any, shape: Any) -> Any:
    """The shape of a batch of rows; of several, where `shape` holds several."""
    if isinstance(shape, dict):
        return {key: _with_batch(batch, value) for key, value in shape.items()}
    if any(isinstance(item, (list, tuple, dict)) for item in shape):
        return type(shape)(_with_batch(batch, item) for item in shape)
    return (batch, *shape)


@register("keras.layers")
class Wrapper(Layer):
    """The base of layers that hold another one, in `layer`."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise InvalidArgumentError(
                f"{type(self).__name__} wraps a layer; got {type(layer).__name__} {layer!r:.60}"
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        if not self.layer.built:
            self.layer._build_for(input_shape)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A wrapper made of what `get_config` gave, here or in Keras."""
        rest = {name: value for name, value in config.items() if name != "layer"}
        return cls(
            deserialize_nested(config["layer"]),
            **{name: deserialize_nested(value) for name, value in rest.items()},
        )


@register("keras.layers")
class TimeDistributed(Wrapper):
    """A layer applied to each step of (batch, steps, …), with the same weights."""

    _supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside for one step."""
        if input_shape is None or len(input_shape) < 3:
            raise InvalidArgumentError(
                f"TimeDistributed takes inputs of rank 3 or more, (batch, steps, …); got "
                f"{input_shape}"
            )
        super().build((input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The layer's outputs for all steps."""
        shape = inputs.spec.shape
        if mask is not None and mask.spec.shape[:2] != shape[:2]:
            raise InvalidArgumentError(
                f"the mask of TimeDistributed has the batch and steps of the inputs, {shape[:2]}; "
                f"got {mask.spec.shape}"
            )
        takes_mask = mask is not None and "mask" in call_signature(type(self.layer)).masks
        steps = [
            self.layer(
                inputs[:, step],
                training=training,
                **({"mask": mask[:, step]} if takes_mask else {}),
            )
            for step in range(shape[1])
        ]
        return array.stack(steps, axis=1)


@register("keras.layers")
class Pipeline(Layer):
    """Layers applied one after the other, as in training unless told otherwise: preprocessing.

    Example: `tf.keras.layers.Pipeline([tf.keras.layers.Rescaling(0.1), tf.keras.layers.ReLU()])`.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name=name, autocast=False)
        self._pipeline_layers = layers

    @property
    def layers(self) -> Any:
        """The layers, in their order."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: Any = True, mask: Any = None) -> Any:
        """What the last layer gives."""
        outputs = inputs
        for layer in self._pipeline_layers:
            takes_mask = mask is not None and "mask" in call_signature(type(layer)).masks
            outputs = layer(outputs, training=training, **({"mask": mask} if takes_mask else {}))
            mask = masks_of(outputs)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The layers and the name."""
        return {"layers": serialize(self.layers), "name": self.name}
