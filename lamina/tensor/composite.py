"""Functions written in operations that run, eagerly, as one operation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..ir.bind import STATE
from ..ir.graph import Graph, trace_graph
from ..ir.interpret import interpreter
from ..passes.pipeline import optimize
from ..prims.control import call

_LIMIT = 256


def composite(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for `function(*tensors, **options)`, which gives one tensor.

    Called eagerly with arguments of types that it has seen before, it runs as a program that was
    traced once, and a tape sees one operation. Under a trace its operations join the trace.
    """
    graphs: dict[Any, Graph | None] = {}  # None: seen once

    @functools.wraps(function)
    def run(*tensors: Any, **options: Any) -> Any:
        if STATE.trace is not None:
            return function(*tensors, **options)
        parts: list[Any] = []
        for tensor in tensors:
            array = tensor.array
            if array is None:
                return function(*tensors, **options)
            parts += array.shape, array.dtype
        key = *parts, *options.values()
        graph = graphs.get(key)
        if graph is not None:
            return call(graph, tensors)[0]
        if key not in graphs:
            if len(graphs) >= _LIMIT:
                graphs.clear()
            graphs[key] = None
            return function(*tensors, **options)

        def body(*symbols: Any) -> tuple[Any]:
            return (function(*symbols, **options),)

        specs = [tensor.spec for tensor in tensors]
        graph, _ = trace_graph(function.__name__.strip("_"), body, specs)
        # Runs simplified, but is differentiated as it was traced.
        graph.derived("interpreter", lambda: interpreter(optimize(graph)))
        graphs[key] = graph
        return call(graph, tensors)[0]

    return run
