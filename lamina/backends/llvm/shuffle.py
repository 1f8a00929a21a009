"""A random order of rows: the stable order of Philox words, by a radix sort of two digits.

The definition is data/order.py: row i has word i of `random_bits(key, 0, (rows,))`, and
rows are sorted by their words, stably. Sorting goes from the lower digit to the upper one (D. E.
Knuth, The Art of Computer Programming 3, section 5.2.5). Both digits are the upper bits of a word,
so many that few rows agree in them; these few are put right by insertion (section 5.2.1).
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np

from ...core.dtypes import INT64, Array
from ...core.errors import InvalidArgumentError
from . import engine
from .bits import philox
from .builder import I1, I8, I32, I64, PTR, Code, Module, Reg, constant, vector

NAME = "lamina_shuffle"
_LARGEST = 2**32 - 1  # rows: numbers and counts have 32 bits
_FEWEST, _MOST = 8, 16  # bits of a digit
_SPARE = 5  # bits of both digits beyond those of the number of rows: 1 row in 2^6 must be put right
_COUNTS = 2 << _MOST  # numbers (i32) in the tables of both digits
_SIGNATURE = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint64
)
_PADDING = 64  # words that the last vector may write behind the last row's


def scratch_bytes(rows: int) -> int:
    """How much memory the native function needs besides the order."""
    return 4 * _COUNTS + 8 * (rows + _PADDING)


def shuffled_order(rows: int, key: int) -> Array:
    """The order of `rows` rows (int64) that the random bits of `key` give."""
    if rows > _LARGEST:
        raise InvalidArgumentError(f"at most {_LARGEST} rows can be shuffled; got {rows}.")
    order, scratch = np.empty(rows, INT64), np.empty(scratch_bytes(rows), np.uint8)
    address = _library(engine.lanes()).address(NAME)
    _SIGNATURE(address)(order.ctypes.data, scratch.ctypes.data, rows, key)
    return order


@functools.cache
def _library(lanes: int) -> engine.Library:
    return engine.load(f"shuffle {lanes}", lambda: program(lanes), (NAME,))


def program(lanes: int) -> str:
    """The text of `void lamina_shuffle(ptr order, ptr scratch, i64 rows, i64 key)`.

    `scratch` has `scratch_bytes(rows)` bytes. A pair is a row's word in the upper half of 64 bits
    and its number in the lower half: sorted pairs are in the order that is asked for.
    """
    arguments = (PTR, "order"), (PTR, "scratch"), (I64, "rows"), (I64, "key")
    code = Code(Module(), NAME, arguments, internal=False)
    order, scratch, rows, key = code.arguments
    bits = _digit_bits(code, rows)
    size = code.op("shl", code.int(1), bits)
    upper_shift = code.sub(code.int(64), bits)
    lower = _Digit(code, scratch, size, code.sub(upper_shift, bits))
    upper = _Digit(code, code.at(scratch, size, I32), size, upper_shift)
    other = code.at(scratch, _COUNTS, I32)
    _draw_words(code, other, rows, key, lanes)
    with code.loop(0, rows) as loop:
        pair = _pair(code, other, loop.index)
        lower.count(pair)
        upper.count(pair)
    for digit in (lower, upper):
        digit.sum_counts()
    with code.loop(0, rows) as loop:
        lower.move(_pair(code, other, loop.index), order)
    with code.loop(0, rows) as loop:
        upper.move(code.load(I64, code.at(order, loop.index, I64)), other)
    _insert(code, other, rows)
    with code.loop(0, rows) as loop:
        pair = code.load(I64, code.at(other, loop.index, I64))
        row = code.op("and", pair, code.int(0xFFFFFFFF))
        code.store(row, code.at(order, loop.index, I64))
    code.ret()
    return code.module.text()


def _digit_bits(code: Code, rows: Reg) -> Reg:
    """About half of what tells rows apart."""
    unused = code.call(I64, "llvm.ctlz.i64", rows, constant(I1, False))
    wanted = code.op("lshr", code.sub(code.int(64 + _SPARE), unused), code.int(1))
    return code.intrinsic(
        "smin", code.intrinsic("smax", wanted, code.int(_FEWEST)), code.int(_MOST)
    )


def _draw_words(code: Code, target: Reg, rows: Reg, key: Reg, lanes: int) -> None:
    """The words of all rows, one after the other; prims/random.py says which."""
    kind = vector(I64, lanes)
    half = constant(kind, 32)
    zero = constant(kind, 0)
    keys = [
        code.splat(code.op("and", key, code.int(0xFFFFFFFF)), lanes),
        code.splat(code.op("lshr", key, code.int(32)), lanes),
    ]
    counters = code.op("lshr", code.add(rows, code.int(3)), code.int(2))
    with code.loop(0, counters, lanes) as loop:
        numbers = code.add(code.splat(loop.index, lanes), code.lane_numbers(kind))
        words = philox(code, [numbers, zero, zero, zero], keys)
        first, second = (
            code.op("or", words[place], code.op("shl", words[place + 1], half)) for place in (0, 2)
        )
        mixed = [lane + lanes * part for lane in range(lanes) for part in range(2)]
        place = code.at(target, code.op("shl", loop.index, code.int(1)), I64)
        code.store(code.shuffle(first, second, mixed), place)


def _pair(code: Code, words: Reg, row: Reg) -> Reg:
    """The pair of a row, made of its word."""
    word = code.cast("zext", code.load(I32, code.at(words, row, I32)), I64)
    return code.op("or", code.op("shl", word, code.int(32)), row)


class _Digit:
    """Some bits of each pair, and the table of how many pairs have each value of them."""

    def __init__(self, code: Code, table: Reg, size: Reg, shift: Reg) -> None:
        self._code, self._table, self._size, self._shift = code, table, size, shift
        self._mask = code.sub(size, code.int(1))
        length = code.op("shl", size, code.int(2))
        code.call("void", "llvm.memset.p0.i64", table, constant(I8, 0), length, constant(I1, False))

    def _entry(self, pair: Reg) -> Reg:
        code = self._code
        value = code.op("and", code.op("lshr", pair, self._shift), self._mask)
        return code.at(self._table, value, I32)

    def _add_one(self, entry: Reg) -> Reg:
        """What stood in an entry that is then one more."""
        code = self._code
        count = code.load(I32, entry)
        code.store(code.add(count, constant(I32, 1)), entry)
        return count

    def count(self, pair: Reg) -> None:
        self._add_one(self._entry(pair))

    def sum_counts(self) -> None:
        """From how many have a value to how many have lower ones: where the first of them goes."""
        code = self._code
        with code.loop(0, self._size, carried=[constant(I32, 0)]) as loop:
            entry = code.at(self._table, loop.index, I32)
            count = code.load(I32, entry)
            code.store(loop.carried[0], entry)
            loop.carry(code.add(loop.carried[0], count))

    def move(self, pair: Reg, target: Reg) -> None:
        """Put a pair behind those with lower values, and those with the same that came before."""
        code = self._code
        place = code.cast("zext", self._add_one(self._entry(pair)), I64)
        code.store(pair, code.at(target, place, I64))


def _insert(code: Code, pairs: Reg, rows: Reg) -> None:
    """Move each pair before the larger ones that stand before it."""
    with code.loop(1, rows) as loop:
        pair = code.load(I64, code.at(pairs, loop.index, I64))
        before = code.load(I64, code.at(pairs, code.sub(loop.index, code.int(1)), I64))
        with code.when(code.icmp("ult", pair, before)):
            _sink(code, pairs, loop.index, pair)


def _sink(code: Code, pairs: Reg, start: Reg, pair: Reg) -> None:
    """Shift larger pairs up by one place, from `start` downwards, and put `pair` in the gap."""
    outside, shift, look, found = code.block, *map(code.fresh, ("shift", "look", "found"))
    code.jump(shift)
    code.label(shift)
    gap = Reg(I64, f"%{shift}g")
    code.emit(f"{gap.text} = phi i64 [{start.text}, %{outside}], [%{look}n, %{look}]")
    lower = code.sub(gap, code.int(1))
    code.store(code.load(I64, code.at(pairs, lower, I64)), code.at(pairs, gap, I64))
    code.branch(code.icmp("eq", lower, code.int(0)), found, look)
    code.label(look)
    code.emit(f"%{look}n = add i64 {lower.text}, 0")
    below = code.load(I64, code.at(pairs, code.sub(lower, code.int(1)), I64))
    code.branch(code.icmp("ult", pair, below), shift, found)
    code.label(found)
    code.store(pair, code.at(pairs, lower, I64))
