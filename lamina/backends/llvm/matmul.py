"""Matrix products on panels: one microkernel family for forward, backward and weight gradients.

C[r][c] = Σ_k a(r, k) · b[k][c]: a tile of rows and panels is held in registers; each element is one
sequential chain of fused multiply-adds over k, whatever the tiles, blocks and lanes, so the bits of
a result do not depend on them. The first operand is read in one of two patterns: "col" (its
rows are k, its lanes r) or "chunk" (its rows are r, its lanes k); neither is ever packed.

The loops, from the outside: blocks of k, blocks of rows, tiles of panels, tiles of rows; blocks as
in K. Goto and R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34
(2008).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .builder import F64, I64, PTR, Code, Module, Reg, constant, vector

COL, CHUNK = "col", "chunk"
# Rows and panels of a full tile, by lanes and by registers for a row of a panel: 16 sums in 32
# registers, 12 in 16. The rows divide the lanes: no tile crosses a panel of a "col" operand.
_TILES = {
    (16, 1): (8, 2), (16, 2): (4, 2), (8, 1): (4, 3), (8, 2): (2, 3), (4, 1): (4, 4), (4, 2): (4, 2)
}  # fmt: skip
_CHAINS = 8  # sums that keep two multipliers busy, each of which takes four cycles
_TILE_BYTES = 24 * 1024  # of the second operand for a tile, in one block of k: in the first cache
_BLOCK_ROWS = 96  # of the first operand, in one block of k: in the second cache


def gemm(module: Module, element: str, lanes: int, pattern: str, row_counts: Iterable[int]) -> str:
    """The name of a function (C, cs, A, as, B, bs, rows, panels, depth).

    `cs`, `as`, `bs` are the rows in a panel of C, A and B. What `row_counts` leave over from full
    tiles gets tiles of its own; any other number of rows is made of the tiles that there are.
    """
    plan = _Plan(element, lanes, pattern)
    remainders = sorted({count % plan.full.rows for count in row_counts} - {0}, reverse=True)
    name = "_".join(["gemm", str(plan), *map(str, remainders)])
    if name not in module.functions:
        _Product(module, name, plan, remainders).write()
    return name


class _Tile(NamedTuple):
    rows: int
    panels: int


class _Plan:
    """What does not change within a product."""

    def __init__(self, element: str, lanes: int, pattern: str) -> None:
        self.element, self.lanes, self.pattern = element, lanes, pattern
        self.kind = vector(element, lanes)
        self.registers = 2 if element == F64 else 1  # for a row of a panel
        self.full = _Tile(*_TILES[lanes, self.registers])
        row_bytes = 4 * self.registers * lanes
        # whole panels of a "chunk" operand, and at least one
        self.block = _TILE_BYTES // (self.full.panels * row_bytes) // lanes * lanes

    def __str__(self) -> str:
        return f"{self.pattern}_{self.lanes}x{self.element}"

    def widths(self, rows: int) -> list[int]:
        """How many panels tiles of `rows` rows may have, the most first: few rows, many panels."""
        if rows * self.full.panels * self.registers >= _CHAINS:
            return list(range(self.full.panels, 0, -1))
        return [width for width in (8, 4, 2, 1) if rows * width * self.registers <= _CHAINS]


class _Product:
    """The loops around the tiles."""

    def __init__(self, module: Module, name: str, plan: _Plan, remainders: Sequence[int]) -> None:
        self.module, self.plan, self.remainders = module, plan, remainders
        kinds = (PTR, "c"), (I64, "cs"), (PTR, "a"), (I64, "as"), (PTR, "b"), (I64, "bs")
        sizes = (I64, "rows"), (I64, "panels"), (I64, "depth")
        self.code = code = Code(module, name, [*kinds, *sizes])
        self.c, cs, self.a, stride, self.b, bs, self.rows, self.panels, self.depth = code.arguments
        v = code.int(plan.lanes)
        self.cs, self.stride, self.bs = (code.mul(rows, v) for rows in (cs, stride, bs))

    def write(self) -> None:
        """In each block of k: blocks of rows in full tiles, then the rows that are left over."""
        code, plan = self.code, self.plan
        height = plan.full.rows
        whole = code.sub(self.rows, code.op("urem", self.rows, code.int(height)))
        # the first block runs even where the depth is 0: it makes zeros
        with code.loop(0, code.intrinsic("smax", self.depth, code.int(1)), plan.block) as k:
            left = code.sub(self.depth, k.index)
            operands = self._operands(k.index, code.intrinsic("smin", left, code.int(plan.block)))
            with code.loop(0, whole, _BLOCK_ROWS) as r:
                last = code.intrinsic("smin", code.add(r.index, code.int(_BLOCK_ROWS)), whole)
                self._sweep(height, plan.widths(height), (r.index, last), operands)
            with code.when(code.icmp("slt", whole, self.rows)):
                self._remainder(whole, operands)
        code.ret()

    def _operands(self, start: Reg, count: Reg) -> tuple[Reg, ...]:
        """A and B from `start` on, `start`, and V times the `count` of steps."""
        code, plan = self.code, self.plan
        v = code.int(plan.lanes)
        offset = code.mul(start, v)
        if plan.pattern == COL:
            first = code.at(self.a, offset, plan.element)
        else:
            panel = code.mul(code.op("udiv", start, v), self.stride)
            first = code.at(self.a, panel, plan.element)
        return first, code.at(self.b, offset, plan.element), start, code.mul(count, v)

    def _remainder(self, first: Reg, operands: Sequence[Reg]) -> None:
        """The highest tiles first; those of one row fit any number."""
        code, plan = self.code, self.plan
        heights = [(height, plan.widths(height)) for height in self.remainders]
        if 1 not in self.remainders:
            heights.append((1, [1]))
        for height, widths in heights:
            left = code.sub(self.rows, first)
            last = code.sub(self.rows, code.op("urem", left, code.int(height)))
            with code.when(code.icmp("slt", first, last)):
                self._sweep(height, widths, (first, last), operands)
            first = last

    def _sweep(
        self, height: int, widths: Sequence[int], rows: tuple[Reg, Reg], operands: Sequence[Reg]
    ) -> None:
        """All panels of `rows` (from, below) by tiles of one height, the widest first."""
        code, plan = self.code, self.plan
        a, b, start, length = operands
        at = code.int(0)
        for width in widths:
            end = self._end(at, width, is_even=width == widths[0] > 2 and width - 1 in widths)
            name = _tile(self.module, plan, _Tile(height, width))
            with code.loop(at, end, width) as panel:
                c = code.at(self.c, code.mul(panel.index, self.cs), plan.element)
                second = code.at(b, code.mul(panel.index, self.bs), plan.element)
                with code.loop(*rows, height) as row:
                    offset = code.mul(row.index, code.int(plan.lanes))
                    target = code.at(c, offset, plan.element)
                    first = self._first(a, row.index, offset)
                    places = target, self.cs, first, self.stride, second, self.bs
                    code.call("void", name, *places, length, start)
            at = end

    def _end(self, at: Reg, width: int, *, is_even: bool) -> Reg:
        """How far tiles of some width go; `is_even`: 4 panels are 2 and 2, not 3 and 1."""
        code = self.code
        over = code.op("urem", code.sub(self.panels, at), code.int(width))
        end = code.sub(self.panels, over)
        if not is_even:
            return end
        fewer = code.intrinsic("smax", code.sub(end, code.int(width)), at)
        return code.select(code.icmp("eq", over, code.int(1)), fewer, end)

    def _first(self, a: Reg, row: Reg, offset: Reg) -> Reg:
        """Where the first operand's numbers for a tile that begins at `row` stand."""
        code, plan = self.code, self.plan
        if plan.pattern == CHUNK:
            return code.at(a, offset, plan.element)
        v = code.int(plan.lanes)
        panel = code.mul(code.op("udiv", row, v), self.stride)
        return code.at(a, code.add(panel, code.op("urem", row, v)), plan.element)


