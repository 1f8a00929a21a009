"""Moving between row-major arrays and panels, and turning panels.

The unit is a block: V rows of a row-major array, and as many columns as 16 bytes hold. Pieces of 16
bytes of different rows are put side by side; then each piece is a small square that is turned by
rounds of interleaving, which stay within 16 bytes and so are cheap on every processor.
Nothing is computed: an element is 1, 2, 4 or 8 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .builder import (
    F32,
    F64,
    I32,
    I64,
    PTR,
    Code,
    Module,
    Reg,
    bits_of,
    constant,
    element_of,
    lanes_of,
    vector,
)

_PIECE = 16  # bytes
_LINE = 64  # bytes of a cache line
_AHEAD = 4  # blocks of rows that lie between what is read and what is asked for
_MANY = 16  # rows of a matrix that go together
_LINES = 2  # of each row of the next batch that are asked for
Arguments = Sequence[tuple[str, str]]


def _once(module: Module, name: str, arguments: Arguments, write: Callable[[Code], None]) -> str:
    if name not in module.functions:
        code = Code(module, name, arguments)
        write(code)
        code.ret()
    return name


# Blocks -----------------------------------------------------------------------------------------


class _Block:
    """V rows and the columns of one piece."""

    def __init__(self, code: Code, element: str, lanes: int) -> None:
        self.code, self.element, self.lanes = code, element, lanes
        self.bytes = bits_of(element) // 8
        self.columns = min(_PIECE // self.bytes, lanes)
        self.kind = vector(element, self.columns)

    def load(self, places: Sequence[Reg]) -> list[Reg]:
        """V lanes for each column, from the pieces of V rows."""
        code, columns = self.code, self.columns
        pieces = [code.load(self.kind, place, self.bytes) for place in places]
        # beside piece j come those of the rows j + columns, j + 2 columns, …
        return self._turned([self._joined(pieces[j::columns]) for j in range(columns)])

    def store(self, values: Sequence[Reg], places: Sequence[Reg]) -> None:
        """The reverse. The rows are written from the last to the first."""
        code, columns = self.code, self.columns
        turned = self._turned(values)
        for lane in reversed(range(self.lanes)):
            start = lane // columns * columns
            piece = code.shuffle(turned[lane % columns], None, range(start, start + columns))
            code.store(piece, places[lane], self.bytes)

    def load_lanes(self, start: Reg) -> list[Reg]:
        """Rows of a panel that follow each other."""
        code, kind = self.code, vector(self.element, self.lanes)
        places = [code.at(start, row * self.lanes, self.element) for row in range(self.columns)]
        return [code.load(kind, place, self.bytes) for place in places]

    def store_lanes(self, values: Sequence[Reg], start: Reg) -> None:
        """Rows of a panel that follow each other."""
        code = self.code
        for row, value in enumerate(values):
            code.store(value, code.at(start, row * self.lanes, self.element), self.bytes)

    def _joined(self, pieces: Sequence[Reg]) -> Reg:
        """One vector of all pieces."""
        if len(pieces) == 1:
            return pieces[0]
        half = len(pieces) // 2
        first, second = self._joined(pieces[:half]), self._joined(pieces[half:])
        return self.code.shuffle(first, second, range(2 * half * self.columns))

    def _turned(self, rows: Sequence[Reg]) -> list[Reg]:
        """Squares turned: log₂ rounds that interleave the rows of the upper and the lower half."""
        columns, lanes = self.columns, self.lanes
        half = columns // 2
        orders = [
            [
                number
                for start in range(0, lanes, columns)
                for place in range(start + side, start + side + half)
                for number in (place, lanes + place)
            ]
            for side in (0, half)
        ]
        found = list(rows)
        for _ in range(columns.bit_length() - 1):
            pairs = zip(found[:half], found[half:], strict=True)
            found = [self.code.shuffle(a, b, order) for a, b in pairs for order in orders]
        return found


class _Rows:
    """The addresses of V rows, in memory: there are not enough registers for them."""

    def __init__(self, code: Code, element: str, lanes: int) -> None:
        self.code, self.element, self.lanes = code, element, lanes
        self.addresses = code.first(PTR, f"alloca [{lanes} x ptr]")

    def set(self, lane: Reg, address: Reg) -> None:
        """The row for `lane`."""
        self.code.store(address, self.code.at(self.addresses, lane, PTR))

    def at(self, lane: Reg | int, column: Reg) -> Reg:
        """Where column `column` of the row for `lane` stands."""
        row = self.code.load(PTR, self.code.at(self.addresses, lane, PTR))
        return self.code.at(row, column, self.element)


def _few(code: Code, columns: Reg, block: _Block) -> Reg:
    """`columns` where they are too few for a block, else 0."""
    is_less = code.icmp("slt", columns, code.int(block.columns))
    return code.select(is_less, columns, code.int(0))


@contextmanager
def _column_blocks(code: Code, columns: Reg, few: Reg, block: _Block) -> Iterator[Reg]:
    """The code inside, for the first column of each block.

    The last block ends with the last column: it may do again some of those before.
    """
    last = code.sub(columns, code.int(block.columns))
    with code.loop(0, code.sub(columns, few), block.columns) as loop:
        yield code.intrinsic("smin", loop.index, last)


# Rows in ----------------------------------------------------------------------------------------


def gather_rows(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, rs, src, stride, order, first, count, columns, total): rows into panels.

    Lane i < count gets row order[first + i] of `src`, or row first + i where `order` is null; the
    lanes up to the next panel repeat the last row. `order` has `total` entries.
    """
    kinds = (PTR, "dst"), (I64, "rs"), (PTR, "src"), (I64, "stride"), (PTR, "order")
    sizes = (I64, "first"), (I64, "count"), (I64, "columns"), (I64, "total")

    def write(code: Code) -> None:
        dst, rs, _, _, order, _, count, columns, _ = code.arguments
        block, rows = _Block(code, element, lanes), _Rows(code, element, lanes)
        few = _few(code, columns, block)
        has_order = code.icmp("ne", order, Reg(PTR, "null"))
        has_none = code.icmp("eq", order, Reg(PTR, "null"))
        with code.loop(0, count, lanes) as panel:
            with code.when(has_order):
                _find_rows(code, rows, panel.index, is_ordered=True)
            with code.when(has_none):
                _find_rows(code, rows, panel.index, is_ordered=False)
                _ask_ahead(code, block, rows)
            target = code.at(dst, code.mul(panel.index, rs), element)
            with _column_blocks(code, columns, few, block) as start:
                values = block.load([rows.at(lane, start) for lane in range(lanes)])
                place = code.mul(start, code.int(lanes))
                block.store_lanes(values, code.at(target, place, element))
            with code.loop(0, few) as column, code.loop(0, lanes) as lane:
                value = code.load(element, rows.at(lane.index, column.index))
                place = code.add(code.mul(column.index, code.int(lanes)), lane.index)
                code.store(value, code.at(target, place, element))

    return _once(module, f"gather_rows_{lanes}x{element}", (*kinds, *sizes), write)


