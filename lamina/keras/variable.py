"""keras.Variable: a variable as Keras 3 makes it."""

from __future__ import annotations

from typing import Any

from ..core.errors import InvalidArgumentError
from ..core.scopes import current_prefix
from ..ir.graph import eagerly
from ..tensor import variable as plain
from . import initializers
from .layers.weight import Weight
from .naming import unique_name
from .settings import floatx


class _AnyVariable(type):
    """Every variable is one of Keras's: those of layers, optimizers and tf.Variable too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls is Variable:
            return isinstance(instance, plain.Variable)
        return super().__instancecheck__(instance)


class Variable(Weight, metaclass=_AnyVariable):
    """A tensor that can be assigned to, from a value or an initializer.

    `initializer`: numbers, or with a `shape` the name of an initializer or a function of shape and
    dtype. `autocast=False`: a layer that computes in another dtype reads it as it is.
    `aggregation` and `synchronization` would say how copies on several devices are joined.

    Example: `keras.Variable("zeros", shape=(2, 3), trainable=False)`.
    """

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
    ) -> None:
        if isinstance(initializer, str) or callable(initializer):
            if shape is None:
                raise InvalidArgumentError(
                    f"a keras.Variable with the initializer {initializer!r:.60} needs a shape"
                )
            make = initializers.get(initializer)
            sizes = (shape,) if isinstance(shape, int) else tuple(shape)
            with eagerly():
                initializer, shape = make(sizes, dtype=dtype or floatx()), None
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise InvalidArgumentError(f"the name of a variable has no '/'; got {name!r}")
        super().__init__(
            initializer,
            trainable=trainable,
            name=name or unique_name("variable"),
            dtype=dtype,
            owner=current_prefix().removesuffix("/"),
            autocast=autocast,
        )
        if shape is not None and tuple(shape) != tuple(self.shape):
            raise InvalidArgumentError(
                f"the value of the variable has shape {self.shape}; shape={shape} was asked for"
            )
