"""Models written as functions of symbolic tensors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

from ...core import nest
from ...core.dtypes import STRING, type_name
from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ...core.shapes import B
from ...ops import array
from ..configurable import deserialize, deserialize_nested, register, serialize
from ..layers.arguments import checked_metric
from ..layers.core import InputLayer
from ..layers.layer import Layer
from ..layers.symbolic import KerasTensor, Operation
from ..masks import keep_mask, set_mask
from ..ops.operation import class_name
from ..utils.summary import Step
from .cloning import Cloning
from .graph import (
    layer_of,
    layers_in_order,
    parts_in_order,
    producer_name,
    sorted_operations,
    with_own_inputs,
)
from .model import Model
from .saved_steps import saved_step, step_config

_OWN = ("inputs", "outputs", "name", "trainable")
_WRITTEN = ("name", "trainable", "dtype", "layers", "input_layers", "output_layers")


@register("keras.models", "Functional")
class Functional(Model):
    """The network between symbolic inputs and outputs (single ones, lists or dicts of them)."""

    _tells_of_lost_masks = False  # the layers inside get them

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, trainable: bool = True
    ) -> None:
        for what, structure in (("inputs", inputs), ("outputs", outputs)):
            for leaf in nest.flatten(structure):
                if not isinstance(leaf, KerasTensor):
                    raise InvalidArgumentError(
                        f"the {what} of a Model are symbolic tensors (of keras.Input and layers "
                        f"called on them); got {type(leaf).__name__}"
                    )
        super().__init__(name=name or None, trainable=trainable)
        self.autocast = False  # inputs have the dtypes of their Input
        if not all(isinstance(layer_of(tensor), InputLayer) for tensor in nest.flatten(inputs)):
            inputs, outputs = with_own_inputs(inputs, outputs)
        self.inputs_structure = inputs
        self.outputs_structure = outputs
        self._added_losses: list[KerasTensor] = []
        self._measured: list[tuple[KerasTensor, str]] = []
        self._operations = sorted_operations(nest.flatten(inputs), nest.flatten(outputs))
        self._own_layers = layers_in_order(nest.flatten(inputs), nest.flatten(outputs))
        _check_names(self._own_layers)
        self.built = True
        shapes = nest.map_structure(lambda tensor: tuple(tensor.shape), inputs)
        self._build_shape = shapes

    @property
    def inputs(self) -> list[Any]:
        return nest.flatten(self.inputs_structure)

    @property
    def outputs(self) -> list[Any]:
        return nest.flatten(self.outputs_structure)

    @property
    def input(self) -> Any:
        return self.inputs_structure

    @property
    def output(self) -> Any:
        return self.outputs_structure

    @property
    def input_shape(self) -> Any:
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self.inputs_structure)

    @property
    def output_shape(self) -> Any:
        return nest.map_structure(lambda tensor: tuple(tensor.shape), self.outputs_structure)

    @property
    def layers(self) -> list[Layer]:
        return list(self._own_layers)

    def _shown(self) -> list[Any]:
        """Layers and operations of keras.ops, as a summary lists them."""
        steps = _names_of_steps(self._operations, {layer.name for layer in self._own_layers})
        parts = parts_in_order(self.inputs, self.outputs)
        parts += [layer for layer in self._own_layers if layer not in parts]
        return [
            part
            if isinstance(part, Layer)
            else Step(steps[id(part)], class_name(part.function.__name__), part)
            for part in parts
            if isinstance(part, Layer) or id(part) in steps
        ]

    @property
    def input_names(self) -> list[str]:
        return [tensor.operation.layer.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [producer_name(tensor) for tensor in self.outputs]

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for `inputs`, layer by layer; a list of one is that one, as in Keras."""
        known = self._bind_inputs(inputs)
        for value, own in zip(
            known.values(), () if mask is None else nest.flatten(mask), strict=False
        ):
            if own is not None:
                set_mask(value, own)
        rows = next(iter(known.values())).spec.shape[0]
        for operation in self._operations:
            if id(operation.outputs[0]) in known and isinstance(operation.layer, InputLayer):
                continue
            results = operation.run(known, rows)
            known.update(zip(map(id, operation.outputs), results, strict=True))
        if self._added_losses or self._measured:
            self._add_computed(known)
        wanted = self.outputs_structure
        if isinstance(wanted, (list, tuple)) and len(wanted) == 1:
            wanted = wanted[0]
        return nest.map_structure(lambda tensor: known[id(tensor)], wanted)

    # What TensorFlow 2 adds to a functional model ------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Minimize symbolic tensors, computed from the model's inputs, too (TensorFlow 2).

        Other losses are added inside `call`, as in every layer.
        """
        symbols = [item for item in nest.flatten(loss) if isinstance(item, KerasTensor)]
        if not symbols:
            super().add_loss(loss)
            return
        self._added_losses += symbols
        self._compute_too(symbols)

    def add_metric(self, value: Any, name: str | None = None, aggregation: str = "mean") -> None:
        """Show the mean of a symbolic tensor, computed from the model's inputs (TensorFlow 2)."""
        if not isinstance(value, KerasTensor):
            super().add_metric(value, name, aggregation)
            return
        self._measured.append((value, checked_metric(name, aggregation)))
        self._compute_too([value])

    def _compute_too(self, symbols: list[KerasTensor]) -> None:
        known = {id(operation) for operation in self._operations}
        for operation in sorted_operations(self.inputs, symbols):
            if id(operation) not in known:
                self._operations.append(operation)
                if operation.layer is not None and operation.layer not in self._own_layers:
                    self._own_layers.append(operation.layer)
        self._forget_programs()

    def _add_computed(self, known: dict[int, Any]) -> None:
        for symbol in self._added_losses:
            super().add_loss(known[id(symbol)])
        for symbol, name in self._measured:
            super().add_metric(known[id(symbol)], name)

    def _bind_inputs(self, inputs: Any) -> dict[int, Any]:
        """Data by the id of the symbolic input that they feed."""
        symbols = self.inputs
        if isinstance(inputs, dict):
            by_key = isinstance(self.inputs_structure, dict)
            names = sorted(self.inputs_structure) if by_key else self.input_names
            missing = [name for name in names if name not in inputs]
            if missing:
                raise InvalidArgumentError(
                    f"the model {self.name!r} gets no data for its input {missing[0]!r}; the data "
                    f"are for {', '.join(map(repr, inputs))}"
                )
            leaves = nest.flatten([inputs[name] for name in names])
        else:
            leaves = nest.flatten(inputs)
            own = self.inputs_structure
            if isinstance(own, dict) and nest.is_nested(inputs) and list(own) != sorted(own):
                raise InvalidArgumentError(
                    f"the model {self.name!r} takes its inputs by name, as {', '.join(own)}; got "
                    f"a {type(inputs).__name__}, whose order does not say which is which"
                )
        if len(leaves) != len(symbols):
            raise InvalidArgumentError(
                f"the model {self.name!r} has {len(symbols)} inputs; got {len(leaves)}"
            )
        return {
            id(symbol): _fitted(self.name, symbol, leaf)
            for symbol, leaf in zip(symbols, leaves, strict=True)
        }

    def get_config(self) -> dict[str, Any]:
        """The layers, how they are connected, inputs and outputs: Keras's form.

        Further arguments of a subclass's constructor come after; one that connects its layers
        itself is described by its arguments alone.
        """
        if "inputs" not in self._arguments:
            return super().get_config()
        if self._added_losses or self._measured:
            raise UnimplementedError(
                "a functional model with add_loss or add_metric of symbolic tensors cannot be "
                "saved; put them into the call() of a Layer"
            )
        steps = [op for op in self._operations if op.layer is None]
        bare = next((step for step in steps if step.function is None), None)
        if bare is not None:
            raise UnimplementedError(
                f"{bare!r} on symbolic tensors cannot be saved; put it into the call() of a Layer"
            )
        calls = _Calls(self._operations, self._own_layers)
        return {
            "name": self.name,
            "trainable": self._trainable,
            "layers": [
                *(calls.layer_config(layer) for layer in self._own_layers),
                *(calls.step_config(step) for step in steps),
            ],
            "input_layers": nest.map_structure(calls.end, self.inputs_structure),
            "output_layers": nest.map_structure(calls.end, self.outputs_structure),
            **{k: serialize(getattr(self, k, v)) for k, v in self._told().items() if k not in _OWN},
        }

    def _cloned(self, cloning: Cloning, given: Any, replaces: bool) -> Any:
        """The calls of this model again, on the clones of its layers."""
        if not replaces and "inputs" not in self._arguments:
            return None  # a class that connects its layers itself
        inputs = self._new_inputs(given)
        known = dict(zip(map(id, self.inputs), nest.flatten(inputs), strict=True))
        for operation in self._operations:
            if isinstance(operation.layer, InputLayer):
                continue
            called = None if operation.layer is None else cloning.layer(operation.layer)
            if called is not None and cloning.call is not None:
                called = partial(cloning.call, called)
            results = operation.run(known, B, called)
            known.update(zip(map(id, operation.outputs), results, strict=True))
        outputs = nest.map_structure(lambda tensor: known[id(tensor)], self.outputs_structure)
        own = ("inputs", "outputs", "name")
        others = {key: value for key, value in self._arguments.items() if key not in own}
        model_class = getattr(self, "written_class", type(self))
        return model_class(inputs=inputs, outputs=outputs, name=self.name, **others)

    def _new_inputs(self, given: Any) -> Any:
        """Inputs like those of this model, or `given` ones in their structure."""
        if given is None:
            made = [
                InputLayer(batch_shape=t.shape, dtype=t.spec.dtype.name, name=name).output
                for t, name in zip(self.inputs, self.input_names, strict=True)
            ]
        else:
            made = nest.flatten(given)
            if not all(isinstance(tensor, KerasTensor) for tensor in made):
                raise InvalidArgumentError("input_tensors are symbolic tensors, of keras.Input")
        if len(made) != len(self.inputs):
            raise InvalidArgumentError(
                f"the model has {len(self.inputs)} inputs; got {len(made)} input_tensors"
            )
        return nest.pack_sequence_as(self.inputs_structure, made)

    @staticmethod
    def _connected(model_class: Any, config: dict[str, Any]) -> Any:
        """A model of a class, its layers connected as `config` says."""
        layers = _rebuild_layers(config["layers"])
        inputs = _follow(config["input_layers"], layers)
        outputs = _follow(config["output_layers"], layers)
        others = {k: deserialize_nested(v) for k, v in config.items() if k not in _WRITTEN}
        model = model_class(inputs=inputs, outputs=outputs, name=config.get("name"), **others)
        if not config.get("trainable", True):
            model._freeze_like_another()
        return model


