"""keras.backend: the essentials of Keras 2 and 3."""

from __future__ import annotations

from .naming import reset_names
from .settings import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)


def clear_session(free_memory: bool = True) -> None:
    """Count names from the start again; memory is given back by itself."""
    reset_names()


__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "image_data_format", "set_epsilon",
    "set_floatx", "set_image_data_format",
]  # fmt: skip
