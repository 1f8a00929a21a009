"""Utilities of Keras: data, seeds, registered objects, summaries."""

from __future__ import annotations

from typing import Any

from ...core.errors import UnknownNameError, nearest
from ...core.offers import offered
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

_TABLES = "lamina is about tables of numbers; images, texts and sound are left out"
_ELSEWHERE = {
    **dict.fromkeys(("load_img", "save_img", "img_to_array", "array_to_img"), _TABLES),
    "bounding_boxes": _TABLES,
    **dict.fromkeys(
        (f"{kind}_dataset_from_directory" for kind in ("audio", "image", "text")), _TABLES
    ),
}


_OFFERED = ("get_file", "model_to_dot", "plot_model")
"""Made by rooms above this one."""


def __getattr__(name: str) -> Any:
    if name in _OFFERED:
        return offered(name)
    if name in _ELSEWHERE:
        raise UnknownNameError(f"keras.utils.{name} is not there: {_ELSEWHERE[name]}")
    raise UnknownNameError(f"keras.utils has no {name!r}.{nearest(name, __all__)}")
