"""Models made anew from what others look like."""

from __future__ import annotations

from typing import Any

from ...core.errors import ArgumentTypeError, UnimplementedError
from ..configurable import deserialize_nested, serialize, sharing
from ..custom_objects import CustomObjectScope
from .model import Model


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Any = None,
    call_function: Any = None,
    recursive: bool = False,
) -> Any:
    """A model of the same layers with weights of its own, drawn anew; it is not compiled.

    The other arguments of Keras, which replace layers or inputs on the way, are not implemented.
    """
    if not isinstance(model, Model):
        raise ArgumentTypeError(f"clone_model expects a model; got {type(model).__name__}")
    given = {
        "input_tensors": input_tensors,
        "clone_function": clone_function,
        "call_function": call_function,
        "recursive": recursive or None,
    }
    for name, value in given.items():
        if value is not None:
            raise UnimplementedError(
                f"clone_model: {name}= is not implemented; build the model anew"
            )
    with sharing(), CustomObjectScope(_own_objects(model)):
        config = serialize(model)
        config["compile_config"] = None
        return deserialize_nested(config)


def _own_objects(model: Model) -> dict[str, Any]:
    """Classes and functions in the model that files could not name, by their names."""
    found: dict[str, Any] = {}
    for layer in model._flatten_layers():
        for item in (type(layer), *layer._arguments.values()):
            if not str(getattr(item, "__module__", "lamina")).startswith("lamina."):
                found.setdefault(getattr(item, "__name__", ""), item)
    return found