def _fitted(model: str, symbol: KerasTensor, leaf: Any) -> Any:
    """`leaf` with the rank of its input: a last axis of size 1 is added or left out."""
    given, wanted, have = leaf, symbol.shape, leaf.shape
    if len(have) == len(wanted) - 1 and wanted[-1] == 1:
        leaf = array.expand_dims(leaf, -1)
    elif len(have) == len(wanted) + 1 and have[-1] == 1:
        return _fitted(model, symbol, keep_mask(given, array.squeeze(leaf, -1)))
    elif len(have) != len(wanted) or any(
        w is not None and h is not None and w != h for w, h in zip(wanted, have, strict=True)
    ):
        name = symbol.operation.layer.name if symbol.operation else symbol.name
        raise InvalidArgumentError(
            f"the model {model!r} expects data of shape {tuple(wanted)} for its input {name!r}; "
            f"got shape {tuple(have)}"
        )
    dtype = symbol.spec.dtype
    if STRING in (dtype, leaf.spec.dtype) and leaf.spec.dtype != dtype:
        raise ArgumentTypeError(
            f"the model {model!r} expects {type_name(dtype)} for its input "
            f"{producer_name(symbol)!r}; got {type_name(leaf.spec.dtype)}. Text becomes "
            "numbers by keras.layers.StringLookup or Hashing, after keras.Input(dtype='string')."
        )
    return keep_mask(given, array.cast(leaf, dtype) if leaf.spec.dtype != dtype else leaf)


