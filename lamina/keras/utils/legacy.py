"""The form in which Keras 2 wrote objects: a class name and a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import InvalidArgumentError, UnknownNameError, describe, nearest
from ..configurable import deserialize, family, serialize
from ..custom_objects import CustomObjectScope, custom_object, registered_name

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def serialize_keras_object(instance: Any) -> Any:
    """`{"class_name", "config"}` of an object; the name of a function."""
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        name = registered_name(type(instance)) or type(instance).__name__
        return {"class_name": name, "config": serialize(instance)["config"]}
    if hasattr(instance, "__name__"):
        return registered_name(instance) or instance.__name__
    raise InvalidArgumentError(
        f"only objects with get_config() and functions can be written; got {describe(instance)}"
    )


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """The object of a configuration, or of a name in `module_objects` or `custom_objects`."""
    if identifier is None or callable(identifier):
        return identifier
    known = {**(module_objects or {}), **(custom_objects or {})}
    with CustomObjectScope(known):
        if isinstance(identifier, dict):
            return deserialize(identifier)
        found = custom_object(identifier)
    if found is None:
        builtin = family(f"keras.{printable_module_name}s", printable_module_name)
        if identifier not in builtin:
            raise UnknownNameError(
                f"the {printable_module_name} {identifier!r} is not known; pass it in "
                f"custom_objects={{...}}.{nearest(str(identifier), [*known, *builtin])}"
            )
        found = builtin[identifier]
    return found() if isinstance(found, type) else found
