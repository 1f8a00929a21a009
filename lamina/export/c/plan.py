"""What is kept in memory, and what is computed where it is read.

A graph is looked at one row at a time: values without a batch are worked out beforehand. Of the
others, those that a loop of their own makes (`ROOTS`), that are read by several loops, or again and
again by one, are stored; moving elements costs nothing, and the rest is fused into its reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import STRING
from ...core.errors import UnimplementedError
from ...core.shapes import B
from ...ir.bind import new_value
from ...ir.graph import Graph
from ...ir.value import Node, Value
from .elementwise import ELEMENTWISE
from .places import VIEWS, is_plain, keeps_rows, product
from .types import C_TYPES, c_type

_MOST = 1 << 31
ROOTS = frozenset((
    *("matmul", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "argmax", "argmin"),
    *("cumulative_sum", "cumulative_product", "argsort", "pad", "concatenate", "scatter_add"),
    *("add_along", "bitcast"),
))  # fmt: skip
"""Primitives that loops of their own write to memory."""
SOURCES = frozenset(("fill", "iota"))
LOOKUPS = frozenset(("gather", "take_along", "search"))
_LINEAR = "it is solved by LAPACK, which a file on its own does not have"
_LOOP = "its number of turns, or the branch taken, depends on values"
REFUSED = {
    **dict.fromkeys(("cholesky", "determinant", "eigh", "inverse", "lu", "pinv"), _LINEAR),
    **dict.fromkeys(("qr", "slogdet", "solve", "svd"), _LINEAR),
    **dict.fromkeys(("call", "cond", "iterate", "while_gradient", "while_loop"), _LOOP),
    "attach_gradient": "it belongs to training",
    "check": "checks are left out of what is exported",
    "stop_gradient": "it belongs to training",
    "dimension": "it is the number of rows, and rows are worked on in blocks",
    "map_text": "strings and hashes are worked on by Python",
    "observe": "it calls Python",
    "produce": "it calls Python",
    "random_bits": "what is random differs from call to call",
}
"""Why a primitive has no form; passes remove most of them before."""
_TOGETHER = "it looks at all rows of a batch together, and rows are worked on in blocks"


def refuse(node: Node, reason: str) -> UnimplementedError:
    """The error for an operation that cannot be exported."""
    types = ", ".join(repr(value.spec) for value in node.inputs)
    return UnimplementedError(
        f"the model has the operation {node.primitive.name} ({types}), which cannot be exported: "
        f"{reason}. Export the model without the layer that does it, and do that outside."
    )


class Plan(NamedTuple):
    """The operations in order, what makes each value, and the ids of stored ones."""

    nodes: list[Node]
    outputs: list[Value]
    makers: dict[int, Node]
    stored: set[int]


def plan(graph: Graph) -> Plan:
    """The plan for a graph; UnimplementedError where an operation has no form."""
    nodes, outputs = _known(graph)
    for node in nodes:
        _check(node)
    for value in (*graph.inputs, *outputs):
        c_type(value.spec.dtype)
    makers = {id(value): node for node in nodes for value in node.outputs}
    nodes = _needed(nodes, outputs)
    return Plan(nodes, outputs, makers, _stored(nodes, outputs, makers))


def _known(graph: Graph) -> tuple[list[Node], list[Value]]:
    """The operations that depend on the rows; constants stand for what the others give."""
    known: dict[int, Value] = {}
    nodes = []
    for node in graph.nodes:
        inputs = tuple(known.get(id(value), value) for value in node.inputs)
        node = Node(node.primitive, inputs, node.params, node.outputs)
        if (
            node.primitive.name == "dimension"
            and inputs[0].spec.shape[node.params["axis"]] is not B
        ):
            size = inputs[0].spec.shape[node.params["axis"]]
            known[id(node.outputs[0])] = new_value(np.asarray(size, np.int32))
        elif _is_fixed(node):
            _evaluate(node, known)
        else:
            nodes.append(node)
    return nodes, [known.get(id(value), value) for value in graph.outputs]


def _is_fixed(node: Node) -> bool:
    """Whether the results are the same for all rows and calls."""
    name = node.primitive.name
    return (
        all(value.array is not None for value in node.inputs)
        and not any(B in value.spec.shape for value in node.outputs)
        and not node.primitive.effect
        and name not in ("random_bits", "produce", "observe")
    )


def _evaluate(node: Node, known: dict[int, Value]) -> None:
    with np.errstate(all="ignore"):
        found = node.primitive.evaluate(*[value.array for value in node.inputs], **node.params)
    results = found if node.primitive.multiple else (found,)
    for value, array in zip(node.outputs, results, strict=True):
        known[id(value)] = new_value(np.asarray(array))


def _check(node: Node) -> None:
    """Raise where a node has no form for one row at a time."""
    name, values = node.primitive.name, (*node.inputs, *node.outputs)
    if name in REFUSED:
        raise refuse(node, REFUSED[name])
    for value in values:
        shape, dtype = value.spec.shape, value.spec.dtype
        if dtype == STRING or dtype.name not in C_TYPES:
            c_type(dtype)
        if sum(size is B for size in shape) > 1 or (value.array is None and B not in shape):
            raise refuse(node, _TOGETHER)
        if product(shape) >= _MOST:
            raise refuse(node, "a value has more than 2^31 elements")
        if product(shape) == 0:
            raise refuse(node, "a value has no elements")
    if _mixes_rows(node):
        raise refuse(node, _TOGETHER)


def _mixes_rows(node: Node) -> bool:
    name, params = node.primitive.name, node.params
    first = node.inputs[0].spec.shape if node.inputs else ()
    if name == "reshape":
        return not keeps_rows(first, params["shape"])
    if name == "iota":
        return bool(params["shape"][params["axis"]] is B)
    if name == "scatter_add":
        return B in first
    if name == "search":
        return node.inputs[0].array is None
    if name in ("argsort", "take_along", "add_along", "bitcast"):
        return bool(first[-1:] == (B,))
    if name == "gather":
        return first[params["axis"]] is B
    if name == "matmul":
        inner_x = first[-2 if params["transpose_x"] else -1]
        return inner_x is B
    return B not in node.outputs[0].spec.shape


def _needed(nodes: Sequence[Node], outputs: list[Value]) -> list[Node]:
    """The nodes whose results are read."""
    wanted = {id(value) for value in outputs}
    kept = []
    for node in reversed(nodes):
        if node.primitive.effect or any(id(value) in wanted for value in node.outputs):
            kept.append(node)
            wanted.update(id(value) for value in node.inputs)
    return kept[::-1]


# What is stored ---------------------------------------------------------------------------------


def _stored(nodes: Sequence[Node], outputs: list[Value], makers: dict[int, Node]) -> set[int]:
    """The ids of values that are written to memory; whoever reads is looked at first."""
    stored = {id(value) for value in outputs}
    uses: dict[int, list[Node]] = {}
    owners: dict[int, set[int]] = {}
    for node in reversed(nodes):
        name = node.primitive.name
        for value in node.outputs:
            key, readers = id(value), uses.get(id(value), [])
            owner = {o for reader in readers for v in reader.outputs for o in owners[id(v)]}
            if name in ROOTS or _is_read_often(name, owner, readers):
                stored.add(key)
            if name in VIEWS and key not in stored and len(readers) > 1:
                _store_base(value, makers, stored)
            owners[key] = {key} if key in stored else owner
        for place, value in enumerate(node.inputs):
            uses.setdefault(id(value), []).append(node)
            if _needs_line(node, place):
                _store_line(value, makers, stored)
            elif _repeats(node, place):
                _store_base(value, makers, stored)
    return stored


def _is_read_often(name: str, owner: set[int], readers: list[Node]) -> bool:
    """Whether a computed value would be computed more than once."""
    if name in VIEWS or name in SOURCES or len(readers) < 2:
        return False
    return len(owner) > 1 or any(reader.primitive.name not in ELEMENTWISE for reader in readers)


def _repeats(node: Node, place: int) -> bool:
    """Whether a node reads elements of an operand more than once, or at computed places."""
    name = node.primitive.name
    if name in ("broadcast", "reshape"):
        source, shape = node.inputs[place].spec.shape, node.outputs[0].spec.shape
        repeated = product(source) < product(shape)
        return repeated or (name == "reshape" and not is_plain(shape, source))
    return name == "matmul" or (name in ("gather", "take_along") and place == 0)


def _needs_line(node: Node, place: int) -> bool:
    """Whether a node needs an operand in row-major order in memory."""
    name = node.primitive.name
    return name in ("argsort", "bitcast") or (name == "search" and place == 0)


def base_of(value: Value, makers: dict[int, Node], stored: set[int]) -> Value:
    """What `value` is a view of."""
    while id(value) in makers and id(value) not in stored:
        node = makers[id(value)]
        if node.primitive.name not in VIEWS:
            return value
        value = node.inputs[0]
    return value


def _store_base(value: Value, makers: dict[int, Node], stored: set[int]) -> None:
    base = base_of(value, makers, stored)
    if id(base) in makers and makers[id(base)].primitive.name not in SOURCES:
        stored.add(id(base))


def _store_line(value: Value, makers: dict[int, Node], stored: set[int]) -> None:
    if id(value) in makers:
        stored.add(id(value))


def is_weight(value: Value, makers: dict[int, Node]) -> Any:
    """The constant matrix that is repeated for each row to be `value`, or None."""
    sizes = value.spec.shape[-2:]
    while id(value) in makers:
        node = makers[id(value)]
        if node.primitive.name not in ("broadcast", "reshape"):
            return None
        value = node.inputs[0]
    if value.array is None or B in sizes:
        return None
    shape = value.array.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return value.array.reshape(shape) if shape == sizes else None
