"""Moving between row-major arrays and panels, and turning panels: S × S transposes in registers.

Elements of four and eight bytes move in square blocks of S lanes; others, and rows of few columns,
one by one. Rows of inputs are read where they lie, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .builder import (
    I32,
    I64,
    PTR,
    Code,
    Module,
    Reg,
    bits_of,
    constant,
    vector,
)

_LINE = 64  # bytes of a cache line
_AHEAD = 4  # blocks of rows that lie between what is read and what is asked for
_FEW = 3  # columns up to which rows move element by element
Arguments = Sequence[tuple[str, str]]


def _once(module: Module, name: str, arguments: Arguments, write: Callable[[Code], None]) -> str:
    if name not in module.functions:
        code = Code(module, name, arguments)
        write(code)
        code.ret()
    return name


def _side(element: str, lanes: int) -> int:
    """S for an element: a vector of 32-bit lanes is one register, of 64-bit lanes two halves."""
    return {32: lanes, 64: min(lanes, max(4, lanes // 2))}.get(bits_of(element), 1)


def transposed(code: Code, rows: Sequence[Reg]) -> list[Reg]:
    """The columns of a square block: log₂ S rounds that interleave its halves."""
    size = len(rows)
    low = [lane for i in range(size // 2) for lane in (i, size + i)]
    high = [lane for i in range(size // 2, size) for lane in (i, size + i)]
    found = list(rows)
    for _ in range(size.bit_length() - 1):
        half = size // 2
        pairs = zip(found[:half], found[half:], strict=True)
        found = [code.shuffle(a, b, lanes) for a, b in pairs for lanes in (low, high)]
    return found


def _panel_element(code: Code, rs: Reg, lanes: int, row: Reg, lane: Reg) -> Reg:
    """The number of element (row, lane) of a panel matrix."""
    v = code.int(lanes)
    panel = code.op("udiv", lane, v)
    line = code.add(code.mul(panel, rs), row)
    return code.add(code.mul(line, v), code.op("urem", lane, v))


def _masked_load(code: Code, kind: str, pointer: Reg, mask: Reg) -> Reg:
    name = f"llvm.masked.load.{_suffix(kind)}.p0"
    align = Reg(I32, str(bits_of(kind) // 8))
    return code.call(kind, name, pointer, align, mask, constant(kind, 0))


def _masked_store(code: Code, value: Reg, pointer: Reg, mask: Reg) -> None:
    name = f"llvm.masked.store.{_suffix(value.kind)}.p0"
    align = Reg(I32, str(bits_of(value.kind) // 8))
    code.call("void", name, value, pointer, align, mask)


def _suffix(kind: str) -> str:
    lanes, element = kind.strip("<>").split(" x ")
    return f"v{lanes}{ {'float': 'f32', 'double': 'f64'}.get(element, element) }"


def _below(code: Code, count: Reg, lanes: int) -> Reg:
    """Lanes whose number is below `count`."""
    kind = vector(I32, lanes)
    return code.icmp(
        "slt", code.lane_numbers(kind), code.splat(code.cast("trunc", count, I32), lanes)
    )


# Rows in ----------------------------------------------------------------------------------------


def gather_rows(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, rs, src, stride, order, first, count, columns, total): rows into panels.

    Lane i < count gets row order[first + i] of `src`, or row first + i where `order` is null; the
    lanes up to the next panel repeat the last row. `order` has `total` entries.
    """
    kinds = (PTR, "dst"), (I64, "rs"), (PTR, "src"), (I64, "stride")
    sizes = (I64, "first"), (I64, "count"), (I64, "columns"), (I64, "total")
    more = (PTR, "order"), *sizes

    def write(code: Code) -> None:
        no_order = code.icmp("eq", code.arguments[4], Reg(PTR, "null"))
        plain, ordered, end = code.fresh("plain"), code.fresh("ordered"), code.fresh("end")
        code.branch(no_order, plain, ordered)
        for label, has_order in ((plain, False), (ordered, True)):
            code.label(label)
            _Gather(code, element, lanes, has_order=has_order).write()
            code.jump(end)
        code.label(end)

    return _once(module, f"gather_rows_{element}", (*kinds, *more), write)