def _find_rows(code: Code, rows: _Rows, panel: Reg, *, is_ordered: bool) -> None:
    """The rows for the lanes of a panel; asks for the beginnings of those of the next batch."""
    _, _, src, stride, order, first, count, _, total = code.arguments
    begin = code.add(first, panel)
    last = code.sub(code.add(first, count), code.int(1))
    end = code.sub(total, code.int(1))
    with code.loop(0, rows.lanes) as lane:
        wanted = code.add(begin, lane.index)
        row = code.intrinsic("smin", wanted, last)
        if is_ordered:
            row = code.load(I64, code.at(order, row, I64))
            later = code.intrinsic("smin", code.add(wanted, count), end)
            start = code.mul(code.load(I64, code.at(order, later, I64)), stride)
            for line in range(_LINES):
                _ask(code, code.at(code.at(src, start, rows.element), line * _LINE, "i8"))
        rows.set(lane.index, code.at(src, code.mul(row, stride), rows.element))


def _ask_ahead(code: Code, block: _Block, rows: _Rows) -> None:
    """Ask for rows further on: the processor does not see that they follow each other."""
    size = code.mul(code.arguments[3], code.int(block.lanes * block.bytes))
    start = code.at(rows.at(0, code.int(0)), code.mul(size, code.int(_AHEAD)), "i8")
    with code.loop(0, size, _LINE) as line:
        _ask(code, code.at(start, line.index, "i8"))


