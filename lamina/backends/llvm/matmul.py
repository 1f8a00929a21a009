"""Matrix products on panels: one microkernel family for forward, backward and weight gradients.

C[r][c] = Σ_k a(r, k) · b[k][c]: a tile of rows and panels is held in registers; each element is one
sequential chain of fused multiply-adds over k, whatever the tiles, blocks and lanes, so the bits of
a result do not depend on them. The first operand is read in one of two patterns: "col" (its
rows are k, its lanes r) or "chunk" (its rows are r, its lanes k); neither is ever packed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .builder import F64, I64, PTR, Code, Module, Reg, constant, vector

COL, CHUNK = "col", "chunk"
# Rows and panels of a tile, by lanes and by how many registers a panel's row takes: 24 of 32
# registers with 16 lanes, 12 of 16 with 8, 16 of 32 with 4. Rows divide the lanes: a tile never
# crosses a panel of a "col" operand.
_TILES = {
    (16, 1): (8, 3), (16, 2): (4, 3), (8, 1): (4, 3), (8, 2): (2, 3), (4, 1): (4, 4), (4, 2): (4, 2)
}  # fmt: skip
_DEPTH_BYTES = 12 * 1024  # of one panel in a block: three lie in the first cache
_BLOCK_ROWS = 96  # of the first operand in a block: it lies in the second cache


class _Tile(NamedTuple):
    rows: int
    panels: int


def tile_rows(element: str, lanes: int) -> int:
    """How many rows a full tile has: parts of a product begin at multiples of it."""
    return _full(element, lanes).rows


def _full(element: str, lanes: int) -> _Tile:
    return _Tile(*_TILES[lanes, 2 if element == F64 else 1])


def gemm(module: Module, element: str, lanes: int, pattern: str, row_counts: Sequence[int]) -> str:
    """The name of a function (C, cs, A, as, B, bs, rows, panels, depth).

    `cs`, `as`, `bs` are the rows in a panel of C, A and B. `rows` is a multiple of the tile's, or
    leaves the remainder that one of `row_counts` leaves.
    """
    full = _full(element, lanes)
    remainders = {count % full.rows for count in row_counts} - {0}
    ends = "_".join(map(str, sorted(remainders)))
    name = f"gemm_{pattern}_{element}" + (f"_{ends}" if ends else "")
    if name not in module.functions:
        _Product(module, name, element, lanes, pattern, sorted(remainders)).write()
    return name


class _Product:
    """The loops over blocks and tiles."""

    def __init__(
        self,
        module: Module,
        name: str,
        element: str,
        lanes: int,
        pattern: str,
        remainders: Sequence[int],
    ) -> None:
        self.module, self.element, self.lanes, self.pattern = module, element, lanes, pattern
        self.full, self.remainders = _full(element, lanes), remainders
        kinds = (PTR, "c"), (I64, "cs"), (PTR, "a"), (I64, "as"), (PTR, "b"), (I64, "bs")
        sizes = (I64, "rows"), (I64, "panels"), (I64, "depth")
        self.code = Code(module, name, [*kinds, *sizes])

    def write(self) -> None:
        """Blocks of the depth, of rows; then tiles of panels, of rows."""
        code = self.code
        size = 8 if self.element == F64 else 4
        block = code.int(_DEPTH_BYTES // (self.lanes * size))
        rows, panels, depth = code.arguments[6:]
        # the first block of the depth runs even where that is 0: it makes zeros
        steps = code.intrinsic("smax", depth, code.int(1))
        with code.loop(0, steps, block) as k, code.loop(0, rows, _BLOCK_ROWS) as r:
            last = code.intrinsic("smin", code.add(r.index, code.int(_BLOCK_ROWS)), rows)
            here = code.intrinsic("smin", code.sub(depth, k.index), block)
            self._panels(panels, r.index, last, k.index, here)
        code.ret()

    def _panels(self, panels: Reg, first: Reg, last: Reg, start: Reg, depth: Reg) -> None:
        """Tiles of nearly equal numbers of panels: 4 are 2 and 2, not 3 and 1."""
        code, most = self.code, self.full.panels
        done = code.fresh("done")
        before = code.block
        again = code.fresh("again")
        code.branch(code.icmp("sgt", panels, code.int(0)), again, done)
        code.label(again)
        at = Reg(I64, f"%{again}p")
        hole = len(code._lines)
        left = code.sub(panels, at)
        tiles = code.op("udiv", code.add(left, code.int(most - 1)), code.int(most))
        width = code.op("udiv", code.add(left, code.sub(tiles, code.int(1))), tiles)
        after = code.fresh("after")
        for number in range(1, most + 1):
            fits, other = code.fresh("fits"), code.fresh("other")
            code.branch(code.icmp("eq", width, code.int(number)), fits, other)
            code.label(fits)
            self._rows(number, at, first, last, start, depth)
            code.jump(after)
            code.label(other)
        code.emit("unreachable")
        code.label(after)
        following = code.add(at, width)
        code._lines.insert(
            hole, f"  {at.text} = phi i64 [0, %{before}], [{following.text}, %{after}]"
        )
        code.branch(code.icmp("slt", following, panels), again, done)
        code.label(done)

    def _rows(self, panels: int, at: Reg, first: Reg, last: Reg, start: Reg, depth: Reg) -> None:
        """Full tiles, then what is left."""
        code, full = self.code, self.full
        count = code.sub(last, first)
        rest = code.op("urem", count, code.int(full.rows))
        whole = code.sub(last, rest)
        with code.loop(first, whole, full.rows) as loop:
            self._tile(_Tile(full.rows, panels), at, loop.index, start, depth)
        for remainder in self.remainders:
            with code.when(code.icmp("eq", rest, code.int(remainder))):
                self._tile(_Tile(remainder, panels), at, whole, start, depth)

    def _tile(self, tile: _Tile, panel: Reg, row: Reg, start: Reg, depth: Reg) -> None:
        code, lanes, element = self.code, self.lanes, self.element
        c, cs, a, stride, b, bs = code.arguments[:6]
        v = code.int(lanes)
        target = code.mul(code.add(code.mul(panel, cs), row), v)
        second = code.mul(code.add(code.mul(panel, bs), start), v)
        if self.pattern == COL:
            whole = code.op("udiv", row, v)
            line = code.add(code.mul(whole, stride), start)
            first = code.add(code.mul(line, v), code.op("urem", row, v))
        else:
            whole = code.op("udiv", start, v)
            first = code.mul(code.add(code.mul(whole, stride), row), v)
        code.call(
            "void",
            _tile_function(self.module, element, lanes, self.pattern, tile),
            code.at(c, target, element),
            code.mul(cs, v),
            code.at(a, first, element),
            code.mul(stride, v),
            code.at(b, second, element),
            code.mul(bs, v),
            depth,
            start,
        )


def _tile_function(module: Module, element: str, lanes: int, pattern: str, tile: _Tile) -> str:
    """The name of a function (C, cs, A, as, B, bs, depth, start): strides in elements.

    With a `start` above 0 the tile goes on from what C holds.
    """
    name = f"tile_{pattern}_{element}_{tile.rows}x{tile.panels}"
    if name not in module.functions:
        kinds = (PTR, "c"), (I64, "cs"), (PTR, "a"), (I64, "as"), (PTR, "b"), (I64, "bs")
        code = Code(module, name, [*kinds, (I64, "depth"), (I64, "start")])
        _TileWriter(code, element, lanes, tile).write(pattern)
    return name


class _TileWriter:
    """A tile in registers."""

    def __init__(self, code: Code, element: str, lanes: int, tile: _Tile) -> None:
        self.code, self.element, self.lanes, self.tile = code, element, lanes, tile
        self.kind = vector(element, lanes)
        c, cs, _, _, b, bs = code.arguments[:6]
        offsets = [code.mul(bs, code.int(number)) for number in range(tile.panels)]
        self.second = [code.at(b, offset, element) for offset in offsets]
        targets = [code.mul(cs, code.int(number)) for number in range(tile.panels)]
        self.targets = [code.at(c, offset, element) for offset in targets]
        self.size = 8 if element == F64 else 4

    def write(self, pattern: str) -> None:
        """Start from zero or from C, sum over the depth, write C."""
        code = self.code
        sums = self._start()
        results = self._col(sums) if pattern == COL else self._chunks(sums)
        for place, value in enumerate(results):
            code.store(value, self._target(place), self.size)
        code.ret()

    def _target(self, place: int) -> Reg:
        row, panel = divmod(place, self.tile.panels)
        return self.code.at(self.targets[panel], row * self.lanes, self.element)

    def _start(self) -> list[Reg]:
        """Zeros, or what is there already where the depth is worked on in blocks."""
        code = self.code
        count = self.tile.rows * self.tile.panels
        more, go = code.fresh("more"), code.fresh("go")
        code.branch(code.icmp("eq", code.arguments[7], code.int(0)), go, more)
        code.label(more)
        loaded = [code.load(self.kind, self._target(place), self.size) for place in range(count)]
        code.jump(go)
        code.label(go)
        zero = constant(self.kind, 0).text
        return [
            code.value(self.kind, f"phi {self.kind} [{zero}, %entry], [{value.text}, %{more}]")
            for value in loaded
        ]

    def _step(self, sums: Sequence[Reg], first: Sequence[Reg], index: Reg) -> list[Reg]:
        """sums + a(·, k) · b[k]; `first` are the addresses of a for each row."""
        code = self.code
        place = code.mul(index, code.int(self.lanes))
        lanes = [
            code.load(self.kind, code.at(pointer, place, self.element), self.size)
            for pointer in self.second
        ]
        found = []
        for row, pointer in enumerate(first):
            scalar = code.splat(code.load(self.element, pointer), self.lanes)
            for panel, other in enumerate(lanes):
                found.append(code.fma(scalar, other, sums[row * self.tile.panels + panel]))
        return found

    def _col(self, sums: Sequence[Reg]) -> list[Reg]:
        code = self.code
        a, depth = code.arguments[2], code.arguments[6]
        with code.loop(0, depth, 1, sums) as loop:
            line = code.at(a, code.mul(loop.index, code.int(self.lanes)), self.element)
            first = [code.at(line, row, self.element) for row in range(self.tile.rows)]
            loop.carry(*self._step(loop.carried, first, loop.index))
        return loop.results

    def _chunks(self, sums: Sequence[Reg]) -> list[Reg]:
        """V steps of the depth stand side by side in each row of the first operand."""
        code, lanes = self.code, self.lanes
        a, stride, depth = code.arguments[2], code.arguments[3], code.arguments[6]
        with code.loop(0, depth, lanes, sums) as outer:
            chunk = code.mul(code.op("udiv", outer.index, code.int(lanes)), stride)
            base = code.at(a, chunk, self.element)
            left = code.sub(depth, outer.index)
            steps = code.intrinsic("smin", left, code.int(lanes))
            with code.loop(0, steps, 1, outer.carried) as inner:
                place = code.at(base, inner.index, self.element)
                first = [code.at(place, row * lanes, self.element) for row in range(self.tile.rows)]
                index = code.add(outer.index, inner.index)
                inner.carry(*self._step(inner.carried, first, index))
            outer.carry(*inner.results)
        return outer.results
