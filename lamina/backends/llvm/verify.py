"""The verifier of plans: kernels read what is there, and no memory is used twice at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...core.errors import FailedPreconditionError
from ...ir.value import Value
from .kernels import Kernel, Planned
from .schedule import Group


def verify_plan(
    planned: Planned,
    groups: Sequence[Group],
    slots: Mapping[int, int],
    homes: Mapping[int, Value],
) -> None:
    """Raise where a kernel reads what is not made yet, not kept, or written over."""
    order = [(number, kernel) for number, group in enumerate(groups) for kernel in _all(group)]
    if {kernel.number for _, kernel in order} != {kernel.number for kernel in planned.kernels}:
        raise FailedPreconditionError("a kernel is in no group, or in several")
    _check_reads(planned, groups, slots)
    _check_memory(planned, [kernel for _, kernel in order], slots, homes)


def _all(group: Group) -> list[Kernel]:
    return [*group.beside, *group.kernels]


def _check_reads(planned: Planned, groups: Sequence[Group], slots: Mapping[int, int]) -> None:
    """What a kernel reads is an input, a constant, or made before: in the same group row by row."""
    known = {id(value) for value in planned.graph.inputs} | set(planned.constants)
    for group in groups:
        seen = set(known)
        for kernel in _all(group):
            own = {id(value) for value in kernel.outputs}
            there = seen if group.batch else known
            for value in kernel.reads():
                if value.array is not None and value.array.ndim == 0:
                    continue
                if id(value) not in there and id(value) not in own:
                    raise FailedPreconditionError(f"{kernel!r} reads what is not made yet")
                if id(value) not in own and id(value) not in slots:
                    raise FailedPreconditionError(f"{kernel!r} reads what was not kept")
            seen |= own
        known = seen


def _check_memory(
    planned: Planned,
    kernels: Sequence[Kernel],
    slots: Mapping[int, int],
    homes: Mapping[int, Value],
) -> None:
    """Between the first write and the last read of a value, nothing else is written to its slot."""
    outputs = {id(value) for value in planned.outputs}
    last = dict.fromkeys(outputs, len(kernels))
    for number, kernel in enumerate(kernels):
        for value in kernel.reads():
            last[id(value)] = max(number, last.get(id(value), -1))
    holder: dict[int, tuple[int, int]] = {}  # slot: id of the value in it, when it is last read
    for value in planned.graph.inputs:
        carried = any(home is value for home in homes.values())
        holder[slots[id(value)]] = id(value), last.get(id(value), -1) if carried else len(kernels)
    for number, kernel in enumerate(kernels):
        for value in kernel.outputs:
            slot = slots.get(id(value))
            if slot is None:
                continue
            before, until = holder.get(slot, (id(value), -1))
            in_place = homes.get(id(value))
            allowed = number if in_place is not None and id(in_place) == before else number - 1
            if before != id(value) and until > allowed:
                raise FailedPreconditionError(f"{kernel!r} writes over what is still read")
            holder[slot] = id(value), last.get(id(value), number)
