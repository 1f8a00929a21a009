"""The product of a matrix without a batch and a few rows of one: the result's rows in the lanes.

Products with a batch have its rows in the lanes, and a few rows would leave most of them idle.
Here these hold rows of the result, of which the first operand has V beside each other. Each
element is the same chain of fused multiply-adds over k as in `matmul.py`; so are its bits.
"""

from __future__ import annotations

from .builder import F64, I64, PTR, Code, Module, Reg, constant, vector

_CHAINS = 8  # sums that keep two multipliers busy, each of which takes four cycles


def most(lanes: int) -> int:
    """Of how many rows a batch may be; for more, panels are faster."""
    return lanes // 2


def few(module: Module, element: str, lanes: int) -> str:
    """The name of a function (C, A, as, B, rows, depth, count): C[r][i] = Σ_k A(r, k) · B[k][i].

    A is a "col" operand of `matmul.gemm`, `as` the rows in a panel of it; C and B are one panel
    each, of whose lanes the first `count` are meant. Others of C get any numbers.
    """
    name = f"few_{lanes}x{element}"
    if name not in module.functions:
        _Few(module, name, element, lanes).write()
    return name


class _Few:
    def __init__(self, module: Module, name: str, element: str, lanes: int) -> None:
        sizes = (I64, "rows"), (I64, "depth"), (I64, "count")
        kinds = (PTR, "c"), (PTR, "a"), (I64, "as"), (PTR, "b")
        self.code = code = Code(module, name, [*kinds, *sizes])
        self.element, self.lanes, self.kind = element, lanes, vector(element, lanes)
        self.c, self.a, stride, self.b, self.rows, depth, self.count = code.arguments
        self.stride, self.length = (code.mul(number, code.int(lanes)) for number in (stride, depth))
        self.chains = _CHAINS // 2 if element == F64 else _CHAINS
        room = vector(element, max(self.chains, most(lanes)) * lanes)
        self.room = code.first(PTR, f"alloca {room}, align 64")

    def write(self) -> None:
        """By 1, 2, 4 … columns of B, whichever are enough."""
        code, columns = self.code, 1
        while columns <= most(self.lanes):
            needed = code.icmp("sgt", self.count, code.int(columns // 2))
            enough = code.icmp("sle", self.count, code.int(columns))
            with code.when(code.op("and", needed, enough)):
                self._columns(columns)
            columns *= 2
        code.ret()

    def _columns(self, columns: int) -> None:
        """Many panels of A at a time, then what is left over."""
        code, lanes = self.code, self.lanes
        panels = code.op("sdiv", code.add(self.rows, code.int(lanes - 1)), code.int(lanes))
        at, width = code.int(0), max(1, self.chains // columns)
        while width:
            over = code.op("urem", code.sub(panels, at), code.int(width))
            end = code.sub(panels, over)
            with code.loop(at, end, width) as panel:
                self._sums(panel.index, width, columns)
                self._spread(code.mul(panel.index, code.int(lanes)), width, columns)
            at, width = end, width // 2

    def _sums(self, panel: Reg, width: int, columns: int) -> None:
        """Into the room: for each column, the sums of `width` panels."""
        code, lanes = self.code, self.lanes
        places = [code.at(self.a, code.mul(panel, self.stride), self.element)]
        for _ in range(1, width):
            places.append(code.at(places[-1], self.stride, self.element))
        zeros = [constant(self.kind, 0)] * (width * columns)
        with code.loop(0, self.length, lanes, zeros) as k:
            line = code.at(self.b, k.index, self.element)
            loaded = [code.load(self.kind, code.at(at, k.index, self.element)) for at in places]
            following = []
            for column in range(columns):
                number = code.load(self.element, code.at(line, column, self.element))
                factor = code.splat(number, lanes)
                sums = k.carried[column * width : (column + 1) * width]
                following += [code.fma(factor, *pair) for pair in zip(loaded, sums, strict=True)]
            k.carry(*following)
        for number_of, total in enumerate(k.results):
            code.store(total, code.at(self.room, number_of * lanes, self.element))

    def _spread(self, first: Reg, width: int, columns: int) -> None:
        """The numbers of the room as rows of C, from row `first` on."""
        code, lanes = self.code, self.lanes
        left = code.sub(self.rows, first)
        target = code.at(self.c, code.mul(first, code.int(lanes)), self.element)
        with code.loop(0, code.intrinsic("smin", left, code.int(width * lanes))) as row:
            line = constant(self.kind, 0)
            for column in range(columns):
                place = code.add(row.index, code.int(column * width * lanes))
                number = code.load(self.element, code.at(self.room, place, self.element))
                line = code.insert(line, number, column)
            code.store(line, code.at(target, code.mul(row.index, code.int(lanes)), self.element))
