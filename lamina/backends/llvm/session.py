"""Running a compiled program: the context, the memory, the threads."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.dtypes import Array
from ...core.errors import IndexRangeError, InvalidArgumentError
from ...core.shapes import B
from ...ir.value import Spec
from . import workers
from .contract import SCRATCH_BYTES
from .fastcall import can_run
from .layout import lies_turned
from .writer import (
    BAD_INDEX,
    BAD_SIZE,
    BARRIER,
    BATCH,
    CAPACITY,
    ERROR,
    FIRST,
    LAST,
    ORDER,
    ROWS,
    SCRATCH,
    SLOTS,
    STOP,
    THREADS,
    YIELD,
)

if TYPE_CHECKING:
    from .program import NativeProgram

_LINE = 64  # bytes of a cache line
_STAGGER = 17 * _LINE  # buffers at equal places in their pages slow each other down
_TRIAL = 1.2 * workers.LONG_ENOUGH  # seconds of steps that tell a pace
_OFTEN = 20  # runs from one look at the pace of one thread to the next
_GAIN = 0.95  # of the time that several threads take: below it, one is better
_HEAD = 256  # bytes of the workspace that the barrier takes


class Session:
    """One run, or one training: memory for batches of up to `capacity` rows.

    Used by one Python thread at a time.
    """

    def __init__(self, program: NativeProgram, capacity: int, threads: int | None = None) -> None:
        layout = program.layout
        self.program = program
        lanes = layout.lanes
        self.capacity = -(-capacity // lanes) * lanes
        panels = self.capacity // lanes
        self.threads = threads or program.threads(capacity)
        places, total = [], _HEAD + self.threads * SCRATCH_BYTES
        for buffer in layout.buffers:
            places.append(total)
            total += -(-(buffer.fixed + panels * buffer.per_panel) // _LINE) * _LINE + _STAGGER
        self.size = total
        self._memory = np.zeros(total + _LINE, np.uint8)
        start = -(-self._memory.ctypes.data // _LINE) * _LINE
        self.context = np.zeros(SLOTS + layout.slots, np.int64)
        self._address = self.context.ctypes.data
        self.context[SLOTS : SLOTS + len(places)] = [start + place for place in places]
        self.context[BARRIER], self.context[SCRATCH] = start, start + _HEAD
        self.context[THREADS] = self.threads
        self.context[CAPACITY] = self.capacity
        self.context[YIELD] = workers.yield_address()
        for place, array in zip(layout.constants, program.constants, strict=True):
            packed = pack_array(array, lanes)
            target = self.context[SLOTS + place]
            ctypes.memmove(int(target), packed.ctypes.data, packed.nbytes)
        self._held: list[Any] = []
        self._pace = {False: _TRIAL, True: _TRIAL}  # seconds a step, by whether alone
        self._runs = 0

    def feed(self, arrays: Sequence[Array], rows: int, batch: int) -> None:
        """Let the inputs be `arrays`; what has no batch is packed now."""
        context, layout = self.context, self.program.layout
        words: list[int] = []
        held = []
        for spec, array in zip(self.program.input_specs, arrays, strict=True):
            rows_of = B in spec.shape
            if rows_of or not array.flags.carray:
                array = as_rows(array, spec)
            held.append(array)
            words += address(array), array.strides[0] // array.itemsize if rows_of else 0
        if words:  # an address and a stride for each input, one after the other
            context[SLOTS + layout.inputs[0] : SLOTS + layout.inputs[0] + len(words)] = words
        self._held = held
        context[ROWS], context[BATCH] = rows, batch
        self.program.begin(self._address)

    def exchange(self, arrays: Sequence[Array], rows: int) -> bool:
        """Let the inputs with a batch be others; False where results have a batch, too."""
        program = self.program
        if any(B in spec.shape for spec in program.output_specs):
            return False
        held = list(self._held)
        specs, slots = program.input_specs, program.layout.inputs
        for place, array in enumerate(arrays):
            array = as_rows(array, specs[place])
            held[place] = array
            slot = SLOTS + slots[place]
            self.context[slot] = array.ctypes.data
            self.context[slot + 1] = array.strides[0] // array.itemsize
        self._held = held
        self.context[ROWS] = rows
        return True

    def feed_rows(self, arrays: Sequence[Array], rows: int) -> None:
        """Let the first inputs, which have a batch, be `arrays` of `rows` rows."""
        context = self.context
        held = [as_rows(*pair) for pair in zip(arrays, self.program.input_specs, strict=False)]
        words: list[int] = []
        for array in held:
            words += address(array), array.strides[0] // array.itemsize
        context[SLOTS + self.program.layout.inputs[0] :][: len(words)] = words
        self._held[: len(held)] = held
        context[ROWS] = context[BATCH] = rows

    def order(self, order: Array | None) -> None:
        """Take rows in this order (int64), or as they stand."""
        self._order = order
        self.context[ORDER] = 0 if order is None else order.ctypes.data

    def make_results(self) -> list[Array]:
        """Arrays for the results, which `run` and `collect` fill."""
        rows = int(self.context[ROWS])
        found = []
        for spec in self.program.output_specs:
            shape = spec.shape
            if B in shape:
                shape = (rows, *[size for size in shape if size is not B])
            found.append(np.empty(shape, spec.dtype))
        if found:  # their slots follow each other
            first = SLOTS + self.program.layout.results[0]
            self.context[first : first + len(found)] = [address(array) for array in found]
        return found

    def run(self, first: int, last: int) -> None:
        """Steps `first` to `last`."""
        context = self.context
        if self.threads > 1 and not workers.is_crowded():
            first = self._compare(first, last)
        if first < last:
            self._run(first, last, alone=self.threads == 1 or workers.is_crowded())
        if context[ERROR]:
            context[ERROR] = context[STOP] = 0
            raise IndexRangeError(
                f"index {context[BAD_INDEX]} is out of range: expected 0 to {context[BAD_SIZE] - 1}"
            )

    def _compare(self, first: int, last: int) -> int:
        """Some steps that tell whether threads pay, now and then; the number of the next step."""
        self._runs += 1
        for alone in (False, True):
            due = workers.was_crowded() if not alone else self._runs % _OFTEN == 1
            count = max(1, int(_TRIAL / self._pace[alone]))
            if due and first + 2 * count < last and not workers.is_crowded():
                self._run(first, first + count, alone=alone)
                first += count
                if alone and self._pace[True] < _GAIN * self._pace[False]:
                    workers.rest()
        return first

    def _run(self, first: int, last: int, *, alone: bool) -> None:
        """By this thread alone, or by several."""
        context, steps = self.context, self.program.steps
        context[FIRST], context[LAST], context[THREADS] = first, last, self.threads
        begin = time.perf_counter()
        if alone or not workers.together(steps, self._address, self.threads):
            context[THREADS] = 1
            steps(self._address, 0)
            alone = True
        self._pace[alone] = max(time.perf_counter() - begin, 1e-9) / (last - first)

    def goes_on(self) -> bool:
        """Whether another step would be made, of a program with a guard."""
        address = int(self.context[SLOTS + self.program.layout.guard])
        return bool(ctypes.c_uint8.from_address(address).value)

    def collect(self, results: list[Array]) -> list[Array]:
        """The results, with the batch where it belongs."""
        self.program.finish(self._address)
        return [
            np.moveaxis(array, 0, spec.shape.index(B)) if B in spec.shape[1:] else array
            for array, spec in zip(results, self.program.output_specs, strict=True)
        ]

    def release(self) -> None:
        """Forget the arrays of the last run."""
        self._held = []
        self._order = None


_word_at = ctypes.c_uint64.from_address
_DATA = 16 if can_run() else 0  # where an array object holds the address of its numbers


def address(array: Array) -> int:
    """Where the numbers of an array are."""
    return _word_at(id(array) + _DATA).value if _DATA else array.ctypes.data


def as_rows(array: Array, spec: Spec) -> Array:
    """`array` with the batch first and each row in one piece; all in one piece without a batch."""
    shape = spec.shape
    if B in shape[1:]:
        array = np.moveaxis(array, shape.index(B), 0)
    if array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative:
        return array
    is_plain = array.flags.aligned and array.dtype.isnative and array.ndim == 2 and B in shape
    if is_plain and array.strides[1] == array.itemsize and not array.strides[0] % array.itemsize:
        return array
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


def pack_array(array: Array, lanes: int) -> Array:
    """A constant in panels."""
    if lies_turned(Spec(array.shape, array.dtype)):
        array = array.T
    columns = array.shape[-1] if array.ndim else 1
    rows = math.prod(array.shape[:-1])
    panels = -(-columns // lanes)
    padded = np.zeros((rows, panels * lanes), array.dtype)
    padded[:, :columns] = array.reshape(rows, columns)
    return np.ascontiguousarray(padded.reshape(rows, panels, lanes).transpose(1, 0, 2))


def count_rows(name: str, specs: Sequence[Spec], arrays: Sequence[Array]) -> int:
    """How many rows the inputs have; an error where they disagree. 1 without a batch."""
    sizes = {
        array.shape[spec.shape.index(B)]
        for spec, array in zip(specs, arrays, strict=True)
        if B in spec.shape
    }
    if len(sizes) > 1:
        raise InvalidArgumentError(
            f"the inputs of {name} have different numbers of rows: "
            f"{' and '.join(map(str, sorted(sizes)))}"
        )
    return sizes.pop() if sizes else 1
