"""Matrix products: which operand gives rows, which lanes, and the loops around the microkernel.

Forward and backward through a layer have the batch in the lanes; the gradient of the weights sums
over the batch, and what follows it element by element (the optimizer) works on each block while it
is in cache.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.shapes import B
from ...ir.value import Node, Value
from .builder import Reg, constant
from .few import few, most
from .kernels import ROOTS, Kernel, Planned, Unsupported
from .layout import form_of, lies_turned, memory_element
from .matmul import gemm
from .moving import transpose_panels
from .writer import CAPACITY, SCRATCH, Scratch, Writer

BLOCK_ROWS = 32
BLOCK_PANELS = 8
_LARGE = 4096  # numbers of a matrix for which code of its own pays where rows are few
SCRATCH_BYTES = BLOCK_ROWS * BLOCK_PANELS * 16 * 8


def plan_matmul(planned: Planned, node: Node) -> None:
    """Choose operands: `rows` of the result come from the first, its lanes from the second."""
    x, y = node.inputs
    flip_x, flip_y = node.params["transpose_x"], node.params["transpose_y"]
    if x.spec.dtype not in (np.float32, np.float64):
        raise Unsupported(node, f"products of {x.spec!r} and {y.spec!r}")
    if len(x.spec.shape) > 2:
        _plan_products(planned, node)
        return
    rows, inner = x.spec.shape[::-1] if flip_x else x.spec.shape
    columns = y.spec.shape[0] if flip_y else y.spec.shape[1]
    if rows is B and columns is B:
        raise Unsupported(node, "a product with the batch in both axes")
    output = node.outputs[0].spec
    if rows is B or lies_turned(output):  # of the transposed product: yᵀ gives rows, xᵀ lanes
        x, y, rows = y, x, columns
        flip_x, flip_y = not flip_y, not flip_x
    first, pattern = _first(planned, x, flip_x)
    second = _second(planned, y, flip_y)
    planned.add_root(node, "matmul", (first, second), pattern=pattern, rows=rows, inner=inner)


def _first(planned: Planned, x: Value, flip: bool) -> tuple[Value, str]:
    """The operand that gives rows; "chunk" where these are its rows in memory."""
    as_rows = flip if B in x.spec.shape and x.spec.shape[0] is B else not flip
    if B not in x.spec.shape:
        as_rows = as_rows != lies_turned(x.spec)
    return planned.solid(x), "chunk" if as_rows else "col"


def _second(planned: Planned, y: Value, flip: bool) -> Value:
    """The operand that gives lanes, its rows in memory being what is summed over."""
    shape = y.spec.shape
    if B in shape:
        free = shape[0] if flip else shape[1]
        return planned.solid(y) if free is B else planned.turned(y)
    return planned.turned(y) if flip != lies_turned(y.spec) else planned.solid(y)


def _plan_products(planned: Planned, node: Node) -> None:
    """A product of matrices for each row of the batch, and each place of other leading axes."""
    x, y = node.inputs
    shape = node.outputs[0].spec.shape
    if B not in shape[:-2]:
        raise Unsupported(node, f"products of {x.spec!r} and {y.spec!r}")
    inner = x.spec.shape[-2 if node.params["transpose_x"] else -1]
    count = math.prod(size for size in shape[:-2] if isinstance(size, int))
    planned.add_root(
        node,
        "products",
        (planned.solid(x), planned.solid(y)),
        sizes=(count, shape[-2], shape[-1], inner),
        flips=(node.params["transpose_x"], node.params["transpose_y"]),
    )


ROOTS["matmul"] = plan_matmul


class _Operands:
    """The addresses and strides of a product, for one kernel."""

    def __init__(self, writer: Writer) -> None:
        root = writer.root
        self.writer, self.root = writer, root
        code = writer.code
        first, second = root.sources
        self.rows: int = root.params["rows"]
        self.first, self.second = writer.pointer(first), writer.pointer(second)
        self.first_stride = form_of(first.spec).rows
        inner = root.params["inner"]
        self.depth = writer.count if inner is B else code.int(inner)
        own = form_of(second.spec)
        if inner is B:
            self.second_stride = writer.word(CAPACITY)
        elif writer.kernel.form.batch or id(second) not in writer.turned:
            self.second_stride = code.int(own.rows)
        else:
            self.second_stride = code.int(own.panels(writer.lanes) * writer.lanes)
        self.element = memory_element(first.spec.dtype)
        pattern = root.params["pattern"]
        counts = writer.row_counts[self.element, pattern]
        self.name = gemm(writer.module, self.element, writer.lanes, pattern, counts)

    def block(
        self, target: Reg, stride: Reg, panels: tuple[Reg, Reg], rows: tuple[Reg, Reg]
    ) -> None:
        """Compute panels [first, end) and rows [first, end) of the result into `target`."""
        code, lanes = self.writer.code, self.writer.lanes
        columns = code.mul(code.mul(panels[0], self.second_stride), code.int(lanes))
        # "col": rows are lanes, and a part begins with a panel
        step = self.first_stride if self.root.params["pattern"] == "col" else lanes
        code.call(
            "void",
            self.name,
            target,
            stride,
            code.at(self.first, code.mul(rows[0], code.int(step)), self.element),
            code.int(self.first_stride),
            code.at(self.second, columns, self.element),
            self.second_stride,
            code.sub(rows[1], rows[0]),
            code.sub(panels[1], panels[0]),
            self.depth,
        )

    def batch(self, target: Reg, panels: tuple[Reg, Reg], rows: tuple[Reg, Reg]) -> None:
        """Compute all rows of the result for a batch, in another order for a few rows of it."""
        code, writer = self.writer.code, self.writer
        stride, size = code.int(self.rows), self.rows * self.root.params["inner"]
        if not writer.predicts or size < _LARGE or self.root.params["pattern"] != "col":
            self.block(target, stride, panels, rows)
            return
        are_few = code.icmp("sle", writer.count, code.int(most(writer.lanes)))
        are_few = code.op("and", are_few, code.icmp("slt", *panels))  # no thread without work
        with code.when(are_few):
            name, own = few(writer.module, self.element, writer.lanes), code.int(self.first_stride)
            sizes = stride, self.depth, writer.count
            code.call("void", name, target, self.first, own, self.second, *sizes)
        with code.when(code.icmp("eq", are_few, constant(are_few.kind, 0))):
            self.block(target, stride, panels, rows)


def emit_matmul(writer: Writer, stored: set[int]) -> None:
    """The product, then what follows it."""
    code, kernel = writer.code, writer.kernel
    operands = _Operands(writer)
    output = writer.root.output
    panels, rows = writer.ranges()
    if kernel.form.batch or not kernel.items:
        target = writer.place_of(output, panels[0], rows[0])
        if kernel.form.batch:
            operands.batch(target, panels, rows)
        else:
            operands.block(target, code.int(kernel.form.rows), panels, rows)
        if kernel.items:
            writer.elementwise(panels, rows, stored)
        return
    scratch = writer.word(SCRATCH, "ptr")
    offset = code.mul(writer.thread, code.int(SCRATCH_BYTES))
    scratch = code.at(scratch, offset, "i8")
    with code.loop(*panels, BLOCK_PANELS) as outer:
        end = _least(writer, code.add(outer.index, code.int(BLOCK_PANELS)), panels[1])
        with code.loop(*rows, BLOCK_ROWS) as inner:
            last = _least(writer, code.add(inner.index, code.int(BLOCK_ROWS)), rows[1])
            block = (outer.index, end), (inner.index, last)
            operands.block(scratch, code.int(BLOCK_ROWS), *block)
            place = Scratch(output, scratch, outer.index, inner.index, BLOCK_ROWS)
            writer.elementwise(*block, stored, [place])


def _least(writer: Writer, first: Reg, second: Reg) -> Reg:
    return writer.code.intrinsic("smin", first, second)


def emit_products(writer: Writer, stored: set[int]) -> None:
    """Element (m, n) of each product: one chain over k, V rows of the batch at once."""
    code, root = writer.code, writer.root
    x, y = root.sources
    count, rows, columns, inner = root.params["sizes"]
    flip_x, flip_y = root.params["flips"]
    steps_x = (1, rows) if flip_x else (inner, 1)  # from row to row, along the sum
    steps_y = (inner, 1) if flip_y else (1, columns)  # from column to column, along the sum
    panels, _ = writer.ranges()
    kind = writer.kind(root.output)

    def load(value: Value, panel: Reg, start: Reg, place: Reg, k: Reg, steps: Any) -> Reg:
        row = code.add(start, code.mul(place, code.int(steps[0])))
        row = code.add(row, code.mul(k, code.int(steps[1])))
        return writer.load_lanes(value, writer.place_of(value, panel, row))

    with (
        code.loop(*panels) as panel,
        code.loop(0, count) as number,
        code.loop(0, rows) as m,
        code.loop(0, columns) as n,
    ):
        start_x = code.mul(number.index, code.int(rows * inner))
        start_y = code.mul(number.index, code.int(columns * inner))
        with code.loop(0, inner, 1, [constant(kind, 0)]) as k:
            left = load(x, panel.index, start_x, m.index, k.index, steps_x)
            right = load(y, panel.index, start_y, n.index, k.index, steps_y)
            k.carry(code.fma(left, right, k.carried[0]))
        line = code.add(code.mul(number.index, code.int(rows)), m.index)
        target = code.add(code.mul(line, code.int(columns)), n.index)
        place = writer.place_of(root.output, panel.index, target)
        writer.store_lanes(root.output, k.results[0], place)
    writer.follow(stored)


def emit_turn(writer: Writer, stored: set[int]) -> None:
    """Rows and lanes of a value exchanged."""
    code, lanes, root = writer.code, writer.lanes, writer.root
    source = root.sources[0]
    form, element = form_of(source.spec), memory_element(source.spec.dtype)
    first, last = writer.first, writer.last
    if form.batch:
        stride = writer.word(CAPACITY)
    else:
        stride = code.int(form.panels(lanes) * lanes)
        first, last = code.int(0), code.int(form.panels(lanes))
    skipped = code.mul(first, code.int(lanes * lanes))
    code.call(
        "void",
        transpose_panels(writer.module, element, lanes),
        code.at(writer.pointer(root.output), skipped, element),
        stride,
        writer.panel_at(source, first),
        code.int(form.rows),
        code.int(form.rows),
        code.sub(last, first),
    )


def row_counts(kernels: Sequence[Kernel]) -> dict[tuple[str, str], set[int]]:
    """For each kind of product all numbers of rows, so that one function serves them."""
    found: dict[tuple[str, str], set[int]] = {}
    for kernel in kernels:
        root = kernel.root
        if root is not None and root.name == "matmul":
            element = memory_element(root.output.spec.dtype)
            found.setdefault((element, root.params["pattern"]), set()).add(root.params["rows"])
    return found


def turned_size(value: Value, lanes: int) -> tuple[int, int]:
    """Elements of a turned value: fixed, and for each panel of a batch."""
    form = form_of(value.spec)
    own = -(-form.rows // lanes) * lanes
    if form.batch:
        return 0, own * lanes
    return own * form.panels(lanes) * lanes, 0


EMITTERS: dict[str, Any] = {
    "matmul": emit_matmul,
    "products": emit_products,
    "turn": emit_turn,
}
