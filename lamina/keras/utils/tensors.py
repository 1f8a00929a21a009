"""What tensors are, and where symbolic ones come from."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ...ops.dtypes import as_dtype
from ..layers.core import InputLayer
from ..layers.symbolic import KerasTensor
from ..settings import floatx


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is a symbolic tensor, of `keras.Input` or of a layer called on one."""
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: Any) -> list[Any]:
    """The tensors of `keras.Input` that a symbolic tensor was computed from, each once."""
    if not isinstance(tensor, KerasTensor):
        raise ArgumentTypeError(
            f"get_source_inputs takes a symbolic tensor; got {describe(tensor)}"
        )
    found: dict[int, Any] = {}
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        each = stack.pop()
        operation = each.operation
        if id(each) in seen or operation is None:
            continue
        seen.add(id(each))
        if isinstance(operation.layer, InputLayer):
            found[id(each)] = each
        else:
            stack += reversed(nest.flatten(operation.inputs))
    return list(found.values())


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype, however it is given; the default float for None and `float`."""
    if dtype is None or dtype is float or dtype == "float":
        return floatx()
    try:
        return as_dtype({int: "int32", bool: "bool", str: "string"}.get(dtype, dtype)).name
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{dtype!r} is no dtype: {error}") from error
