"""What a layer was called on, in functional and sequential models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.errors import InvalidArgumentError, UnknownNameError
from ..masks import get_mask
from .container import Container


class _OfFirstCall:
    """An attribute of layers that were called on symbolic tensors; a class may set its own."""

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self
        if not layer._inbound:
            raise UnknownNameError(
                f"the layer {layer.name!r} has no {self._name}: it was not called on a symbolic "
                "tensor, of keras.Input, yet"
            )
        return _one_or_all(self._find(layer._inbound[0]))


def _one_or_all(found: list[Any]) -> Any:
    return found[0] if len(found) == 1 else found


def _inputs(call: Any) -> Any:
    """The symbolic tensor (or tensors) of the layer's first call."""
    return call.inputs


def outputs_of(call: Any) -> Any:
    """The symbolic tensor (or tensors) that the layer's first call gave."""
    masks = {id(get_mask(tensor)) for tensor in call.outputs}
    return [tensor for tensor in call.outputs if id(tensor) not in masks]


def _input_shapes(call: Any) -> Any:
    """The shape (or shapes) of `input`: TensorFlow's name."""
    return [tuple(tensor.shape) for tensor in call.inputs]


def _output_shapes(call: Any) -> Any:
    """The shape (or shapes) of `output`: TensorFlow's name."""
    return [tuple(tensor.shape) for tensor in outputs_of(call)]


class Connected(Container):
    """A container that remembers its symbolic calls."""

    _inbound: list[Any]
    input: Any = _OfFirstCall(_inputs)
    output: Any = _OfFirstCall(outputs_of)
    input_shape: Any = _OfFirstCall(_input_shapes)
    output_shape: Any = _OfFirstCall(_output_shapes)

    def get_input_at(self, node_index: int) -> Any:
        """The symbolic tensor (or tensors) of call number `node_index`: TensorFlow's name."""
        return _one_or_all(_inputs(self._call_at(node_index)))

    def get_output_at(self, node_index: int) -> Any:
        """The symbolic tensor (or tensors) that call number `node_index` gave."""
        return _one_or_all(outputs_of(self._call_at(node_index)))

    def _call_at(self, number: int) -> Any:
        if not 0 <= number < len(self._inbound):
            raise InvalidArgumentError(
                f"the layer {self.name!r} was called on symbolic tensors {len(self._inbound)} "
                f"times; there is no call number {number}"
            )
        return self._inbound[number]

    def __getstate__(self) -> dict[str, Any]:
        """All but the calls: a copy is another layer."""
        return {**vars(self), "_inbound": [], "_call_losses": []}
