"""Reductions: over the axes of a row, over the batch, over values without a batch.

Sums run in an order that depends on the values' shape alone: along rows one after the other; along
lanes in 16 partial sums (lane number mod 16) that are added in halves. So the number of lanes
of a processor, and of threads, do not change a result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.value import Node, Value
from .builder import I64, Reg, constant, is_float, lanes_of, vector
from .elementwise import extreme
from .kernels import ROOTS, Planned, Unsupported
from .layout import Form, address, form_of, is_signed, lies_turned, numbered, plain
from .writer import Writer

PARTIAL = 16


def _rows_of(planned: Planned, x: Value, axes: tuple[int, ...]) -> tuple[Value, Array]:
    """Where the elements of `x` are, as (results, elements of each), the batch as one element."""
    view = planned.view(x)
    if not form_of(view.base.spec).batch or (view.numbers is not None and view.numbers.min() < 0):
        view = view._replace(base=planned.solid(x), numbers=None)
    else:
        planned.solid(view.base)
    index = numbered(x.spec.shape) if view.numbers is None else view.numbers
    return view.base, grouped(index.reshape(plain(x.spec.shape)), axes)


def grouped(index: Array, axes: tuple[int, ...]) -> Array:
    """Numbers of elements as (results, those that belong to each)."""
    kept = tuple(axis for axis in range(index.ndim) if axis not in axes)
    count = int(np.prod([index.shape[axis] for axis in axes], dtype=np.int64))
    return index.transpose(kept + axes).reshape(-1, count)


def plan_reduction(planned: Planned, node: Node) -> None:
    """A reduction over `axes`."""
    x = node.inputs[0]
    name = node.primitive.name
    axes = node.params["axes"] if "axes" in node.params else (node.params["axis"],)
    shape = x.spec.shape
    if B in shape:
        base, rows = _rows_of(planned, x, axes)
        over_batch = shape.index(B) in axes
        if over_batch and name.startswith("arg"):
            raise Unsupported(node, "along the batch")
        root = "reduce_batch" if over_batch else "reduce_rows"
        planned.add_root(node, root, (base,), rows=rows, operation=name)
        return
    if name.startswith("arg"):
        raise Unsupported(node, "of a value without a batch")
    lane_axis, others = len(shape) - 1, shape[:-1]
    if lies_turned(x.spec):
        lane_axis, others = 0, shape[1:]
    leading = [axis - (axis > lane_axis) for axis in axes if axis != lane_axis]
    rows = grouped(numbered(others), tuple(leading))
    if lane_axis in axes:
        root = "reduce_lanes"
    elif form_of(node.outputs[0].spec) == Form(False, len(rows), int(shape[lane_axis])):
        root = "reduce_lines"
    else:
        raise Unsupported(node, "to a narrow matrix")
    planned.add_root(node, root, (planned.solid(x),), rows=rows, operation=name)


for _name in ("sum", "max", "min", "prod"):
    ROOTS[f"reduce_{_name}"] = plan_reduction
ROOTS["argmax"] = ROOTS["argmin"] = plan_reduction


def plan_running(planned: Planned, node: Node) -> None:
    """A running sum or product along the last axis."""
    planned.add_root(
        node,
        "running",
        (planned.solid(node.inputs[0]),),
        operation=node.primitive.name,
        exclusive=node.params["exclusive"],
        size=node.inputs[0].spec.shape[-1],
    )


ROOTS["cumulative_sum"] = ROOTS["cumulative_product"] = plan_running


# Combining two values ---------------------------------------------------------------------------


def combine(writer: Writer, operation: str, value: Value, x: Reg, y: Reg) -> Reg:
    """Two partial results as one."""
    code = writer.code
    if operation.endswith("sum"):
        return code.op("fadd" if is_float(x.kind) else "add", x, y)
    if operation.startswith(("reduce_prod", "cumulative_product")):
        return code.op("fmul" if is_float(x.kind) else "mul", x, y)
    order = "gt" if operation == "reduce_max" else "lt"
    return extreme(code, x, y, order, signed=is_signed(value.spec.dtype))


def identity(operation: str, value: Value) -> Any:
    """The number that changes nothing."""
    if operation.endswith("sum"):
        return -0.0 if value.spec.dtype.kind == "f" else 0
    if "prod" in operation:
        return 1
    dtype = value.spec.dtype
    if dtype.kind == "b":
        return operation == "reduce_min"
    if dtype.kind == "f":
        return -np.inf if operation == "reduce_max" else np.inf
    limits = np.iinfo(dtype)
    return int(limits.min if operation == "reduce_max" else limits.max)


# Along rows -------------------------------------------------------------------------------------


def emit_rows(writer: Writer, stored: set[int]) -> None:
    """Row by row of the result, along the rows that belong to it."""
    code, root = writer.code, writer.root
    rows: Array = root.params["rows"]
    panels, _ = writer.ranges()
    reduce_row = _best if root.params["operation"].startswith("arg") else _along
    with code.loop(*panels) as outer, code.loop(0, len(rows)) as inner:
        result = reduce_row(writer, rows, outer.index, inner.index)
        place = writer.index(writer.kernel.form, outer.index, inner.index)
        writer.store_lanes(root.output, result, writer.element_at(root.output, place))
    writer.follow(stored)


def _source_row(writer: Writer, rows: Array, row: Reg, step: Reg) -> Reg:
    """rows[row, step]."""
    code = writer.code
    count = rows.shape[1]
    place = code.add(code.mul(row, code.int(count)), step)
    flat = rows.reshape(-1)
    if len(rows) == 1:
        return writer.chosen(flat, step)
    return writer.chosen(flat, place)


def _load_row(writer: Writer, rows: Array, panel: Reg, row: Reg, step: Reg) -> Reg:
    root = writer.root
    base = root.sources[0]
    number = _source_row(writer, rows, row, step)
    return writer.load_lanes(
        base, writer.element_at(base, writer.index(form_of(base.spec), panel, number))
    )


def _along(writer: Writer, rows: Array, panel: Reg, row: Reg) -> Reg:
    """One sequential chain."""
    code, root = writer.code, writer.root
    base, operation = root.sources[0], root.params["operation"]
    start = _load_row(writer, rows, panel, row, code.int(0))
    if rows.shape[1] == 1:
        return start
    with code.loop(1, rows.shape[1], 1, [start]) as loop:
        value = _load_row(writer, rows, panel, row, loop.index)
        loop.carry(combine(writer, operation, base, loop.carried[0], value))
    return loop.results[0]


def _best(writer: Writer, rows: Array, panel: Reg, row: Reg) -> Reg:
    """The first place of the largest or smallest value; NaN counts as such."""
    code = writer.code
    order = "gt" if writer.root.params["operation"] == "argmax" else "lt"
    start = _load_row(writer, rows, panel, row, code.int(0))
    kind = vector(I64, writer.lanes)
    with code.loop(1, rows.shape[1], 1, [start, constant(kind, 0)]) as loop:
        best, place = loop.carried
        value = _load_row(writer, rows, panel, row, loop.index)
        better = is_better(writer, order, value, best)
        number = code.splat(loop.index, writer.lanes)
        loop.carry(code.select(better, value, best), code.select(better, number, place))
    return loop.results[1]


def is_better(writer: Writer, order: str, value: Reg, best: Reg) -> Reg:
    """Whether `value` is larger ("gt") or smaller ("lt") than `best`; nothing is than NaN."""
    code = writer.code
    if not is_float(value.kind):
        sign = "s" if is_signed(writer.root.sources[0].spec.dtype) else "u"
        return code.icmp(sign + order, value, best)
    return code.op("and", code.fcmp("u" + order, value, best), code.fcmp("ord", best, best))


def emit_lines(writer: Writer, stored: set[int]) -> None:
    """The leading axes of a value without a batch: lanes stay lanes."""
    emit_rows(writer, stored)


# Along lanes ------------------------------------------------------------------------------------


def emit_lanes(writer: Writer, stored: set[int]) -> None:
    """Lanes and rows of a value without a batch to numbers."""
    code, lanes, root = writer.code, writer.lanes, writer.root
    base = root.sources[0]
    form = form_of(base.spec)
    rows: Array = root.params["rows"]
    with code.loop(0, len(rows)) as loop:
        partial = _partial(writer, rows, loop.index, code.int(form.columns), form.panels(lanes))
        _store_number(writer, loop.index, _folded(writer, partial))
    writer.follow(stored)


def emit_batch(writer: Writer, stored: set[int]) -> None:
    """The batch, and rows that belong to one result, to numbers."""
    code, lanes, root = writer.code, writer.lanes, writer.root
    rows: Array = root.params["rows"]
    panels = code.op("sdiv", code.add(writer.count, code.int(lanes - 1)), code.int(lanes))
    first, last = code.int(0), code.int(len(rows))
    if writer.kernel.split == "panels":
        first = code.mul(writer.first, code.int(lanes))
        last = code.intrinsic("smin", code.mul(writer.last, code.int(lanes)), last)
    with code.loop(first, last) as loop:
        partial = _partial(writer, rows, loop.index, writer.count, panels)
        _store_number(writer, loop.index, _folded(writer, partial))
    writer.follow(stored)


def _partial(writer: Writer, rows: Array, row: Reg, count: Reg, panels: Reg | int) -> list[Reg]:
    """16 partial results, by lane number mod 16, in vectors."""
    code, lanes, root = writer.code, writer.lanes, writer.root
    base, operation = root.sources[0], root.params["operation"]
    vectors = PARTIAL // lanes
    kind = writer.kind(base)
    neutral = constant(kind, identity(operation, base))
    with code.loop(0, panels, vectors, [neutral] * vectors) as loop:
        following = []
        for place, before in enumerate(loop.carried):
            panel = code.add(loop.index, code.int(place)) if place else loop.index
            value = _masked(writer, rows, panel, row, count, neutral)
            following.append(combine(writer, operation, base, before, value))
        loop.carry(*following)
    return loop.results


def _masked(writer: Writer, rows: Array, panel: Reg, row: Reg, count: Reg, neutral: Reg) -> Reg:
    """A panel's own result along its rows, neutral in lanes that hold nothing."""
    code, lanes = writer.code, writer.lanes
    limit = code.sub(count, code.mul(panel, code.int(lanes)))
    kind = vector(I64, lanes)
    valid = code.icmp("slt", code.lane_numbers(kind), code.splat(limit, lanes))
    if lanes < PARTIAL:  # whole panels beyond the last one are not there to be read
        panel = code.intrinsic(
            "smin", panel, code.op("sdiv", code.sub(count, code.int(1)), code.int(lanes))
        )
    value = _along(writer, rows, panel, row)
    return code.select(valid, value, neutral)