def _check_names(layers: Sequence[Layer]) -> None:
    names: set[str] = set()
    for layer in layers:
        if layer.name in names:
            raise InvalidArgumentError(
                f"two layers of a model are named {layer.name!r}; names must differ"
            )
        names.add(layer.name)


class _Calls:
    """The calls of layers within one model, as its configuration counts them."""

    def __init__(self, operations: Sequence[Operation], layers: Sequence[Layer]) -> None:
        inside = {id(operation) for operation in operations}
        self.of = {
            id(layer): [call for call in layer._inbound if id(call) in inside] for layer in layers
        }
        self.names = _names_of_steps(operations, {layer.name for layer in layers})

    def history(self, tensor: KerasTensor) -> list[Any]:
        """[layer name, which of the layer's calls, which of its results]."""
        operation = tensor.operation
        assert operation is not None
        if operation.layer is None:
            return [self.names[id(operation)], 0, tensor.position]
        calls = self.of[id(operation.layer)]
        return [operation.layer.name, calls.index(operation), tensor.position]

    def end(self, tensor: KerasTensor) -> list[Any]:
        """`history` of an input or output, where files count a functional model's calls from 1."""
        name, call, position = self.history(tensor)
        return [name, call + _first_call(layer_of(tensor)), position]

    def layer_config(self, layer: Layer) -> dict[str, Any]:
        """A layer and what it is called on."""
        config: dict[str, Any] = serialize(layer)
        calls = [] if isinstance(layer, InputLayer) else self.of[id(layer)]
        config["name"] = layer.name
        config["inbound_nodes"] = [
            {"args": self._plain(list(call.arguments)), "kwargs": self._plain(call.keywords)}
            for call in calls
        ]
        return config

    def step_config(self, step: Operation) -> dict[str, Any]:
        """An operation of keras.ops and what it is called on."""
        return step_config(step, self.names[id(step)], self._plain)

    def _plain(self, item: Any) -> Any:
        if isinstance(item, KerasTensor):
            inner = {"shape": list(item.shape), "dtype": type_name(item.spec.dtype)}
            inner["keras_history"] = self.history(item)
            return {"class_name": "__keras_tensor__", "config": inner}
        if isinstance(item, dict):
            return {key: self._plain(value) for key, value in item.items()}
        if isinstance(item, (list, tuple)):
            return [self._plain(value) for value in item]
        return serialize(item)


