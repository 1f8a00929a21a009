"""Optimizers: how gradients change variables."""

from __future__ import annotations

import sys
from typing import Any

from ...core.errors import ArgumentTypeError, UnknownNameError, nearest
from ..configurable import FAMILIES, custom_object_scope, get_from, serialize
from ..configurable import deserialize as _deserialize
from . import legacy, schedules
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .adamw import AdamW
from .base import Optimizer
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion
from .loss_scale import LossScaleOptimizer
from .muon import Muon
from .nadam import Nadam
from .rmsprop import RMSprop
from .schedule_free_adamw import ScheduleFreeAdamW
from .several import MultiOptimizer, OptimizerMap
from .sgd import SGD

__all__ = [
    "Optimizer",
    "SGD",
    "RMSprop",
    "Adam",
    "AdamW",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "Nadam",
    "Ftrl",
    "Lion",
    "Lamb",
    "Adafactor",
    "Muon",
    "ScheduleFreeAdamW",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "OptimizerMap",
    "schedules",
    "legacy",
    "get",
    "serialize",
    "deserialize",
]


def scaled(optimizer: Any) -> Any:
    """`optimizer` with dynamic loss scaling, which it may have already."""
    if isinstance(optimizer, LossScaleOptimizer):
        return optimizer
    return LossScaleOptimizer(optimizer, name="loss_scale_optimizer")


def get(identifier: Any) -> Any:
    """The optimizer meant by a name (case does not matter), a configuration or an optimizer.

    A name gives the default arguments; a configuration is what `serialize` gave; None means none.
    """
    if isinstance(identifier, str) and identifier not in FAMILIES["keras.optimizers"]:
        identifier = identifier.lower()
    found = get_from("keras.optimizers", identifier)
    if not (found is None or isinstance(found, Optimizer)):
        raise ArgumentTypeError(
            "an optimizer is a name ('adam'), a configuration or an Optimizer; got "
            f"{type(identifier).__name__} {str(identifier)[:60]!r}"
        )
    return found


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config) if isinstance(config, dict) else get(config)


def __getattr__(name: str) -> Any:
    if name == "experimental":  # where TensorFlow 2.9 had the optimizers of today
        return sys.modules[__name__]
    raise UnknownNameError(f"keras.optimizers has no {name!r}.{nearest(name, __all__)}")
