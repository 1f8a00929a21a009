"""Primitives that fill, move, reduce and look up, as operators of ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import BOOL, INT32, INT64
from ...core.shapes import B, Shape
from ...ir.value import Node, Value
from .kernels import computed_in
from .writer import Loose, Writer, known_sizes

_FAR = 2**31 - 1

# Filling ------------------------------------------------------------------------------------------


def _fill(writer: Writer, node: Node) -> Loose:
    return Loose(writer.constant(np.asarray(node.params["value"], node.params["dtype"])), ())


def _iota(writer: Writer, node: Node) -> Loose:
    shape, axis, dtype = (node.params[key] for key in ("shape", "axis", "dtype"))
    size = shape[axis]
    kept = (size, *(1,) * (len(shape) - axis - 1))
    if size is not B:
        return Loose(writer.constant(np.arange(size, dtype=dtype).reshape(kept)), kept)
    end = writer.node("Squeeze", writer.rows())
    line = writer.node("Range", writer.scalar(0, INT64), end, writer.scalar(1, INT64))
    return Loose(writer.reshaped(writer.cast(line, dtype), kept), kept)


def _broadcast(writer: Writer, node: Node) -> Loose:
    return writer.loose(node.inputs[0])


def _reshape(writer: Writer, node: Node) -> str | Loose:
    found = writer.loose(node.inputs[0])
    if not found.shape:
        return found
    return writer.reshaped(writer.name(node.inputs[0]), node.params["shape"])


def _dimension(writer: Writer, node: Node) -> str:
    (x,), axis = node.inputs, node.params["axis"]
    line = writer.node("Shape", writer.name(x), start=axis, end=axis + 1)
    return writer.cast(writer.node("Squeeze", line), INT32)


# Moving -------------------------------------------------------------------------------------------


def _transpose(writer: Writer, node: Node) -> str:
    return writer.node("Transpose", writer.name(node.inputs[0]), perm=list(node.params["axes"]))


def sliced(writer: Writer, name: str, ranges: dict[int, tuple[int, int, int]]) -> str:
    """A tensor from start to stop by step along some axes."""
    if not ranges:
        return name
    starts, stops, steps = zip(*ranges.values(), strict=True)
    parts = (starts, stops, list(ranges), steps)
    return writer.node("Slice", name, *map(writer.integers, parts))


def _slice(writer: Writer, node: Node) -> str:
    starts, stops, steps = (node.params[key] for key in ("starts", "stops", "steps"))
    ranges = {
        axis: (start, _FAR if stop is None else stop, step)
        for axis, (start, stop, step) in enumerate(zip(starts, stops, steps, strict=True))
        if (start, stop, step) != (0, None, 1)
    }
    return sliced(writer, writer.name(node.inputs[0]), ranges)


def _pad(writer: Writer, node: Node) -> str:
    """Zeros between elements: a new axis behind each is padded, and the two are made one."""
    (x,) = node.inputs
    name, dtype = writer.name(x), x.spec.dtype
    shape: list[Any] = list(x.spec.shape)
    for axis, between in enumerate(node.params["inner"]):
        if not between:
            continue
        size = shape[axis]
        split = (*shape[: axis + 1], 1, *shape[axis + 1 :])
        ends = [0] * len(split)
        ends[axis + 1] = between
        name = _padded(writer, writer.reshaped(name, split), dtype, [0] * len(split), ends)
        shape[axis] = size * (between + 1)
        name = writer.reshaped(name, tuple(shape))
        shape[axis] = max(shape[axis] - between, 0)
        name = sliced(writer, name, {axis: (0, shape[axis], 1)})
    return _padded(writer, name, dtype, node.params["low"], node.params["high"])


def _padded(writer: Writer, name: str, dtype: Any, low: Any, high: Any) -> str:
    if not any((*low, *high)):
        return name
    return writer.compute("Pad", dtype, name, axes=writer.integers([*low, *high]))


def _concatenate(writer: Writer, node: Node) -> str:
    names = [writer.name(value) for value in node.inputs]
    return writer.node("Concat", *names, axis=node.params["axis"])


def _reverse(writer: Writer, node: Node) -> str:
    ranges = dict.fromkeys(node.params["axes"], (-1, -_FAR, -1))
    return sliced(writer, writer.name(node.inputs[0]), ranges)


# Reducing -----------------------------------------------------------------------------------------

_REDUCTIONS = {
    "reduce_sum": "ReduceSum",
    "reduce_max": "ReduceMax",
    "reduce_min": "ReduceMin",
    "reduce_prod": "ReduceProd",
}
_PLACES = {"argmax": "ArgMax", "argmin": "ArgMin"}


def _reduce(writer: Writer, node: Node) -> str:
    (x,) = node.inputs
    axes = writer.integers(node.params["axes"])
    operator = _REDUCTIONS[node.primitive.name]
    return writer.compute(operator, x.spec.dtype, writer.name(x), axes=axes, keepdims=0)


def _place(writer: Writer, node: Node) -> str:
    (x,) = node.inputs
    operator, axis = _PLACES[node.primitive.name], node.params["axis"]
    return writer.compute(operator, x.spec.dtype, writer.name(x), to=INT64, axis=axis, keepdims=0)


def _cumulative_sum(writer: Writer, node: Node) -> str:
    (x,) = node.inputs
    last = writer.scalar(len(x.spec.shape) - 1, INT64)
    exclusive = int(node.params["exclusive"])
    return writer.compute("CumSum", x.spec.dtype, writer.name(x), axes=last, exclusive=exclusive)


def _cumulative_product(writer: Writer, node: Node) -> str:
    """Each times the one before it, then those two before, then four."""
    (x,) = node.inputs
    name, dtype, size = writer.name(x), x.spec.dtype, known_sizes(x.spec.shape)[-1]
    distance = 1
    while distance < size:
        name = writer.compute("Mul", dtype, name, _later(writer, x, name, distance))
        distance *= 2
    return _later(writer, x, name, 1) if node.params["exclusive"] and size else name


def _later(writer: Writer, x: Value, name: str, distance: int) -> str:
    """The elements of `name` so many places further along the last axis, after ones."""
    shape = x.spec.shape
    first = (*shape[:-1], min(distance, known_sizes(shape)[-1]))
    ones = writer.expanded(Loose(writer.scalar(1, x.spec.dtype), ()), first)
    rest = sliced(writer, name, {len(shape) - 1: (0, -distance, 1)})
    return writer.node("Concat", ones, rest, axis=len(shape) - 1)


# Places -------------------------------------------------------------------------------------------


def _indices(writer: Writer, value: Value) -> str:
    name = writer.name(value)
    return name if value.spec.dtype in (INT32, INT64) else writer.cast(name, INT64)


def _gather(writer: Writer, node: Node) -> str:
    x, places = node.inputs
    return writer.node("Gather", writer.name(x), _indices(writer, places), axis=node.params["axis"])


def _take_along(writer: Writer, node: Node) -> str:
    x, places = node.inputs
    return writer.node("GatherElements", writer.name(x), _indices(writer, places), axis=-1)


def _zeros(writer: Writer, value: Value, shape: Shape) -> str:
    return writer.expanded(Loose(writer.scalar(0, value.spec.dtype), ()), shape)


def _add_along(writer: Writer, node: Node) -> str:
    places, values = node.inputs
    inputs = [_zeros(writer, values, node.params["shape"]), writer.name(values)]
    dtype = values.spec.dtype
    return _added(writer, "ScatterElements", dtype, inputs, _indices(writer, places), axis=-1)


def _scatter_add(writer: Writer, node: Node) -> str:
    """Rows of a tensor whose first axis is that of the places."""
    (places, values), axis, shape = node.inputs, node.params["axis"], node.params["shape"]
    rank, wide = len(shape), len(places.spec.shape)
    turned = (shape[axis], *shape[:axis], *shape[axis + 1 :])
    order = [*range(axis, axis + wide), *range(axis), *range(axis + wide, len(values.spec.shape))]
    inputs = [
        _zeros(writer, values, turned),
        writer.node("Transpose", writer.name(values), perm=order),
    ]
    lines = writer.node(
        "Unsqueeze", writer.cast(writer.name(places), INT64), writer.integers([wide])
    )
    found = _added(writer, "ScatterND", values.spec.dtype, inputs, lines)
    back = [*range(1, axis + 1), 0, *range(axis + 1, rank)]
    return writer.node("Transpose", found, perm=back)


def _added(
    writer: Writer, operator: str, dtype: Any, inputs: list[str], places: str, **attributes: Any
) -> str:
    """Values added to zeros at places."""
    wide = computed_in(operator, dtype)
    zeros, values = (name if wide == dtype else writer.cast(name, wide) for name in inputs)
    found = writer.node(operator, zeros, places, values, reduction="add", **attributes)
    return found if wide == dtype else writer.cast(found, dtype)


def _argsort(writer: Writer, node: Node) -> str:
    (x,) = node.inputs
    name, dtype = writer.name(x), x.spec.dtype
    size = writer.shape(x.spec.shape[-1:])
    wide = computed_in("TopK", dtype)
    if wide != dtype:
        name = writer.cast(name, wide)
    largest = int(node.params["descending"])
    return writer.cast(
        writer.several("TopK", [name, size], 2, axis=-1, largest=largest, sorted=1)[1], INT32
    )


def _search(writer: Writer, node: Node) -> str:
    """How many edges are not beyond; NaN is beyond all."""
    edges, x = node.inputs
    line = writer.node("Unsqueeze", writer.name(x), writer.integers([-1]))
    operator = "Less" if node.params["right"] else "LessOrEqual"
    beyond = writer.compute(operator, x.spec.dtype, line, writer.name(edges), to=BOOL)
    passed = writer.cast(writer.node("Not", beyond), INT64)
    return writer.node("ReduceSum", passed, writer.integers([-1]), keepdims=0)


# Matrices -----------------------------------------------------------------------------------------


def _matmul(writer: Writer, node: Node) -> str:
    names = []
    for value, turned in zip(node.inputs, ("transpose_x", "transpose_y"), strict=True):
        name, rank = writer.name(value), len(value.spec.shape)
        if node.params[turned]:
            order = [*range(rank - 2), rank - 1, rank - 2]
            name = writer.node("Transpose", name, perm=order)
        names.append(name)
    return writer.compute("MatMul", node.inputs[0].spec.dtype, *names)


def _determinant(writer: Writer, node: Node) -> str:
    (x,) = node.inputs
    return writer.compute("Det", x.spec.dtype, writer.name(x))


RULES = {
    "fill": _fill,
    "iota": _iota,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "dimension": _dimension,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": _reverse,
    **dict.fromkeys(_REDUCTIONS, _reduce),
    **dict.fromkeys(_PLACES, _place),
    "cumulative_sum": _cumulative_sum,
    "cumulative_product": _cumulative_product,
    "gather": _gather,
    "take_along": _take_along,
    "add_along": _add_along,
    "scatter_add": _scatter_add,
    "argsort": _argsort,
    "search": _search,
    "matmul": _matmul,
    "determinant": _determinant,
}