def _tile(module: Module, plan: _Plan, tile: _Tile) -> str:
    """The name of a function (C, cs, A, as, B, bs, length, start): strides count elements.

    `length` is V times the steps. With a `start` above 0 the sums go on from what C holds.
    """
    name = f"tile_{plan}_{tile.rows}x{tile.panels}"
    if name not in module.functions:
        kinds = (PTR, "c"), (I64, "cs"), (PTR, "a"), (I64, "as"), (PTR, "b"), (I64, "bs")
        code = Code(module, name, [*kinds, (I64, "length"), (I64, "start")])
        _TileWriter(code, plan, tile).write()
    return name


class _TileWriter:
    """A tile in registers."""

    def __init__(self, code: Code, plan: _Plan, tile: _Tile) -> None:
        self.code, self.plan, self.tile = code, plan, tile
        c, cs, self.a, stride, b, bs, self.length, self.start = code.arguments
        self.second = self._panels(b, bs)
        panels = self._panels(c, cs)
        self.targets = [
            code.at(panel, row * plan.lanes, plan.element)
            for row in range(tile.rows)
            for panel in panels
        ]
        if plan.pattern == CHUNK:  # from the last of V steps to the first in the next panel
            self.jump = code.sub(stride, code.int(plan.lanes - 1))

    def _panels(self, pointer: Reg, stride: Reg) -> list[Reg]:
        """Where the panels of the tile begin."""
        places = [pointer]
        for _ in range(1, self.tile.panels):
            places.append(self.code.at(places[-1], stride, self.plan.element))
        return places

    def write(self) -> None:
        """Start from zero or from C, sum over k, write C."""
        code, plan = self.code, self.plan
        with code.loop(0, self.length, plan.lanes, [self.a, *self._sums()]) as loop:
            pointer, *sums = loop.carried
            sums = self._step(sums, pointer, loop.index)
            loop.carry(self._next(pointer, loop.index), *sums)
        for target, value in zip(self.targets, loop.results[1:], strict=True):
            code.store(value, target)
        code.ret()

    def _sums(self) -> list[Reg]:
        """Zeros, or what C holds where k is worked off in blocks."""
        code, kind = self.code, self.plan.kind
        more, ready = code.fresh("more"), code.fresh("ready")
        before = code.block
        code.branch(code.icmp("eq", self.start, code.int(0)), ready, more)
        code.label(more)
        loaded = [code.load(kind, target) for target in self.targets]
        code.jump(ready)
        code.label(ready)
        zero = constant(kind, 0).text
        return [
            code.value(kind, f"phi {kind} [{zero}, %{before}], [{value.text}, %{more}]")
            for value in loaded
        ]

    def _next(self, pointer: Reg, index: Reg) -> Reg:
        """Where the first operand's numbers for the next step stand."""
        code, plan = self.code, self.plan
        if plan.pattern == COL:
            return code.at(pointer, plan.lanes, plan.element)
        mask = code.int(plan.lanes * (plan.lanes - 1))
        lane = code.op("and", code.add(index, code.int(plan.lanes)), mask)
        step = code.select(code.icmp("eq", lane, code.int(0)), self.jump, code.int(1))
        return code.at(pointer, step, plan.element)

    def _step(self, sums: Sequence[Reg], pointer: Reg, index: Reg) -> list[Reg]:
        """sums + a(·, k) · b[k]; the larger side goes through one register after another."""
        code, plan, tile = self.code, self.plan, self.tile
        between = 1 if plan.pattern == COL else plan.lanes
        first: dict[int, Reg] = {}
        second: dict[int, Reg] = {}
        found = list(sums)
        places = [(row, panel) for row in range(tile.rows) for panel in range(tile.panels)]
        if tile.rows < tile.panels * plan.registers:
            places.sort(key=lambda place: place[1])
        for row, panel in places:
            if row not in first:
                number = code.load(plan.element, code.at(pointer, row * between, plan.element))
                first[row] = code.splat(number, plan.lanes)
            if panel not in second:
                place = code.at(self.second[panel], index, plan.element)
                second[panel] = code.load(plan.kind, place)
            at = row * tile.panels + panel
            found[at] = code.fma(first[row], second[panel], sums[at])
        return found
