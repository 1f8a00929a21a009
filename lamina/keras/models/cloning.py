"""Models made anew from what others look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ..configurable import deserialize_nested, serialize, sharing
from ..custom_objects import CustomObjectScope

Clone = Callable[[Any], Any]


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Clone | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A model of the same layers with weights of its own, drawn anew; compiled if `model` is.

    `clone_function(layer)` gives the new layer for each but inputs, `call_function(layer, *args,
    **kwargs)` calls it; with `recursive`, models inside are cloned layer by layer as well. The
    clone begins at `input_tensors` (of `keras.Input`) where they are given. Only sequential and
    functional models take these arguments, and sequential ones no `call_function`.
    """
    if not hasattr(model, "compile_from_config"):
        raise ArgumentTypeError(f"clone_model expects a model; got {type(model).__name__}")
    cloning = Cloning(clone_function, call_function, recursive)
    replaces = clone_function is not None or input_tensors is not None
    made = cloning.model(model, input_tensors, replaces)
    if made is None:
        if replaces or call_function is not None:
            raise InvalidArgumentError(
                "clone_model: clone_function, call_function and input_tensors are for sequential "
                f"and functional models; got a {type(model).__name__}"
            )
        return from_configuration(model, keep_compiled=True)
    if model.compiled:
        own: dict[str, Any] = {}
        with sharing(own):
            config = model.get_compile_config()
        with CustomObjectScope(own):
            made.compile_from_config(config)
    return made


class Cloning:
    """The clones made so far, so that what is shared stays shared."""

    def __init__(
        self, function: Clone | None, call: Callable[..., Any] | None, recursive: bool
    ) -> None:
        self._function = function or from_configuration
        self.call = call
        self._recursive = recursive
        self._made: dict[int, Any] = {}

    def layer(self, layer: Any) -> Any:
        """The clone of a layer."""
        if id(layer) not in self._made:
            made = self.model(layer, None, False) if self._recursive else None
            self._made[id(layer)] = self._function(layer) if made is None else made
        return self._made[id(layer)]

    def model(self, model: Any, given: Any, replaces: bool) -> Any:
        """The clone of a sequential or functional model, begun at `given`; None for others."""
        clone = getattr(model, "_cloned", None)
        return None if clone is None else clone(self, given, replaces)


def from_configuration(item: Any, keep_compiled: bool = False) -> Any:
    """A layer or model made of its configuration alone."""
    own: dict[str, Any] = {}
    with sharing(own):
        config = serialize(item)
        if not keep_compiled:
            config.pop("compile_config", None)
        config.pop("build_config", None)
    with sharing(), CustomObjectScope(own):
        return deserialize_nested(config)