def _folded(writer: Writer, partial: list[Reg]) -> Reg:
    """The partial results as one number, halves with halves."""
    code, root = writer.code, writer.root
    base, operation = root.sources[0], root.params["operation"]
    while len(partial) > 1:
        half = len(partial) // 2
        pairs = zip(partial[:half], partial[half:], strict=True)
        partial = [combine(writer, operation, base, a, b) for a, b in pairs]
    value = partial[0]
    while lanes_of(value.kind) > 1:
        half = lanes_of(value.kind) // 2
        if half == 1:
            low, high = code.extract(value, 0), code.extract(value, 1)
        else:
            low = code.shuffle(value, None, range(half))
            high = code.shuffle(value, None, range(half, 2 * half))
        value = combine(writer, operation, base, low, high)
    return value


def _store_number(writer: Writer, number: Reg, value: Reg) -> None:
    """Write one element of the result, by its row-major number."""
    code, root = writer.code, writer.root
    output = root.output
    form = form_of(output.spec)
    places = address(form, np.arange(form.size), writer.lanes)
    place = writer.chosen(places, number)
    if output.spec.dtype.kind == "b":
        value = code.cast("zext", value, "i8")
    code.store(value, writer.element_at(output, place))


# Running ----------------------------------------------------------------------------------------