def _first_call(layer: Layer | None) -> int:
    """The number of a layer's first call, in the lists of a model's inputs and outputs."""
    return int(isinstance(layer, Functional))


def _names_of_steps(operations: Sequence[Operation], taken: set[str]) -> dict[int, str]:
    """A name of its own for each operation of keras.ops."""
    names: dict[int, str] = {}
    for step in operations:
        if step.layer is None and step.name is not None:
            numbered = (
                f"{step.name}_{count}" if count else step.name for count in itertools.count()
            )
            names[id(step)] = next(name for name in numbered if name not in taken)
            taken.add(names[id(step)])
    return names


def _rebuild_layers(configs: list[dict[str, Any]]) -> dict[str, tuple[Layer, list[Operation]]]:
    """Layers by name, called again as they were, with the operations of their calls."""
    made: dict[str, tuple[Any, list[Operation]]] = {}
    waiting = []
    for config in configs:
        layer = saved_step(config) or deserialize(config)
        if config.get("name"):
            layer._name = config["name"]
        made[layer.name] = layer, list(layer._inbound) if isinstance(layer, InputLayer) else []
        waiting.append((layer, list(config.get("inbound_nodes", []))))
    while any(nodes for _, nodes in waiting):
        progress = False
        for layer, nodes in waiting:
            while nodes and _is_ready(nodes[0], made):
                node = nodes.pop(0)
                before = len(layer._inbound)
                keywords = _fill(node["kwargs"], made)
                if keywords.get("mask", 0) is None:
                    del keywords["mask"]  # Keras writes it for every model inside a model
                layer(*_fill(node["args"], made), **keywords)
                made[layer.name][1].extend(layer._inbound[before:])
                progress = True
        if not progress:
            raise InvalidArgumentError("the layers of the configuration are connected in a circle")
    return made


def _tensor_places(item: Any) -> list[list[Any]]:
    if isinstance(item, dict):
        if item.get("class_name") == "__keras_tensor__":
            return [item["config"]["keras_history"]]
        return [place for value in item.values() for place in _tensor_places(value)]
    if isinstance(item, list):
        return [place for value in item for place in _tensor_places(value)]
    return []


def _is_ready(node: dict[str, Any], made: dict[str, tuple[Layer, list[Operation]]]) -> bool:
    for name, call, _ in _tensor_places([node["args"], node["kwargs"]]):
        if name not in made:
            raise InvalidArgumentError(f"the configuration uses a layer {name!r} that it lacks")
        if call >= len(made[name][1]):
            return False
    return True


def _fill(item: Any, made: dict[str, tuple[Layer, list[Operation]]]) -> Any:
    if isinstance(item, dict):
        if item.get("class_name") == "__keras_tensor__":
            return _at(item["config"]["keras_history"], made)
        if "class_name" in item and "config" in item:
            return deserialize(item)
        return {key: _fill(value, made) for key, value in item.items()}
    return [_fill(value, made) for value in item] if isinstance(item, list) else item


def _at(place: Sequence[Any], made: dict[str, tuple[Layer, list[Operation]]]) -> KerasTensor:
    name, call, position = place
    if name not in made or not 0 <= call < len(made[name][1]):
        raise InvalidArgumentError(f"the configuration refers to {place}, which does not exist")
    found: KerasTensor = made[name][1][call].outputs[position]
    return found


def _follow(places: Any, made: dict[str, tuple[Layer, list[Operation]]]) -> Any:
    if isinstance(places, dict):
        return {key: _follow(value, made) for key, value in places.items()}
    if len(places) == 3 and isinstance(places[0], str):
        name, call, position = places
        first = _first_call(made[name][0]) if name in made else 0
        return _at([name, call - first, position], made)
    return [_follow(place, made) for place in places]
