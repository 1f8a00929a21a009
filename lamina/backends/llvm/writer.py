"""Writing kernels: functions over a range of panels (or of rows), and how they reach their values.

Every kernel has the same arguments: the context (sizes, flags, and where each value lies), the
range that this thread works on, how many rows the batch has and the number of the first, the
number of the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import Array
from ...ir.value import Value
from .builder import (
    I8,
    I64,
    PTR,
    Code,
    Module,
    Reg,
    constant,
    element_of,
    suffix_of,
    vector,
    with_element,
)
from .elementwise import ELEMENTWISE, Place
from .kernels import Kernel, Root, Unsupported
from .layout import (
    Form,
    View,
    address,
    coordinates,
    element_size,
    form_of,
    memory_element,
    numbered,
    register_element,
)

# The context: 64-bit words.
ROWS, BATCH, FIRST, LAST, ORDER, THREADS, BARRIER, YIELD, CAPACITY, SCRATCH = range(10)
ERROR, BAD_INDEX, BAD_SIZE, STOP = range(10, 14)  # set where an index is out of range
_LARGEST_TABLE = 1 << 16  # numbers
SLOTS = 16  # where the addresses of values begin

ARGUMENTS = (
    (PTR, "context"),
    (I64, "first"),
    (I64, "last"),
    (I64, "count"),
    (I64, "start"),
    (I64, "thread"),
)


class Scratch(NamedTuple):
    """A block of a root's result: where it begins, its first panel and row, rows a panel."""

    value: Value
    pointer: Reg
    panel: Reg
    row: Reg
    rows: int