def emit_running(writer: Writer, stored: set[int]) -> None:
    """Running sums and products: row after row, or number after number."""
    code, root = writer.code, writer.root
    output = root.output
    form = writer.kernel.form
    size: int = root.params["size"]
    if form.batch:
        panels, _ = writer.ranges()
        with code.loop(*panels) as outer, code.loop(0, form.rows // size) as line:
            start = code.mul(line.index, code.int(size))

            def at(step: Reg, value: Value) -> Reg:
                row = code.add(start, step)
                return writer.element_at(value, writer.index(form, outer.index, row))

            _run(writer, size, at, writer.load_lanes, writer.store_lanes, writer.kind(output))
    else:
        places = address(form, np.arange(form.size), writer.lanes)
        with code.loop(0, form.size // size) as line:
            start = code.mul(line.index, code.int(size))

            def number_at(step: Reg, value: Value) -> Reg:
                return writer.element_at(value, writer.chosen(places, code.add(start, step)))

            def load(value: Value, pointer: Reg) -> Reg:
                return code.load(writer.scalar(value), pointer)

            def store(value: Value, number: Reg, pointer: Reg) -> None:
                code.store(number, pointer)

            _run(writer, size, number_at, load, store, writer.scalar(output))
    writer.follow(stored)


def _run(
    writer: Writer,
    size: int,
    at: Callable[..., Reg],
    load: Callable[..., Reg],
    store: Callable[..., None],
    kind: str,
) -> None:
    code, root = writer.code, writer.root
    base, operation = root.sources[0], root.params["operation"]
    neutral = constant(kind, 1 if "product" in operation else 0)
    with code.loop(0, size, 1, [neutral]) as loop:
        before = loop.carried[0]
        value = load(base, at(loop.index, base))
        after = combine(writer, operation, base, before, value)
        store(
            root.output, before if root.params["exclusive"] else after, at(loop.index, root.output)
        )
        loop.carry(after)


EMITTERS: dict[str, Any] = {
    "reduce_rows": emit_rows,
    "reduce_lines": emit_lines,
    "reduce_lanes": emit_lanes,
    "reduce_batch": emit_batch,
    "running": emit_running,
}
