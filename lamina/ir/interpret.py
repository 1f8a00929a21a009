"""Running a graph on arrays, node by node, by the NumPy definitions: what a graph means.

The nodes become lines of Python, such as `v7 = multiply(v3, c0)`, compiled once: a program costs
what NumPy costs, and little more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..core.dtypes import Array, as_array
from ..core.errors import InvalidArgumentError
from ..core.shapes import B
from .bind import quiet
from .graph import Graph
from .value import Node, Value

Program = Callable[[Sequence[Array]], list[Array]]

_SMALL = 1 << 13  # elements


def interpreter(graph: Graph) -> Program:
    """`graph` as a function from input arrays to output arrays, prepared once."""
    program: Program = graph.derived("interpreter", lambda: _Writer(graph).program())
    return program


class _Writer:
    """Writes a graph as a Python function; `names` holds what the text refers to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names: dict[str, Any] = {"asarray": as_array, "common": _common(graph.name)}
        self.of_value: dict[int, str] = {}
        self.lines: list[str] = []

    def program(self) -> Program:
        """The function, under `quiet`."""
        exec(compile(self.text(), f"<graph {self.graph.name}>", "exec"), self.names)
        lines: Program = self.names["program"]

        def run(arrays: Sequence[Array]) -> list[Array]:
            with quiet():
                return lines(arrays)

        return run

    def text(self) -> str:
        """The lines of the function."""
        inputs = [self._name(value) for value in self.graph.inputs]
        if inputs:
            self.lines.append(f"{', '.join(inputs)}, = inputs")
        sizes = _batch_sizes(self.graph, inputs)
        if sizes:
            self.lines.append(f"batch = common({', '.join(sizes)})")
        dead = _last_uses(self.graph)
        for node, values in zip(self.graph.nodes, dead, strict=True):
            self._write(node)
            if values:
                self.lines.append(f"del {', '.join(self._name(value) for value in values)}")
        results = [f"asarray({self._name(value)})" for value in self.graph.outputs]
        self.lines.append(f"return [{', '.join(results)}]")
        return "def program(inputs):\n    " + "\n    ".join(self.lines)

    def _write(self, node: Node) -> None:
        primitive = node.primitive
        self.names[primitive.name] = primitive.evaluate
        arguments = [self._name(value) for value in node.inputs]
        arguments += [f"{key}={self._parameter(value)}" for key, value in node.params.items()]
        results = [self._name(value) for value in node.outputs]
        call = f"{primitive.name}({', '.join(arguments)})"
        if primitive.multiple:
            call = f"map(asarray, {call})"
            results.append("")  # "a, b, = …" unpacks, "a, = …" too
        self.lines.append(f"{', '.join(results).strip()} = {call}" if node.outputs else call)

    def _name(self, value: Value) -> str:
        name = self.of_value.get(id(value))
        if name is None:
            kind = "v" if value.array is None else "c"
            name = self.of_value[id(value)] = f"{kind}{len(self.of_value)}"
            if value.array is not None:
                self.names[name] = _compact(value.array)
        return name

    def _parameter(self, value: Any) -> str:
        if type(value) is tuple and B in value:
            return f"({', '.join('batch' if dim is B else repr(dim) for dim in value)},)"
        name = f"p{len(self.names)}"
        self.names[name] = value
        return name


def _batch_sizes(graph: Graph, inputs: Sequence[str]) -> list[str]:
    """Where the batch's size can be read: the text of each place where `B` stands."""
    return [
        f"{name}.shape[{axis}]"
        for name, spec in zip(inputs, graph.input_specs, strict=True)
        for axis, dim in enumerate(spec.shape)
        if dim is B
    ]


def _common(name: str) -> Callable[..., int]:
    def common(*sizes: int) -> int:
        """The size of the batch; an error where the inputs disagree."""
        if len(set(sizes)) > 1:
            raise InvalidArgumentError(
                f"the inputs of {name} have different numbers of rows: "
                f"{' and '.join(map(str, sorted(set(sizes))))}"
            )
        return sizes[0]

    return common


def _compact(array: Array) -> Array:
    """A small constant as a plain block: NumPy computes with repeated views half as fast."""
    if array.size > _SMALL or array.flags.c_contiguous:
        return array
    block = array.copy()
    block.flags.writeable = False
    return block


def _last_uses(graph: Graph) -> Iterable[list[Value]]:
    """For each node the values that nothing reads after it."""
    seen = {id(value) for value in graph.outputs}
    uses: list[list[Value]] = []
    for node in reversed(graph.nodes):
        here = {id(v): v for v in (*node.inputs, *node.outputs) if v.array is None}
        uses.append([value for key, value in here.items() if key not in seen])
        seen |= here.keys()
    return reversed(uses)
