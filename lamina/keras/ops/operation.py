"""What makes a function an operation of Keras: symbolic tensors take it as one step of a model."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...core.errors import UnimplementedError
from ...ir.value import Value
from ...tensor.tensor import Tensor

Function = Callable[..., Any]


# Classes of Keras that are not spelt as their functions.
_SPELLINGS = {
    "abs": "Absolute",
    "allclose": "AllClose",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "conj": "Conjugate",
    "hard_swish": "HardSilu",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "psnr": "PSNR",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "svd": "SVD",
    "swish": "Silu",
}


def class_name(name: str) -> str:
    """Keras's class of the operation `name`."""
    return _SPELLINGS.get(name) or "".join(part.capitalize() for part in name.split("_"))


def operation(function: Function) -> Function:
    """`function`, which on a symbolic tensor becomes one node of the functional model."""

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        for argument in arguments:
            if type(argument) is not Tensor and (keeper := _keeper(argument)) is not None:
                return keeper.apply(call, function, arguments, keywords)
        for argument in keywords.values():
            if type(argument) is not Tensor and (keeper := _keeper(argument)) is not None:
                return keeper.apply(call, function, arguments, keywords)
        return function(*arguments, **keywords)

    return call


def _keeper(argument: Any) -> Any:
    """What takes operations on `argument`, or on something in a list; None outside of models."""
    if isinstance(argument, (list, tuple)):
        for item in argument:
            if (found := _keeper(item)) is not None:
                return found
        return None
    if isinstance(argument, Value) and argument.array is None and hasattr(argument.trace, "apply"):
        return argument.trace
    return None


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a symbolic tensor of a functional model."""
    return _keeper(x) is not None


class Operation:
    """A base of one's own operations: `call(...)` on tensors is one step of a functional model."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses write it."""
        raise UnimplementedError(f"{type(self).__name__} has no call()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute, or become a step of the model whose symbolic tensors are given."""
        return operation(self.call)(*args, **kwargs)


def named(name: str, doc: str) -> Callable[[Function], Function]:
    """A function made by a factory as the operation `name`."""

    def rename(function: Function) -> Function:
        function.__name__ = function.__qualname__ = name
        function.__doc__ = doc
        return operation(function)

    return rename
