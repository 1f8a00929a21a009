"""Text of LLVM programs: registers with types, functions, loops.

A `Code` writes one function, line by line; constants fold into operands. Nothing here knows what
is computed. Vectors are explicit, floating-point operations carry no flags: what is written is
what runs, on every processor.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

F32, F64 = "float", "double"
I1, I8, I32, I64 = "i1", "i8", "i32", "i64"
PTR = "ptr"
_BYTES = [f"\\{byte:02X}" for byte in range(256)]  # as strings of LLVM have them
_VECTOR = re.compile(r"<(\d+) x (.+)>")


class Reg(NamedTuple):
    """A value of a program: its LLVM type, and the register or constant that holds it."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


Index = Reg | int
"""A place or a count: known when the program runs, or now."""


def vector(element: str, lanes: int) -> str:
    """The type of `lanes` values of type `element`."""
    return f"<{lanes} x {element}>"


def element_of(kind: str) -> str:
    """The type of one lane; `kind` itself where it is no vector."""
    found = _VECTOR.fullmatch(kind)
    return found[2] if found else kind


def lanes_of(kind: str) -> int:
    """How many lanes a vector type has; 1 where it is no vector."""
    found = _VECTOR.fullmatch(kind)
    return int(found[1]) if found else 1


def with_element(kind: str, element: str) -> str:
    """`kind` with lanes of another type."""
    found = _VECTOR.fullmatch(kind)
    return f"<{found[1]} x {element}>" if found else element


def is_float(kind: str) -> bool:
    """Whether the lanes are floating-point numbers."""
    return element_of(kind) in (F32, F64, "half")


def bits_of(kind: str) -> int:
    """How many bits one lane has."""
    element = element_of(kind)
    known = {F32: 32, F64: 64, "half": 16, PTR: 64}
    return known[element] if element in known else int(element[1:])


def suffix_of(kind: str) -> str:
    """How intrinsics name the type of one lane."""
    element = element_of(kind)
    return {F32: "f32", F64: "f64", "half": "f16"}.get(element, element)


def constant(kind: str, number: Any) -> Reg:
    """`number` in every lane of `kind`."""
    element = element_of(kind)
    if is_float(kind) and number != number:
        number = float("nan")  # one of the many
    if element == F32:
        with_rounding = struct.unpack("<f", struct.pack("<f", _in_range(float(number))))[0]
        text = f"0x{struct.unpack('<Q', struct.pack('<d', with_rounding))[0]:016X}"
    elif element == F64:
        text = f"0x{struct.unpack('<Q', struct.pack('<d', float(number)))[0]:016X}"
    elif element == "half":
        text = f"0xH{struct.unpack('<H', struct.pack('<e', float(number)))[0]:04X}"
    elif element == I1:
        text = "true" if number else "false"
    else:
        text = str(int(number))
    return Reg(kind, text if kind == element else f"splat ({element} {text})")


def _in_range(number: float) -> float:
    """`number`, or the infinity that float32 rounds it to."""
    largest = 3.4028235677973366e38  # halfway to the power of two above
    return (
        number
        if abs(number) < largest or number != number
        else float("inf" if number > 0 else "-inf")
    )


