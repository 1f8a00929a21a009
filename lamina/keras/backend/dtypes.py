"""What dtypes are, and what can be asked of tensors without reading them."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import numpy_dtype
from ...core.errors import InvalidArgumentError
from ...ir.value import Value
from ...ops import layout
from ...tensor.convert import is_tensor_like, to_tensor
from ...tensor.variable import Variable
from .. import settings
from ..lattice import join
from ..layers.context import CALLS
from ..utils.tensors import is_keras_tensor, standardize_dtype


def result_type(*dtypes: Any) -> str:
    """The dtype of a result of several; `int` and `float` stand for Python numbers.

    64 bits stay 64 bits, as in TensorFlow.
    """
    if not dtypes:
        return settings.floatx()
    weak = {int: "int", float: "float", None: settings.floatx()}
    names = [weak.get(d) or numpy_dtype(d).name for d in dtypes]
    return join(frozenset(names), settings.floatx())


def is_float_dtype(dtype: Any) -> bool:
    """Whether it is a dtype of floats."""
    return standardize_dtype(dtype).startswith("float")


def is_int_dtype(dtype: Any) -> bool:
    """Whether it is a dtype of integers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or a variable."""
    return isinstance(x, (Value, Variable))


def is_sparse(tensor: Any) -> bool:
    """False: all tensors are dense."""
    return False


def to_dense(tensor: Any) -> Any:
    """`tensor`, which is dense."""
    return tensor


def dtype(x: Any) -> str:
    """The name of the dtype of `x`."""
    return str(to_tensor(x).dtype.name)


def ndim(x: Any) -> int:
    """How many axes `x` has."""
    return len(x.shape if is_tensor_like(x) else to_tensor(x).shape)


def int_shape(x: Any) -> tuple[int | None, ...]:
    """The sizes of `x`, None for a batch whose size is not known."""
    return tuple(x.shape if is_tensor_like(x) else to_tensor(x).shape)


def shape(x: Any) -> Any:
    """The sizes of `x` as a tensor."""
    return layout.shape(x)


def learning_phase() -> int:
    """1 within a layer that is called for training, else 0."""
    frames = CALLS.frames
    return int(bool(frames and frames[-1].training))


def set_learning_phase(value: Any) -> None:
    """Raise: whether a call is for training is an argument of the call."""
    raise InvalidArgumentError(
        "set_learning_phase left Keras: pass training=True or False to the model or layer"
    )


__all__ = [
    "dtype", "int_shape", "is_float_dtype", "is_int_dtype", "is_keras_tensor", "is_sparse",
    "is_tensor", "learning_phase", "ndim", "result_type", "set_learning_phase", "shape",
    "standardize_dtype", "to_dense",
]  # fmt: skip
