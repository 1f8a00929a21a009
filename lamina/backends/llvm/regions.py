"""Graphs with operations that have no native form: regions of native code and of the interpreter.

Levels alternate: even ones are native, odd ones interpreted; each operation is in the first level
of its kind that comes no earlier than what it reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from ...core.dtypes import STRING, Array
from ...core.shapes import B
from ...ir.graph import Graph
from ...ir.interpret import Program, interpreter
from ...ir.value import Node
from ...passes.dead_code import has_effect
from .control import DRIVERS
from .kernels import Unsupported
from .program import NativeProgram

_WORTH = 8  # operations from which on native code for a region pays
_LOGGER = logging.getLogger("lamina")
_COMMON = frozenset(("float32", "float64", "bool", "int32", "int64", "uint8", "uint32"))
_told: set[str] = set()


def compile_regions(graph: Graph) -> Program:
    """`graph` as one native program where that can be, else as regions."""
    if not graph.nodes:
        return interpreter(graph)
    refused = {**_with_strings(graph), **_with_programs(graph)}
    while True:
        try:
            if not refused:
                return NativeProgram(graph)
            return _Regions(graph, refused).run
        except Unsupported as error:
            if error.node is None or id(error.node) in refused:
                return interpreter(graph)
            refused[id(error.node)] = error.node
            _tell(graph, error)


def _with_strings(graph: Graph) -> dict[int, Node]:
    """The operations that read or make strings: they are the interpreter's."""
    found = [
        node
        for node in graph.nodes
        if any(value.spec.dtype == STRING for value in (*node.inputs, *node.outputs))
    ]
    if found:
        _tell(graph, Unsupported(found[0], "strings have no native form"))
    return {id(node): node for node in found}


def _with_programs(graph: Graph) -> dict[int, Node]:
    """Branches and loops, whose inside is compiled by itself, and calls of Python."""
    return {
        id(node): node
        for node in graph.nodes
        if node.primitive.name in DRIVERS or node.primitive.shows or not node.outputs
    }


def _tell(graph: Graph, error: Unsupported) -> None:
    """Say once for each operation that it runs on the interpreter."""
    assert error.node is not None
    values = (*error.node.inputs, *error.node.outputs)
    odd = [v.spec.dtype.name for v in values if v.spec.dtype.name not in _COMMON]
    name = odd[0] if odd else error.node.primitive.name
    if name not in _told:
        _told.add(name)
        _LOGGER.warning("%s: %s; it runs on the interpreter", graph.name, error)


class _Regions:
    """The parts of a graph in their order."""

    def __init__(self, graph: Graph, refused: dict[int, Node]) -> None:
        self.graph = graph
        self.parts: list[tuple[Callable[..., Any], list[int], list[int]]] = []
        self._places = {id(value): place for place, value in enumerate(graph.inputs)}
        levels = _levels(graph, refused)
        for number in sorted(set(levels)):
            nodes = [n for n, level in zip(graph.nodes, levels, strict=True) if level == number]
            for is_driven, group in groupby(nodes, lambda n: n.primitive.name in DRIVERS):
                if is_driven:
                    for node in group:
                        self._add([node], native=False)
                else:
                    self._add(list(group), native=number % 2 == 0)

    def _add(self, nodes: list[Node], *, native: bool) -> None:
        made = {id(value) for node in nodes for value in node.outputs}
        read = {id(v): v for node in nodes for v in node.inputs if v.array is None}
        inputs = [value for key, value in read.items() if key not in made]
        if not any(B in value.spec.shape for value in inputs):  # the rows are counted on an input
            counted = [v for v in self.graph.inputs if B in v.spec.shape]
            inputs += sorted(counted, key=lambda v: v.spec.dtype == STRING)[:1]
            native = native and not (counted and inputs[-1].spec.dtype == STRING)
        own = {id(node) for node in nodes}
        wanted = {id(v) for node in self.graph.nodes if id(node) not in own for v in node.inputs}
        wanted |= {id(value) for value in self.graph.outputs}
        outputs = [v for node in nodes for v in node.outputs if id(v) in wanted]
        part = Graph(self.graph.name, inputs, nodes, outputs)
        big = len(nodes) >= _WORTH or any(node.primitive.name == "matmul" for node in nodes)
        program: Callable[..., Any]
        if nodes[0].primitive.name in DRIVERS:
            program = DRIVERS[nodes[0].primitive.name](part, compile_regions)
        else:
            program = NativeProgram(part) if native and big else interpreter(part)
        sources = [self._places[id(value)] for value in inputs]
        targets = [self._places.setdefault(id(v), len(self._places)) for v in outputs]
        self.parts.append((program, sources, targets))

    def run(self, arrays: Sequence[Array]) -> list[Array]:
        """The outputs of the graph."""
        known: dict[int, Array] = dict(enumerate(arrays))
        for program, sources, targets in self.parts:
            results = program([known[place] for place in sources])
            known.update(zip(targets, results, strict=True))
        return [
            known[self._places[id(value)]] if value.array is None else value.array
            for value in self.graph.outputs
        ]


def _levels(graph: Graph, refused: dict[int, Node]) -> list[int]:
    level: dict[int, int] = {}
    found = []
    seen = 0  # the level of the last effect: what is printed or checked stays in order
    for node in graph.nodes:
        before = max((level.get(id(value), 0) for value in node.inputs), default=0)
        if has_effect(node):
            before = max(before, seen)
        odd = id(node) in refused or has_effect(node)
        number = before if before % 2 == odd else before + 1
        level.update((id(value), number) for value in node.outputs)
        found.append(number)
        if has_effect(node):
            seen = number
    return found
