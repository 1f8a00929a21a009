"""A Python function traced once: its graph, what feeds it, what it returns and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..backends.base import compile_graph
from ..core import nest
from ..ir.bind import STATE, new_value
from ..ir.graph import Graph, Trace, tracing
from ..ir.value import Spec, Value
from ..prims.control import call
from .variable import Variable


class Static:
    """A leaf of a result that is no tensor: the same in every call."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Program:
    """`function` traced on inputs of types `specs`.

    `function` takes as many tensors and returns a structure of tensors. Variables that it reads
    and outer symbols become further inputs (`sources`); variables that it writes, further
    outputs.
    """

    def __init__(self, name: str, function: Callable[..., Any], specs: Sequence[Spec]) -> None:
        trace = Trace(name)
        with tracing(trace):
            symbols = [trace.input(spec) for spec in specs]
            result = function(*symbols)
            self.structure = result
            leaves = [_leaf(item) for item in nest.flatten(result)]
        self.leaves = leaves
        tensors = [leaf for leaf in leaves if isinstance(leaf, Value)]
        self.tensor_count = len(tensors)
        self.written = [variable for variable, _ in trace.writes.values()]
        finals = [value for _, value in trace.writes.values()]
        self.graph: Graph = trace.graph([*tensors, *finals])
        self.sources = list(trace.sources)

    def source_values(self) -> list[Value]:
        """The present values of variables and outer symbols, recorded as read."""
        return [s.read_value() if isinstance(s, Variable) else s for s in self.sources]

    def run(self, arguments: Sequence[Value]) -> Any:
        """The result on `arguments`; variables are written. Outside of traces."""
        if STATE.recorders:
            values = [*arguments, *self.source_values()]
            tensors: Sequence[Any] = call(self.graph, values)
            arrays: Sequence[Any] = [tensor.array for tensor in tensors]
        else:
            sources = [s._value if isinstance(s, Variable) else s for s in self.sources]
            inputs = [value.array for value in (*arguments, *sources)]
            arrays = compile_graph(self.graph)(inputs)  # type: ignore[arg-type]
            tensors = [new_value(array) for array in arrays[: self.tensor_count]]
        for variable, array in zip(self.written, arrays[self.tensor_count :], strict=True):
            variable.commit(array)
        return None if self.structure is None else self.rebuild(tensors[: self.tensor_count])

    def rebuild(self, tensors: Sequence[Any]) -> Any:
        """The structure of the result with `tensors` in it."""
        fresh = iter(tensors)
        leaves = [leaf.value if isinstance(leaf, Static) else next(fresh) for leaf in self.leaves]
        return nest.pack_sequence_as(self.structure, leaves)


def _leaf(item: Any) -> Any:
    if isinstance(item, Variable):
        return item.read_value()
    return item if isinstance(item, Value) else Static(item)
