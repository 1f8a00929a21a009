"""The interpreter: each primitive's NumPy definition, one after the other."""

from __future__ import annotations

from ...ir.graph import Graph
from ...ir.interpret import Program, interpreter
from ..base import BACKENDS, Carried


class Interpreter:
    """The backend that defines what a graph means."""

    name = "interp"

    def available(self) -> bool:
        """Everywhere."""
        return True

    def compile(self, graph: Graph) -> Program:
        """The definition itself, with places and last uses worked out."""
        return interpreter(graph)

    def compile_steps(self, graph: Graph, carried: Carried) -> None:
        """None: steps are run one by one."""
        return

    def shuffled(self, rows: int, key: int) -> None:
        """None: data/order.py has the definition."""
        return


BACKENDS.add(Interpreter(), "interp")
