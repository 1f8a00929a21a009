"""Functions between strings, and between strings and numbers, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..ir.bind import bind
from ..ir.primitive import NO_GRADIENT, Primitive
from ..ir.value import Spec, Value

Function = Callable[..., Any]


def _infer(*specs: Spec, function: Function, dtype: np.dtype[Any]) -> Spec:
    for spec in specs[1:]:
        if spec.shape != specs[0].shape:
            raise InvalidArgumentError(
                f"map_text expects equal shapes; got {specs[0]!r} and {spec!r}"
            )
    return Spec(specs[0].shape, dtype)


class LookUp:
    """The function from what is in a table to its value there, to `other` from anything else."""

    __slots__ = ("other", "table")

    def __init__(self, table: dict[Any, Any], other: Any) -> None:
        self.table = table
        self.other = other

    def __call__(self, item: Any) -> Any:
        return self.table.get(item, self.other)


class _Results(dict[Any, Any]):
    """What a function gives for each item, worked out once."""

    def __init__(self, function: Function) -> None:
        self.function = function

    def __missing__(self, item: Any) -> Any:
        result = self[item] = self.function(item)
        return result


def _evaluate(*arrays: Array, function: Function, dtype: np.dtype[Any]) -> Array:
    result = np.empty(arrays[0].shape, dtype)
    lists = [array.ravel().tolist() for array in arrays]
    if len(lists) == 1:
        results = _Results(function)
        result.reshape(-1)[:] = [results[item] for item in lists[0]]
    else:
        result.reshape(-1)[:] = list(map(function, *lists))
    return result


map_text_p = Primitive("map_text", infer=_infer, evaluate=_evaluate, vjp=NO_GRADIENT)


def map_text(function: Function, *values: Value, dtype: np.dtype[Any]) -> Any:
    """`function` of the elements of tensors of one shape: bytes for strings, or numbers.

    It gives bytes where `dtype` is that of strings. Equal elements give equal results.
    """
    return bind(map_text_p, *values, function=function, dtype=dtype)
