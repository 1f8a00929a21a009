"""The passes that a program goes through before a backend compiles it, in their order."""

from __future__ import annotations

from collections.abc import Callable

from ..core import debug
from ..core.config import config
from ..ir.graph import Graph
from ..ir.show import show
from ..ir.verify import verify
from .common import merge_common
from .dead_code import remove_dead_code
from .simplify import simplify

PASSES: tuple[Callable[[Graph], Graph], ...] = (simplify, merge_common, remove_dead_code)


def optimize(graph: Graph) -> Graph:
    """`graph` after all passes; verified before and after each where `config.verify` is set."""
    debug.show("graph", lambda: show(graph))
    if config.verify:
        verify(graph)
    for step in PASSES:
        graph = _run(step, graph)
    return graph


def _run(step: Callable[[Graph], Graph], graph: Graph) -> Graph:
    with debug.timed(f"{step.__name__} of {graph.name}"):
        result = step(graph)
    debug.show("passes", lambda: f"after {step.__name__}:\n{show(result)}")
    return verify(result) if config.verify else result
