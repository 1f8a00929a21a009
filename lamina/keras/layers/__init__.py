"""Layers."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError, UnknownNameError, nearest
from ..configurable import custom_object_scope, get_from, serialize
from ..configurable import deserialize as _deserialize
from .core import Activation, Dropout, Flatten, Input, InputLayer
from .dense import Dense
from .layer import Layer
from .normalization import Normalization

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Normalization",
    "deserialize",
    "get",
    "serialize",
]


def get(identifier: Any) -> Any:
    """A layer from an instance or a configuration."""
    return get_from("keras.layers", identifier)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that a configuration describes."""
    if not isinstance(config, dict):
        raise InvalidArgumentError(
            f"a layer's configuration is a dict; got {type(config).__name__}"
        )
    with custom_object_scope(custom_objects):
        return _deserialize(config)


_OUTSIDE = ("Conv", "LSTM", "GRU", "RNN", "Attention", "MaxPool", "AveragePool")


def __getattr__(name: str) -> Any:
    if any(part in name for part in _OUTSIDE):
        raise UnknownNameError(
            f"keras.layers.{name} is outside of what lamina is for: dense networks"
        )
    raise UnknownNameError(f"keras.layers has no {name!r}.{nearest(name, __all__)}")
