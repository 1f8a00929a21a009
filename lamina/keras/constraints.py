"""Constraints: what weights are mapped to after each update of an optimizer."""

from __future__ import annotations

from typing import Any

from ..ops import math
from ..tensor.convert import to_tensor
from .configurable import Configurable, custom_object_scope, get_from, register, serialize
from .configurable import deserialize as _deserialize
from .settings import epsilon

MODULE = "keras.constraints"

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


@register(MODULE)
class Constraint(Configurable):
    """A map from weights to allowed weights. Subclasses define `__call__`."""

    def __call__(self, w: Any) -> Any:
        return w


@register(MODULE)
class MaxNorm(Constraint):
    """Norms over `axis` of at most `max_value`."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w, norms = _norms(w, self.axis)
        return w * (math.minimum(norms, self.max_value) / (epsilon() + norms))


@register(MODULE)
class NonNeg(Constraint):
    """Zeros in place of negative weights."""

    def __call__(self, w: Any) -> Any:
        return math.maximum(w, 0)


@register(MODULE)
class UnitNorm(Constraint):
    """Norms over `axis` of 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w, norms = _norms(w, self.axis)
        return w / (epsilon() + norms)


@register(MODULE)
class MinMaxNorm(Constraint):
    """Norms over `axis` moved into [min_value, max_value], by the share `rate` of the way."""

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Any = 0,
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w, norms = _norms(w, self.axis)
        nearest = math.minimum(math.maximum(norms, self.min_value), self.max_value)
        desired = self.rate * nearest + (1 - self.rate) * norms
        return w * (desired / (epsilon() + norms))


def _norms(w: Any, axis: Any) -> tuple[Any, Any]:
    w = to_tensor(w)
    return w, math.sqrt(math.reduce_sum(math.square(w), axis, keepdims=True))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm


def get(identifier: Any) -> Any:
    """The constraint that a name, a configuration, an object or a function means."""
    return get_from(MODULE, identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config) if isinstance(config, dict) else get(config)
