"""Graphs: programs as data, and the trace that builds one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core.errors import FailedPreconditionError, OutOfScopeError
from .bind import STATE, new_value
from .primitive import Primitive
from .value import Node, Spec, Value


class Graph:
    """An immutable program: inputs, nodes in order, outputs.

    Values with an array among a node's inputs are its constants.
    """

    __slots__ = ("_cache", "inputs", "name", "nodes", "outputs")

    def __init__(
        self, name: str, inputs: Sequence[Value], nodes: Sequence[Node], outputs: Sequence[Value]
    ) -> None:
        self.name = name
        self.inputs = tuple(inputs)
        self.nodes = tuple(nodes)
        self.outputs = tuple(outputs)
        self._cache: dict[Any, Any] = {}

    def derived(self, key: Any, make: Callable[[], Any]) -> Any:
        """What was made of this graph before under `key`, else `make()`, kept."""
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    @property
    def input_specs(self) -> tuple[Spec, ...]:
        return tuple(value.spec for value in self.inputs)

    @property
    def output_specs(self) -> tuple[Spec, ...]:
        return tuple(value.spec for value in self.outputs)

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.nodes)} nodes>"


class Trace:
    """Builds a graph while Python code runs once.

    Symbols of an outer trace become inputs on their first use (`captured`). Variables are read
    and written through the trace: a read gives a symbol, a write replaces the current one, and
    the graph returns the last values.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False
        self.inputs: list[Value] = []
        self.nodes: list[Node] = []
        self.sources: list[Any] = []  # what feeds each later input: an outer value, a variable
        self.captured: dict[int, Value] = {}
        self.reads: dict[int, Value] = {}
        self.writes: dict[int, tuple[Any, Value]] = {}

    def input(self, spec: Spec) -> Any:
        """A new input of type `spec`; those of the caller come before any other."""
        value = new_value(None, spec, self)
        self.inputs.append(value)
        return value

    def add(
        self, primitive: Primitive, inputs: tuple[Value, ...], params: dict[str, Any]
    ) -> tuple[Value, ...]:
        """A new node; its results."""
        if self.closed:
            raise FailedPreconditionError(f"the trace of {self.name} has ended")
        inputs = tuple(self.own(value) for value in inputs)
        specs = primitive.infer(*[value.spec for value in inputs], **params)
        if isinstance(specs, Spec):
            specs = (specs,)
        outputs = tuple(new_value(None, spec, self) for spec in specs)
        self.nodes.append(Node(primitive, inputs, params, outputs))
        return outputs

    def own(self, value: Value) -> Value:
        """`value` itself where it is this trace's or a constant, else an input for it."""
        if value.array is not None or value.trace is self:
            return value
        if value.trace is not None and value.trace.closed:
            raise OutOfScopeError(
                f"a tensor of {value.trace.name} is used in {self.name}, after {value.trace.name} "
                "was traced. Return it from there instead of storing it outside."
            )
        if id(value) not in self.captured:
            self.captured[id(value)] = self._feed(value, value.spec)
        return self.captured[id(value)]

    def _feed(self, source: Any, spec: Spec) -> Value:
        self.sources.append(source)
        value: Value = self.input(spec)
        return value

    def read(self, variable: Any, spec: Spec) -> Any:
        """The current value of `variable` inside this trace."""
        key = id(variable)
        if key in self.writes:
            return self.writes[key][1]
        if key not in self.reads:
            self.reads[key] = self._feed(variable, spec)
        return self.reads[key]

    def write(self, variable: Any, value: Value) -> None:
        """Let `variable` have `value` from here on."""
        self.writes[id(variable)] = variable, value

    def graph(self, outputs: Sequence[Value]) -> Graph:
        """The finished program that returns `outputs`."""
        self.closed = True
        return Graph(self.name, self.inputs, self.nodes, [self.own(value) for value in outputs])


@contextmanager
def tracing(trace: Trace) -> Iterator[Trace]:
    """Run Python code under `trace`."""
    before, recorders = STATE.trace, STATE.recorders
    STATE.trace = trace
    STATE.recorders = ()  # tapes outside see the finished program as one node
    try:
        yield trace
    finally:
        STATE.trace, STATE.recorders = before, recorders


@contextmanager
def eagerly() -> Iterator[None]:
    """Run Python code outside of the traces and tapes around it (making variables)."""
    before, recorders = STATE.trace, STATE.recorders
    STATE.trace, STATE.recorders = None, ()
    try:
        yield
    finally:
        STATE.trace, STATE.recorders = before, recorders


def trace_graph(
    name: str, function: Callable[..., Sequence[Value]], specs: Sequence[Spec]
) -> tuple[Graph, Trace]:
    """The graph of `function` on values of types `specs` (a pure function of values)."""
    trace = Trace(name)
    with tracing(trace):
        outputs = function(*[trace.input(spec) for spec in specs])
        return trace.graph(outputs), trace
