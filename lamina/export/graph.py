"""What is exported: a model's inference as one pure graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core import nest
from ..core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
    UnimplementedError,
)
from ..ir.graph import Graph, trace_graph
from ..ir.rewrite import inline
from ..ir.value import Node, Spec, Value
from ..keras.layers.arguments import NamedShapes
from ..keras.layers.symbolic import spec_of_shape
from ..keras.models import Model
from ..passes.pipeline import optimize
from ..tensor.program import Program

_SAME = frozenset(("attach_gradient", "check", "observe", "stop_gradient"))
"""Primitives that give what they get (the first of `attach_gradient`) and do something besides."""


class Port(NamedTuple):
    """An input or output: its name, and its type with the batch `B` for the number of rows."""

    name: str
    spec: Spec


class Inference(NamedTuple):
    """`model(inputs, training=False)` as a graph without variables, state or effects.

    The graph is simplified; its inputs are `inputs` and its outputs `outputs`, in their order
    (those of dicts by their sorted keys). Weights are constants, values with an array, of the
    dtype that the model keeps them in; `constants` names all that nodes read, by the id of the
    value: paths of variables ("dense/kernel"), else "constant_0" … . What weights alone decide is
    computed already. Checks (tf.debugging.assert_…) and what shows values are left out.
    """

    name: str
    graph: Graph
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    constants: dict[int, str]
    metadata: dict[str, str]


def inference_graph(
    model: Any,
    input_signature: Any = None,
    name: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Inference:
    """The inference of a built model on batches of any number of rows.

    `input_signature`: specs (tf.TensorSpec, keras.InputSpec, tensors) in the structure of the
    inputs, where the model does not say them or others are wanted, as for a fixed number of rows.
    UnimplementedError for a model whose outputs depend on what its calls change.
    """
    ports, call = _signature(model, input_signature)
    specs = [port.spec for port in ports]
    try:
        program = Program(model.name, call, specs)
    except OpError as error:
        raise type(error)(f"{model.name!r} cannot be exported: {error}") from error
    outputs = program.graph.outputs[: program.tensor_count]
    if not outputs:
        raise InvalidArgumentError(f"{model.name!r} cannot be exported: it gives no tensors")
    pure = Graph(model.name, program.graph.inputs, program.graph.nodes, outputs)
    _refuse_state(model, pure, program)
    values = [source.read_value() for source in program.sources]
    frozen, _ = trace_graph(model.name, lambda *xs: inline(pure, [*xs, *values]), specs)
    graph = optimize(_without_effects(optimize(frozen)))
    paths = {id(v.array): s.path for v, s in zip(values, program.sources, strict=True)}
    named = _names_of_outputs(model, program.structure, len(outputs))
    ends = _unlike([*(port.name for port in ports), *named])[len(ports) :]
    return Inference(
        name or model.name,
        graph,
        ports,
        tuple(Port(*end) for end in zip(ends, graph.output_specs, strict=True)),
        _constant_names(graph, paths),
        metadata or {},
    )


# Inputs and outputs -------------------------------------------------------------------------------


def _signature(model: Any, given: Any) -> tuple[tuple[Port, ...], Callable[..., Any]]:
    """The inputs, and the call on as many tensors."""
    if not isinstance(model, Model):
        raise ArgumentTypeError(f"only models are exported; got {type(model).__name__}")
    if not model.built:
        raise FailedPreconditionError(
            f"the model {model.name!r} has no weights yet that could be exported; start it with "
            "keras.Input(shape), call build(), or call it on data first"
        )
    structure = _structure(model) if given is None else given
    if isinstance(given, (list, tuple)) and len(given) == 1:
        structure = given[0]  # the arguments of `call`, as Keras gives them
    leaves = nest.flatten(structure)
    own = _own_names(model)
    named = own if len(own) == len(leaves) else [f"input_{n}" for n in range(len(leaves))]
    names = [
        getattr(leaf, "name", None) or name if given is not None else name
        for leaf, name in zip(leaves, named, strict=True)
    ]
    ports = zip(_unlike(names), map(_spec, leaves), strict=True)
    by_name = isinstance(getattr(model, "_build_shape", None), NamedShapes) and given is None

    def call(*tensors: Any) -> Any:
        inputs = nest.pack_sequence_as(structure, tensors)
        if by_name:
            return model(*inputs, training=False)
        return model(inputs, training=False)

    return tuple(Port(*port) for port in ports), call


def _structure(model: Any) -> Any:
    """Symbolic inputs, or the shapes that a subclass was built for, as specs."""
    try:
        return model.input
    except (AttributeError, FailedPreconditionError):
        shapes = model._build_shape
    if shapes is None:
        raise FailedPreconditionError(
            f"the model {model.name!r} does not know its inputs; call it on data first, or give "
            "input_signature=tf.TensorSpec((None, features))"
        )
    if isinstance(shapes, NamedShapes):
        return [_specs_of(shape, model.compute_dtype) for shape in shapes.values()]
    return _specs_of(shapes, model.compute_dtype)


def _specs_of(shapes: Any, dtype: str) -> Any:
    if isinstance(shapes, dict):
        return {key: _specs_of(shape, dtype) for key, shape in shapes.items()}
    if any(isinstance(item, (list, tuple, dict)) for item in shapes):
        return [_specs_of(shape, dtype) for shape in shapes]
    return spec_of_shape((None, *tuple(shapes)[1:]), dtype)


def _spec(leaf: Any) -> Spec:
    """The type of an input that a spec, a symbolic tensor or data describe."""
    if isinstance(leaf, Spec):
        return leaf
    if isinstance(leaf, Value):
        return leaf.spec
    shape, dtype = getattr(leaf, "shape", None), getattr(leaf, "dtype", None)
    if shape is None or dtype is None:
        raise ArgumentTypeError(
            "input_signature has specs with a shape and a dtype, as tf.TensorSpec((None, 4)); got "
            f"{type(leaf).__name__}"
        )
    return spec_of_shape(tuple(shape), dtype)


def _own_names(model: Any) -> list[str]:
    try:
        return list(model.input_names)
    except (AttributeError, FailedPreconditionError):
        return []


def _names_of_outputs(model: Any, structure: Any, count: int) -> list[str]:
    try:
        names = list(model.output_names)
    except (AttributeError, FailedPreconditionError):
        names = [str(key) for key in sorted(structure)] if isinstance(structure, dict) else []
    return names if len(names) == count else [f"output_{n}" for n in range(count)]


def _unlike(names: Sequence[str]) -> list[str]:
    """`names`, with a number after those that stood before."""
    found: list[str] = []
    for name in names:
        number, fresh = 1, name
        while fresh in found:
            fresh, number = f"{name}_{number}", number + 1
        found.append(fresh)
    return found


# Purity -------------------------------------------------------------------------------------------


def _refuse_state(model: Any, graph: Graph, program: Program) -> None:
    """Raise where an output depends on a variable that the call writes."""
    needed = {id(value) for value in graph.outputs}
    for node in reversed(graph.nodes):
        if any(id(value) in needed for value in node.outputs):
            needed.update(map(id, node.inputs))
    symbols = graph.inputs[len(graph.inputs) - len(program.sources) :]
    written = set(map(id, program.written))
    for symbol, source in zip(symbols, program.sources, strict=True):
        if id(symbol) in needed and id(source) in written:
            raise UnimplementedError(
                f"{model.name!r} cannot be exported: each call changes the variable "
                f"{source.path!r}, on which its outputs depend (random numbers, counters). What is "
                "exported has no state; leave that out of call(training=False)."
            )


def _without_effects(graph: Graph) -> Graph:
    """`graph` without checks and what shows values."""
    known: dict[int, Value] = {}
    nodes = []
    for node in graph.nodes:
        inputs = tuple(known.get(id(value), value) for value in node.inputs)
        if node.primitive.name in _SAME:
            kept = inputs[1:] if node.primitive.name == "check" else inputs[: len(node.outputs)]
            known.update(zip(map(id, node.outputs), kept, strict=True))
        else:
            params = {
                key: _without_effects(value) if isinstance(value, Graph) else value
                for key, value in node.params.items()
            }
            nodes.append(Node(node.primitive, inputs, params, node.outputs))
    outputs = [known.get(id(value), value) for value in graph.outputs]
    return Graph(graph.name, graph.inputs, nodes, outputs)


def _constant_names(graph: Graph, paths: dict[int, str]) -> dict[int, str]:
    """A name for each constant of the graph and of those inside of it, by the id of its value."""
    found: dict[int, Value] = {}
    _find_constants(graph, found)
    numbers = iter(range(len(found)))
    names = [paths.get(id(v.array)) or f"constant_{next(numbers)}" for v in found.values()]
    return dict(zip(found, _unlike(names), strict=True))


def _find_constants(graph: Graph, found: dict[int, Value]) -> None:
    for node in graph.nodes:
        found.update((id(value), value) for value in node.inputs if value.array is not None)
        for inner in node.params.values():
            if isinstance(inner, Graph):
                _find_constants(inner, found)
    found.update((id(value), value) for value in graph.outputs if value.array is not None)
