"""From a graph to the text of a program and the layout of its memory.

The program has four functions: `begin` packs what has no batch into panels, `run` does steps
(several threads may run it together), `finish` unpacks results, `predict` is called from Python.
A step takes the rows of the inputs, in an order that is given or as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from ...core.config import config
from ...core.shapes import B
from ...ir.graph import Graph
from ...ir.value import Node, Value
from . import bits, contract, index, join, lines, reduce, sorting
from .buffers import Buffer, Buffers
from .builder import PTR, Code, Module, Reg
from .driver import emit_barrier, emit_run
from .fastcall import emit_fastcall, is_possible
from .kernels import Kernel, Planned
from .layout import form_of, moved_element
from .moving import gather_rows, pack, scatter_rows, unpack
from .schedule import groups, in_place
from .verify import verify_plan
from .writer import SLOTS, Writer, read_word, used_later

EMITTERS = {
    **contract.EMITTERS,
    **reduce.EMITTERS,
    **index.EMITTERS,
    **join.EMITTERS,
    **sorting.EMITTERS,
    **lines.EMITTERS,
    **bits.EMITTERS,
}


class Layout(NamedTuple):
    """What the caller of a program must know: the words of its context, its memory."""

    lanes: int
    buffers: list[Buffer]  # the slot of each is its place
    inputs: list[int]  # the slot where the address of each input's data goes; the stride after it
    results: list[int]  # the slot where the address of each result goes; -1: carried in `homes`
    constants: list[int]  # the buffers that hold the graph's constants, in order
    slots: int
    cost: float  # floating-point operations for each row of a batch, roughly
    fixed_cost: float
    tiles: bool  # the rows of a batch do not know of each other: it may be worked on in parts
    fast: bool  # there is a function from an array of rows to an array of rows
    guard: int = -1  # the buffer of the number that says whether another step is made


class Lowering:
    """One graph being lowered."""

    def __init__(
        self,
        graph: Graph,
        lanes: int,
        carried: Sequence[tuple[int, int]],
        guard: int | None = None,
    ) -> None:
        self.guard = guard
        self.lanes = lanes
        self.graph = graph
        self.planned = Planned(graph)
        self.carried = list(carried)
        self._separate()
        self.planned.finish()
        self.groups = groups(self.planned)
        self.checked = self._checked()
        # Not the guard, for each thread reads it when it gets there, not all of them at one time.
        own = [pair for pair in self.carried if pair[1] != guard]
        self.homes = in_place(self.planned, self.groups, own, self.checked)
        self.stored = self._stored()
        self.row_counts = contract.row_counts(self.planned.kernels)
        memory = Buffers(self.planned, self.groups, self.stored, self.homes, lanes)
        self.buffers, self.slots, self.turned = memory.buffers, memory.slots, memory.turned
        if config.verify:
            verify_plan(self.planned, self.groups, self.slots, self.homes)
        self.inputs = [len(self.buffers) + 2 * number for number in range(len(graph.inputs))]
        start = len(self.buffers) + 2 * len(graph.inputs)
        self.results = [start + number for number in range(len(graph.outputs))]

    def first_with_batch(self) -> int:
        """The number of the group that takes rows in; that of the last one where none does."""
        numbers = [number for number, group in enumerate(self.groups) if group.batch]
        return numbers[0] if numbers else len(self.groups) - 1

    def _checked(self) -> int:
        """After how many groups no index is looked up any more; 0 where none is."""
        fallible = {*index.FALLIBLE, *lines.FALLIBLE}
        found = [
            number + 1
            for number, group in enumerate(self.groups)
            for kernel in (*group.kernels, *group.beside)
            if kernel.root is not None and kernel.root.name in fallible
        ]
        return max(found, default=0)

    def _separate(self) -> None:
        """Results that are inputs, or another's result, get memory of their own."""
        planned = self.planned
        carried = {output for output, _ in self.carried}
        homes = {id(planned.graph.inputs[source]) for _, source in self.carried}
        taken: set[int] = set()
        for number, value in enumerate(planned.outputs):
            is_home = id(value) in homes
            if is_home or (number in carried and id(value) in taken):
                planned.outputs[number] = value = planned.copy(value)
            if number in carried:
                taken.add(id(value))

    def _stored(self) -> set[int]:
        found = used_later(self.planned.kernels, self.planned.outputs)
        for kernel in self.planned.kernels:
            fused = kernel.root is not None and kernel.root.name == "matmul"
            if kernel.root is not None and not (fused and kernel.items and not kernel.form.batch):
                found.add(id(kernel.root.output))
        return found

    # Text ----------------------------------------------------------------------------------------

    def text(self) -> str:
        """The program."""
        module = Module()
        self.write_kernels(module)
        emit_barrier(module)
        copies = self._commits()
        emit_run(module, self, copies)
        self._begin(module)
        self._finish(module)
        emit_fastcall(module, self if self._is_fast() else None)
        return module.text()

    def write_kernels(self, module: Module) -> None:
        """The functions that do the work."""
        for kernel in self.planned.kernels:
            self._kernel(module, kernel)

    def _kernel(self, module: Module, kernel: Kernel) -> None:
        writer = Writer(module, kernel, self.lanes, self.slots, self.turned)
        writer.early = set(map(id, self.homes.values()))
        writer.row_counts = self.row_counts
        writer.predicts = self._is_by_rows
        if kernel.root is None:
            writer.follow(self.stored)
        else:
            EMITTERS[kernel.root.name](writer, self.stored)
        writer.code.ret()

    def _commits(self) -> list[tuple[int, int, int]]:
        """(from, to, bytes) of buffers that are copied at the end of a step."""
        found = []
        for output, source in self.carried:
            value, home = self.planned.outputs[output], self.graph.inputs[source]
            if id(value) not in self.homes:
                slot = self.slots[id(home)]
                found.append((self.slots[id(value)], slot, self.buffers[slot].fixed))
        return found

    def _begin(self, module: Module) -> None:
        code = Code(module, "begin", [(PTR, "context")], internal=False)
        for value, slot in zip(self.graph.inputs, self.inputs, strict=True):
            form = form_of(value.spec)
            if not form.batch:
                self._pack(code, value, slot)
        code.ret()

    def _pack(self, code: Code, value: Value, slot: int) -> None:
        """Into panels; the first axis of a turned matrix moves as the rows of a batch do."""
        form, element = form_of(value.spec), moved_element(value)
        rows, columns = code.int(form.rows), code.int(form.columns)
        target, source = slot_pointer(code, self.slots[id(value)]), slot_pointer(code, slot)
        if form.turned:
            name = gather_rows(code.module, element, self.lanes)
            order, first = Reg(PTR, "null"), code.int(0)
            code.call(
                "void", name, target, rows, source, rows, order, first, columns, rows, columns
            )
        else:
            name = pack(code.module, element, self.lanes)
            code.call("void", name, target, rows, source, rows, columns)

    def _unpack(self, code: Code, value: Value, slot: int) -> None:
        form, element = form_of(value.spec), moved_element(value)
        rows, columns = code.int(form.rows), code.int(form.columns)
        source, target = slot_pointer(code, self.slots[id(value)]), slot_pointer(code, slot)
        if form.turned:
            name = scatter_rows(code.module, element, self.lanes)
            code.call("void", name, target, rows, source, rows, code.int(0), columns, rows)
        else:
            name = unpack(code.module, element, self.lanes)
            code.call("void", name, target, source, rows, rows, columns)

    def _finish(self, module: Module) -> None:
        code = Code(module, "finish", [(PTR, "context")], internal=False)
        homes = {output: self.graph.inputs[source] for output, source in self.carried}
        for number, value in enumerate(self.planned.outputs):
            if not form_of(value.spec).batch:  # what is carried was written where it goes on
                self._unpack(code, homes.get(number, value), self.results[number])
        code.ret()

    def layout(self) -> Layout:
        """What the caller must know."""
        places = [self.slots[id(value)] for value in self.planned.constants.values()]
        cost, fixed = self._costs()
        return Layout(
            self.lanes,
            self.buffers,
            self.inputs,
            self.results,
            places,
            len(self.buffers) + 2 * len(self.inputs) + len(self.results),
            cost,
            fixed,
            self._is_by_rows,
            self._is_fast(),
            -1 if self.guard is None else self.slots[id(self.graph.inputs[self.guard])],
        )

    def _is_fast(self) -> bool:
        specs = self.graph.input_specs, self.graph.output_specs
        return is_possible(*specs, tiles=self._is_by_rows)

    @cached_property
    def _is_by_rows(self) -> bool:
        kernels = self.planned.kernels
        if any(kernel.stage > 0 for kernel in kernels) or self.carried:
            return False
        if any(_counts_rows(node) for node in self.graph.nodes):
            return False
        return any(form_of(value.spec).batch for value in self.graph.inputs)

    def _costs(self) -> tuple[float, float]:
        """Operations for each row of a batch, and for each step: a rough count for threads."""
        per_row = fixed = 0.0
        for kernel in self.planned.kernels:
            work = float(kernel.form.size * (4 * len(kernel.items) + 1))
            root = kernel.root
            if root is not None and root.name == "matmul":
                inner = root.params["inner"]
                depth = inner if isinstance(inner, int) else 1
                product = 2.0 * kernel.form.size * depth
                if kernel.form.batch or not isinstance(inner, int):
                    per_row += product
                else:
                    fixed += product
            if kernel.form.batch:
                per_row += work
            else:
                fixed += work
        return per_row, fixed


def slot_pointer(code: Code, slot: int) -> Reg:
    """The address in a slot of the context."""
    return read_word(code, code.arguments[0], SLOTS + slot, PTR)


def describe(lowering: Lowering) -> str:
    """The plan as text: groups, kernels, what is in place."""
    lines = []
    for group in lowering.groups:
        kind = "rows" if group.batch else "whole"
        lines.append(f"{kind}:")
        lines += [f"  {kernel!r}" for kernel in group.kernels]
        lines += [f"  beside: {kernel!r}" for kernel in group.beside]
    size = sum(buffer.fixed for buffer in lowering.buffers)
    panel = sum(buffer.per_panel for buffer in lowering.buffers)
    lines.append(
        f"memory: {size} bytes and {panel} for each panel; {len(lowering.homes)} of "
        f"{len(lowering.carried)} results in place"
    )
    return "\n".join(lines)


def _counts_rows(node: Node) -> bool:
    """Whether results depend on which row of the batch it is, or on how many there are."""
    if node.primitive.name == "iota":
        return node.params["shape"][node.params["axis"]] is B
    return node.primitive.name in ("dimension", "random_bits")
