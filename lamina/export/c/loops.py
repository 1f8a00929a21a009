"""Loops that write a stored value: products, reductions, what moves elements to places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.value import Node, Value
from . import helpers
from .body import Body
from .elementwise import extreme
from .places import ROW, Index, added, flat, product, times
from .plan import is_weight
from .types import c_type, literal, unsigned

Dtype = np.dtype[Any]
_WIDTHS = 32, 16, 8, 4, 2, 1  # columns of a product that are summed side by side


def copy(body: Body, value: Value, name: str) -> None:
    """A result that is an input, a constant or another result, to where the caller wants it."""
    shape = value.spec.shape
    with body.rows(), body.loops(shape) as index:
        place = added(times(ROW, product(shape)), flat(index, shape))
        body.emit(f"{name}[{place}] = {body.element(value, index)};")


def compute(body: Body, value: Value) -> None:
    """A value that is not the result of a loop of its own: an expression for each element."""
    name = body.names.pop(id(value))
    with body.rows(), body.loops(value.spec.shape) as index:
        found = body.element(value, index)
        body.names[id(value)] = name
        body.emit(f"{body.place(value, index)} = {found};")


def _sum(dtype: Dtype, total: str, x: str, operator: str = "+") -> str:
    if dtype.kind == "f":
        return f"{total} {operator} {x}"
    wide = unsigned(dtype)
    return f"({c_type(dtype)})(({wide}){total} {operator} ({wide}){x})"


# Products ---------------------------------------------------------------------------------------


def _matmul(body: Body, node: Node) -> None:
    x, y = node.inputs
    swap_x, swap_y = node.params["transpose_x"], node.params["transpose_y"]
    dtype = node.outputs[0].spec.dtype
    weight = is_weight(y, body.plan.makers)
    line = x.spec.shape[-2] if swap_x else 1
    if weight is not None and dtype.kind == "f" and line in (1, B) and id(x) in body.names:
        _with_weights(body, x, weight.T if swap_y else weight, node.outputs[0])
    else:
        _any_product(body, node)


def _with_weights(body: Body, x: Value, weight: Array, made: Value) -> None:
    """Rows times a constant matrix, laid out in panels of columns."""
    inner, columns = weight.shape
    dtype, start = weight.dtype, 0
    per_row = product(x.spec.shape) // inner
    vectors = "rows" if per_row == 1 else f"rows * {per_row}"
    while start < columns:
        width = next((w for w in _WIDTHS if w <= columns - start), 1)
        count = (columns - start) // width * width
        part = weight[:, start : start + count].reshape(inner, -1, width)
        panels = body.functions.table(np.ascontiguousarray(part.transpose(1, 0, 2)))
        name = body.functions.of_type(f"product_{width}", dtype, helpers.product(width))
        target = body.names[id(made)] + (f" + {start}" if start else "")
        source = body.names[id(x)]
        body.emit(f"{name}({source}, {vectors}, {inner}, {panels}, {count}, {columns}, {target});")
        start += count


def _any_product(body: Body, node: Node) -> None:
    """Sums of products; the innermost loop is over the columns of the result."""
    x, y = node.inputs
    swap_x, swap_y = node.params["transpose_x"], node.params["transpose_y"]
    made = node.outputs[0]
    shape, dtype = made.spec.shape, made.spec.dtype
    inner = x.spec.shape[-2 if swap_x else -1]
    with body.rows(), body.loops(shape[:-1]) as lead:
        with body.loops(shape[-1:]) as column:
            body.emit(f"{body.place(made, (*lead, *column))} = 0;")
        with body.loops((inner,)) as depth:
            left = (*lead[:-1], *depth, lead[-1]) if swap_x else (*lead, *depth)
            factor = body.temporary(c_type(dtype), body.element(x, left))
            with body.loops(shape[-1:]) as column:
                pair = (*column, *depth) if swap_y else (*depth, *column)
                found = body.element(y, (*lead[:-1], *pair))
                place = body.place(made, (*lead, *column))
                body.emit(f"{place} = {_sum(dtype, place, _sum(dtype, factor, found, '*'))};")


# Reductions -------------------------------------------------------------------------------------


def _least(dtype: Dtype, sign: int) -> str:
    if dtype.kind == "f":
        return literal(sign * np.inf, dtype)
    if dtype.kind == "b":
        return str(int(sign > 0))
    limits = np.iinfo(dtype)
    return literal(limits.max if sign > 0 else limits.min, dtype)


_REDUCTIONS: dict[str, tuple[Callable[[Dtype], str], Callable[[Dtype, str, str], str]]] = {
    "reduce_sum": (lambda dtype: "0", _sum),
    "reduce_prod": (lambda dtype: "1", lambda dtype, a, b: _sum(dtype, a, b, "*")),
    "reduce_max": (lambda dtype: _least(dtype, -1), lambda dtype, a, b: extreme(">", dtype, a, b)),
    "reduce_min": (lambda dtype: _least(dtype, 1), lambda dtype, a, b: extreme("<", dtype, a, b)),
}


def _reduce(body: Body, node: Node) -> None:
    (x,), (made,) = node.inputs, node.outputs
    axes, shape, dtype = node.params["axes"], x.spec.shape, x.spec.dtype
    start, combine = _REDUCTIONS[node.primitive.name]
    with body.rows(), body.loops(made.spec.shape) as kept:
        total = body.fresh("total")
        body.emit(f"{c_type(dtype)} {total} = {start(dtype)};")
        with body.loops(tuple(shape[axis] for axis in axes)) as gone:
            index = _joined(len(shape), axes, kept, gone)
            body.emit(f"{total} = {combine(dtype, total, body.element(x, index))};")
        body.emit(f"{body.place(made, kept)} = {total};")


def _joined(rank: int, axes: tuple[int, ...], kept: Index, gone: Index) -> Index:
    """The index of an element of what is reduced."""
    rest = iter(kept)
    return tuple(gone[axes.index(axis)] if axis in axes else next(rest) for axis in range(rank))


def _argument(body: Body, node: Node) -> None:
    """The first place of an extreme value; of NaN where there is one."""
    (x,), (made,) = node.inputs, node.outputs
    axis, shape, dtype = node.params["axis"], x.spec.shape, x.spec.dtype
    operator = ">" if node.primitive.name == "argmax" else "<"
    kind = c_type(dtype)
    with body.rows(), body.loops(made.spec.shape) as kept:
        best, place = body.fresh("best"), body.fresh("place")
        first = body.element(x, _joined(len(shape), (axis,), kept, ("0",)))
        body.emit(f"{kind} {best} = {first};")
        body.emit(f"int {place} = 0;")
        with body.loops((shape[axis],)) as along:
            index = _joined(len(shape), (axis,), kept, along)
            found = body.temporary(kind, body.element(x, index))
            odd = f" || ({found} != {found} && {best} == {best})" if dtype.kind == "f" else ""
            with body.block(f"if ({found} {operator} {best}{odd})"):
                body.emit(f"{best} = {found};")
                body.emit(f"{place} = {along[0]};")
        body.emit(f"{body.place(made, kept)} = {place};")


def _running(body: Body, node: Node) -> None:
    (x,), (made,) = node.inputs, node.outputs
    shape, dtype = x.spec.shape, x.spec.dtype
    is_sum = node.primitive.name == "cumulative_sum"
    with body.rows(), body.loops(shape[:-1]) as lead:
        total = body.fresh("total")
        body.emit(f"{c_type(dtype)} {total} = {int(not is_sum)};")
        with body.loops(shape[-1:]) as along:
            index = (*lead, *along)
            found = body.element(x, index)
            lines = [
                f"{total} = {_sum(dtype, total, found, '+' if is_sum else '*')};",
                f"{body.place(made, index)} = {total};",
            ]
            for line in lines[::-1] if node.params["exclusive"] else lines:
                body.emit(line)


def _argsort(body: Body, node: Node) -> None:
    (x,), (made,) = node.inputs, node.outputs
    dtype, size = x.spec.dtype, x.spec.shape[-1]
    body.functions.of_type("before", dtype, helpers.before(dtype.kind == "f"))
    name = body.functions.of_type("argsort", dtype, helpers.ARGSORT)
    descending = int(node.params["descending"])
    with body.rows(), body.loops(x.spec.shape[:-1]) as lead:
        first = (*lead, "0")
        spare = body.fresh("spare")
        body.emit(f"int32_t {spare}[{size}];")
        line, order = f"&{body.place(x, first)}", f"&{body.place(made, first)}"
        body.emit(f"{name}({line}, {size}, {descending}, {order}, {spare});")


# Elements moved to places ----------------------------------------------------------------------


def _zero(body: Body, made: Value) -> None:
    with body.loops(made.spec.shape) as index:
        body.emit(f"{body.place(made, index)} = 0;")


def _pad(body: Body, node: Node) -> None:
    (x,), (made,) = node.inputs, node.outputs
    with body.rows():
        _zero(body, made)
        with body.loops(x.spec.shape) as index:
            found = body.element(x, index)
            body.emit(f"{body.place(made, _padded(node, index))} = {found};")


def _padded(node: Node, index: Index) -> Index:
    sizes = zip(index, node.params["low"], node.params["inner"], strict=True)
    return tuple(
        place if not (low or inner) else f"({low} + {place} * {inner + 1})"
        for place, low, inner in sizes
    )


def _concatenate(body: Body, node: Node) -> None:
    (made,), axis, start = node.outputs, node.params["axis"], 0
    for x in node.inputs:
        with body.rows(), body.loops(x.spec.shape) as index:
            place = f"({start} + {index[axis]})" if start else index[axis]
            target = body.place(made, (*index[:axis], place, *index[axis + 1 :]))
            body.emit(f"{target} = {body.element(x, index)};")
        start += x.spec.shape[axis]


def _scatter(body: Body, node: Node) -> None:
    (indices, values), (made,) = node.inputs, node.outputs
    along = node.primitive.name == "add_along"
    rank, shape = len(indices.spec.shape), made.spec.shape
    axis = len(shape) - 1 if along else node.params["axis"]
    with body.rows():
        _zero(body, made)
        with body.loops(values.spec.shape) as index:
            source = index if along else index[axis : axis + rank]
            place = body.checked(body.element(indices, source), shape[axis])
            rest = () if along else index[axis + rank :]
            target = body.place(made, (*index[:axis], place, *rest))
            found = body.element(values, index)
            body.emit(f"{target} = {_sum(made.spec.dtype, target, found)};")


def _bitcast(body: Body, node: Node) -> None:
    (x,), (made,) = node.inputs, node.outputs
    size = product(x.spec.shape) * x.spec.dtype.itemsize
    source, target = body.names[id(x)], body.names[id(made)]
    body.emit(f"memcpy({target}, {source}, (size_t)rows * {size});")


LOOPS: dict[str, Callable[[Body, Node], None]] = {
    **dict.fromkeys(_REDUCTIONS, _reduce),
    **dict.fromkeys(("argmax", "argmin"), _argument),
    **dict.fromkeys(("cumulative_sum", "cumulative_product"), _running),
    **dict.fromkeys(("scatter_add", "add_along"), _scatter),
    "argsort": _argsort,
    "bitcast": _bitcast,
    "concatenate": _concatenate,
    "matmul": _matmul,
    "pad": _pad,
}
"""By the name of a primitive: what writes its result."""