class Writer:
    """Writes the function of one kernel."""

    def __init__(
        self, module: Module, kernel: Kernel, lanes: int, slots: dict[int, int], turned: set[int]
    ) -> None:
        self.module = module
        self.kernel = kernel
        self.lanes = lanes
        self.slots = slots
        self.turned = turned  # ids of values that lie with rows and lanes exchanged
        self.name = f"kernel{kernel.number}"
        self.code = Code(module, self.name, ARGUMENTS)
        self.context, self.first, self.last, self.count, self.start, self.thread = (
            self.code.arguments
        )
        self._pointers: dict[int, Reg] = {}
        self.early: set[int] = set()  # ids of values that the loop writes over
        self.row_counts: dict[tuple[str, str], set[int]] = {}  # of all products, by their kinds
        self.predicts = False  # a program of rows that do not know of each other: often one row

    @property
    def root(self) -> Root:
        """What the kernel begins with."""
        assert self.kernel.root is not None
        return self.kernel.root

    def ranges(self) -> tuple[tuple[Reg, Reg], tuple[Reg, Reg]]:
        """The panels and the rows that this call works on."""
        code, form = self.code, self.kernel.form
        given = self.first, self.last
        rows = code.int(0), code.int(form.rows)
        if form.batch or self.kernel.split == "panels":
            return given, rows
        panels = code.int(0), code.int(form.panels(self.lanes))
        return panels, given if self.kernel.split == "rows" else rows

    def follow(self, stored: set[int]) -> None:
        """What comes after the root, element by element."""
        if self.kernel.items:
            self.elementwise(*self.ranges(), stored)

    # Addresses -----------------------------------------------------------------------------------

    def word(self, place: int, kind: str = I64) -> Reg:
        """A word of the context."""
        return read_word(self.code, self.context, place, kind)

    def pointer(self, value: Value) -> Reg:
        """Where `value` lies."""
        slot = self.slots[id(value)]
        if slot not in self._pointers:
            address = self.code.first(PTR, f"getelementptr i64, {self.context}, i64 {SLOTS + slot}")
            self._pointers[slot] = self.code.first(PTR, f"load ptr, {address}, align 8")
        return self._pointers[slot]

    def place_of(self, value: Value, panel: Reg, row: Reg) -> Reg:
        """Where a row of a panel of `value` stands."""
        return self.element_at(value, self.index(form_of(value.spec), panel, row))

    def panel_at(self, value: Value, panel: Reg | int) -> Reg:
        """Where panel number `panel` of `value` begins."""
        size = form_of(value.spec).rows * self.lanes
        element = memory_element(value.spec.dtype)
        place = panel if isinstance(panel, Reg) else self.code.int(panel)
        offset = self.code.mul(place, self.code.int(size))
        return self.code.at(self.pointer(value), offset, element)

    def index(self, form: Form, panel: Reg, row: Reg) -> Reg:
        """The number of the first lane of a row in a panel, counted in elements."""
        code = self.code
        line = panel
        if form.rows > 1 or row.text != "0":
            line = code.add(code.mul(panel, code.int(form.rows)), row)
        return code.mul(line, code.int(self.lanes))

    # Values --------------------------------------------------------------------------------------

    def load_lanes(self, value: Value, pointer: Reg) -> Reg:
        """The lanes at `pointer`, as registers hold the dtype of `value`."""
        element = memory_element(value.spec.dtype)
        return self._from_memory(
            value, self.code.load(vector(element, self.lanes), pointer, element_size(element))
        )

    def load_number(self, value: Value, pointer: Reg) -> Reg:
        """The number at `pointer` in every lane."""
        number = self.code.load(memory_element(value.spec.dtype), pointer)
        return self._from_memory(value, self.code.splat(number, self.lanes))

    def _from_memory(self, value: Value, lanes: Reg) -> Reg:
        if value.spec.dtype.kind != "b":
            return lanes
        return self.code.icmp("ne", lanes, constant(lanes.kind, 0))

    def store_lanes(self, value: Value, lanes: Reg, pointer: Reg) -> None:
        """Write lanes of `value`."""
        if value.spec.dtype.kind == "b":
            lanes = self.code.cast("zext", lanes, with_element(lanes.kind, I8))
        self.code.store(lanes, pointer, element_size(element_of(lanes.kind)))

    def kind(self, value: Value) -> str:
        """The type of the lanes of `value` in registers."""
        return vector(register_element(value.spec.dtype), self.lanes)

    def scalar(self, value: Value) -> str:
        """The type of one number of `value` in memory."""
        return memory_element(value.spec.dtype)

    def chosen(self, numbers: Array, row: Reg) -> Reg:
        """numbers[row]: a constant, a formula, or a look-up in a table."""
        code = self.code
        if len(numbers) == 1 or (numbers == numbers[0]).all():
            return code.int(int(numbers[0]))
        steps = np.diff(numbers)
        if (steps == steps[0]).all() and numbers.min() >= 0:
            scaled = code.mul(row, code.int(int(steps[0]))) if steps[0] != 1 else row
            return code.add(scaled, code.int(int(numbers[0]))) if numbers[0] else scaled
        table = self.table(numbers)
        return code.load(I64, code.at(table, row, I64))

    def table(self, numbers: Array) -> Reg:
        """Constants of the program."""
        if len(numbers) > _LARGEST_TABLE:
            raise Unsupported(None, f"elements of {len(numbers)} irregular places")
        return self.module.table(I64, numbers.tolist())

    def read(self, view: View, form: Form, panel: Reg, row: Reg) -> Reg:
        """The lanes that a kernel over `form` needs of what `view` shows."""
        base = view.base
        if base.array is not None and base.array.ndim == 0:
            return self._read_number(view, form, panel, row)
        own = form_of(base.spec)
        if form.batch:
            return self._read_in_batch(view, own, panel, row)
        if view.numbers is None and own == form:
            return self.load_lanes(base, self.element_at(base, self.index(own, panel, row)))
        return self._read_uniform(view, own, form, panel, row)

    def element_at(self, value: Value, index: Reg) -> Reg:
        return self.code.at(self.pointer(value), index, memory_element(value.spec.dtype))

    def _read_number(self, view: View, form: Form, panel: Reg, row: Reg) -> Reg:
        """A constant number, or zero where the view says so."""
        assert view.base.array is not None and view.numbers is not None
        number = constant(self.kind(view.base), view.base.array.item())
        if view.numbers.min() >= 0:
            return number
        grid = _grid(view.numbers, form)
        if (grid == grid[:, :1]).all():
            return self._zero_where_negative(grid[:, 0], self.chosen(grid[:, 0], row), number)
        places = self._lane_numbers(grid, form, panel, row)
        shown = self.code.icmp("sge", places, constant(places.kind, 0))
        return self.code.select(shown, number, constant(number.kind, 0))

    def _read_in_batch(self, view: View, own: Form, panel: Reg, row: Reg) -> Reg:
        base = view.base
        if own.batch and view.numbers is None:
            return self.load_lanes(base, self.element_at(base, self.index(own, panel, row)))
        index = np.arange(own.size) if view.numbers is None else view.numbers.reshape(-1)
        place = index if own.batch else address(own, index, self.lanes)
        number = self.chosen(place, row)
        safe = self._never_negative(place, number)
        if own.batch:
            found = self.load_lanes(base, self.element_at(base, self.index(own, panel, safe)))
        else:
            found = self.load_number(base, self.element_at(base, safe))
        return self._zero_where_negative(place, number, found)

    def _read_uniform(self, view: View, own: Form, form: Form, panel: Reg, row: Reg) -> Reg:
        """Along the lanes the same number, or lanes of another row, or any numbers at all."""
        base = view.base
        index = numbered(base.spec.shape) if view.numbers is None else view.numbers
        if not any(index.strides):
            place = address(own, index.reshape(-1)[:1], self.lanes)
            if place[0] < 0:
                return constant(self.kind(base), 0)
            return self.load_number(base, self.element_at(base, self.code.int(int(place[0]))))
        grid = _grid(index, form)
        if (grid == grid[:, :1]).all():
            place = address(own, grid[:, 0], self.lanes)
            number = self.chosen(place, row)
            found = self.load_number(
                base, self.element_at(base, self._never_negative(place, number))
            )
            return self._zero_where_negative(place, number, found)
        rows, columns = coordinates(own, grid)
        lanes_stay = (columns == np.arange(form.columns)).all() and (rows == rows[:, :1]).all()
        if own.columns == form.columns and lanes_stay and grid.min() >= 0:
            source_row = self.chosen(rows[:, 0], row)
            return self.load_lanes(base, self.element_at(base, self.index(own, panel, source_row)))
        return self._gathered(base, address(own, grid, self.lanes), form, panel, row)

    def _gathered(self, base: Value, places: Array, form: Form, panel: Reg, row: Reg) -> Reg:
        """Lane by lane from the places that a table tells; a negative one gives zero."""
        return self.gather(base, self._lane_numbers(places, form, panel, row))

    def _lane_numbers(self, grid: Array, form: Form, panel: Reg, row: Reg) -> Reg:
        """The lanes of a row of `grid`, from a table; -1 beyond the last column."""
        code, lanes = self.code, self.lanes
        padded = np.full((form.rows, form.panels(lanes) * lanes), -1, np.int64)
        padded[:, : form.columns] = grid
        panels = padded.reshape(form.rows, -1, lanes).transpose(1, 0, 2)
        table = self.table(panels.reshape(-1))
        return code.load(vector(I64, lanes), code.at(table, self.index(form, panel, row), I64))

    def gather(self, base: Value, numbers: Reg) -> Reg:
        """Lanes of `base` by their numbers of elements; a negative one gives zero."""
        code, lanes = self.code, self.lanes
        element = memory_element(base.spec.dtype)
        pointers = code.value(
            vector(PTR, lanes), f"getelementptr {element}, {self.pointer(base)}, {numbers}"
        )
        mask = code.icmp("sge", numbers, constant(numbers.kind, 0))
        kind = vector(element, lanes)
        suffix = suffix_of(element)
        name = f"llvm.masked.gather.v{lanes}{suffix}.v{lanes}p0"
        size = Reg("i32", str(element_size(element)))
        return self._from_memory(
            base, code.call(kind, name, pointers, size, mask, constant(kind, 0))
        )

    def _never_negative(self, places: Array, number: Reg) -> Reg:
        if places.min() >= 0:
            return number
        return self.code.intrinsic("smax", number, self.code.int(0))

    def _zero_where_negative(self, places: Array, number: Reg, found: Reg) -> Reg:
        if places.min() >= 0:
            return found
        hole = self.code.icmp("slt", number, self.code.int(0))
        return self.code.value(found.kind, f"select {hole}, {constant(found.kind, 0)}, {found}")

    # The loop over places ------------------------------------------------------------------------

    def elementwise(
        self,
        panels: tuple[Reg, Reg],
        rows: tuple[Reg, Reg],
        stored: set[int],
        scratch: Sequence[Scratch] = (),
    ) -> None:
        """The kernel's operations for a range of panels and rows; values in `stored` are kept."""
        code, form = self.code, self.kernel.form
        with code.loop(*panels) as outer:
            if form.rows == 1:
                self._place(outer.index, code.int(0), stored, scratch)
            else:
                with code.loop(*rows) as inner:
                    self._place(outer.index, inner.index, stored, scratch)

    def _place(self, panel: Reg, row: Reg, stored: set[int], scratch: Sequence[Scratch]) -> None:
        code, form = self.code, self.kernel.form
        known: dict[Any, Reg] = {}
        own = self.index(form, panel, row)
        for block in scratch:
            known[id(block.value)] = self._in_scratch(block, panel, row)
            if id(block.value) in stored:
                self.store_lanes(
                    block.value, known[id(block.value)], self.element_at(block.value, own)
                )
        self._read_early(panel, row, known)
        place = Place(code, self.lanes, self._first_row(panel), self.count)
        for item in self.kernel.items:
            values = [self._operand(view, panel, row, known) for view in item.sources]
            if item.node is None:
                result = values[0]
            else:
                result = ELEMENTWISE[item.node.primitive.name](place, item.node, *values)
            known[id(item.output)] = result
            if id(item.output) in stored:
                self.store_lanes(item.output, result, self.element_at(item.output, own))

    def _read_early(self, panel: Reg, row: Reg, known: dict[Any, Reg]) -> None:
        """Read what this loop writes over before it does so."""
        for item in self.kernel.items:
            for view in item.sources:
                if id(view.base) in self.early and view.numbers is None:
                    self._operand(view, panel, row, known)

    def _first_row(self, panel: Reg) -> Reg | None:
        if not self.kernel.form.batch:
            return None
        return self.code.mul(panel, self.code.int(self.lanes))

    def _in_scratch(self, block: Scratch, panel: Reg, row: Reg) -> Reg:
        code = self.code
        place = code.add(
            code.mul(code.sub(panel, block.panel), code.int(block.rows)), code.sub(row, block.row)
        )
        offset = code.mul(place, code.int(self.lanes))
        element = memory_element(block.value.spec.dtype)
        return self.load_lanes(block.value, code.at(block.pointer, offset, element))

    def _operand(self, view: View, panel: Reg, row: Reg, known: dict[Any, Reg]) -> Reg:
        """What is in a register already, or is read now."""
        key: Any = id(view.base)
        form = form_of(view.base.spec)
        if view.numbers is not None or form != self.kernel.form:
            key = key, id(view.numbers), view.base.spec.dtype
        if key not in known:
            known[key] = self.read(view, self.kernel.form, panel, row)
        return known[key]


def _grid(numbers: Array, form: Form) -> Array:
    """The numbers of a view by the rows and columns of `form`."""
    if form.turned:
        return numbers.reshape(form.columns, form.rows).T
    return numbers.reshape(form.rows, form.columns)


def read_word(code: Code, context: Reg, place: int, kind: str = I64) -> Reg:
    """A word of the context."""
    return code.load(kind, code.at(context, place, I64), 8)


def used_later(kernels: Sequence[Kernel], outputs: Sequence[Value]) -> set[int]:
    """The ids of values that are read outside of the kernel that makes them."""
    found = {id(value) for value in outputs}
    for kernel in kernels:
        own = {id(value) for value in kernel.outputs}
        if kernel.root is not None:
            found.update(id(value) for value in kernel.root.sources)
        found.update(id(value) for value in kernel.reads() if id(value) not in own)
    return found
