"""The function that runs steps: rows in, kernels in order, rows out; several threads together."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .builder import I64, PTR, Code, Module, Reg, constant
from .kernels import Kernel
from .layout import form_of, moved_element
from .moving import gather_rows, scatter_rows
from .writer import (
    BARRIER,
    BATCH,
    ERROR,
    FIRST,
    LAST,
    ORDER,
    ROWS,
    SLOTS,
    STOP,
    THREADS,
    YIELD,
    read_word,
)

if TYPE_CHECKING:
    from .lowering import Lowering
    from .schedule import Group

BLOCK_ROWS = 256  # rows that all kernels of a stage work on before the next ones
SHARED_ROWS = 16  # of a value without a batch: threads share whole tiles of a matrix product
SPINS = 200  # looks at a barrier before the processor is given to others


def emit_barrier(module: Module) -> None:
    """Wait until all threads are here: look some times, then let others run.

    The barrier is a counter and, on a line of its own, the number of meetings so far.
    """
    code = Code(module, "meet", [(PTR, "context")])
    context = code.arguments[0]
    threads = read_word(code, context, THREADS)
    with code.when(code.icmp("sgt", threads, code.int(1))):
        barrier = read_word(code, context, BARRIER, PTR)
        meetings = code.at(barrier, 8, I64)
        seen = code.value(I64, f"load atomic i64, {meetings} acquire, align 8")
        arrived = code.value(I64, f"atomicrmw add {barrier}, i64 1 acq_rel, align 8")
        is_last = code.icmp("eq", code.add(arrived, code.int(1)), threads)
        last, wait, end = code.fresh("last"), code.fresh("wait"), code.fresh("met")
        code.branch(is_last, last, wait)
        code.label(last)
        code.emit(f"store atomic i64 0, {barrier} monotonic, align 8")
        following = code.add(seen, code.int(1))
        code.emit(f"store atomic {following}, {meetings} release, align 8")
        code.jump(end)
        code.label(wait)
        _wait(code, meetings, seen, read_word(code, context, YIELD, PTR), end)
        code.label(end)
    code.ret()


def _wait(code: Code, meetings: Reg, seen: Reg, give_way: Reg, end: str) -> None:
    before = code.block
    again, same, tired = code.fresh("again"), code.fresh("same"), code.fresh("tired")
    code.jump(again)
    code.label(again)
    count = code.value(I64, f"phi i64 [0, %{before}], [%{again}n, %{same}], [%{again}n, %{tired}]")
    code.emit(f"%{again}n = add i64 {count.text}, 1")
    now = code.value(I64, f"load atomic i64, {meetings} acquire, align 8")
    looked = code.fresh("looked")
    code.branch(code.icmp("ne", now, seen), end, looked)
    code.label(looked)
    code.branch(code.icmp("slt", count, code.int(SPINS)), same, tired)
    code.label(same)
    _pause(code)
    code.jump(again)
    code.label(tired)
    code.call_pointer("i32", give_way)
    code.jump(again)


def _pause(code: Code) -> None:
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        code.call("void", "llvm.x86.sse2.pause")
    elif machine in ("arm64", "aarch64"):
        code.call("void", "llvm.aarch64.hint", constant("i32", 1))


def emit_run(
    module: Module,
    lowering: Lowering,
    commits: list[tuple[int, int, int]],
    *,
    internal: bool = False,
) -> None:
    """Steps `first` to `last` of the context. `internal`: for functions of the program only."""
    code = Code(module, "run", [(PTR, "context"), (I64, "thread")], internal=internal)
    context, thread = code.arguments
    rows, batch = read_word(code, context, ROWS), read_word(code, context, BATCH)
    threads = read_word(code, context, THREADS)
    first, last = read_word(code, context, FIRST), read_word(code, context, LAST)
    with code.loop(first, last) as step:
        # The turns of a loop all take the same rows.
        start = code.mul(step.index, batch) if lowering.guard is None else code.int(0)
        count = code.intrinsic("smin", batch, code.sub(rows, start))
        driver = _Driver(code, lowering, thread, threads, count, start)
        number = lowering.checked
        with _while_it_holds(code, lowering), _while_good(code, lowering):
            driver.all(lowering.groups[:number])
            driver.look()
            with _while_good(code, lowering):
                driver.all(lowering.groups[number:])
                if commits:
                    with code.when(code.icmp("eq", thread, code.int(0))):
                        driver.commit(commits)
                    code.call("void", "meet", context)
    code.ret()


@contextmanager
def _while_it_holds(code: Code, lowering: Lowering) -> Iterator[None]:
    """The code inside, unless the step before said that it was the last one."""
    if lowering.guard is None:
        yield
        return
    slot = lowering.slots[id(lowering.graph.inputs[lowering.guard])]
    flag = code.value("i8", f"load i8, {read_word(code, code.arguments[0], SLOTS + slot, PTR)}")
    with code.when(code.icmp("ne", flag, constant("i8", 0))):
        yield


@contextmanager
def _while_good(code: Code, lowering: Lowering) -> Iterator[None]:
    """The code inside, unless an index was out of range: then nothing more is written."""
    if not lowering.checked:
        yield
        return
    with code.when(code.icmp("eq", read_word(code, code.arguments[0], STOP), code.int(0))):
        yield


class _Driver:
    """What one step calls."""

    def __init__(
        self, code: Code, lowering: Lowering, thread: Reg, threads: Reg, count: Reg, start: Reg
    ) -> None:
        self.code = code
        self.lowering = lowering
        self.thread, self.threads = thread, threads
        self.count, self.start = count, start
        self._first = lowering.groups[lowering.first_with_batch()] if lowering.groups else None
        self.last_thread = code.sub(threads, code.int(1))
        self._solo = 0

    def all(self, groups: Sequence[Group]) -> None:
        """Groups in their order; the threads meet after each."""
        for group in groups:
            self.group(group)
            self.code.call("void", "meet", self.code.arguments[0])

    def look(self) -> None:
        """Let all threads know, at the same time, whether an index was out of range."""
        if not self.lowering.checked:
            return
        code, context = self.code, self.code.arguments[0]
        with code.when(code.icmp("eq", self.thread, code.int(0))):
            code.store(read_word(code, context, ERROR), code.at(context, STOP, I64), 8)
        code.call("void", "meet", context)

    def group(self, group: Group) -> None:
        """All kernels of a group, this thread's part."""
        code = self.code
        if group.beside:
            with code.when(code.icmp("eq", self.thread, code.int(0))):
                for kernel in group.beside:
                    self._call(kernel, *self._whole(kernel))
        if group.batch:
            self._rows(group)
        else:
            for kernel in group.kernels:
                self._shared(kernel)

    def _rows(self, group: Group) -> None:
        code, lanes = self.code, self.lowering.lanes
        panels = code.op("sdiv", code.add(self.count, code.int(lanes - 1)), code.int(lanes))
        first, last = self._part(panels)
        block = code.int(max(1, BLOCK_ROWS // lanes))
        with code.loop(first, last, block) as loop:
            end = code.intrinsic("smin", code.add(loop.index, block), last)
            if group is self._first:
                self._take(loop.index, end)
            for kernel in group.kernels:
                self._call(kernel, loop.index, end)
            self._give(group, loop.index, end)

    def _part(self, size: Reg) -> tuple[Reg, Reg]:
        """The share of this thread in `size` things."""
        code = self.code
        before, shared, end = code.block, code.fresh("shared"), code.fresh("end")
        code.branch(code.icmp("eq", self.threads, code.int(1)), end, shared)  # divisions are slow
        code.label(shared)
        first = code.op("sdiv", code.mul(size, self.thread), self.threads)
        after = code.add(self.thread, code.int(1))
        last = code.op("sdiv", code.mul(size, after), self.threads)
        code.jump(end)
        code.label(end)
        return (
            code.value(I64, f"phi i64 [0, %{before}], [{first.text}, %{shared}]"),
            code.value(I64, f"phi i64 [{size.text}, %{before}], [{last.text}, %{shared}]"),
        )

    def _whole(self, kernel: Kernel) -> tuple[Reg, Reg]:
        size = (
            kernel.form.rows if kernel.split == "rows" else kernel.form.panels(self.lowering.lanes)
        )
        return self.code.int(0), self.code.int(size)

    def _shared(self, kernel: Kernel) -> None:
        """A kernel without a batch: shared by all threads where that pays, else one's alone."""
        code = self.code
        _, size = self._whole(kernel)
        if kernel.split == "solo" or kernel.form.size < 64 or int(size.text) == 1:
            owner = self._solo  # one of two threads in turn: that is as good as of all
            self._solo = 1 - owner
            turn = code.intrinsic("umin", code.int(owner), self.last_thread)
            with code.when(code.icmp("eq", turn, self.thread)):
                self._call(kernel, code.int(0), size)
        elif kernel.split == "rows":
            first, last = self._part(code.int(-(-int(size.text) // SHARED_ROWS)))
            step = code.int(SHARED_ROWS)
            end = code.intrinsic("smin", code.mul(last, step), size)
            self._call(kernel, code.mul(first, step), end)
        else:
            self._call(kernel, *self._part(size))

    def _call(self, kernel: Kernel, first: Reg, last: Reg) -> None:
        self.code.call(
            "void",
            f"kernel{kernel.number}",
            self.code.arguments[0],
            first,
            last,
            self.count,
            self.start,
            self.thread,
        )

    # Rows in and out -----------------------------------------------------------------------------

    def _slot(self, slot: int, kind: str = PTR) -> Reg:
        return read_word(self.code, self.code.arguments[0], SLOTS + slot, kind)

    def _range(self, first: Reg, last: Reg) -> tuple[Reg, Reg]:
        """The number of the first row, and how many rows there are, of some panels."""
        code, lanes = self.code, self.lowering.lanes
        skipped = code.mul(first, code.int(lanes))
        there = code.sub(self.count, skipped)
        wanted = code.mul(code.sub(last, first), code.int(lanes))
        return code.add(self.start, skipped), code.intrinsic("smin", there, wanted)

    def _take(self, first: Reg, last: Reg) -> None:
        """Rows of the inputs into panels."""
        code, lowering = self.code, self.lowering
        order = read_word(code, code.arguments[0], ORDER, PTR)
        row, count = self._range(first, last)
        for value, slot in zip(lowering.graph.inputs, lowering.inputs, strict=True):
            form = form_of(value.spec)
            if form.batch:
                element = moved_element(value)
                offset = code.mul(first, code.int(form.rows * lowering.lanes))
                target = code.at(self._slot(lowering.slots[id(value)]), offset, element)
                code.call(
                    "void",
                    gather_rows(code.module, element, lowering.lanes),
                    target,
                    code.int(form.rows),
                    self._slot(slot),
                    self._slot(slot + 1, I64),
                    order,
                    row,
                    count,
                    code.int(form.rows),
                    read_word(code, code.arguments[0], ROWS),
                )

    def _give(self, group: Group, first: Reg, last: Reg) -> None:
        """Rows of results that this group finishes, out of panels."""
        code, lowering = self.code, self.lowering
        made = {id(value) for kernel in group.kernels for value in kernel.outputs}
        is_first = group is self._first
        row, count = self._range(first, last)
        inputs = {id(value) for value in lowering.graph.inputs}
        for value, slot in zip(lowering.planned.outputs, lowering.results, strict=True):
            form = form_of(value.spec)
            here = id(value) in made or (is_first and id(value) in inputs)
            if form.batch and here:
                element = moved_element(value)
                offset = code.mul(first, code.int(form.rows * lowering.lanes))
                source = code.at(self._slot(lowering.slots[id(value)]), offset, element)
                code.call(
                    "void",
                    scatter_rows(code.module, element, lowering.lanes),
                    self._slot(slot),
                    code.int(form.rows),
                    source,
                    code.int(form.rows),
                    row,
                    count,
                    code.int(form.rows),
                )

    def commit(self, commits: list[tuple[int, int, int]]) -> None:
        """Copy what could not be written in place."""
        code = self.code
        for source, target, size in commits:
            code.call(
                "void",
                "llvm.memcpy.p0.p0.i64",
                self._slot(target),
                self._slot(source),
                code.int(size),
                constant("i1", False),
            )
