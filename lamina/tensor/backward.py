"""Backward passes as programs: what a tape recorded again is differentiated once and kept.

A training loop records the same operations step after step. Their structure (primitives,
parameters, who reads what, types at the borders) is the key; from the second time on, the
derivative is a traced program instead of rules that run one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from ..backends.base import interpret_graph
from ..core.errors import OpError
from ..ir.bind import STATE, new_value
from ..ir.graph import Graph, Trace, tracing
from ..ir.value import Node, Value
from ..passes.dead_code import remove_dead_code

Rule = Callable[[Sequence[Node], Sequence[Any], Sequence[Sequence[Any]]], list[Any]]

_LIMIT = 512
_UNKNOWN = object()
_KEPT: dict[Hashable, Any] = {}  # structure: a _Backward, or False (seen once), or None (hopeless)


def gradients(
    nodes: Sequence[Node],
    targets: Sequence[Value],
    sources: Sequence[Sequence[Value]],
    differentiate: Rule,
) -> list[Any] | None:
    """What `differentiate(nodes, targets, sources)` gives, by a program; None where there is none.

    There is none the first time, while something records or traces, and for operations whose
    derivative is the user's Python code.
    """
    if STATE.recorders or STATE.trace is not None:
        return None
    try:
        key, values = _structure(nodes, targets, sources)
        program = _KEPT.get(key, _UNKNOWN)
    except TypeError:  # a parameter that cannot be hashed
        return None
    if program is _UNKNOWN:
        if len(_KEPT) >= _LIMIT:
            _KEPT.clear()
        _KEPT[key] = False
        return None
    if program is False:
        program = _KEPT[key] = _traced(nodes, targets, sources, values, differentiate)
    return None if program is None else program.run(values)


def _structure(
    nodes: Sequence[Node], targets: Sequence[Value], sources: Sequence[Sequence[Value]]
) -> tuple[Hashable, list[Value]]:
    """A key of the recorded computation, and its values in the order of their numbers."""
    numbers: dict[int, int] = {}
    values: list[Value] = []
    key: list[Hashable] = []

    def enter(value: Value) -> int:
        """The number of a value that no earlier node gave: its type is part of the key."""
        place = numbers[id(value)] = len(values)
        values.append(value)
        array = value.array
        if array is None:
            raise TypeError("a symbol")
        key.append((array.shape, array.dtype))
        return place

    for node in nodes:
        key.append(node.primitive)
        for value in node.inputs:
            place = numbers.get(id(value))
            key.append(enter(value) if place is None else place)
        for name, parameter in node.params.items():
            if callable(parameter):
                raise TypeError("Python code")
            key.append((name, parameter))
        for value in node.outputs:
            numbers[id(value)] = len(values)
            values.append(value)
    for value in (*targets, *itertools.chain(*sources)):
        place = numbers.get(id(value))
        key.append(enter(value) if place is None else place)
    key.append((len(targets), tuple([len(each) for each in sources])))
    return tuple(key), values


class _Backward:
    """A derivative: its graph, which values feed it, which sources have none."""

    def __init__(self, graph: Graph, feeds: list[int], present: list[bool]) -> None:
        self.graph = graph
        self.feeds = feeds
        self.present = present

    def run(self, values: Sequence[Value]) -> list[Any]:
        """The gradients for these values of the recorded computation."""
        arrays = interpret_graph(self.graph)([values[place].array for place in self.feeds])  # type: ignore[misc]
        found = iter(arrays)
        return [new_value(next(found)) if present else None for present in self.present]


def _traced(
    nodes: Sequence[Node],
    targets: Sequence[Value],
    sources: Sequence[Sequence[Value]],
    values: Sequence[Value],
    differentiate: Rule,
) -> _Backward | None:
    """The derivative with a symbol in place of each value."""
    trace = Trace("backward")
    try:
        with tracing(trace):
            symbols = [trace.input(value.spec) for value in values]
            twins = {id(value): symbol for value, symbol in zip(values, symbols, strict=True)}
            again = [
                Node(
                    node.primitive,
                    tuple([twins[id(value)] for value in node.inputs]),
                    node.params,
                    tuple([twins[id(value)] for value in node.outputs]),
                )
                for node in nodes
            ]
            found = differentiate(
                again,
                [twins[id(value)] for value in targets],
                [[twins[id(value)] for value in each] for each in sources],
            )
            graph = trace.graph([gradient for gradient in found if gradient is not None])
    except OpError:  # the rules, run one by one, say what is wrong
        return None
    if trace.sources:
        return None
    graph = remove_dead_code(graph)
    used = {id(value) for node in graph.nodes for value in node.inputs}
    used |= {id(value) for value in graph.outputs}
    feeds = [place for place, symbol in enumerate(symbols) if id(symbol) in used]
    inputs = [symbols[place] for place in feeds]
    graph = Graph(graph.name, inputs, graph.nodes, graph.outputs)
    return _Backward(graph, feeds, [gradient is not None for gradient in found])