class Module:
    """A program: its functions, what they call, and tables of constants."""

    def __init__(self) -> None:
        self.functions: dict[str, Code] = {}
        self._declared: dict[str, str] = {}
        self._tables: dict[Any, str] = {}
        self._lines: list[str] = []

    def declare(self, name: str, result: str, kinds: Sequence[str]) -> None:
        """Say that a function of LLVM or of the system is called."""
        self._declared.setdefault(name, f"declare {result} @{name}({', '.join(kinds)})")

    def table(self, kind: str, numbers: Iterable[Any]) -> Reg:
        """A pointer to constants of type `kind` that the program carries."""
        items = tuple(numbers)
        key = kind, items
        if key not in self._tables:
            name = self._tables[key] = f"@table{len(self._tables)}"
            body = ", ".join(str(constant(kind, item)) for item in items)
            self._lines.append(
                f"{name} = private unnamed_addr constant [{len(items)} x {kind}] [{body}], align 64"
            )
        return Reg(PTR, self._tables[key])

    def data(self, name: str, content: bytes) -> Reg:
        """A pointer to bytes that the program carries."""
        body = "".join(map(_BYTES.__getitem__, content))
        self._lines.append(
            f'@{name} = private unnamed_addr constant [{len(content)} x i8] c"{body}", align 64'
        )
        return Reg(PTR, f"@{name}")

    def text(self) -> str:
        """The whole program."""
        parts = ["\n".join([*self._lines, *self._declared.values()])]
        parts += [code.text() for code in self.functions.values()]
        return "\n\n".join(parts) + "\n"


class Loop:
    """A counting loop that is being written: its index, what it carries, and the results."""

    def __init__(self, index: Reg, carried: list[Reg]) -> None:
        self.index = index
        self.carried = carried
        self.following: list[Reg] = []
        self.results: list[Reg] = []

    def carry(self, *values: Reg) -> None:
        """What the next pass, or the code after the loop, gets for `carried`."""
        self.following = list(values)


