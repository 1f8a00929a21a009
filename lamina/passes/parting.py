"""A step in two parts: what strings become, row by row, once for all rows; and the rest.

Operations on strings have no native form. Where they, and all that they are computed from, depend
on the data alone and treat each row by itself, they are done before the first step, so that the
steps are native.
"""

from __future__ import annotations

from typing import NamedTuple

from ..core.dtypes import STRING
from ..core.shapes import B
from ..ir.graph import Graph
from ..ir.value import Node, Value

_ELEMENTWISE = frozenset(
    (
        *("map_text", "fill", "select", "cast", "negative", "sign", "absolute", "floor", "ceil"),
        *("round_even", "add", "subtract", "multiply", "divide", "maximum", "minimum", "remainder"),
        *("floor_divide", "equal", "less", "less_equal", "logical_not", "is_finite", "sqrt", "log"),
        *("exp", "stop_gradient", "bitwise_and", "bitwise_or", "bitwise_xor"),
    )
)


class Parts(NamedTuple):
    """`first` from the data to what `rest` reads of it, besides the data numbered `kept`."""

    first: Graph
    rest: Graph
    kept: tuple[int, ...]


def part(graph: Graph, data: int) -> Parts | None:
    """`graph`, whose first `data` inputs are data, in parts; None where that cannot be."""
    first = _needed_by_strings(graph)
    sources = {id(value) for value in graph.inputs[data:]}
    if not first or not all(_is_by_rows(node, sources) for node in first):
        return None
    inside = {id(node) for node in first}
    later = [node for node in graph.nodes if id(node) not in inside]
    read = {id(value) for node in later if not _counts_rows(node) for value in node.inputs}
    read |= {id(value) for value in graph.outputs}
    cuts = [value for node in first for value in node.outputs if id(value) in read]
    kept = [n for n, value in enumerate(graph.inputs[:data]) if id(value) in read]
    known = [*(graph.inputs[n] for n in kept), *cuts]
    later = [_counting(node, known) if _counts_rows(node) else node for node in later]
    if not cuts or any(value.spec.dtype == STRING or B not in value.spec.shape for value in known):
        return None
    return Parts(
        Graph(graph.name, graph.inputs[:data], first, cuts),
        Graph(graph.name, [*known, *graph.inputs[data:]], later, graph.outputs),
        tuple(kept),
    )


def _counts_rows(node: Node) -> bool:
    """Whether a node asks for the number of rows, which all data have."""
    shape = node.inputs[0].spec.shape if node.inputs else ()
    return node.primitive.name == "dimension" and shape[node.params["axis"]] is B


def _counting(node: Node, known: list[Value]) -> Node:
    return Node(node.primitive, (known[0],), {"axis": 0}, node.outputs) if known else node


def _needed_by_strings(graph: Graph) -> list[Node]:
    """The operations on strings, and all that they are computed from, in order."""
    wanted: set[int] = set()
    found: list[Node] = []
    for node in reversed(graph.nodes):
        values: tuple[Value, ...] = (*node.inputs, *node.outputs)
        is_wanted = any(id(value) in wanted for value in node.outputs)
        if _counts_rows(node) and not is_wanted:
            continue
        about_strings = node.primitive.name == "map_text" or any(
            value.spec.dtype == STRING for value in values
        )
        if about_strings or is_wanted:
            found.append(node)
            wanted.update(id(value) for value in node.inputs)
    return found[::-1]


def _is_by_rows(node: Node, sources: set[int]) -> bool:
    """Whether each row of the results depends on the same row of data alone."""
    if any(id(value) in sources for value in node.inputs):
        return False
    batched = [value for value in (*node.inputs, *node.outputs) if B in value.spec.shape]
    if any(value.spec.shape[0] is not B for value in batched):
        return False
    name, params = node.primitive.name, node.params
    if name == "broadcast":
        inner = node.inputs[0].spec.shape
        return B not in inner or len(inner) == len(params["shape"])
    if name in ("concatenate", "iota"):
        return bool(params["axis"] != 0)
    if name == "transpose":
        return bool(params["axes"][0] == 0)
    if name.startswith("reduce_"):
        return 0 not in params["axes"]
    return name in _ELEMENTWISE or name in ("reshape", "slice", "pad")
