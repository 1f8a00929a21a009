"""Native code by LLVM: the only room that knows llvmlite. Its modules are imported when needed."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from ...core.dtypes import Array
from ...ir.graph import Graph
from ...ir.interpret import Program
from ..base import BACKENDS


class Native:
    """The backend that compiles graphs to machine code."""

    name = "llvm"

    def __init__(self) -> None:
        self._available: bool | None = None

    def available(self) -> bool:
        """Whether llvmlite is there, in a version that will do; told of once where it is not."""
        if self._available is None:
            self._available = bool(_module("engine").available())
            if not self._available:
                import logging

                logging.getLogger("lamina").warning(
                    "programs run on the interpreter, which is slower: native code needs llvmlite"
                )
        return self._available

    def compile(self, graph: Graph) -> Program:
        """A function that computes the outputs of `graph`, for any batch size."""
        program: Program = _module("regions").compile_regions(graph)
        return program

    def compile_steps(self, graph: Graph, carried: Sequence[tuple[int, int]]) -> Any:
        """`graph` as a program that runs many steps in one call; None where it has no such form."""
        if not graph.nodes:
            return None
        try:
            return _module("program").NativeProgram(graph, carried)
        except _module("kernels").Unsupported:
            return None

    def shuffled(self, rows: int, key: int) -> Array:
        """The order that data/order.py defines."""
        order: Array = _module("shuffle").shuffled_order(rows, key)
        return order


def _module(name: str) -> Any:
    return importlib.import_module(f".{name}", __name__)


BACKENDS.add(Native(), "llvm")
