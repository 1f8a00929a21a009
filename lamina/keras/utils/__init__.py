"""Utilities of Keras: data, seeds, registered objects, summaries."""

from __future__ import annotations

from typing import Any

from ...core.offers import offered
from ...core.outside import lacking
from ..configurable import serialize as serialize_keras_object
from ..custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..naming import clear_session
from ..saving import deserialize_keras_object
from ..settings import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from ..training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from ..training.py_dataset import PyDataset
from ..training.py_dataset import PyDataset as Sequence
from . import legacy
from .config import Config
from .data import pad_sequences, split_dataset, timeseries_dataset_from_array
from .feature_space import FeatureSpace
from .numerical import normalize, set_random_seed, to_categorical
from .progbar import Progbar
from .tensors import get_source_inputs, is_keras_tensor, standardize_dtype

__all__ = [
    "Config",
    "CustomObjectScope",
    "FeatureSpace",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "legacy",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

_OFFERED = ("get_file", "model_to_dot", "plot_model")
"""Made by rooms above this one."""


_missing = lacking("keras.utils", __all__)


def __getattr__(name: str) -> Any:
    return offered(name) if name in _OFFERED else _missing(name)
