"""One traced program of a function, as an object of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..core import nest
from ..core.errors import SignatureError
from ..ir.graph import Graph
from ..ir.show import show
from ..ir.value import Value
from .program import Program
from .signatures import listed, signed, spec_of
from .spec import TensorSpec
from .variable import Variable


class NodeDef(NamedTuple):
    """An operation of a graph: its name, the primitive, the names of what it reads."""

    name: str
    op: str
    input: list[str]


class GraphDef:
    """A graph as plain data."""

    def __init__(self, graph: Graph) -> None:
        names: dict[int, str] = {}
        self.node: list[NodeDef] = []
        for place, value in enumerate(graph.inputs):
            names[id(value)] = f"input_{place}"
            self.node.append(NodeDef(f"input_{place}", "Placeholder", []))
        for place, node in enumerate(graph.nodes):
            name = f"{node.primitive.name}_{place}"
            read = [names.get(id(value), "constant") for value in node.inputs]
            names.update((id(value), name) for value in node.outputs)
            self.node.append(NodeDef(name, node.primitive.name, read))
        self._text = show(graph)

    def __repr__(self) -> str:
        return self._text


class FunctionGraph:
    """The graph of a program: `inputs`, `outputs`, `nodes`."""

    def __init__(self, graph: Graph, count: int) -> None:
        self._graph = graph
        self.name = graph.name
        self.inputs = list(graph.inputs)
        self.outputs = list(graph.outputs[:count])
        self.nodes = graph.nodes

    def as_graph_def(self, **_: Any) -> GraphDef:
        """The graph as plain data."""
        return GraphDef(self._graph)

    def get_operations(self) -> list[NodeDef]:
        """The operations."""
        return self.as_graph_def().node

    def __repr__(self) -> str:
        return show(self._graph)


class ConcreteFunction:
    """A function for arguments of certain types.

    `arguments`: args and kwargs with a TensorSpec where tensors go. `program_for` gives the
    program for tensors: the one that was traced, or, where the types leave sizes open that a
    graph cannot, one for these sizes.
    """

    def __init__(
        self,
        name: str,
        python_function: Callable[..., Any],
        arguments: tuple[tuple[Any, ...], dict[str, Any]],
        program_for: Callable[[Sequence[Any]], Any],
        program: Program | None,
    ) -> None:
        self.name = name
        self._python_function = python_function
        self._program_for = program_for
        self._program = program
        args, kwargs = arguments
        names = _positional_names(python_function, len(args))
        self._args = tuple([_named(arg, name) for arg, name in zip(args, names, strict=True)])
        self._kwargs = {key: _named(value, key) for key, value in kwargs.items()}
        self._names = names

    @property
    def program(self) -> Program:
        """The traced program."""
        if self._program is None:
            raise SignatureError(
                f"{self.name} was asked for with sizes that are open; it is traced when it is "
                "called. Give a TensorSpec with known sizes (the first may be None)."
            )
        return self._program

    @property
    def structured_input_signature(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, a TensorSpec in place of each tensor."""
        return self._args, self._kwargs

    @property
    def structured_outputs(self) -> Any:
        """The results, a TensorSpec in place of each tensor."""
        program = self.program
        found = program.rebuild([_spec(value) for value in self.outputs])
        return None if program.structure is None else found

    @property
    def graph(self) -> FunctionGraph:
        return FunctionGraph(self.program.graph, self.program.tensor_count)

    @property
    def inputs(self) -> list[Value]:
        """The symbols of the arguments, then of what is read besides."""
        return list(self.program.graph.inputs)

    @property
    def outputs(self) -> list[Value]:
        """The symbols of the results."""
        return list(self.program.graph.outputs[: self.program.tensor_count])

    @property
    def output_shapes(self) -> Any:
        """The shapes of the results."""
        return nest.map_structure(lambda spec: spec.shape, self.structured_outputs)

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of the results."""
        return nest.map_structure(lambda spec: spec.dtype, self.structured_outputs)

    @property
    def captured_inputs(self) -> list[Any]:
        """What the program reads besides its arguments."""
        return list(self.program.sources)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that the program reads or assigns."""
        found = [*self.program.sources, *self.program.written]
        return tuple({id(v): v for v in found if isinstance(v, Variable)}.values())

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        return tuple(variable for variable in self.variables if variable.trainable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result; arguments that are no tensors may be left out, or are as they were."""
        wanted, given = self._matched(args, kwargs)
        tensors = []
        for spec, value in zip(wanted, given, strict=True):
            tensor = signed(spec, value, self.name)
            if not spec.is_compatible_with(tensor):
                raise SignatureError(
                    f"this program of {self.name} takes {spec!r}; got {tensor.spec!r}"
                )
            tensors.append(tensor)
        return self._program_for(tensors)

    def _matched(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[list[TensorSpec], list[Any]]:
        """The tensors asked for, and what is given for each."""
        specs = [leaf for leaf in self._flat() if isinstance(leaf, TensorSpec)]
        if not kwargs and len(nest.flatten(args)) == len(specs):
            return specs, nest.flatten(args)
        filled = {**dict(zip(self._names, self._args, strict=True)), **self._kwargs}
        missing = dict(filled)
        for name, value in [*zip(self._names, args, strict=False), *kwargs.items()]:
            if name not in filled:
                raise SignatureError(f"{self.name} has no argument {name!r} here")
            missing.pop(name, None)
            filled[name] = self._fitted(name, filled[name], value)
        lacking = [n for n, v in missing.items() if _has_spec(v)]
        if lacking or len(args) > len(self._names):
            raise SignatureError(
                f"this program of {self.name} takes {len(specs)} tensors; got "
                f"{len(nest.flatten((args, kwargs)))}"
            )
        values = [filled[name] for name in self._names]
        values += [filled[name] for name in self._kwargs if name not in self._names]
        pairs = zip(self._flat(), nest.flatten(values), strict=True)
        return specs, [value for spec, value in pairs if isinstance(spec, TensorSpec)]

    def _fitted(self, name: str, wanted: Any, value: Any) -> Any:
        nest.assert_same_structure(wanted, value)
        for spec, leaf in zip(nest.flatten(wanted), nest.flatten(value), strict=True):
            if not isinstance(spec, TensorSpec) and leaf is not spec and leaf != spec:
                raise SignatureError(
                    f"this program of {self.name} was traced for {name}={spec!r}; got {leaf!r}"
                )
        return value

    def _flat(self) -> list[Any]:
        rest = [value for name, value in self._kwargs.items() if name not in self._names]
        return nest.flatten([*self._args, *rest])

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The parameters, the results and what is read besides, as text."""
        kinds = _kinds(self._python_function)
        both = [*zip(self._names, self._args, strict=True), *self._kwargs.items()]
        rows = [(name, kinds.get(name, "POSITIONAL_OR_KEYWORD"), value) for name, value in both]
        if self._program is None:
            return listed(rows, "known when it is called", [])
        captures = [(source, _spec(source)) for source in self._program.sources]
        return listed(rows, self.structured_outputs, captures)

    def __repr__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    __str__ = __repr__


def _spec(value: Any) -> TensorSpec:
    return TensorSpec(value.shape, value.dtype)


def _has_spec(value: Any) -> bool:
    return any(isinstance(leaf, TensorSpec) for leaf in nest.flatten([value]))


def _named(argument: Any, name: str) -> Any:
    return nest.map_structure(lambda leaf: spec_of(leaf, name), [argument])[0]


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C
        return []


def _positional_names(function: Callable[..., Any], count: int) -> list[str]:
    names: list[str] = []
    for parameter in _parameters(function):
        if parameter.kind == parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}_{number}" for number in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    names += [f"argument_{number}" for number in range(len(names), count)]
    return names[:count]


def _kinds(function: Callable[..., Any]) -> dict[str, str]:
    return {parameter.name: parameter.kind.name for parameter in _parameters(function)}
