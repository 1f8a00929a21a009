"""Keras on lamina: layers, models, losses, optimizers, training."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest
from . import (
    activations,
    backend,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    random,
    regularizers,
    saving,
    utils,
)
from .layers import Input
from .models import Model, Sequential

__version__ = "3.15.0"
"""The version of Keras whose behaviour and files are meant."""

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "utils",
]

_ELSEWHERE = {
    "datasets": "lamina.datasets has the data that lamina offers",
    "applications": "pretrained networks of images are outside of what lamina is for",
    "preprocessing": "images and texts are outside of what lamina is for; tables: lamina.tabular",
    "mixed_precision": "weights and computations are of one dtype; see keras.backend.set_floatx",
    "ops": "use TensorFlow's names: lamina.math, lamina.nn, lamina.linalg",
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise UnknownNameError(f"keras.{name} is not there: {_ELSEWHERE[name]}")
    raise UnknownNameError(f"keras has no {name!r}.{nearest(name, __all__)}")
