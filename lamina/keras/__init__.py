"""Keras on lamina: layers, models, losses, optimizers, training."""

from __future__ import annotations

import importlib
from typing import Any

from ..core.outside import lacking
from ..ops.scopes import name_scope
from . import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    distribution,
    dtype_policies,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    ops,
    optimizers,
    preprocessing,
    random,
    regularizers,
    saving,
    tree,
    utils,
)
from .dtype_policies import DTypePolicy, FloatDTypePolicy
from .function import Function
from .initializers import Initializer
from .layers import Input, InputSpec, Layer
from .layers.symbolic import KerasTensor
from .losses import Loss
from .metrics import Metric
from .models import Model, Sequential
from .ops.operation import Operation
from .optimizers import Optimizer
from .regularizers import Regularizer
from .scopes import RematScope, StatelessScope, device, remat
from .variable import Variable

__version__ = "3.15.0"
"""The version of Keras whose behaviour and files are meant."""

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Operation",
    "Optimizer",
    "Regularizer",
    "RematScope",
    "Sequential",
    "StatelessScope",
    "Variable",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "device",
    "distribution",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "name_scope",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "remat",
    "saving",
    "tree",
    "utils",
    "version",
]


def version() -> str:
    """`keras.__version__`."""
    return __version__


_INSTEAD = {
    "SymbolicScope": "symbolic tensors need no scope: call layers on keras.Input",
    "distillation": "write the two losses of teacher and student in a train_step",
    "legacy": "see keras.optimizers.legacy",
}
_LATER = ("datasets", "experimental", "wrappers")
"""Modules that take imports which networks do not need."""
_missing = lacking("keras", __all__, _INSTEAD)


def __getattr__(name: str) -> Any:
    return importlib.import_module(f"{__name__}.{name}") if name in _LATER else _missing(name)
