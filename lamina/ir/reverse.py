"""Reverse-mode differentiation of a list of nodes: of a tape or of a graph.

The derivative rules are written in primitives, so what comes out can be traced, recorded and
differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .bind import bind
from .graph import Graph, Trace, tracing
from .primitive import PRIMITIVES
from .rewrite import replay
from .value import Node, Spec, Value


def backpropagate(
    nodes: Sequence[Node], cotangents: dict[int, Value], sources: Iterable[Value]
) -> dict[int, Value]:
    """The cotangents of `sources` by id, those that anything flows to.

    `cotangents` holds those of the results by id; it is not changed.
    """
    reached = {id(source) for source in sources}
    needed = set(reached)
    active = []
    for node in nodes:  # what depends on a source, in order
        wanted = [
            index
            for index, value in enumerate(node.inputs)
            if id(value) in needed and node.primitive.rule(index) is not None
        ]
        if wanted:
            active.append((node, wanted))
            needed.update(map(id, node.outputs))
    known = dict(cotangents)
    for node, wanted in reversed(active):
        given = [known.get(id(value)) for value in node.outputs]
        if all(g is None for g in given):
            continue
        multiple = node.primitive.multiple
        g = tuple(given) if multiple else given[0]
        out = node.outputs if multiple else node.outputs[0]
        for index in wanted:
            rule = node.primitive.rule(index)
            assert rule is not None
            contribution = rule(g, out, *node.inputs, **node.params)
            if contribution is None:
                continue
            key = id(node.inputs[index])
            known[key] = _add(known[key], contribution) if key in known else contribution
    return {key: known[key] for key in reached if key in known}


def is_differentiable(spec: Spec) -> bool:
    """Gradients flow through floating-point values only."""
    return spec.dtype.kind in "fc"


def differentiate(graph: Graph, wanted: tuple[int, ...], given: tuple[int, ...]) -> Graph:
    """The graph (inputs, cotangents of outputs `given`) -> cotangents of inputs `wanted`.

    Zeros come out where nothing flows.
    """

    def make() -> Graph:
        trace = Trace(f"{graph.name}_vjp")
        with tracing(trace):
            inputs = [trace.input(spec) for spec in graph.input_specs]
            incoming = [trace.input(graph.outputs[index].spec) for index in given]
            nodes, outputs = replay(graph, inputs)
            cotangents: dict[int, Value] = {}
            for index, g in zip(given, incoming, strict=True):
                key = id(outputs[index])
                cotangents[key] = _add(cotangents[key], g) if key in cotangents else g
            found = backpropagate(nodes, cotangents, [inputs[index] for index in wanted])
            results = [
                found[id(inputs[index])] if id(inputs[index]) in found else _zeros(inputs[index])
                for index in wanted
            ]
            return trace.graph(results)

    result: Graph = graph.derived(("vjp", wanted, given), make)
    return result


def _add(first: Value, second: Value) -> Any:
    return bind(PRIMITIVES["add"], first, second)


def _filled(value: Value, number: int) -> Any:
    spec = value.spec
    return bind(PRIMITIVES["fill"], shape=spec.shape, value=number, dtype=spec.dtype)


def _zeros(value: Value) -> Any:
    return _filled(value, 0)


def ones_like(value: Value) -> Any:
    """The cotangent that asks for the gradient of the sum of `value`."""
    return _filled(value, 1)
