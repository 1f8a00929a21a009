"""What is chosen on the page, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import InvalidArgumentError, describe, nearest
from .problems import PROBLEMS

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "selu", "softplus", "linear")
HE = ("relu", "gelu")
"""Activations whose kernels begin as He et al. 2015 say."""
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "adam", "adamw", "nadam", "adagrad", "lion")
REGULARIZERS = ("none", "l1", "l2")
MOST_LAYERS, MOST_UNITS = 6, 16
CHOICES = {
    "problem": PROBLEMS,
    "activation": ACTIVATIONS,
    "optimizer": OPTIMIZERS,
    "regularizer": REGULARIZERS,
}
RANGES = {
    "rows": (20, 5000),
    "noise": (0.0, 2.0),
    "dropout": (0.0, 0.9),
    "penalty": (0.0, 1.0),
    "learning_rate": (1e-5, 10.0),
    "batch_size": (1, 1000),
    "seed": (0, 2**31 - 1),
}
"""Least and greatest value of each number."""


@dataclass(frozen=True)
class Settings:
    """A run: its data, its network, and how it is trained."""

    problem: str = "circle"
    rows: int = 400
    noise: float = 0.3
    layers: tuple[int, ...] = (6, 4)
    activation: str = "tanh"
    dropout: float = 0.0
    regularizer: str = "none"
    penalty: float = 0.001
    optimizer: str = "adam"
    learning_rate: float = 0.01
    batch_size: int = 16
    seed: int = 1
    table: str = ""
    target: str = ""


def read_settings(given: Any) -> Settings:
    """Settings from what a page sent; InvalidArgumentError says what is wrong with it."""
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(f"settings are names and values; got {describe(given)}")
    values = {}
    for name, default in vars(Settings()).items():
        value = given.get(name, default)
        if name in CHOICES:
            if value not in CHOICES[name]:
                raise InvalidArgumentError(
                    f"{name} must be one of {', '.join(CHOICES[name])}; got {describe(value)}."
                    f"{nearest(str(value), CHOICES[name])}"
                )
        elif name in RANGES:
            value = _number(name, value, type(default))
        elif name == "layers":
            value = _layers(value)
        elif not isinstance(value, str):
            raise InvalidArgumentError(f"{name} must be text; got {describe(value)}")
        values[name] = value
    return Settings(**values)


def _number(name: str, value: Any, kind: type) -> Any:
    low, high = RANGES[name]
    wrong = isinstance(value, bool) or not isinstance(value, (int, float))
    if wrong or not low <= value <= high or (kind is int and value != int(value)):
        whole = "a whole number" if kind is int else "a number"
        raise InvalidArgumentError(f"{name} is {whole} from {low} to {high}; got {describe(value)}")
    return kind(value)


def _layers(value: Any) -> tuple[int, ...]:
    good = isinstance(value, (list, tuple)) and len(value) <= MOST_LAYERS
    if not good or not all(type(units) is int and 1 <= units <= MOST_UNITS for units in value):
        raise InvalidArgumentError(
            f"layers are up to {MOST_LAYERS} numbers of units, each from 1 to {MOST_UNITS}; "
            f"got {describe(value)}"
        )
    return tuple(value)
