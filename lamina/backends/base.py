"""The protocol of a backend, and the registry."""

from __future__ import annotations

from typing import Protocol

from ..core.config import config
from ..core.registry import Registry
from ..ir.graph import Graph
from ..ir.interpret import Program
from ..passes.pipeline import optimize


class Backend(Protocol):
    """Turns graphs into functions from input arrays to output arrays."""

    name: str

    def compile(self, graph: Graph) -> Program:
        """A function that computes the outputs of `graph`, for any batch size."""
        ...


BACKENDS: Registry[Backend] = Registry("backend")


def compile_graph(graph: Graph) -> Program:
    """`graph` compiled by the backend in force, once."""
    backend = BACKENDS[config.backend]
    program: Program = graph.derived(
        ("program", backend.name), lambda: backend.compile(optimize(graph))
    )
    return program
