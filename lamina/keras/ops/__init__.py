"""keras.ops: what layers, losses and models of Keras 3 are written in."""

from __future__ import annotations

from typing import Any

from ...core.errors import UnknownNameError, nearest
from . import numpy
from .numpy import *  # noqa: F403
from .outside import OUTSIDE

__all__ = ["numpy"]
__all__ += numpy.__all__


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in OUTSIDE:
        raise UnknownNameError(f"keras.ops.{name} is not there: {OUTSIDE[name]}")
    raise UnknownNameError(f"keras.ops has no {name!r}.{nearest(name, __all__)}")