class Code:
    """One function of a module, written from top to bottom."""

    def __init__(
        self,
        module: Module,
        name: str,
        arguments: Sequence[tuple[str, str]] = (),
        result: str = "void",
        *,
        internal: bool = True,
    ) -> None:
        self.module = module
        self.name = name
        self.result = result
        self.arguments = [Reg(kind, f"%{title}") for kind, title in arguments]
        self._linkage = "internal " if internal else ""
        self._head: list[str] = []
        self._lines: list[str] = []
        self._count = 0
        self.block = "entry"
        module.functions[name] = self

    # Writing --------------------------------------------------------------------------------------

    def emit(self, line: str) -> None:
        """A line without a result."""
        self._lines.append(f"  {line}")

    def value(self, kind: str, text: str) -> Reg:
        """A line whose result has type `kind`."""
        register = Reg(kind, f"%r{self._count}")
        self._count += 1
        self.emit(f"{register.text} = {text}")
        return register

    def first(self, kind: str, text: str) -> Reg:
        """A line at the beginning of the function: for what all of it may use."""
        register = Reg(kind, f"%r{self._count}")
        self._count += 1
        self._head.append(f"  {register.text} = {text}")
        return register

    def fresh(self, stem: str) -> str:
        """A name for a block that no other has."""
        self._count += 1
        return f"{stem}{self._count}"

    def label(self, name: str) -> None:
        """Begin the block `name`."""
        self._lines.append(f"{name}:")
        self.block = name

    def jump(self, name: str) -> None:
        """Go on at the block `name`."""
        self.emit(f"br label %{name}")

    def branch(self, condition: Reg, yes: str, no: str) -> None:
        """Go on at one of two blocks."""
        self.emit(f"br {condition}, label %{yes}, label %{no}")

    def ret(self, value: Reg | None = None) -> None:
        """Return."""
        self.emit("ret void" if value is None else f"ret {value}")

    def text(self) -> str:
        """The function as text."""
        arguments = ", ".join(map(str, self.arguments))
        head = f"define {self._linkage}{self.result} @{self.name}({arguments}) {{\nentry:"
        return "\n".join([head, *self._head, *self._lines, "}"])

    # Arithmetic -----------------------------------------------------------------------------------

    def op(self, opcode: str, first: Reg, second: Reg) -> Reg:
        """An operation of two values of one type: `fadd`, `mul`, `xor` and so on."""
        return self.value(first.kind, f"{opcode} {first}, {second.text}")

    def fadd(self, first: Reg, second: Reg) -> Reg:
        return self.op("fadd", first, second)

    def fsub(self, first: Reg, second: Reg) -> Reg:
        return self.op("fsub", first, second)

    def fmul(self, first: Reg, second: Reg) -> Reg:
        return self.op("fmul", first, second)

    def fdiv(self, first: Reg, second: Reg) -> Reg:
        return self.op("fdiv", first, second)

    def add(self, first: Reg, second: Reg) -> Reg:
        return self.op("add", first, second)

    def sub(self, first: Reg, second: Reg) -> Reg:
        return self.op("sub", first, second)

    def mul(self, first: Reg, second: Reg) -> Reg:
        return self.op("mul", first, second)

    def fneg(self, value: Reg) -> Reg:
        return self.value(value.kind, f"fneg {value}")

    def fma(self, first: Reg, second: Reg, third: Reg) -> Reg:
        """first · second + third, rounded once."""
        return self.intrinsic("fma", first, second, third)

    def intrinsic(self, name: str, *values: Reg) -> Reg:
        """An LLVM intrinsic of values of one type: `sqrt`, `fabs`, `floor`, `copysign`, `umax`."""
        kind = values[0].kind
        count = lanes_of(kind)
        suffix = suffix_of(kind)
        full = f"llvm.{name}.{f'v{count}' if count > 1 else ''}{suffix}"
        return self.call(kind, full, *values)

    def call(self, kind: str, name: str, *values: Reg) -> Reg:
        """The result of a function."""
        text = self._call(kind, name, values)
        if kind == "void":
            self.emit(text)
            return Reg("void", "")
        return self.value(kind, text)

    def _call(self, kind: str, name: str, values: Sequence[Reg]) -> str:
        if name not in self.module.functions:
            self.module.declare(name, kind, [value.kind for value in values])
        return f"call {kind} @{name}({', '.join(map(str, values))})"

    def call_pointer(self, kind: str, pointer: Reg, *values: Reg) -> Reg:
        """The result of the function at `pointer`."""
        text = f"call {kind} {pointer.text}({', '.join(map(str, values))})"
        if kind == "void":
            self.emit(text)
            return Reg("void", "")
        return self.value(kind, text)

    def icmp(self, predicate: str, first: Reg, second: Reg) -> Reg:
        """A comparison of integers: `eq`, `slt`, `ult` and so on."""
        return self.value(with_element(first.kind, I1), f"icmp {predicate} {first}, {second.text}")

    def fcmp(self, predicate: str, first: Reg, second: Reg) -> Reg:
        """A comparison of floats: `olt` is false, `ult` true where one is NaN."""
        return self.value(with_element(first.kind, I1), f"fcmp {predicate} {first}, {second.text}")

    def select(self, condition: Reg, yes: Reg, no: Reg) -> Reg:
        """Lane by lane one of two values."""
        return self.value(yes.kind, f"select {condition}, {yes}, {no}")

    def cast(self, opcode: str, value: Reg, kind: str) -> Reg:
        """A conversion: `bitcast`, `trunc`, `zext`, `sext`, `sitofp`, `fptosi`, `fpext`, …"""
        return value if value.kind == kind else self.value(kind, f"{opcode} {value} to {kind}")

    # Vectors --------------------------------------------------------------------------------------

    def splat(self, scalar: Reg, lanes: int) -> Reg:
        """`scalar` in every lane."""
        kind = vector(scalar.kind, lanes)
        one = self.value(kind, f"insertelement {kind} poison, {scalar}, i64 0")
        return self.value(
            kind, f"shufflevector {one}, {kind} poison, {vector(I32, lanes)} zeroinitializer"
        )

    def extract(self, value: Reg, lane: Index) -> Reg:
        """One lane."""
        place = lane if isinstance(lane, Reg) else constant(I64, lane)
        return self.value(element_of(value.kind), f"extractelement {value}, {place}")

    def insert(self, value: Reg, scalar: Reg, lane: Index) -> Reg:
        """`value` with another number in one lane."""
        place = lane if isinstance(lane, Reg) else constant(I64, lane)
        return self.value(value.kind, f"insertelement {value}, {scalar}, {place}")

    def shuffle(self, first: Reg, second: Reg | None, lanes: Sequence[int]) -> Reg:
        """Lanes of `first`, then of `second`, by number; -1 for any."""
        kind = vector(element_of(first.kind), len(lanes))
        other = second or Reg(first.kind, "poison")
        numbers = ", ".join("i32 poison" if lane < 0 else f"i32 {lane}" for lane in lanes)
        return self.value(
            kind, f"shufflevector {first}, {other}, {vector(I32, len(lanes))} <{numbers}>"
        )

    def lane_numbers(self, kind: str) -> Reg:
        """0, 1, 2, … in the lanes of an integer vector type."""
        element = element_of(kind)
        return Reg(kind, "<" + ", ".join(f"{element} {i}" for i in range(lanes_of(kind))) + ">")

    # Memory ---------------------------------------------------------------------------------------

    def load(self, kind: str, pointer: Reg, align: int | None = None) -> Reg:
        """What stands at `pointer`; aligned as one lane unless said otherwise."""
        return self.value(kind, f"load {kind}, {pointer}, align {align or _natural(kind)}")

    def store(self, value: Reg, pointer: Reg, align: int | None = None) -> None:
        """Write at `pointer`."""
        self.emit(f"store {value}, {pointer}, align {align or _natural(value.kind)}")

    def at(self, pointer: Reg, index: Index, kind: str) -> Reg:
        """The address `index` elements of type `kind` after `pointer`."""
        place = index if isinstance(index, Reg) else constant(I64, index)
        if place.text == "0":
            return pointer
        return self.value(PTR, f"getelementptr {kind}, {pointer}, {place}")

    # Control --------------------------------------------------------------------------------------

    def int(self, number: int) -> Reg:
        """A 64-bit integer."""
        return constant(I64, number)

    @contextmanager
    def loop(
        self, start: Index, stop: Index, step: Index = 1, carried: Sequence[Reg] = ()
    ) -> Iterator[Loop]:
        """The code inside, for each index from `start` below `stop`.

        `carried` go into the first pass; `loop.carry(...)` says what goes into the next, and
        `loop.results` are what the last one gave.
        """
        first, last, by = (
            value if isinstance(value, Reg) else constant(I64, value)
            for value in (start, stop, step)
        )
        body, end = self.fresh("body"), self.fresh("end")
        before = self.block
        self.branch(self.icmp("slt", first, last), body, end)
        self.label(body)
        hole = len(self._lines)  # the phis are written when the last block is known
        index = Reg(first.kind, f"%{body}i")
        symbols = [Reg(item.kind, f"%{body}c{place}") for place, item in enumerate(carried)]
        loop = Loop(index, symbols)
        yield loop
        following = loop.following
        assert len(following) == len(carried), "a loop must carry what it was given"
        after = self.add(index, by)
        latch = self.block
        self.branch(self.icmp("slt", after, last), body, end)
        phis = [
            f"  {index.text} = phi {index.kind} [{first.text}, %{before}], [{after.text}, %{latch}]"
        ]
        for symbol, item, value in zip(symbols, carried, following, strict=True):
            phis.append(
                f"  {symbol.text} = phi {symbol.kind} "
                f"[{item.text}, %{before}], [{value.text}, %{latch}]"
            )
        self._lines[hole:hole] = phis
        self.label(end)
        loop.results = [
            self.value(
                item.kind,
                f"phi {item.kind} [{item.text}, %{before}], [{value.text}, %{latch}]",
            )
            for item, value in zip(carried, following, strict=True)
        ]

    @contextmanager
    def when(self, condition: Reg) -> Iterator[None]:
        """The code inside, where `condition` (an i1) holds."""
        yes, end = self.fresh("when"), self.fresh("end")
        self.branch(condition, yes, end)
        self.label(yes)
        yield
        self.jump(end)
        self.label(end)


def _natural(kind: str) -> int:
    return max(1, bits_of(kind) // 8)
