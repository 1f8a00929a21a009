"""Utilities of Keras: data, seeds, registered objects, summaries."""

from __future__ import annotations

from typing import Any

from ...core.errors import UnknownNameError, nearest
from ..backend import clear_session
from ..configurable import serialize as serialize_keras_object
from ..custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..saving import deserialize_keras_object
from ..training.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .numerical import normalize, set_random_seed, to_categorical

__all__ = [
    "CustomObjectScope",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

_TABLES = "lamina is about tables of numbers; images, texts and sound are left out"
_ELSEWHERE = {
    "plot_model": "draw a network with lamina.plot.network(model); model.summary() prints it",
    "model_to_dot": "draw a network with lamina.plot.network(model)",
    "get_file": "lamina.datasets has the data that lamina offers; download others yourself",
    "split_dataset": "slice the arrays, or pass validation_split= to fit",
    "PyDataset": "pass arrays to fit",
    "Sequence": "pass arrays to fit",
    "Progbar": "fit(verbose=1) shows progress; write a keras.callbacks.Callback for more",
    "FeatureSpace": "see lamina.tabular and keras.layers.Normalization",
    **dict.fromkeys(("load_img", "save_img", "img_to_array", "array_to_img"), _TABLES),
    **dict.fromkeys(("pad_sequences", "bounding_boxes"), _TABLES),
    **dict.fromkeys(
        (f"{kind}_dataset_from_directory" for kind in ("audio", "image", "text")), _TABLES
    ),
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise UnknownNameError(f"keras.utils.{name} is not there: {_ELSEWHERE[name]}")
    raise UnknownNameError(f"keras.utils has no {name!r}.{nearest(name, __all__)}")
