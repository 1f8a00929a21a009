"""Models: sequential, functional, subclassed."""

from __future__ import annotations

from typing import Any

from ...core.errors import UnknownNameError, nearest
from ..saving import load_model, save_model
from .cloning import clone_model
from .functional import Functional
from .model import Model, model_from_json
from .sequential import Sequential

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name in ("model_from_config", "model_from_yaml"):
        raise UnknownNameError(
            f"keras.models.{name} was removed from Keras; use keras.models.model_from_json or "
            "Model.from_config"
        )
    raise UnknownNameError(f"keras.models has no {name!r}.{nearest(name, __all__)}")
