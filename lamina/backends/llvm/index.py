"""Look-ups: reading and adding at computed places.

A place outside of what is there sets the error word of the context; the program then ends with an
IndexRangeError. Lanes beyond the last row of a batch are looked up, too, at harmless places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.value import Node, Value
from .builder import I64, Code, Reg, constant, is_float, lanes_of, suffix_of, vector, with_element
from .elementwise import convert
from .kernels import ROOTS, Planned, Unsupported
from .layout import Form, address, element_size, form_of, is_signed, memory_element
from .reduce import combine
from .writer import BAD_INDEX, BAD_SIZE, ERROR, Writer


def plan_gather(planned: Planned, node: Node) -> None:
    """Rows of a table without a batch, by indices with one."""
    table, indices = node.inputs
    if node.params["axis"] != 0 or B in table.spec.shape or B not in indices.spec.shape:
        raise Unsupported(node, f"of {table.spec!r} by {indices.spec!r}")
    sources = planned.solid(table), planned.solid(indices)
    planned.add_root(node, "gather", sources, size=table.spec.shape[0])


def plan_along(planned: Planned, node: Node) -> None:
    """take_along and add_along: each row of a batch has indices of its own."""
    if any(B not in value.spec.shape for value in (*node.inputs, *node.outputs)):
        raise Unsupported(node, "without a batch")
    sources = [planned.solid(value) for value in node.inputs]
    name = node.primitive.name
    adds = name == "add_along"
    line = (node.outputs[0] if adds else node.inputs[0]).spec.shape[-1]
    many = node.inputs[0 if adds else 1].spec.shape[-1]
    if line is B or many is B:
        raise Unsupported(node, "along the batch")
    planned.add_root(node, name, sources, size=line, many=many)


def plan_scatter(planned: Planned, node: Node) -> None:
    """Values of a batch added at places of a value without one."""
    indices, values = node.inputs
    shape = node.params["shape"]
    if node.params["axis"] != 0 or B in shape or B not in indices.spec.shape:
        raise Unsupported(node, f"of {values.spec!r} at {indices.spec!r} into {shape}")
    if indices.spec.shape[0] is not B or values.spec.dtype.kind not in "fiu":
        raise Unsupported(node, f"of {values.spec!r} at {indices.spec!r}")
    sources = planned.solid(indices), planned.solid(values)
    planned.add_root(node, "scatter_add", sources, size=shape[0])


def plan_search(planned: Planned, node: Node) -> None:
    """Where numbers of a batch go into sorted edges."""
    edges, x = node.inputs
    if B in edges.spec.shape or B not in x.spec.shape:
        raise Unsupported(node, f"of {x.spec!r} in {edges.spec!r}")
    sources = planned.solid(edges), planned.solid(x)
    planned.add_root(node, "search", sources, right=node.params["right"])


ROOTS["gather"] = plan_gather
ROOTS["take_along"] = ROOTS["add_along"] = plan_along
ROOTS["scatter_add"] = plan_scatter
ROOTS["search"] = plan_search


def _checked(writer: Writer, value: Value, lanes: Reg, panel: Reg, size: int) -> Reg:
    """Indices as 64-bit lanes inside of [0, size); others are told of, and become 0."""
    code = writer.code
    wide = convert(code, lanes, value.spec.dtype, np.dtype("int64"))
    good = code.icmp("ult", wide, constant(wide.kind, size))
    first = code.mul(panel, code.int(writer.lanes))
    numbers = code.add(code.splat(first, writer.lanes), code.lane_numbers(wide.kind))
    valid = code.icmp("slt", numbers, code.splat(writer.count, writer.lanes))
    bad = code.op("and", valid, code.op("xor", good, constant(good.kind, True)))
    with code.when(_any(code, bad)):
        lanes_bits = code.cast("bitcast", bad, f"i{writer.lanes}")
        first_bad = code.call(
            lanes_bits.kind, f"llvm.cttz.i{writer.lanes}", lanes_bits, constant("i1", True)
        )
        lane = code.cast("zext", first_bad, I64)
        tell(writer, code.extract(wide, lane), size)
    return code.select(good, wide, constant(wide.kind, 0))


def _any(code: Code, bits: Reg) -> Reg:
    name = f"llvm.vector.reduce.or.v{lanes_of(bits.kind)}i1"
    return code.call("i1", name, bits)


def tell(writer: Writer, found: Reg, size: int) -> None:
    """Leave word of an index that is not in [0, size)."""
    code = writer.code
    for place, word in ((BAD_INDEX, found), (BAD_SIZE, code.int(size)), (ERROR, code.int(1))):
        code.store(word, code.at(writer.context, place, I64))


def emit_gather(writer: Writer, stored: set[int]) -> None:
    """Element d of row index[t] of the table, for every t and d."""
    code, root, lanes = writer.code, writer.root, writer.lanes
    table, indices = root.sources
    form = form_of(table.spec)
    size = root.params["size"]
    width = form.size // size
    places = address(form, np.arange(form.size), lanes).reshape(size, width)
    panels, _ = writer.ranges()
    own = form_of(indices.spec)
    with code.loop(*panels) as outer, code.loop(0, own.rows) as row:
        place = writer.place_of(indices, outer.index, row.index)
        found = _checked(writer, indices, writer.load_lanes(indices, place), outer.index, size)
        with code.loop(0, width) as inner:
            numbers = _table_numbers(writer, form, places, found, inner.index)
            target = code.add(code.mul(row.index, code.int(width)), inner.index)
            result = writer.gather(table, numbers)
            writer.store_lanes(
                root.output, result, writer.place_of(root.output, outer.index, target)
            )
    writer.follow(stored)


def _table_numbers(writer: Writer, form: Form, places: Array, found: Reg, column: Reg) -> Reg:
    """The numbers of the elements in a column of a table's rows `found`, lane by lane."""
    code, lanes, kind = writer.code, writer.lanes, found.kind
    if form.turned:  # rows of the table are lanes
        panel = code.op("lshr", found, constant(kind, lanes.bit_length() - 1))
        lane = code.op("and", found, constant(kind, lanes - 1))
        line = code.add(code.mul(panel, constant(kind, form.rows)), code.splat(column, lanes))
        return code.add(code.mul(line, constant(kind, lanes)), lane)
    step = int(places[1, 0] - places[0, 0]) if len(places) > 1 else 0
    start = code.splat(writer.chosen(places[0], column), lanes)
    return code.add(code.mul(found, constant(kind, step)), start)


