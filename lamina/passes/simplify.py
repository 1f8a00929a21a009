"""Simplification: operations that something known makes needless go.

No result changes by a bit, apart from the order in which NumPy sums what lies otherwise in memory.
"""

from __future__ import annotations

from ..ir.graph import Graph
from .rewriter import Rewriter, Rule
from .rules import arithmetic, choices, constants, moving, places, reducing

RULES: dict[str, tuple[Rule, ...]] = {
    **arithmetic.RULES,
    **choices.RULES,
    **moving.RULES,
    **places.RULES,
    **reducing.RULES,
    **constants.RULES,
    "": constants.GENERAL,
}
"""By primitive the rules that are tried, in their order; those of "" last, for each primitive."""


def simplify(graph: Graph) -> Graph:
    """`graph` by fewer, cheaper operations; some that nobody reads are left behind."""
    return Rewriter(graph, RULES).result()
