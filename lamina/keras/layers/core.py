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
        _refuse(kwargs)
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, dtype=dtype or floatx(), **kwargs)
        self.batch_shape = _batch_shape(shape, batch_size, batch_shape)
        anything = (None, *self.batch_shape[1:]) if self.batch_shape else ()
        spec = spec_of_shape(anything, self.compute_dtype)  # a model takes batches of every size
        operation = Operation(self, (), {})
        operation.outputs = [KerasTensor(spec, operation=operation)]
        operation.outputs[0].name = name or operation.outputs[0].name
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
        shape = known.pop("batch_input_shape", None) or known.pop("batch_shape", None)
        known.pop("batch_shape", None)
        return cls(batch_shape=tuple(shape), **known)


_WITHOUT = {
    "sparse": "values are dense; make them so with numpy or scipy's toarray()",
    "ragged": "rows have one length; pad them, and mask the padding with keras.layers.Masking",
    "optional": "every input gets data; pass zeros and a flag instead",
    "tensor": "call the layers on the tensor itself",
    "input_tensor": "call the layers on the tensor itself",
    "type_spec": "pass shape and dtype",
}


def _refuse(arguments: dict[str, Any]) -> None:
    """Take Keras's arguments for inputs of other kinds out, and raise where one is asked for."""
    for name, instead in _WITHOUT.items():
        value = arguments.pop(name, None)
        if value is not None and value is not False:
            raise UnimplementedError(
                f"an Input with {name}={value!r:.40} is not implemented: {instead}"
            )


def _batch_shape(shape: Any, batch_size: Any, batch_shape: Any) -> tuple[Any, ...]:
    """The shape of a batch, said in one of Keras's two ways."""
    if batch_shape is not None:
        if shape is not None or batch_size is not None:
            raise InvalidArgumentError(
                "an Input takes batch_shape=, or shape= and batch_size=; got both"
            )
        return tuple(batch_shape)
    if shape is None:
        raise InvalidArgumentError("an Input needs shape=, the sizes of one row, e.g. (23,)")
    return (batch_size, *((shape,) if isinstance(shape, int) else shape))


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
    unknown = [key for key in kwargs if key not in _WITHOUT]
    if unknown:
        raise ArgumentTypeError(f"Input does not know the argument {unknown[0]!r}")
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        batch_shape=batch_shape,
        name=name,
        **kwargs,
    )
    return layer.output