def _ask(code: Code, pointer: Reg) -> None:
    hints = [Reg(I32, text) for text in ("0", "2", "1")]  # to read, near, data
    code.call("void", "llvm.prefetch.p0", pointer, *hints)


# Rows out ---------------------------------------------------------------------------------------


def scatter_rows(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, stride, src, rs, first, count, columns): panels to rows from `first` on."""
    kinds = (PTR, "dst"), (I64, "stride"), (PTR, "src"), (I64, "rs")
    sizes = (I64, "first"), (I64, "count"), (I64, "columns")

    def write(code: Code) -> None:
        dst, stride, src, rs, first, count, columns = code.arguments
        block, rows = _Block(code, element, lanes), _Rows(code, element, lanes)
        few = _few(code, columns, block)
        last = code.sub(count, code.int(1))
        with code.loop(0, count, lanes) as panel:
            # Lanes from `count` on are written to the last row, before what belongs there.
            with code.loop(0, lanes) as lane:
                row = code.intrinsic("smin", code.add(panel.index, lane.index), last)
                start = code.mul(code.add(first, row), stride)
                rows.set(lane.index, code.at(dst, start, element))
            source = code.at(src, code.mul(panel.index, rs), element)
            with _column_blocks(code, columns, few, block) as begin:
                place = code.at(source, code.mul(begin, code.int(lanes)), element)
                block.store(block.load_lanes(place), [rows.at(n, begin) for n in range(lanes)])
            with code.loop(0, few) as column, code.loop(0, lanes) as lane:
                number = code.sub(code.int(lanes - 1), lane.index)
                place = code.add(code.mul(column.index, code.int(lanes)), number)
                value = code.load(element, code.at(source, place, element))
                code.store(value, rows.at(number, column.index))

    return _once(module, f"scatter_rows_{lanes}x{element}", (*kinds, *sizes), write)


# Turning ----------------------------------------------------------------------------------------


def transpose_panels(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, ds, src, ss, rows, panels): rows become lanes, lanes rows.

    Lanes of the result beyond `rows` are zero.
    """
    kinds = (PTR, "dst"), (I64, "ds"), (PTR, "src"), (I64, "ss"), (I64, "rows"), (I64, "panels")

    def write(code: Code) -> None:
        dst, ds, src, ss, rows, panels = code.arguments
        block, v = _Block(code, element, lanes), code.int(lanes)
        square = code.first(PTR, f"alloca [{lanes} x {vector(element, lanes)}]")
        with code.loop(0, panels) as panel:
            source = code.at(src, code.mul(code.mul(panel.index, ss), v), element)
            target = code.at(dst, code.mul(panel.index, code.int(lanes * lanes)), element)
            with code.loop(0, rows, lanes) as row:
                here = code.at(source, code.mul(row.index, v), element)
                left = code.sub(rows, row.index)
                is_part = code.icmp("slt", left, v)
                with code.when(is_part):
                    _fill(code, vector(element, lanes), square, here, left)
                start = code.select(is_part, square, here)
                there = code.at(target, code.mul(row.index, ds), element)
                with code.loop(0, lanes, block.columns) as column:
                    first = code.at(start, column.index, element)
                    places = [code.at(first, lane * lanes, element) for lane in range(lanes)]
                    values = block.load(places)
                    place = code.mul(column.index, v)
                    block.store_lanes(values, code.at(there, place, element))

    return _once(module, f"transpose_panels_{lanes}x{element}", kinds, write)


def _fill(code: Code, kind: str, square: Reg, source: Reg, count: Reg) -> None:
    """`count` rows of a panel, and zeros up to V."""
    lanes, size = lanes_of(kind), bits_of(kind) // 8
    with code.loop(0, count) as row:
        value = code.load(kind, code.at(source, row.index, kind), size)
        code.store(value, code.at(square, row.index, kind), size)
    with code.loop(count, lanes) as row:
        code.store(constant(kind, 0), code.at(square, row.index, kind), size)


