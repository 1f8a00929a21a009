"""A graph as an object file for programs in other languages: one function in C's convention.

It has the weights in it, packed in panels, and works on rows in blocks, with its memory on the
stack: there is nothing to set up, and any number of threads may call it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core.config import config
from ...core.errors import InvalidArgumentError, UnimplementedError, nearest
from ...ir.graph import Graph
from . import compiler, engine
from .builder import I32, I64, PTR, Code, Module, Reg
from .contract import SCRATCH_BYTES
from .driver import emit_run
from .kernels import Unsupported
from .layout import form_of
from .lowering import Lowering
from .session import pack_array
from .writer import BATCH, CAPACITY, ERROR, LAST, ROWS, SCRATCH, SLOTS, THREADS

LANES = {
    "x86_64": {"x86-64-v3": 8, "x86-64-v4": 16, "x86-64-v2": 4, "x86-64": 4},
    "aarch64": {
        "generic": 4,
        "cortex-a53": 4,
        "cortex-a72": 4,
        "cortex-a76": 4,
        "neoverse-n1": 4,
        "neoverse-v1": 4,
        "apple-m1": 4,
    },
}
"""By architecture: processors to compile for, the usual one first, and how many float32 a vector
of theirs holds."""
_SPELLINGS = {"amd64": "x86_64", "arm64": "aarch64"}
_ROOM = 1 << 17  # bytes of memory for a block of rows, where one panel does not take more
_MOST_ROOM = 4 << 20
_LINE = 64
BAD_ARGUMENT, BAD_INDEX = -1, -2  # what the function returns, as its header says


class Object(NamedTuple):
    """An object file, and the bytes of stack that its function takes."""

    image: bytes
    stack: int


def make_object(graph: Graph, name: str, target: str | None, cpu: str | None) -> Object:
    """`graph` as the function `name`(inputs, outputs, rows): int.

    `target`: an LLVM triple such as "aarch64-linux-gnu", `cpu`: a processor of `LANES`; without
    both, this machine. UnimplementedError for what has no native form.
    """
    compiler.version('export C: model.export("model.c")')
    target, cpu, lanes = _processor(target, cpu)
    try:
        lowering = Lowering(graph, lanes, ())
    except Unsupported as error:
        raise UnimplementedError(
            f"{graph.name!r} cannot be exported as native code: {error}. Leave out the layer that "
            "does it, or export to ONNX."
        ) from error
    if not lowering.layout().tiles:
        raise UnimplementedError(
            f"{graph.name!r} cannot be exported: it looks at all rows of a batch together, or "
            "counts them, and rows are worked on in blocks."
        )
    module = Module()
    lowering.write_kernels(module)
    Code(module, "meet", [(PTR, "context")]).ret()  # there is one thread
    emit_run(module, lowering, [], internal=True)
    stack = _Entry(module, lowering, name).write()
    return Object(compiler.get().object_file(module.text(), target, cpu), stack)


def _processor(target: str | None, cpu: str | None) -> tuple[str | None, str | None, int]:
    """The triple and the processor to compile for, and how many lanes it has."""
    if target is None and cpu is None:
        return None, None, engine.lanes()
    triple = target or compiler.get().triple
    written = triple.partition("-")[0].lower()
    known = LANES.get(_SPELLINGS.get(written, written))
    if known is None or "-" not in triple:
        raise InvalidArgumentError(
            f"target={target!r}: expected an LLVM triple that begins with {' or '.join(LANES)}, as "
            "'aarch64-linux-gnu' or 'x86_64-pc-windows-msvc'"
        )
    chosen = cpu or next(iter(known))
    if chosen not in known:
        raise InvalidArgumentError(
            f"cpu={cpu!r}: expected one of {', '.join(known)} for {triple}.{nearest(chosen, known)}"
        )
    return triple, chosen, int(config.lanes) or known[chosen]


class _Entry:
    """The function that is called: it checks its arguments and works through the rows."""

    def __init__(self, module: Module, lowering: Lowering, name: str) -> None:
        graph = lowering.graph
        self.lowering = lowering
        self.module = module
        self.layout = lowering.layout()
        self.ends = [value.spec for value in (*graph.inputs, *graph.outputs)]
        arguments = [(PTR, f"a{number}") for number in range(len(self.ends))]
        self.code = Code(module, name, [*arguments, (I32, "rows")], I32, internal=False)
        *self.pointers, self.rows = self.code.arguments
        packed = {}
        for value, slot in zip(
            lowering.planned.constants.values(), self.layout.constants, strict=True
        ):
            assert value.array is not None
            packed[slot] = pack_array(np.asarray(value.array), lowering.lanes).tobytes()
        self.packed = packed

    def write(self) -> int:
        """The code; the bytes of stack that it takes."""
        code, lanes = self.code, self.layout.lanes
        rows, places, size = self._memory()
        capacity = rows // lanes * lanes
        words = SLOTS + self.layout.slots
        context = code.first(PTR, f"alloca [{words} x i64], align {_LINE}")
        memory = code.first(PTR, f"alloca [{size} x i8], align {_LINE}")
        self._check()
        self._set_up(context, memory, places, capacity)
        count = code.cast("sext", self.rows, I64)
        with code.loop(0, count, capacity) as block:
            taken = code.intrinsic("smin", code.int(capacity), code.sub(count, block.index))
            self._one_block(context, block.index, taken)
        code.ret(Reg(I32, "0"))
        return size + 8 * words

    def _memory(self) -> tuple[int, dict[int, int], int]:
        """Rows of a block, where each buffer lies in the memory, and how many bytes there are."""
        buffers = [
            (slot, buffer)
            for slot, buffer in enumerate(self.layout.buffers)
            if slot not in self.packed
        ]
        per_panel = sum(buffer.per_panel for _, buffer in buffers)
        panels = max(1, min(_ROOM // max(1, per_panel), 128 // self.layout.lanes))
        places, total = {}, SCRATCH_BYTES
        for slot, buffer in buffers:
            places[slot] = total
            total += -(-(buffer.fixed + panels * buffer.per_panel) // _LINE) * _LINE
        if total > _MOST_ROOM:
            raise UnimplementedError(
                f"{self.lowering.graph.name!r} needs {total} bytes of memory for a few rows; an "
                f"exported function has at most {_MOST_ROOM} bytes of stack. Make its layers "
                "smaller."
            )
        return panels * self.layout.lanes, places, total

    def _check(self) -> None:
        code = self.code
        zero = Reg(I32, "0")
        self._return_where(code.icmp("slt", self.rows, zero), BAD_ARGUMENT)
        self._return_where(code.icmp("eq", self.rows, zero), 0)
        for pointer in self.pointers:
            self._return_where(code.icmp("eq", pointer, Reg(PTR, "null")), BAD_ARGUMENT)

    def _return_where(self, condition: Reg, status: int) -> None:
        code = self.code
        bad, good = code.fresh("bad"), code.fresh("good")
        code.branch(condition, bad, good)
        code.label(bad)
        code.ret(Reg(I32, str(status)))
        code.label(good)

    def _set_up(self, context: Reg, memory: Reg, places: dict[int, int], capacity: int) -> None:
        code = self.code
        for word in range(SLOTS):
            code.store(code.int(0), code.at(context, word, I64), 8)
        code.store(code.int(1), code.at(context, THREADS, I64), 8)
        code.store(code.int(1), code.at(context, LAST, I64), 8)
        code.store(code.int(capacity), code.at(context, CAPACITY, I64), 8)
        code.store(memory, code.at(context, SCRATCH, I64), 8)
        for slot, place in places.items():
            code.store(code.at(memory, place, "i8"), code.at(context, SLOTS + slot, I64), 8)
        for slot, content in self.packed.items():
            weights = self.module.data(f"weights{slot}", content)
            code.store(weights, code.at(context, SLOTS + slot, I64), 8)

    def _one_block(self, context: Reg, first: Reg, count: Reg) -> None:
        code, layout = self.code, self.layout
        for word in (ROWS, BATCH):
            code.store(count, code.at(context, word, I64), 8)
        slots = [*layout.inputs, *layout.results]
        for pointer, spec, slot in zip(self.pointers, self.ends, slots, strict=True):
            width = form_of(spec).rows
            start = code.mul(first, code.int(width * spec.dtype.itemsize))
            code.store(code.at(pointer, start, "i8"), code.at(context, SLOTS + slot, I64), 8)
        for spec, slot in zip(self.ends, layout.inputs, strict=False):
            stride = code.int(form_of(spec).rows)
            code.store(stride, code.at(context, SLOTS + slot + 1, I64), 8)
        code.call("void", "run", context, code.int(0))
        error = code.load(I64, code.at(context, ERROR, I64), 8)
        self._return_where(code.icmp("ne", error, code.int(0)), BAD_INDEX)
