"""The graph of symbolic calls behind a functional model."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.dtypes import type_name
from ...core.errors import InvalidArgumentError
from ...core.shapes import B
from ..layers.core import InputLayer
from ..layers.layer import Layer
from ..layers.symbolic import KerasTensor, Operation


def layer_of(tensor: KerasTensor) -> Layer | None:
    """The layer that gave a symbolic tensor."""
    return None if tensor.operation is None else tensor.operation.layer


def producer_name(tensor: KerasTensor) -> str:
    """The name of the layer or operation that gave a symbolic tensor, else the tensor's own."""
    operation = tensor.operation
    if operation is not None and operation.layer is not None:
        return str(operation.layer.name)
    return str((operation and operation.name) or tensor.name)


def sorted_operations(inputs: list[Any], outputs: list[Any]) -> list[Operation]:
    """What leads from inputs to outputs, each after what it needs."""
    given = {id(tensor) for tensor in inputs}
    done: dict[int, Operation] = {}
    for tensor in inputs:
        if isinstance(layer_of(tensor), InputLayer):
            done[id(tensor.operation)] = tensor.operation
    order: list[Operation] = list(done.values())
    stack = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        operation = tensor.operation
        if id(operation) in done or id(tensor) in given:
            continue
        if ready:
            done[id(operation)] = operation
            order.append(operation)
            continue
        if operation is None or isinstance(operation.layer, InputLayer):
            raise InvalidArgumentError(
                f"the outputs depend on the input {producer_name(tensor)!r}, which is not among "
                "the model's inputs"
            )
        stack.append((tensor, True))
        stack += [(source, False) for source in reversed(operation.inputs)]
    return order


def with_own_inputs(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """A model from the middle of another: fresh inputs, and the same layers called on them."""
    known: dict[int, Any] = {}
    for tensor in nest.flatten(inputs):
        known[id(tensor)] = tensor
        if not isinstance(layer_of(tensor), InputLayer):
            layer = InputLayer(batch_shape=tensor.shape, dtype=type_name(tensor.spec.dtype))
            known[id(tensor)] = layer.output
    for operation in sorted_operations(nest.flatten(inputs), nest.flatten(outputs)):
        if not isinstance(operation.layer, InputLayer):
            results = operation.run(known, B)
            known.update(zip(map(id, operation.outputs), results, strict=True))
    return tuple(
        nest.map_structure(lambda tensor: known[id(tensor)], structure)
        for structure in (inputs, outputs)
    )


def layers_in_order(inputs: list[Any], outputs: list[Any]) -> list[Layer]:
    """The layers as Keras orders them, on which the names of weights in files depend."""
    return [part for part in parts_in_order(inputs, outputs) if isinstance(part, Layer)]


def parts_in_order(inputs: list[Any], outputs: list[Any]) -> list[Any]:
    """Layers, and calls of bare operations, as Keras orders them.

    Those farthest from the outputs come first; of equally far ones, those that a walk from the
    outputs back to the inputs meets first.
    """
    finished, rank = _walk_back(inputs, outputs)
    places = {id(operation) for operation in finished}
    distance: dict[int, int] = {}  # of calls
    farthest: dict[int, int] = {}  # of what is called
    parts = {id(_called(tensor.operation)): _called(tensor.operation) for tensor in inputs}
    for operation in reversed(finished):
        part = _called(operation)
        parts[id(part)] = part
        far = max(distance.get(id(operation), 0), farthest.get(id(part), 0))
        farthest[id(part)] = distance[id(operation)] = far
        for source in (tensor.operation for tensor in operation.inputs):
            if id(source) in places:
                distance[id(source)] = max(far + 1, distance.get(id(source), 0))
    ordered = sorted(parts, key=lambda key: (-farthest.get(key, 0), rank.get(key, -1)))
    return [parts[key] for key in ordered]


def _walk_back(inputs: list[Any], outputs: list[Any]) -> tuple[list[Operation], dict[int, int]]:
    """Calls, each after those that it needs, and when the walk met what they call."""
    given = {id(tensor) for tensor in inputs}
    rank: dict[int, int] = {}
    finished: dict[int, Operation] = {}
    stack = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        operation = tensor.operation
        if ready:
            finished[id(operation)] = operation
            continue
        inside = id(tensor) not in given or isinstance(operation.layer, InputLayer)
        if id(operation) in finished or not inside:
            continue
        rank.setdefault(id(_called(operation)), len(rank))
        stack.append((tensor, True))
        stack += [(source, False) for source in reversed(operation.inputs)]
    return list(finished.values()), rank


def _called(operation: Operation) -> Any:
    """The layer of a call; a call of a bare operation stands for itself."""
    return operation if operation.layer is None else operation.layer
