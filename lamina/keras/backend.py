"""Keras's global settings: the default float, its epsilon, the counting of names."""

from __future__ import annotations

from typing import Any

from ..core.errors import InvalidArgumentError
from .naming import reset_names

_SETTINGS: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7}


def floatx() -> str:
    """The dtype of weights and data where none is given."""
    name: str = _SETTINGS["floatx"]
    return name


def set_floatx(value: str) -> None:
    """Set the default float: 'float16', 'float32' or 'float64'."""
    if value not in ("float16", "float32", "float64"):
        raise InvalidArgumentError(f"floatx is 'float16', 'float32' or 'float64'; got {value!r}")
    _SETTINGS["floatx"] = value


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite."""
    number: float = _SETTINGS["epsilon"]
    return number


def set_epsilon(value: float) -> None:
    """Set the small number."""
    _SETTINGS["epsilon"] = float(value)


def backend() -> str:
    """The name that Keras asks for."""
    return "lamina"


def clear_session() -> None:
    """Count names from the start again."""
    reset_names()