class _Gather:
    """Panel by panel."""

    def __init__(self, code: Code, element: str, lanes: int, *, has_order: bool) -> None:
        self.code, self.element, self.lanes, self.has_order = code, element, lanes, has_order
        self.dst, self.rs, self.src, self.stride = code.arguments[:4]
        self.order, self.first, self.count, self.columns, self.total = code.arguments[4:]
        self.side = _side(element, lanes)

    def write(self) -> None:
        code = self.code
        last = code.sub(self.count, code.int(1))
        few = code.icmp("sle", self.columns, code.int(_FEW))
        slow, fast, end = code.fresh("slow"), code.fresh("fast"), code.fresh("end")
        if self.side == 1:
            code.jump(slow)
        else:
            code.branch(few, slow, fast)
        code.label(slow)
        self._one_by_one(last)
        code.jump(end)
        if self.side > 1:
            code.label(fast)
            self._in_blocks(last)
            code.jump(end)
        code.label(end)

    def _row(self, number: Reg, last: Reg) -> Reg:
        """The address of the row for a lane."""
        code = self.code
        place = code.add(self.first, code.intrinsic("smin", number, last))
        row = code.load(I64, code.at(self.order, place, I64)) if self.has_order else place
        return code.at(self.src, code.mul(row, self.stride), self.element)

    def _one_by_one(self, last: Reg) -> None:
        code, lanes = self.code, self.lanes
        panels = code.op("udiv", code.add(self.count, code.int(lanes - 1)), code.int(lanes))
        with code.loop(0, code.mul(panels, code.int(lanes))) as lane:
            row = self._row(lane.index, last)
            start = _panel_element(code, self.rs, lanes, code.int(0), lane.index)
            target = code.at(self.dst, start, self.element)
            with code.loop(0, self.columns) as column:
                value = code.load(self.element, code.at(row, column.index, self.element))
                place = code.mul(column.index, code.int(lanes))
                code.store(value, code.at(target, place, self.element))

    def _in_blocks(self, last: Reg) -> None:
        code, lanes, side = self.code, self.lanes, self.side
        whole = code.mul(code.op("udiv", self.columns, code.int(side)), code.int(side))
        rest = code.sub(self.columns, whole)
        with code.loop(0, self.count, side) as block:
            rows = [self._row(code.add(block.index, code.int(lane)), last) for lane in range(side)]
            start = _panel_element(code, self.rs, lanes, code.int(0), block.index)
            target = code.at(self.dst, start, self.element)
            if self.has_order:
                self._prefetch_ordered(block.index)
            else:
                self._prefetch(rows[0])
            with code.loop(0, whole, side) as column:
                self._block(rows, column.index, target, None)
            with code.when(code.icmp("ne", rest, code.int(0))):
                last_block, masked, done = (code.fresh(s) for s in ("last", "masked", "done"))
                code.branch(code.icmp("eq", whole, code.int(0)), masked, last_block)
                code.label(last_block)  # again some columns of the block before
                self._block(rows, code.sub(self.columns, code.int(side)), target, None)
                code.jump(done)
                code.label(masked)
                self._block(rows, whole, target, rest)
                code.jump(done)
                code.label(done)
        if lanes > side:
            self._repeat(last)

    def _prefetch(self, row: Reg) -> None:
        """Ask for rows further on: the processor does not see that they follow each other."""
        code = self.code
        size = bits_of(self.element) // 8
        ahead = code.mul(self.stride, code.int(_AHEAD * self.side * size))
        start = code.at(row, ahead, "i8")
        with code.loop(0, code.mul(self.stride, code.int(self.side * size)), _LINE) as line:
            self._ask(code.at(start, line.index, "i8"))

    def _prefetch_ordered(self, lane: Reg) -> None:
        """Ask for the beginnings of the rows that the next batch takes."""
        code = self.code
        place = code.add(self.first, code.add(lane, self.count))
        with code.when(code.icmp("sle", code.add(place, code.int(self.side)), self.total)):
            for number in range(self.side):
                row = code.load(I64, code.at(self.order, code.add(place, code.int(number)), I64))
                start = code.at(self.src, code.mul(row, self.stride), self.element)
                for line in range(2):
                    self._ask(code.at(start, line * _LINE, "i8"))

    def _ask(self, pointer: Reg) -> None:
        hints = [Reg(I32, text) for text in ("0", "2", "1")]  # to read, near, data
        self.code.call("void", "llvm.prefetch.p0", pointer, *hints)

    def _block(self, rows: Sequence[Reg], column: Reg, target: Reg, rest: Reg | None) -> None:
        code, side = self.code, self.side
        kind = vector(self.element, side)
        places = [code.at(row, column, self.element) for row in rows]
        if rest is None:
            loaded = [code.load(kind, place) for place in places]
        else:
            mask = _below(code, rest, side)
            loaded = [_masked_load(code, kind, place, mask) for place in places]
        start = code.at(target, code.mul(column, code.int(self.lanes)), self.element)
        end = code.fresh("end")
        for number, value in enumerate(transposed(code, loaded)):
            if rest is not None and number:
                more = code.fresh("more")
                code.branch(code.icmp("sgt", rest, code.int(number)), more, end)
                code.label(more)
            code.store(value, code.at(start, number * self.lanes, self.element))
        if rest is not None:
            code.jump(end)
            code.label(end)

    def _repeat(self, last: Reg) -> None:
        """Fill the half of the last panel that no block of rows reached."""
        code, lanes, side = self.code, self.lanes, self.side
        done = code.mul(
            code.op("udiv", code.add(self.count, code.int(side - 1)), code.int(side)),
            code.int(side),
        )
        panels = code.op("udiv", code.add(self.count, code.int(lanes - 1)), code.int(lanes))
        with code.loop(done, code.mul(panels, code.int(lanes))) as lane:
            row = self._row(lane.index, last)
            with code.loop(0, self.columns) as column:
                value = code.load(self.element, code.at(row, column.index, self.element))
                place = _panel_element(code, self.rs, lanes, column.index, lane.index)
                code.store(value, code.at(self.dst, place, self.element))