def _line_number(writer: Writer, value: Value, panel: Reg, line: Reg, found: Reg) -> Reg:
    """The numbers of elements at places `found` of a line, each lane in its own."""
    code, lanes, root = writer.code, writer.lanes, writer.root
    row = code.mul(line, code.int(root.params["size"]))
    start = writer.index(form_of(value.spec), panel, row)
    kind = found.kind
    places = code.add(code.mul(found, constant(kind, lanes)), code.splat(start, lanes))
    return code.add(places, code.lane_numbers(kind))


def emit_take_along(writer: Writer, stored: set[int]) -> None:
    """x[line, index[line, j]] for every j."""
    code, root = writer.code, writer.root
    x, indices = root.sources
    many, size = root.params["many"], root.params["size"]
    panels, _ = writer.ranges()
    lines = form_of(indices.spec).rows // many
    with code.loop(*panels) as outer, code.loop(0, lines) as line, code.loop(0, many) as inner:
        row = code.add(code.mul(line.index, code.int(many)), inner.index)
        lanes = writer.load_lanes(indices, writer.place_of(indices, outer.index, row))
        found = _checked(writer, indices, lanes, outer.index, size)
        numbers = _line_number(writer, x, outer.index, line.index, found)
        place = writer.place_of(root.output, outer.index, row)
        writer.store_lanes(root.output, writer.gather(x, numbers), place)
    writer.follow(stored)


def emit_add_along(writer: Writer, stored: set[int]) -> None:
    """Zeros, with values[line, j] added at index[line, j], one j after the other."""
    code, root = writer.code, writer.root
    indices, values = root.sources
    output = root.output
    many, size = root.params["many"], root.params["size"]
    panels, _ = writer.ranges()
    lines = form_of(indices.spec).rows // many
    zero = constant(writer.kind(output), 0)
    with code.loop(*panels) as outer:
        with code.loop(0, form_of(output.spec).rows) as clear:
            writer.store_lanes(output, zero, writer.place_of(output, outer.index, clear.index))
        with code.loop(0, lines) as line, code.loop(0, many) as inner:
            row = code.add(code.mul(line.index, code.int(many)), inner.index)
            lanes = writer.load_lanes(indices, writer.place_of(indices, outer.index, row))
            found = _checked(writer, indices, lanes, outer.index, size)
            numbers = _line_number(writer, output, outer.index, line.index, found)
            value = writer.load_lanes(values, writer.place_of(values, outer.index, row))
            total = combine(writer, "sum", output, writer.gather(output, numbers), value)
            _scatter(writer, output, numbers, total)
    writer.follow(stored)


