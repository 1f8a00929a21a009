"""Regularizers: penalties on weights or outputs, added to the loss."""

from __future__ import annotations

import math as python_math
from typing import Any

from ..core.errors import InvalidArgumentError
from ..ops import array, math, nn
from ..tensor.arithmetic import matmul
from ..tensor.convert import to_tensor
from .configurable import Configurable, custom_object_scope, get_from, register, serialize
from .configurable import deserialize as _deserialize

MODULE = "keras.regularizers"

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


@register(MODULE)
class Regularizer(Configurable):
    """A penalty: a tensor goes in, a scalar comes out. Subclasses define `__call__`."""

    def __call__(self, x: Any) -> Any:
        return 0.0


@register(MODULE, "l1")
class L1(Regularizer):
    """l1 Σ |x|."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _factor(0.01 if l1 is None else l1, "l1")

    def __call__(self, x: Any) -> Any:
        return self.l1 * math.reduce_sum(math.abs(x))


@register(MODULE, "l2")
class L2(Regularizer):
    """l2 Σ x²."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _factor(0.01 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        return self.l2 * math.reduce_sum(math.square(x))


@register(MODULE, "l1l2", "l1_l2")
class L1L2(Regularizer):
    """l1 Σ |x| + l2 Σ x²."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor(l1 or 0.0, "l1")
        self.l2 = _factor(l2 or 0.0, "l2")

    def __call__(self, x: Any) -> Any:
        x = to_tensor(x)
        penalty = array.zeros((), x.dtype)
        if self.l1:
            penalty = penalty + self.l1 * math.reduce_sum(math.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * math.reduce_sum(math.square(x))
        return penalty


@register(MODULE)
class OrthogonalRegularizer(Regularizer):
    """factor × the mean |cosine| between different rows (or columns) of a matrix."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(factor, "factor")
        if mode not in ("rows", "columns"):
            raise InvalidArgumentError(f"mode is 'rows' or 'columns'; got {mode!r}")
        self.mode = mode

    def __call__(self, inputs: Any) -> Any:
        x = to_tensor(inputs)
        if len(x.shape) != 2:
            raise InvalidArgumentError(
                f"OrthogonalRegularizer expects a matrix; got shape {tuple(x.shape)}"
            )
        if self.mode == "columns":
            x = array.transpose(x)
        size = x.shape[0]
        unit = nn.l2_normalize(x, axis=1)
        others = 1.0 - array.eye(size, dtype=x.dtype)
        cosines = matmul(unit, unit, transpose_b=True) * others
        pairs = size * (size - 1) or 1  # a single line has no other to be orthogonal to
        return self.factor / pairs * math.reduce_sum(math.abs(cosines))


def _factor(value: Any, name: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not python_math.isfinite(value) or value < 0:
        raise InvalidArgumentError(f"{name} is a finite number of at least 0; got {value!r}")
    return float(value)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """The regularizer that a name, a configuration, an object or a function means."""
    return get_from(MODULE, identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config) if isinstance(config, dict) else get(config)
