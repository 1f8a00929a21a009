"""Random bits: Philox4x32-10 for V rows at once, four columns a counter.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC
2011). The word at row r and column c is word c mod 4 of the counter (c div 4, r, draw), as
prims/random.py defines it.
"""

from __future__ import annotations

from typing import Any

from ...core.shapes import B
from ...ir.value import Node
from ...prims.random import ROUNDS
from .builder import I32, I64, Code, Reg, constant, vector
from .kernels import ROOTS, Planned, Unsupported
from .layout import lies_turned
from .writer import Writer

_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_STEPS = 0x9E3779B9, 0xBB67AE85


def plan_bits(planned: Planned, node: Node) -> None:
    """Bits for a batch of rows, or for a value without a batch."""
    shape = node.params["shape"]
    if B in shape and shape[0] is not B:
        raise Unsupported(node, "with the batch in another axis than the first")
    sources = [planned.solid(value) for value in node.inputs]
    planned.add_root(node, "random_bits", sources, columns=shape[-1] if shape else 1)


ROOTS["random_bits"] = plan_bits


def philox(code: Code, counter: list[Reg], key: list[Reg]) -> list[Reg]:
    """Ten rounds on four words a lane; words are 32 bits in 64-bit lanes."""
    kind = counter[0].kind
    low = constant(kind, 0xFFFFFFFF)
    for number in range(ROUNDS):
        products = [
            code.mul(counter[2 * place], constant(kind, _MULTIPLIERS[place])) for place in range(2)
        ]
        high = [code.op("lshr", product, constant(kind, 32)) for product in products]
        first = code.op("xor", code.op("xor", high[1], counter[1]), key[0])
        third = code.op("xor", code.op("xor", high[0], counter[3]), key[1])
        counter = [first, code.op("and", products[1], low), third, code.op("and", products[0], low)]
        if number + 1 < ROUNDS:
            key = [
                code.op("and", code.add(word, constant(kind, step)), low)
                for word, step in zip(key, _STEPS, strict=True)
            ]
    return counter


def _halves(writer: Writer, number: Reg) -> list[Reg]:
    """The low and the high word of a 64-bit number, in every lane."""
    code = writer.code
    low = code.op("and", number, code.int(0xFFFFFFFF))
    high = code.op("lshr", number, code.int(32))
    return [code.splat(low, writer.lanes), code.splat(high, writer.lanes)]


def emit_bits(writer: Writer, stored: set[int]) -> None:
    """All words of the kernel's range."""
    code, root = writer.code, writer.root
    key, draw = (_halves(writer, code.load(I64, writer.pointer(source))) for source in root.sources)
    if writer.kernel.form.batch:
        _batch(writer, key, draw)
    else:
        _lines(writer, key, draw)
    writer.follow(stored)


def _batch(writer: Writer, key: list[Reg], draw: list[Reg]) -> None:
    """Rows in the lanes, four columns at a time."""
    code, lanes, root = writer.code, writer.lanes, writer.root
    columns: int = root.params["columns"] if root.output.spec.shape[-1] is not B else 1
    one_column = len(root.output.spec.shape) == 1
    kind = vector(I64, lanes)
    lines = writer.kernel.form.rows // columns
    panels, _ = writer.ranges()
    if one_column:  # the batch itself is the last axis: columns in the lanes, one row
        with code.loop(*panels) as outer:
            numbers = _lane_numbers(writer, outer.index)
            _store_words(writer, numbers, constant(kind, 0), key, draw, outer.index, code.int(0))
        return
    with code.loop(*panels) as outer, code.loop(0, lines) as line:
        number = _lane_numbers(writer, outer.index)
        row = code.add(code.mul(number, constant(kind, lines)), code.splat(line.index, lanes))
        start = code.mul(line.index, code.int(columns))
        with code.loop(0, columns, 4) as inner:
            group = code.splat(code.op("lshr", inner.index, code.int(2)), lanes)
            words = philox(code, [group, row, *draw], key)
            for place, word in enumerate(words):
                column = code.add(inner.index, code.int(place))
                target = writer.place_of(root.output, outer.index, code.add(start, column))
                lanes_of_word = code.cast("trunc", word, vector(I32, lanes))
                if columns % 4 > place or columns % 4 == 0:
                    writer.store_lanes(root.output, lanes_of_word, target)
                else:
                    with code.when(code.icmp("slt", column, code.int(columns))):
                        writer.store_lanes(root.output, lanes_of_word, target)


def _lane_numbers(writer: Writer, panel: Reg) -> Reg:
    code, lanes = writer.code, writer.lanes
    kind = vector(I64, lanes)
    first = code.splat(code.mul(panel, code.int(lanes)), lanes)
    return code.add(first, code.lane_numbers(kind))


def _store_words(
    writer: Writer, columns: Reg, row: Reg, key: list[Reg], draw: list[Reg], panel: Reg, line: Reg
) -> None:
    """Columns in the lanes: each lane takes one of its counter's four words."""
    code, root = writer.code, writer.root
    kind = columns.kind
    group = code.op("lshr", columns, constant(kind, 2))
    words = philox(code, [group, row, *draw], key)
    place = code.op("and", columns, constant(kind, 3))
    chosen = words[3]
    for number in (2, 1, 0):
        hit = code.icmp("eq", place, constant(kind, number))
        chosen = code.select(hit, words[number], chosen)
    lanes = code.cast("trunc", chosen, vector(I32, writer.lanes))
    writer.store_lanes(root.output, lanes, writer.place_of(root.output, panel, line))


def _lines(writer: Writer, key: list[Reg], draw: list[Reg]) -> None:
    """Without a batch: the last axis in the lanes, the leading ones as rows, or turned."""
    code, lanes = writer.code, writer.lanes
    form = writer.kernel.form
    with code.loop(0, form.panels(lanes)) as outer, code.loop(0, form.rows) as inner:
        columns, row = _lane_numbers(writer, outer.index), code.splat(inner.index, lanes)
        if lies_turned(writer.root.output.spec):
            columns, row = row, columns
        _store_words(writer, columns, row, key, draw, outer.index, inner.index)


EMITTERS: dict[str, Any] = {"random_bits": emit_bits}
