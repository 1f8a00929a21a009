"""Models in files: `.keras` and `.weights.h5`, as Keras 3 writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.outside import lacking
from ..configurable import deserialize_nested
from ..configurable import serialize as serialize_keras_object
from ..custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..limits import memory_budget
from .editor import KerasFileEditor
from .files import (
    load_model,
    load_weights,
    model_from_text,
    model_members,
    refusing,
    save_model,
    save_weights,
)

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "model_from_text",
    "model_members",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]

__getattr__ = lacking("keras.saving", __all__)


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that `serialize_keras_object` described; of lists and dicts, each in them.

    Code is never made of a configuration, whatever `safe_mode` says.
    """
    with refusing("the configuration"), memory_budget(), CustomObjectScope(custom_objects):
        return deserialize_nested(config)
