"""Memory: which values share a buffer, and how large each is.

A result that replaces an input of the next step is written over it (schedule.py says where that is
safe). Values of a batch that nobody reads outside of their group give their memory to later ones
of the same size. Values of another size, or turned ones, would not do: there, a thread's panels
would be another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...ir.value import Value
from .contract import turned_size
from .kernels import Kernel, Planned
from .layout import element_size, form_of, memory_element
from .schedule import Group


class Buffer(NamedTuple):
    """Memory of a value in the workspace: bytes in all cases, and for each panel of a batch."""

    fixed: int
    per_panel: int


class Buffers:
    """The buffers of a program; `slots` gives the number of the one in which a value lies."""

    def __init__(
        self,
        planned: Planned,
        groups: Sequence[Group],
        stored: set[int],
        homes: Mapping[int, Value],
        lanes: int,
    ) -> None:
        self.lanes = lanes
        self.buffers: list[Buffer] = []
        self.slots: dict[int, int] = {}
        self.turned = {
            id(kernel.root.output)
            for kernel in planned.kernels
            if kernel.root is not None and kernel.root.name == "turn"
        }
        self._homes = homes
        for value in (*planned.graph.inputs, *planned.constants.values()):
            self._allocate(value)
        passing = _passing(planned, groups)
        for group in groups:
            for kernel in group.beside:
                self._make(kernel, stored)
            self._group(group.kernels, stored, passing)

    def _group(self, kernels: Sequence[Kernel], stored: set[int], passing: set[int]) -> None:
        """Allocate in order; what no later kernel of the group reads is free after its last one."""
        last: dict[int, int] = {}
        for number, kernel in enumerate(kernels):
            last.update((id(value), number) for value in kernel.reads())
        free: dict[Buffer, list[int]] = {}
        for number, kernel in enumerate(kernels):
            self._make(kernel, stored, free)
            for value in (*kernel.reads(), *kernel.outputs):
                key = id(value)
                if key in passing and key in self.slots and last.get(key, number) == number:
                    passing.discard(key)
                    slot = self.slots[key]
                    free.setdefault(self.buffers[slot], []).append(slot)

    def _make(
        self, kernel: Kernel, stored: set[int], free: dict[Buffer, list[int]] | None = None
    ) -> None:
        for value in kernel.outputs:
            if id(value) in stored:
                self._allocate(value, free)

    def _allocate(self, value: Value, free: Mapping[Buffer, list[int]] | None = None) -> None:
        home = self._homes.get(id(value))
        if home is not None:
            self.slots[id(value)] = self.slots[id(home)]
            return
        if id(value) in self.slots:
            return
        size = element_size(memory_element(value.spec.dtype))
        fixed, per_panel = self._elements(value)
        buffer = Buffer(fixed * size, per_panel * size)
        if free and free.get(buffer) and id(value) not in self.turned:
            self.slots[id(value)] = free[buffer].pop()
            return
        self.slots[id(value)] = len(self.buffers)
        self.buffers.append(buffer)

    def _elements(self, value: Value) -> tuple[int, int]:
        if id(value) in self.turned:
            return turned_size(value, self.lanes)
        form = form_of(value.spec)
        if form.batch:
            return 0, form.rows * self.lanes
        return form.rows * form.panels(self.lanes) * self.lanes, 0


def _passing(planned: Planned, groups: Sequence[Group]) -> set[int]:
    """The ids of values of a batch that only kernels of one group make and read."""
    kept = {id(value) for value in planned.outputs}
    kept |= {id(value) for value in planned.graph.inputs}
    where: dict[int, set[int]] = {}
    batches: set[int] = set()
    for number, group in enumerate(groups):
        for kernel in (*group.kernels, *group.beside):
            for value in (*kernel.reads(), *kernel.outputs):
                where.setdefault(id(value), set()).add(number)
                if form_of(value.spec).batch:
                    batches.add(id(value))
    return {key for key in batches - kept if len(where[key]) == 1}
