"""A program for one row as a program for all rows at once; batches whose rows do not meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.shapes import B
from ..ir.bind import bind
from ..ir.graph import Graph, Trace, tracing
from ..ir.value import Node, Spec
from ..prims.broadcast import broadcast, reshape

_ELEMENTWISE = frozenset((
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "maximum",
    "minimum", "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right",
    "equal", "less", "less_equal", "negative", "sign", "absolute", "floor", "ceil", "round_even",
    "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "sigmoid", "erf", "erfc",
    "erf_inverse", "logical_not", "is_finite", "select", "cast", "stop_gradient",
))  # fmt: skip


class _Different(Exception):
    """An operation that has no form for all rows here."""


class _Rows:
    """A value that has a leading axis of rows (or not: then it is the same for all of them)."""

    __slots__ = ("each", "value")

    def __init__(self, value: Any, each: bool) -> None:
        self.value, self.each = value, each

    def spread(self) -> Any:
        """The value with an axis of rows in any case."""
        return self.value if self.each else broadcast(self.value, (B, *self.value.spec.shape))


def over_rows(graph: Graph, count: int) -> Graph | None:
    """`graph` with an axis of rows before the first `count` inputs and all outputs.

    None where an operation does more than work on numbers, or has no such form.
    """
    trace = Trace(graph.name)
    try:
        with tracing(trace):
            known: dict[int, _Rows] = {}
            for number, value in enumerate(graph.inputs):
                each = number < count
                if B in value.spec.shape:
                    return None
                spec = Spec((B, *value.spec.shape), value.spec.dtype) if each else value.spec
                known[id(value)] = _Rows(trace.input(spec), each)
            outputs = [item.spread() for item in _replayed(graph, known)]
    except _Different:
        return None
    return trace.graph(outputs)


def _replayed(graph: Graph, known: dict[int, _Rows]) -> list[_Rows]:
    for node in graph.nodes:
        inputs = [known.get(id(value), _Rows(value, False)) for value in node.inputs]
        results = _applied(node, inputs)
        known.update(zip(map(id, node.outputs), results, strict=True))
    return [known.get(id(value), _Rows(value, False)) for value in graph.outputs]


def _applied(node: Node, inputs: list[_Rows]) -> list[_Rows]:
    primitive, params = node.primitive, node.params
    if primitive.effect or primitive.shows:
        raise _Different
    if primitive.name == "call":
        graph = params["graph"]
        return _replayed(graph, dict(zip(map(id, graph.inputs), inputs, strict=True)))
    if not any(item.each for item in inputs):
        found = bind(primitive, *(item.value for item in inputs), **params)
        return [_Rows(value, False) for value in (found if primitive.multiple else (found,))]
    if primitive.name in _ELEMENTWISE:
        return [_Rows(bind(primitive, *(item.spread() for item in inputs), **params), True)]
    rule = _RULES.get(primitive.name)
    if rule is None:
        raise _Different
    return [_Rows(rule(primitive, [item.spread() for item in inputs], params), True)]


Rule = Callable[[Any, list[Any], dict[str, Any]], Any]


def _broadcast(primitive: Any, values: list[Any], params: dict[str, Any]) -> Any:
    own, shape = values[0].spec.shape[1:], params["shape"]
    x = reshape(values[0], (B, *(1,) * (len(shape) - len(own)), *own))
    return broadcast(x, (B, *shape))


def _axes(primitive: Any, values: list[Any], params: dict[str, Any]) -> Any:
    return bind(primitive, *values, axes=tuple(axis + 1 for axis in params["axes"]))


def _axis(primitive: Any, values: list[Any], params: dict[str, Any]) -> Any:
    return bind(primitive, *values, axis=params["axis"] + 1)


def _slice(primitive: Any, values: list[Any], params: dict[str, Any]) -> Any:
    return bind(
        primitive,
        *values,
        starts=(0, *params["starts"]),
        stops=(None, *params["stops"]),
        steps=(1, *params["steps"]),
    )


_RULES: dict[str, Rule] = {
    "broadcast": _broadcast,
    "reshape": lambda p, values, params: reshape(values[0], (B, *params["shape"])),
    "transpose": lambda p, values, params: bind(
        p, *values, axes=(0, *(axis + 1 for axis in params["axes"]))
    ),
    "slice": _slice,
    "pad": lambda p, values, params: bind(
        p, *values, **{name: (0, *params[name]) for name in ("low", "high", "inner")}
    ),
    "matmul": lambda p, values, params: bind(p, *values, **params),
    **dict.fromkeys(("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reverse"), _axes),
    **dict.fromkeys(("concatenate", "argmax", "argmin"), _axis),
}


# Programs of batches -----------------------------------------------------------------------------


def rows_apart(graph: Graph, count: int) -> bool:
    """Whether each row of the outputs depends on the same row of the first `count` inputs only.

    Then batches may be joined, and the program be run on any number of rows.
    """
    apart = {id(value) for value in graph.inputs[:count] if value.spec.shape[:1] == (B,)}
    if len(apart) < count or any(B in value.spec.shape for value in graph.inputs[count:]):
        return False
    for node in graph.nodes:
        if node.primitive.effect or node.primitive.shows:
            return False
        if any(id(value) in apart for value in node.inputs):
            keeps = _keeps_rows(node, apart)
        else:
            keeps = _is_same_for_rows(node)
        if not keeps:
            return False
        apart |= {id(value) for value in node.outputs if value.spec.shape[:1] == (B,)}
    return all(id(value) in apart for value in graph.outputs)


def _is_same_for_rows(node: Node) -> bool:
    """Whether the operation, of nothing with rows, gives the same for each row, if it has any."""
    if not any(B in value.spec.shape for value in (*node.inputs, *node.outputs)):
        return True
    if node.primitive.name == "iota":
        return bool(node.params["axis"] != 0)
    return node.primitive.name in ("broadcast", "fill")


def _keeps_rows(node: Node, apart: set[int]) -> bool:
    """Whether the operation works on each row by itself, and the rows stay in front."""
    name, params = node.primitive.name, node.params
    if any(out.spec.shape[:1] != (B,) for out in node.outputs):
        return False
    others = [value for value in node.inputs if id(value) not in apart]
    if any(B in value.spec.shape for value in others):
        return False
    if name in _ELEMENTWISE:
        return not others  # of one shape, so all have rows
    if name == "matmul":
        return len(node.inputs[0].spec.shape) == 2 and bool(others) and not params["transpose_x"]
    check = _KEEPING.get(name)
    return check is not None and not others and check(node)


_KEEPING: dict[str, Callable[[Node], bool]] = {
    "broadcast": lambda node: len(node.inputs[0].spec.shape) == len(node.params["shape"]),
    "reshape": lambda node: True,
    "transpose": lambda node: node.params["axes"][0] == 0,
    "slice": lambda node: (
        (node.params["starts"][0], node.params["stops"][0], node.params["steps"][0]) == (0, None, 1)
    ),
    "pad": lambda node: not any(node.params[name][0] for name in ("low", "high", "inner")),
    **dict.fromkeys(
        ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reverse"),
        lambda node: 0 not in node.params["axes"],
    ),
    **dict.fromkeys(("concatenate", "argmax", "argmin"), lambda node: node.params["axis"] != 0),
}
