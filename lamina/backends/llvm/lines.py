"""Look-ups, places, sorting and stacks of products in values without a batch, number by number.

A value lies in panels; what is read here is found by its row-major number. These are small parts of
programs (labels and embeddings of a batch of known size), so one thread does them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.shapes import B
from ...ir.value import Node, Value
from . import contract, index, reduce
from .builder import I1, I8, I64, PTR, Reg, constant
from .elementwise import convert
from .kernels import ROOTS, Planned, Planner, Unsupported
from .layout import Form, form_of, memory_element, numbered
from .sorting import stands_wrong
from .writer import Writer

Act = Callable[[Reg, Reg], None]  # on the numbers of an element that is looked up, and of its place
Each = Callable[[Writer, Value, Act], None]
Emitter = Callable[[Writer, set[int]], None]
MOST = 1 << 16
"""Exchanges of a sorted line: beyond it, sorting is left to the interpreter."""


def _number_at(writer: Writer, value: Value, number: Reg) -> Reg:
    """The address of the element of a row-major number."""
    code, form, lanes = writer.code, form_of(value.spec), writer.lanes
    if form.size == 1:
        return writer.pointer(value)
    row, column = _split(writer, form, number)
    panel = code.op("lshr", column, code.int(lanes.bit_length() - 1))
    lane = code.op("and", column, code.int(lanes - 1))
    return writer.element_at(value, code.add(writer.index(form, panel, row), lane))


def _split(writer: Writer, form: Form, number: Reg) -> tuple[Reg, Reg]:
    """Row and column, in panels, of a row-major number."""
    code = writer.code
    size = code.int(form.rows if form.turned else form.columns)
    quotient, rest = code.op("udiv", number, size), code.op("urem", number, size)
    return (rest, quotient) if form.turned else (quotient, rest)


def _load(writer: Writer, value: Value, number: Reg) -> Reg:
    """One element, as registers hold its dtype."""
    found = writer.code.load(memory_element(value.spec.dtype), _number_at(writer, value, number))
    if value.spec.dtype.kind == "b":
        return writer.code.icmp("ne", found, constant(found.kind, 0))
    return found


def _store(writer: Writer, value: Value, element: Reg, number: Reg) -> None:
    if element.kind == I1:
        element = writer.code.cast("zext", element, I8)
    writer.code.store(element, _number_at(writer, value, number))


def _checked(writer: Writer, indices: Value, number: Reg, size: int) -> Reg:
    """An index inside of [0, size); another is told of, and becomes 0."""
    code = writer.code
    wide = convert(code, _load(writer, indices, number), indices.spec.dtype, np.dtype("int64"))
    good = code.icmp("ult", wide, code.int(size))
    with code.when(code.op("xor", good, constant(I1, True))):
        index.tell(writer, wide, size)
    return code.select(good, wide, code.int(0))


def _flat(writer: Writer, *parts: tuple[Reg, int]) -> Reg:
    """The number of a place whose coordinates are given with the sizes of their axes."""
    code = writer.code
    number = parts[0][0]
    for place, size in parts[1:]:
        number = code.add(code.mul(number, code.int(size)), place)
    return number


# Rows of tables -----------------------------------------------------------------------------------


def plan_gather(planned: Planned, node: Node) -> None:
    """Slices of a value along an axis."""
    x, indices = node.inputs
    _plan_slices(planned, node, "gather_numbers", x.spec.shape, indices)


def plan_scatter(planned: Planned, node: Node) -> None:
    """Values added to slices of zeros along an axis."""
    if node.inputs[1].spec.dtype.kind not in "fiu":
        raise Unsupported(node, f"of {node.inputs[1].spec!r}")
    _plan_slices(planned, node, "scatter_numbers", node.params["shape"], node.inputs[0])


def _plan_slices(planned: Planned, node: Node, name: str, shape: Any, indices: Value) -> None:
    axis = node.params["axis"]
    sizes = {
        "before": math.prod(shape[:axis]),
        "size": int(shape[axis]),
        "many": math.prod(int(size) for size in indices.spec.shape),
        "width": math.prod(shape[axis + 1 :]),
    }
    planned.add_root(node, name, [planned.solid(value) for value in node.inputs], **sizes)


def _reading(each: Each) -> Emitter:
    """The emitter of out[j] = x[index[j]], with the places that `each` goes through."""

    def emit(writer: Writer, stored: set[int]) -> None:
        x, indices = writer.root.sources

        def move(inside: Reg, outside: Reg) -> None:
            _store(writer, writer.root.output, _load(writer, x, inside), outside)

        each(writer, indices, move)
        writer.follow(stored)

    return emit


def _adding(each: Each) -> Emitter:
    """The emitter of zeros, then out[index[j]] += values[j], one j after the other."""

    def emit(writer: Writer, stored: set[int]) -> None:
        output = writer.root.output
        indices, values = writer.root.sources
        _clear(writer, output)

        def add(inside: Reg, outside: Reg) -> None:
            value = _load(writer, values, outside)
            total = reduce.combine(writer, "sum", output, _load(writer, output, inside), value)
            _store(writer, output, total, inside)

        each(writer, indices, add)
        writer.follow(stored)

    return emit


def _each_slice(writer: Writer, indices: Value, act: Act) -> None:
    """`act` on the numbers of each element of each slice, in the table and outside of it."""
    code, params = writer.code, writer.root.params
    size, many, width = params["size"], params["many"], params["width"]
    with code.loop(0, params["before"]) as outer, code.loop(0, many) as line:
        found = _checked(writer, indices, line.index, size)
        with code.loop(0, width) as inner:
            inside = _flat(writer, (outer.index, 1), (found, size), (inner.index, width))
            outside = _flat(writer, (outer.index, 1), (line.index, many), (inner.index, width))
            act(inside, outside)


def _clear(writer: Writer, value: Value) -> None:
    with writer.code.loop(0, form_of(value.spec).size) as clear:
        zero = constant(memory_element(value.spec.dtype), 0)
        writer.code.store(zero, _number_at(writer, value, clear.index))


# Along lines --------------------------------------------------------------------------------------


def plan_along(planned: Planned, node: Node) -> None:
    """take_along and add_along: each line has indices of its own."""
    adds = node.primitive.name == "add_along"
    line = node.outputs[0] if adds else node.inputs[0]
    indices = node.inputs[0 if adds else 1]
    sizes = {"size": int(line.spec.shape[-1]), "many": int(indices.spec.shape[-1])}
    sources = [planned.solid(value) for value in node.inputs]
    planned.add_root(node, f"{node.primitive.name}_numbers", sources, **sizes)


def _each_along(writer: Writer, indices: Value, act: Act) -> None:
    """`act` on the numbers of each indexed element in its line, and of its index."""
    code, params = writer.code, writer.root.params
    size, many = params["size"], params["many"]
    lines = form_of(indices.spec).size // many
    with code.loop(0, lines) as line, code.loop(0, many) as inner:
        outside = _flat(writer, (line.index, 1), (inner.index, many))
        found = _checked(writer, indices, outside, size)
        act(_flat(writer, (line.index, 1), (found, size)), outside)


# Places -------------------------------------------------------------------------------------------


def plan_extreme_place(planned: Planned, node: Node) -> None:
    """argmax and argmin along an axis."""
    (x,) = node.inputs
    axis = node.params["axis"]
    sizes = {
        "before": math.prod(x.spec.shape[:axis]),
        "size": int(x.spec.shape[axis]),
        "width": math.prod(x.spec.shape[axis + 1 :]),
    }
    name = node.primitive.name
    planned.add_root(node, "extreme_place", [planned.solid(x)], operation=name, **sizes)


def emit_extreme_place(writer: Writer, stored: set[int]) -> None:
    """The first place of the largest or smallest value; NaN counts as such."""
    code, params = writer.code, writer.root.params
    (x,) = writer.root.sources
    size, width = params["size"], params["width"]
    order = "gt" if params["operation"] == "argmax" else "lt"
    with code.loop(0, params["before"]) as outer, code.loop(0, width) as inner:

        def value_at(step: Reg) -> Reg:
            return _load(
                writer, x, _flat(writer, (outer.index, 1), (step, size), (inner.index, width))
            )

        with code.loop(1, size, 1, [value_at(code.int(0)), code.int(0)]) as loop:
            best, place = loop.carried
            value = value_at(loop.index)
            better = reduce.is_better(writer, order, value, best)
            loop.carry(code.select(better, value, best), code.select(better, loop.index, place))
        place = loop.results[1] if size > 1 else code.int(0)
        _store(
            writer, writer.root.output, place, _flat(writer, (outer.index, 1), (inner.index, width))
        )
    writer.follow(stored)


def plan_search(planned: Planned, node: Node) -> None:
    """Where numbers go into sorted edges."""
    sources = [planned.solid(value) for value in node.inputs]
    planned.add_root(node, "search_numbers", sources, right=node.params["right"])


def emit_search(writer: Writer, stored: set[int]) -> None:
    """How many edges are below (or, from the right, not above)."""
    code, root = writer.code, writer.root
    edges, x = root.sources
    with code.loop(0, form_of(x.spec).size) as outer:
        value = _load(writer, x, outer.index)
        with code.loop(0, form_of(edges.spec).size, 1, [code.int(0)]) as loop:
            edge = _load(writer, edges, loop.index)
            below = index.is_below(writer, edge, value)
            loop.carry(code.add(loop.carried[0], code.cast("zext", below, I64)))
        _store(writer, root.output, loop.results[0], outer.index)
    writer.follow(stored)


# Sorting ------------------------------------------------------------------------------------------


def plan_argsort(planned: Planned, node: Node) -> None:
    """The places that sort the last axis."""
    (x,) = node.inputs
    size = int(x.spec.shape[-1])
    if size * size > MOST or x.spec.dtype.kind == "b":
        raise Unsupported(node, f"of {x.spec!r}")
    descending = node.params["descending"]
    sources = [planned.solid(x)]
    planned.add_root(node, "argsort_numbers", sources, size=size, descending=descending)


def emit_argsort(writer: Writer, stored: set[int]) -> None:
    """Odd-even transposition, as in sorting.py, line by line."""
    code, root = writer.code, writer.root
    (x,), output = root.sources, root.output
    size, kind = root.params["size"], memory_element(x.spec.dtype)
    values = code.first(PTR, f"alloca [{size} x {kind}], align 64")
    places = code.first(PTR, f"alloca [{size} x i64], align 64")

    def exchange(array: Reg, element: str, pair: tuple[Reg, Reg], wrong: Reg | None) -> Reg:
        here, there = (code.at(array, place, element) for place in pair)
        a, b = code.load(element, here), code.load(element, there)
        swapped = stands_wrong(writer, a, b) if wrong is None else wrong
        code.store(code.select(swapped, b, a), here)
        code.store(code.select(swapped, a, b), there)
        return swapped

    with code.loop(0, form_of(x.spec).size // size) as line:
        with code.loop(0, size) as copy:
            number = _flat(writer, (line.index, 1), (copy.index, size))
            code.store(_load(writer, x, number), code.at(values, copy.index, kind))
            code.store(copy.index, code.at(places, copy.index, I64))
        with code.loop(0, size) as turn:
            first = code.op("and", turn.index, code.int(1))
            with code.loop(first, size - 1, 2) as loop:
                pair = loop.index, code.add(loop.index, code.int(1))
                wrong = exchange(values, kind, pair, None)
                exchange(places, I64, pair, wrong)
        with code.loop(0, size) as copy:
            number = _flat(writer, (line.index, 1), (copy.index, size))
            place = code.load(I64, code.at(places, copy.index, I64))
            _store(writer, output, code.cast("trunc", place, "i32"), number)
    writer.follow(stored)


# Sums and the like -----------------------------------------------------------------------------


def plan_reduction(planned: Planned, node: Node) -> None:
    """A reduction whose result lies turned, so that lanes do not stay lanes."""
    x = node.inputs[0]
    rows = reduce.grouped(numbered(x.spec.shape), node.params["axes"])
    name = node.primitive.name
    planned.add_root(node, "reduce_numbers", [planned.solid(x)], rows=rows, operation=name)


def emit_reduction(writer: Writer, stored: set[int]) -> None:
    """Each result as one chain."""
    code, root = writer.code, writer.root
    rows, operation, x = root.params["rows"], root.params["operation"], root.sources[0]
    count = rows.shape[1]
    with code.loop(0, len(rows)) as outer:
        first = code.mul(outer.index, code.int(count))

        def value_at(step: Reg) -> Reg:
            return _load(writer, x, writer.chosen(rows.reshape(-1), code.add(first, step)))

        with code.loop(1, count, 1, [value_at(code.int(0))]) as loop:
            value = value_at(loop.index)
            loop.carry(reduce.combine(writer, operation, x, loop.carried[0], value))
        _store(writer, root.output, loop.results[0], outer.index)
    writer.follow(stored)


# Products ---------------------------------------------------------------------------------------


def plan_products(planned: Planned, node: Node) -> None:
    """A product of matrices for each place of leading axes."""
    x, y = node.inputs
    rows, columns = node.outputs[0].spec.shape[-2:]
    flips = node.params["transpose_x"], node.params["transpose_y"]
    inner = x.spec.shape[-2 if flips[0] else -1]
    sources = planned.solid(x), planned.solid(y)
    sizes = (rows, columns, inner)
    if B in sizes:
        raise Unsupported(node, f"of {x.spec!r} and {y.spec!r}")
    planned.add_root(node, "products_numbers", sources, sizes=sizes, flips=flips)


def emit_products(writer: Writer, stored: set[int]) -> None:
    """out[n, i, j] = Σ x[n, i, k] y[n, k, j], each a chain over k."""
    code, root = writer.code, writer.root
    x, y = root.sources
    (rows, columns, inner), flips = root.params["sizes"], root.params["flips"]
    count = form_of(root.output.spec).size // (rows * columns)
    zero = constant(memory_element(x.spec.dtype), 0)
    with code.loop(0, count) as n, code.loop(0, rows) as i, code.loop(0, columns) as j:

        def element(value: Value, flip: bool, *place: tuple[Reg, int]) -> Reg:
            return _load(writer, value, _flat(writer, (n.index, 1), *place[:: -1 if flip else 1]))

        with code.loop(0, inner, 1, [zero]) as k:
            a = element(x, flips[0], (i.index, rows), (k.index, inner))
            b = element(y, flips[1], (k.index, inner), (j.index, columns))
            k.carry(code.fma(a, b, k.carried[0]))
        place = _flat(writer, (n.index, 1), (i.index, rows), (j.index, columns))
        _store(writer, root.output, k.results[0], place)
    writer.follow(stored)


# Which of two ways --------------------------------------------------------------------------------


def _without_batch(otherwise: Planner, plan: Planner) -> Planner:
    """`plan` for an operation none of whose values has a batch, else `otherwise`."""

    def choose(planned: Planned, node: Node) -> None:
        batch = any(B in value.spec.shape for value in (*node.inputs, *node.outputs))
        (otherwise if batch else plan)(planned, node)

    return choose


def _product(planned: Planned, node: Node) -> None:
    """As contract.py does it, but for stacks of matrices without a batch."""
    spec = node.outputs[0].spec
    stack = len(spec.shape) > 2 and B not in spec.shape and spec.dtype in (np.float32, np.float64)
    (plan_products if stack else contract.plan_matmul)(planned, node)


def _reduction(planned: Planned, node: Node) -> None:
    """As reduce.py does it where it can."""
    try:
        reduce.plan_reduction(planned, node)
    except Unsupported:
        if any(B in value.spec.shape for value in node.inputs):
            raise
        plan_reduction(planned, node)


for _name, _plan in {
    "gather": plan_gather,
    "scatter_add": plan_scatter,
    "take_along": plan_along,
    "add_along": plan_along,
    "argmax": plan_extreme_place,
    "argmin": plan_extreme_place,
    "search": plan_search,
    "argsort": plan_argsort,
}.items():
    ROOTS[_name] = _without_batch(ROOTS[_name], _plan)
for _name in ("sum", "max", "min", "prod"):
    ROOTS[f"reduce_{_name}"] = _reduction
ROOTS["matmul"] = _product

FALLIBLE = ("gather_numbers", "scatter_numbers", "take_along_numbers", "add_along_numbers")

EMITTERS: dict[str, Any] = {
    "gather_numbers": _reading(_each_slice),
    "scatter_numbers": _adding(_each_slice),
    "take_along_numbers": _reading(_each_along),
    "add_along_numbers": _adding(_each_along),
    "extreme_place": emit_extreme_place,
    "search_numbers": emit_search,
    "argsort_numbers": emit_argsort,
    "reduce_numbers": emit_reduction,
    "products_numbers": emit_products,
}