# Rows out ---------------------------------------------------------------------------------------


def scatter_rows(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, stride, src, rs, first, count, columns): panels to rows from `first` on."""
    kinds = (PTR, "dst"), (I64, "stride"), (PTR, "src"), (I64, "rs")
    more = (I64, "first"), (I64, "count"), (I64, "columns")

    def write(code: Code) -> None:
        dst, stride, src, rs, first, count, columns = code.arguments
        side = _side(element, lanes)
        done = code.int(0)
        if side > 1:
            many = code.icmp("sgt", columns, code.int(_FEW))
            whole = code.mul(code.op("udiv", count, code.int(side)), code.int(side))
            done = code.select(many, whole, code.int(0))
            with code.loop(0, done, side) as block:
                _scatter_block(code, element, lanes, block.index)
        with code.loop(done, count) as lane:
            start = code.at(src, _panel_element(code, rs, lanes, code.int(0), lane.index), element)
            row = code.at(dst, code.mul(code.add(first, lane.index), stride), element)
            with code.loop(0, columns) as column:
                place = code.mul(column.index, code.int(lanes))
                value = code.load(element, code.at(start, place, element))
                code.store(value, code.at(row, column.index, element))

    return _once(module, f"scatter_rows_{element}", (*kinds, *more), write)


def _scatter_block(code: Code, element: str, lanes: int, lane: Reg) -> None:
    dst, stride, src, rs, first, _, columns = code.arguments
    side = _side(element, lanes)
    start = code.at(src, _panel_element(code, rs, lanes, code.int(0), lane), element)
    rows = [
        code.at(dst, code.mul(code.add(first, code.add(lane, code.int(n))), stride), element)
        for n in range(side)
    ]
    kind = vector(element, side)
    whole = code.mul(code.op("udiv", columns, code.int(side)), code.int(side))
    with code.loop(0, whole, side) as column:
        block = code.at(start, code.mul(column.index, code.int(lanes)), element)
        loaded = [code.load(kind, code.at(block, n * lanes, element)) for n in range(side)]
        for row, value in zip(rows, transposed(code, loaded), strict=True):
            code.store(value, code.at(row, column.index, element))
    with code.loop(whole, columns) as column:
        line = code.at(start, code.mul(column.index, code.int(lanes)), element)
        for number, row in enumerate(rows):
            value = code.load(element, code.at(line, number, element))
            code.store(value, code.at(row, column.index, element))


# Turning ----------------------------------------------------------------------------------------


def transpose_panels(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, ds, src, ss, rows, panels): rows become lanes, lanes rows.

    Lanes of the result beyond `rows` are zero.
    """
    kinds = (PTR, "dst"), (I64, "ds"), (PTR, "src"), (I64, "ss"), (I64, "rows"), (I64, "panels")

    def write(code: Code) -> None:
        dst, ds, src, ss, rows, panels = code.arguments
        side = max(_side(element, lanes), 1)
        kind = vector(element, side)
        v = code.int(lanes)
        last = code.sub(rows, code.int(1))
        padded = code.mul(code.op("udiv", code.add(rows, code.int(lanes - 1)), v), v)
        with code.loop(0, panels) as panel, code.loop(0, padded, side) as row:
            for part in range(lanes // side):
                loaded = []
                for number in range(side):
                    place = code.add(row.index, code.int(number))
                    inside = code.icmp("slt", place, rows)
                    safe = code.intrinsic("smin", place, last)
                    line = code.add(code.mul(panel.index, ss), safe)
                    pointer = code.at(
                        code.at(src, code.mul(line, v), element), part * side, element
                    )
                    value = code.load(kind, pointer)
                    loaded.append(
                        code.value(kind, f"select {inside}, {value}, {constant(kind, 0)}")
                    )
                turned = transposed(code, loaded) if side > 1 else loaded
                column = code.add(code.mul(panel.index, v), code.int(part * side))
                start = _panel_element(code, ds, lanes, column, row.index)
                target = code.at(dst, start, element)
                for number, value in enumerate(turned):
                    code.store(value, code.at(target, number * lanes, element))

    return _once(module, f"transpose_panels_{element}", kinds, write)


# Values without a batch -------------------------------------------------------------------------


def pack(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, rs, src, rows, columns): a row-major matrix into panels, zeros behind."""
    kinds = (PTR, "dst"), (I64, "rs"), (PTR, "src"), (I64, "rows"), (I64, "columns")

    def write(code: Code) -> None:
        dst, rs, src, rows, columns = code.arguments
        kind = vector(element, lanes)
        with code.loop(0, columns, lanes) as start:
            mask = _below(code, code.sub(columns, start.index), lanes)
            with code.loop(0, rows) as row:
                source = code.add(code.mul(row.index, columns), start.index)
                value = _masked_load(code, kind, code.at(src, source, element), mask)
                place = _panel_element(code, rs, lanes, row.index, start.index)
                code.store(value, code.at(dst, place, element), bits_of(element) // 8)

    return _once(module, f"pack_{element}", kinds, write)


def unpack(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, src, rs, rows, columns): panels into a row-major matrix."""
    kinds = (PTR, "dst"), (PTR, "src"), (I64, "rs"), (I64, "rows"), (I64, "columns")

    def write(code: Code) -> None:
        dst, src, rs, rows, columns = code.arguments
        kind = vector(element, lanes)
        with code.loop(0, columns, lanes) as start:
            mask = _below(code, code.sub(columns, start.index), lanes)
            with code.loop(0, rows) as row:
                place = _panel_element(code, rs, lanes, row.index, start.index)
                value = code.load(kind, code.at(src, place, element), bits_of(element) // 8)
                target = code.add(code.mul(row.index, columns), start.index)
                _masked_store(code, value, code.at(dst, target, element), mask)

    return _once(module, f"unpack_{element}", kinds, write)