def _scatter(writer: Writer, value: Value, numbers: Reg, lanes: Reg) -> None:
    code, count = writer.code, writer.lanes
    element = memory_element(value.spec.dtype)
    pointers = code.value(
        vector("ptr", count), f"getelementptr {element}, {writer.pointer(value)}, {numbers}"
    )
    suffix = suffix_of(element)
    name = f"llvm.masked.scatter.v{count}{suffix}.v{count}p0"
    mask = constant(vector("i1", count), True)
    code.call("void", name, lanes, pointers, Reg("i32", str(element_size(element))), mask)


def emit_scatter_add(writer: Writer, stored: set[int]) -> None:
    """Zeros, with the values of each row added at its places, row after row."""
    code, root = writer.code, writer.root
    indices, values = root.sources
    output = root.output
    form = form_of(output.spec)
    kind = memory_element(output.spec.dtype)
    size: int = root.params["size"]
    places = address(form, np.arange(form.size), writer.lanes)
    zero = constant(kind, 0)
    with code.loop(0, form.rows * form.panels(writer.lanes) * writer.lanes) as clear:
        code.store(zero, writer.element_at(output, clear.index))
    width, many = form.size // size, form_of(indices.spec).rows
    with code.loop(0, writer.count) as row, code.loop(0, many) as line:
        number = _number(writer, indices, row.index, line.index)
        good = code.icmp("ult", number, code.int(size))
        with code.when(code.op("xor", good, constant("i1", True))):
            tell(writer, number, size)
        start = code.mul(code.select(good, number, code.int(0)), code.int(width))
        with code.loop(0, width) as inner:
            source = code.add(code.mul(line.index, code.int(width)), inner.index)
            value = code.load(kind, _lane_of(writer, values, row.index, source))
            target = writer.element_at(output, writer.chosen(places, code.add(start, inner.index)))
            code.store(combine(writer, "sum", output, code.load(kind, target), value), target)
    writer.follow(stored)


def _lane_of(writer: Writer, value: Value, row: Reg, number: Reg) -> Reg:
    """The address of one row's element `number` in a value with a batch."""
    code, lanes = writer.code, writer.lanes
    panel = code.op("sdiv", row, code.int(lanes))
    index = writer.index(form_of(value.spec), panel, number)
    return writer.element_at(value, code.add(index, code.op("srem", row, code.int(lanes))))


def _number(writer: Writer, value: Value, row: Reg, number: Reg) -> Reg:
    code = writer.code
    found = code.load(memory_element(value.spec.dtype), _lane_of(writer, value, row, number))
    opcode = "sext" if is_signed(value.spec.dtype) else "zext"
    return code.cast(opcode, found, I64)


def emit_search(writer: Writer, stored: set[int]) -> None:
    """How many edges are below (or, from the right, not above)."""
    code, root, lanes = writer.code, writer.root, writer.lanes
    edges, x = root.sources
    kind = vector(I64, lanes)
    panels, _ = writer.ranges()
    with code.loop(*panels) as outer, code.loop(0, writer.kernel.form.rows) as inner:
        value = writer.load_lanes(x, writer.place_of(x, outer.index, inner.index))
        with code.loop(0, form_of(edges.spec).columns, 1, [constant(kind, 0)]) as loop:
            edge = writer.load_number(edges, writer.element_at(edges, loop.index))
            below = is_below(writer, edge, value)
            one = code.cast("zext", below, with_element(kind, I64))
            loop.carry(code.add(loop.carried[0], one))
        place = writer.place_of(root.output, outer.index, inner.index)
        writer.store_lanes(root.output, loop.results[0], place)
    writer.follow(stored)


def is_below(writer: Writer, edge: Reg, value: Reg) -> Reg:
    """Whether a number belongs behind an edge: NaN is the largest one, and equal to itself."""
    code, root = writer.code, writer.root
    right = root.params["right"]
    if not is_float(value.kind):
        sign = "s" if is_signed(root.sources[1].spec.dtype) else "u"
        return code.icmp(sign + ("le" if right else "lt"), edge, value)
    if right:
        return code.op("or", code.fcmp("ole", edge, value), code.fcmp("uno", value, value))
    return code.op("and", code.fcmp("ult", edge, value), code.fcmp("ord", edge, edge))


FALLIBLE = ("gather", "take_along", "add_along", "scatter_add")
"""What may meet an index that is out of range."""

EMITTERS: dict[str, Any] = {
    "gather": emit_gather,
    "take_along": emit_take_along,
    "add_along": emit_add_along,
    "scatter_add": emit_scatter_add,
    "search": emit_search,
}