# Values without a batch -------------------------------------------------------------------------


def pack(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, rs, src, rows, columns): a row-major matrix into panels, zeros behind."""
    kinds = (PTR, "dst"), (I64, "rs"), (PTR, "src"), (I64, "rows"), (I64, "columns")

    def write(code: Code) -> None:
        dst, rs, src, rows, columns = code.arguments
        matrix = _Matrix(code, vector(element, lanes), (src, rows, columns), (dst, rs))
        for there, here, mask in matrix.places():
            if mask is None:
                value = code.load(matrix.kind, there, matrix.align)
            else:
                zeros = constant(matrix.kind, 0)
                value = matrix.masked(matrix.kind, "load", there, matrix.alignment, mask, zeros)
            code.store(value, here, matrix.align)

    return _once(module, f"pack_{lanes}x{element}", kinds, write)


def unpack(module: Module, element: str, lanes: int) -> str:
    """The name of (dst, src, rs, rows, columns): panels into a row-major matrix."""
    kinds = (PTR, "dst"), (PTR, "src"), (I64, "rs"), (I64, "rows"), (I64, "columns")

    def write(code: Code) -> None:
        dst, src, rs, rows, columns = code.arguments
        matrix = _Matrix(code, vector(element, lanes), (dst, rows, columns), (src, rs))
        for there, here, mask in matrix.places():
            value = code.load(matrix.kind, here, matrix.align)
            if mask is None:
                code.store(value, there, matrix.align)
            else:
                matrix.masked("void", "store", value, there, matrix.alignment, mask)

    return _once(module, f"unpack_{lanes}x{element}", kinds, write)


class _Matrix:
    """A row-major matrix (start, rows, columns) and its panels (start, rows in a panel)."""

    def __init__(
        self, code: Code, kind: str, matrix: tuple[Reg, Reg, Reg], panels: tuple[Reg, Reg]
    ) -> None:
        self.code, self.kind = code, kind
        self.lanes, self.element = lanes_of(kind), element_of(kind)
        self.start, self.rows, self.columns = matrix
        self.panels, self.stride = panels
        self.align = bits_of(kind) // 8
        self.alignment = constant(I32, self.align)

    def places(self) -> Iterator[tuple[Reg, Reg, Reg | None]]:
        """Where V columns of a row stand in the matrix and in its panels; last with a mask."""
        code = self.code
        over = code.op("urem", self.columns, code.int(self.lanes))
        whole = code.sub(self.columns, over)
        with code.loop(0, self.rows, _MANY) as block:
            end = code.intrinsic("smin", code.add(block.index, code.int(_MANY)), self.rows)
            with code.loop(0, whole, self.lanes) as panel, code.loop(block.index, end) as row:
                yield *self._place(row.index, panel.index), None
        with code.when(code.icmp("ne", over, code.int(0))):
            mask = self._below(over)
            with code.loop(0, self.rows) as row:
                yield *self._place(row.index, whole), mask

    def _place(self, row: Reg, column: Reg) -> tuple[Reg, Reg]:
        """Where the vector stands that begins with `column`, a multiple of V."""
        code = self.code
        there = code.add(code.mul(row, self.columns), column)
        here = code.add(code.mul(column, self.stride), code.mul(row, code.int(self.lanes)))
        return code.at(self.start, there, self.element), code.at(self.panels, here, self.element)

    def _below(self, count: Reg) -> Reg:
        """Lanes whose number is below `count`."""
        code, kind = self.code, vector(I32, self.lanes)
        limit = code.splat(code.cast("trunc", count, I32), self.lanes)
        return code.icmp("slt", code.lane_numbers(kind), limit)

    def masked(self, result: str, name: str, *values: Reg) -> Reg:
        """A load or a store of some lanes."""
        suffix = {F32: "f32", F64: "f64", "half": "f16"}.get(self.element, self.element)
        full = f"llvm.masked.{name}.v{self.lanes}{suffix}.p0"
        return self.code.call(result, full, *values)
