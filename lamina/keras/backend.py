"""keras.backend: the essentials of Keras 2 and 3."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import numpy_dtype
from .lattice import join
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


def result_type(*dtypes: Any) -> str:
    """The dtype of a result of several; `int` and `float` stand for Python numbers.

    64 bits stay 64 bits, as in TensorFlow.
    """
    if not dtypes:
        return floatx()
    weak = {int: "int", float: "float", None: floatx()}
    names = [weak.get(d) or numpy_dtype(d).name for d in dtypes]
    return join(frozenset(names), floatx())


__all__ = [
    "backend", "clear_session", "epsilon", "floatx", "image_data_format", "result_type",
    "set_epsilon", "set_floatx", "set_image_data_format",
]  # fmt: skip
