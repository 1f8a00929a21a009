"""The product of a matrix without a batch and a batch of one row: units in the lanes.

Products with a batch have its rows in the lanes. One row alone would leave all lanes but one
without work; here they hold the result's rows, of which the first operand has V beside each other.
Each element is the same chain of fused multiply-adds over k as in `matmul.py`; so are its bits.
"""

from __future__ import annotations

from .builder import F64, I64, PTR, Code, Module, Reg, constant, vector

_CHAINS = 8  # sums that keep two multipliers busy, each of which takes four cycles


def single(module: Module, element: str, lanes: int) -> str:
    """The name of a function (C, A, as, B, rows, depth): C[r][0] = Σ_k A(r, k) · B[k][0].

    A is a "col" operand of `matmul.gemm`, `as` the rows in a panel of it; C and B are one panel
    each. The other lanes of C become 0.
    """
    name = f"single_{lanes}x{element}"
    if name not in module.functions:
        _Single(module, name, element, lanes).write()
    return name


class _Single:
    def __init__(self, module: Module, name: str, element: str, lanes: int) -> None:
        sizes = (I64, "rows"), (I64, "depth")
        self.code = code = Code(
            module, name, [(PTR, "c"), (PTR, "a"), (I64, "as"), (PTR, "b"), *sizes]
        )
        self.element, self.lanes, self.kind = element, lanes, vector(element, lanes)
        self.c, self.a, stride, self.b, self.rows, depth = code.arguments
        self.stride, self.length = (code.mul(count, code.int(lanes)) for count in (stride, depth))
        self.most = _CHAINS // 2 if element == F64 else _CHAINS
        room = vector(element, self.most * lanes)
        self.room = code.first(PTR, f"alloca {room}, align 64")

    def write(self) -> None:
        """Many panels of A at a time, then what is left over."""
        code, lanes = self.code, self.lanes
        panels = code.op("sdiv", code.add(self.rows, code.int(lanes - 1)), code.int(lanes))
        at, width = code.int(0), self.most
        while width:
            over = code.op("urem", code.sub(panels, at), code.int(width))
            end = code.sub(panels, over)
            with code.loop(at, end, width) as panel:
                self._sums(panel.index, width)
                self._spread(code.mul(panel.index, code.int(lanes)), width)
            at, width = end, width // 2
        code.ret()

    def _sums(self, panel: Reg, width: int) -> None:
        """Sums over k of `width` panels, one after another in the room."""
        code, lanes = self.code, self.lanes
        places = [code.at(self.a, code.mul(panel, self.stride), self.element)]
        for _ in range(1, width):
            places.append(code.at(places[-1], self.stride, self.element))
        with code.loop(0, self.length, lanes, [constant(self.kind, 0)] * width) as k:
            number = code.load(self.element, code.at(self.b, k.index, self.element))
            factor = code.splat(number, lanes)
            loaded = [code.load(self.kind, code.at(at, k.index, self.element)) for at in places]
            k.carry(*map(code.fma, [factor] * width, loaded, k.carried))
        for number_of, total in enumerate(k.results):
            code.store(total, code.at(self.room, number_of * lanes, self.element))

    def _spread(self, first: Reg, width: int) -> None:
        """Each number of the room to the first lane of its row, from row `first` on."""
        code, lanes = self.code, self.lanes
        left = code.sub(self.rows, first)
        count = code.intrinsic("smin", left, code.int(width * lanes))
        target = code.at(self.c, code.mul(first, code.int(lanes)), self.element)
        with code.loop(0, count) as row:
            number = code.load(self.element, code.at(self.room, row.index, self.element))
            line = code.insert(constant(self.kind, 0), number, 0)
            place = code.at(target, code.mul(row.index, code.int(lanes)), self.element)
            code.store(line, place)
