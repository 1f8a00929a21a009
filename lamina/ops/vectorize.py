"""A function of one row, for all rows at once: each operation in its form for many rows.

The function is traced once. Primitives on lines, matrices and last axes take leading axes as they
are; others get their axes moved by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import nest
from ..core.errors import InvalidArgumentError, OpError, SymbolicShapeError, UnimplementedError
from ..core.shapes import B
from ..ir.bind import bind
from ..ir.value import Node, Spec, Value
from ..prims.broadcast import broadcast, reshape
from ..prims.layout import transpose
from ..tensor.branches import present
from ..tensor.convert import to_tensor
from ..tensor.program import Program
from .layout import stack, unstack

Pair = tuple[Any, bool]
"""A value, and whether its first axis is that of the rows."""

# Whose operands have one shape, or share all but their last axes.
_ALIKE = frozenset(
    (
        *("matmul", "select", "take_along", "solve", "inverse", "determinant", "cholesky", "eigh"),
        *("svd", "qr", "lu", "slogdet", "pinv", "argsort", "cumulative_sum", "cumulative_product"),
        *("cast", "is_finite", "stop_gradient", "bitcast"),
    )
)
_WITHOUT = frozenset(("random_bits", "dimension", "observe", "attach_gradient"))


def map_rows(function: Callable[..., Any], elems: Any, *, strict: bool = False) -> Any:
    """`function` of each row of `elems` (a tensor or a structure of them), stacked.

    All rows at once where each operation can; else one by one, unless `strict` or where the number
    of rows is not known.
    """
    elems = nest.map_structure(to_tensor, elems)
    leaves = nest.flatten(elems)
    sizes = {leaf.spec.shape[0] if leaf.spec.shape else None for leaf in leaves}
    if len(sizes) != 1 or None in sizes:
        raise InvalidArgumentError(
            f"all tensors need the same first size; got shapes {[leaf.shape for leaf in leaves]}"
        )
    (count,) = sizes
    try:
        return _at_once(function, elems, leaves, count)
    except OpError as error:
        if count is B or strict:
            raise SymbolicShapeError(
                f"a function of each row of a batch cannot be applied to all rows at once: {error}"
            ) from error
    return one_by_one(function, elems)


def one_by_one(function: Callable[..., Any], elems: Any) -> Any:
    """`function` of each row of `elems`, row after row, stacked."""
    columns = [unstack(leaf) for leaf in nest.flatten(elems)]
    if len({len(column) for column in columns}) != 1:
        raise InvalidArgumentError("all tensors must have the same first size")
    rows = [nest.pack_sequence_as(elems, row) for row in zip(*columns, strict=True)]
    if not rows:
        raise InvalidArgumentError("there are no rows, so the result has no known shape")
    return nest.map_structure(lambda *parts: stack(parts), *map(function, rows))


def _at_once(function: Callable[..., Any], elems: Any, leaves: list[Any], count: Any) -> Any:
    specs = [Spec(leaf.spec.shape[1:], leaf.spec.dtype) for leaf in leaves]

    def run(*row: Value) -> Any:
        return nest.map_structure(to_tensor, function(nest.pack_sequence_as(elems, row)))

    program = Program("row", run, specs)
    if program.written:
        raise UnimplementedError("a function that writes to variables runs row by row")
    graph = program.graph
    values = [*((leaf, True) for leaf in leaves), *((v, False) for v in present(program.sources))]
    known: dict[int, Pair] = dict(zip(map(id, graph.inputs), values, strict=True))
    for node in graph.nodes:
        pairs = [known.get(id(value), (value, False)) for value in node.inputs]
        found = _bound(node, pairs, count)
        known.update(zip(map(id, node.outputs), found, strict=True))
    outputs = [known.get(id(value), (value, False)) for value in graph.outputs]
    return program.rebuild([_for_all(pair, count) for pair in outputs])


def _for_all(pair: Pair, count: Any) -> Any:
    """A value with an axis of rows, repeated where it had none."""
    value, batched = pair
    return value if batched else broadcast(value, (count, *value.spec.shape))


def _bound(node: Node, pairs: list[Pair], count: Any) -> list[Pair]:
    """The results of one operation for all rows."""
    batched = any(is_batched for _, is_batched in pairs)
    if not batched:
        results = bind(node.primitive, *(value for value, _ in pairs), **node.params)
    else:
        results = _rule(node)(node, pairs, count)
    several = results if node.primitive.multiple else [results]
    return [(result, batched) for result in several]


Rule = Callable[[Node, list[Pair], Any], Any]


def _rule(node: Node) -> Rule:
    name = node.primitive.name
    if name in _RULES:
        return _RULES[name]
    same = all(value.spec.shape == node.outputs[0].spec.shape for value in node.inputs)
    if name in _WITHOUT or not (name in _ALIKE or (same and not node.params)):
        raise UnimplementedError(f"the operation {name} has no form for many rows")
    return _alike


def _alike(node: Node, pairs: list[Pair], count: Any) -> Any:
    return bind(node.primitive, *(_for_all(pair, count) for pair in pairs), **node.params)


def _moved(name: str) -> Rule:
    """A primitive whose parameter `name` is an axis, or several."""

    def rule(node: Node, pairs: list[Pair], count: Any) -> Any:
        axes = node.params[name]
        later = axes + 1 if isinstance(axes, int) else tuple(axis + 1 for axis in axes)
        values = [_for_all(pair, count) for pair in pairs]
        return bind(node.primitive, *values, **{**node.params, name: later})

    return rule


def _longer(**first: Any) -> Rule:
    """A primitive whose parameters have an entry for each axis; those of the first are given."""

    def rule(node: Node, pairs: list[Pair], count: Any) -> Any:
        params = {key: (first[key], *value) for key, value in node.params.items()}
        return bind(node.primitive, *(_for_all(pair, count) for pair in pairs), **params)

    return rule


def _transpose(node: Node, pairs: list[Pair], count: Any) -> Any:
    return transpose(pairs[0][0], (0, *(axis + 1 for axis in node.params["axes"])))


def _reshape(node: Node, pairs: list[Pair], count: Any) -> Any:
    return reshape(pairs[0][0], (count, *node.params["shape"]))


def _broadcast(node: Node, pairs: list[Pair], count: Any) -> Any:
    value, shape = pairs[0][0], node.params["shape"]
    own = value.spec.shape[1:]
    aligned = (count, *(1 for _ in range(len(shape) - len(own))), *own)
    return broadcast(reshape(value, aligned), (count, *shape))


def _gather(node: Node, pairs: list[Pair], count: Any) -> Any:
    (x, in_rows), (places, own) = pairs
    axis = node.params["axis"]
    if in_rows and own:
        raise UnimplementedError(
            "looking up each row's places in the row has no form for many rows"
        )
    if in_rows:
        return bind(node.primitive, x, places, axis=axis + 1)
    found = bind(node.primitive, x, places, axis=axis)
    rank = len(found.spec.shape)
    order = (axis, *(place for place in range(rank) if place != axis))
    return transpose(found, order)


def _add_along(node: Node, pairs: list[Pair], count: Any) -> Any:
    values = [_for_all(pair, count) for pair in pairs]
    return bind(node.primitive, *values, shape=(count, *node.params["shape"]))


def _scatter_add(node: Node, pairs: list[Pair], count: Any) -> Any:
    (places, own), values = pairs
    if own:
        raise UnimplementedError("adding at each row's own places has no form for many rows")
    params = {"shape": (count, *node.params["shape"]), "axis": node.params["axis"] + 1}
    return bind(node.primitive, places, _for_all(values, count), **params)


def _check(node: Node, pairs: list[Pair], count: Any) -> Any:
    values = [_for_all(pair, count) for pair in pairs[1:]]
    return bind(node.primitive, pairs[0][0], *values, **node.params)


def _search(node: Node, pairs: list[Pair], count: Any) -> Any:
    (edges, own), (x, _) = pairs
    if own:
        raise UnimplementedError("searching each row's own edges has no form for many rows")
    return bind(node.primitive, edges, x, **node.params)


_RULES: dict[str, Rule] = {
    **{name: _moved("axes") for name in ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod")},
    **{name: _moved("axis") for name in ("argmax", "argmin", "concatenate")},
    "reverse": _moved("axes"),
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast": _broadcast,
    "slice": _longer(starts=0, stops=None, steps=1),
    "pad": _longer(low=0, high=0, inner=0),
    "gather": _gather,
    "add_along": _add_along,
    "scatter_add": _scatter_add,
    "check": _check,
    "search": _search,
}

__all__ = ["map_rows", "one_by_one"]
