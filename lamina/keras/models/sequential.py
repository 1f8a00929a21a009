"""Models that are one layer after the other."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.errors import ArgumentTypeError, FailedPreconditionError, InvalidArgumentError
from .. import dtype_policies
from ..configurable import deserialize, register, serialize
from ..layers.arguments import as_lists, as_tuples
from ..layers.context import building
from ..layers.core import InputLayer
from ..layers.layer import Layer
from ..layers.symbolic import KerasTensor
from ..masks import set_mask
from .cloning import Cloning, from_configuration
from .functional import Functional
from .model import Model


@register("keras.models")
class Sequential(Model):
    """A stack of layers.

    With an `Input` in front (or `input_shape=` in the first layer) the weights are made at once,
    else on the first data.

    Example:
        model = tf.keras.Sequential([
            tf.keras.Input((23,)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ])
    """

    _tells_of_lost_masks = False  # the layers inside get them

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self._stack: list[Layer] = []
        self._functional: Functional | None = None
        for layer in layers or []:
            self._append(layer)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top."""
        self._append(layer)
        if rebuild:
            self._rebuild()

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = layer.operation.layer if layer.operation else layer
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f"Sequential takes layers; got {type(layer).__name__} {layer!r:.60}"
            )
        if any(known.name == layer.name for known in self._stack):
            raise InvalidArgumentError(
                f"two layers of a Sequential model are named {layer.name!r}; names must differ"
            )
        shape = getattr(layer, "declared_input_shape", None)
        if not self._stack and shape is not None and not isinstance(layer, InputLayer):
            self._stack.append(InputLayer(shape=shape, dtype=layer.compute_dtype))
        if isinstance(layer, InputLayer) and self._stack:
            raise InvalidArgumentError("an Input must be the first layer of a Sequential model")
        self._stack.append(layer)

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the top layer off."""
        if not self.layers:
            raise FailedPreconditionError("the Sequential model has no layers")
        layer = self._stack.pop()
        self.built = False
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self) -> None:
        """Where the input is known, make the weights and the functional form."""
        self._forget_programs()
        self._functional = None
        self.built = False
        if len(self._stack) > 1 and isinstance(self._stack[0], InputLayer):
            x: Any = self._stack[0].output
            with building(self):  # so its name is part of the paths of weights
                for layer in self._stack[1:]:
                    x = layer(x)
            self._functional = Functional(self._stack[0].output, x, name=self._name)
            self._build_shape = self._stack[0].batch_shape
            self.built = True

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of `input_shape`, (None, features).

        For shapes in a list or dict, which the first layer takes, layers make theirs when called.
        """
        if self._functional is not None or _is_of_several(input_shape):
            return
        if input_shape is None:
            raise InvalidArgumentError("a Sequential model without an Input needs a shape to build")
        if not self._stack:
            raise FailedPreconditionError("the Sequential model has no layers")
        if not isinstance(self._stack[0], InputLayer):
            first = self._stack[0]
            dtype = first.compute_dtype
            self._stack.insert(0, InputLayer(batch_shape=tuple(input_shape), dtype=dtype))
        self._rebuild()

    @property
    def layers(self) -> list[Layer]:
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def _as_functional(self) -> Functional:
        if self._functional is None:
            raise FailedPreconditionError(
                f"the Sequential model {self.name!r} is not built: it does not know its input "
                "shape. Start it with keras.Input(shape), or call it on data first."
            )
        return self._functional

    @property
    def inputs(self) -> list[Any]:
        return self._as_functional().inputs

    @property
    def outputs(self) -> list[Any]:
        return self._as_functional().outputs

    @property
    def input(self) -> Any:
        return self.inputs[0]

    @property
    def output(self) -> Any:
        return self.outputs[0]

    @property
    def input_shape(self) -> Any:
        return self._as_functional().input_shape

    @property
    def output_shape(self) -> Any:
        return self._as_functional().output_shape

    @property
    def input_names(self) -> list[str]:
        return self._as_functional().input_names

    @property
    def output_names(self) -> list[str]:
        return self._as_functional().output_names

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The layers one after the other."""
        if self._functional is not None:
            return self._functional.call(inputs, mask=mask)
        for tensor, own in zip(nest.flatten(inputs), nest.flatten(mask), strict=False):
            if own is not None:
                set_mask(tensor, own)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def _cloned(self, cloning: Cloning, given: Any, replaces: bool) -> Any:
        """The clones of the layers, one after the other."""
        if cloning.call is not None:
            raise InvalidArgumentError("call_function is for functional models only")
        layers = [cloning.layer(layer) for layer in self.layers]
        if given is not None:
            tensors = nest.flatten(given)
            if len(tensors) != 1 or not isinstance(tensors[0], KerasTensor):
                raise InvalidArgumentError(
                    "input_tensors of a sequential model is one symbolic tensor, of keras.Input"
                )
            layers.insert(0, tensors[0])
        elif self._stack and isinstance(self._stack[0], InputLayer):
            layers.insert(0, from_configuration(self._stack[0]))
        made = Sequential(layers, trainable=not self._made_frozen, name=self.name)
        if not self._trainable and not self._made_frozen:
            made._freeze_like_another()
        return made

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
        """`predict`, as TensorFlow also named it until 2.5."""
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: Any = 0) -> Any:
        """The likeliest class of each row, or whether a sigmoid exceeds 1/2; TensorFlow to 2.5."""
        scores = self.predict(x, batch_size=batch_size, verbose=verbose)
        several = scores.shape[-1] > 1
        return scores.argmax(axis=-1) if several else (scores > 0.5).astype("int32")

    def get_config(self) -> dict[str, Any]:
        """The layers and the input shape: Keras's form."""
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
            "layers": [serialize(layer) for layer in self._stack],
        }
        if self._build_shape is not None:
            config["build_input_shape"] = as_lists(self._build_shape)
        return config

    @classmethod
    def _made(cls, config: dict[str, Any]) -> Any:
        layers = [deserialize(entry) for entry in config["layers"]]
        model = cls(layers, name=config.get("name"))
        shape = config.get("build_input_shape")
        if shape and not model.built and layers:
            model.build(as_tuples(shape))
        if not config.get("trainable", True):
            model._freeze_like_another()
        return model


def _is_of_several(shape: Any) -> bool:
    """Whether `shape` is a list or dict of shapes."""
    return isinstance(shape, dict) or any(isinstance(part, (list, tuple)) for part in shape or ())
