"""The input of a model."""

from __future__ import annotations

from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ..configurable import register
from ..settings import floatx
from .layer import Layer
from .symbolic import KerasTensor, Operation, spec_of_shape


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
        super().__init__(name=name, dtype=dtype or floatx(), **kwargs)
        if shape is None and batch_shape is None:
            raise InvalidArgumentError("an Input needs shape=, the sizes of one row, e.g. (23,)")
        if batch_shape is None:
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            batch_shape = (batch_size, *shape)
        self.batch_shape = tuple(batch_shape)
        anything = (None, *self.batch_shape[1:]) if self.batch_shape else ()
        spec = spec_of_shape(anything, self.compute_dtype)  # a model takes batches of every size
        operation = Operation(self, (), {})
        operation.outputs = [KerasTensor(spec, operation)]
        self._inbound.append(operation)
        self.built = True

    def call(self, *_: Any) -> Any:
        """An input layer is fed, not called."""
        raise InvalidArgumentError("an InputLayer cannot be called; call the model instead")

    @property
    def input_dtype(self) -> str:
        """The dtype of the data."""
        return self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        """Shape, dtype and name."""
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self.compute_dtype,
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
