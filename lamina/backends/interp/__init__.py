"""The interpreter: each primitive's NumPy definition, one after the other."""

from __future__ import annotations

from ...ir.graph import Graph
from ...ir.interpret import Program, interpreter
from ..base import BACKENDS


class Interpreter:
    """The backend that defines what a graph means."""

    name = "interp"

    def compile(self, graph: Graph) -> Program:
        """The definition itself, with places and last uses worked out."""
        return interpreter(graph)


BACKENDS.add(Interpreter(), "interp")
