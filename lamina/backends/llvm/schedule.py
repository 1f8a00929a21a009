"""The order of kernels in a step: groups between which all threads meet.

Within a group no kernel reads what another thread's part of the group writes. Row by row, a thread
works on panels of its own, so all kernels of such a stage are one group; without a batch,
what reads another kernel's result comes in a later group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...ir.value import Value
from .kernels import Kernel, Planned
from .layout import form_of


class Group(NamedTuple):
    """Kernels that run without meeting in between; those `beside` are the first thread's alone."""

    batch: bool
    kernels: list[Kernel]
    beside: list[Kernel]


def groups(planned: Planned) -> list[Group]:
    """The groups of a step, in order."""
    early = [kernel for kernel in planned.kernels if kernel.stage < 0]
    stages = sorted({kernel.stage for kernel in planned.kernels if kernel.stage >= 0} | {0})
    has_batch = any(form_of(value.spec).batch for value in planned.graph.inputs)
    if not has_batch and not any(kernel.form.batch for kernel in planned.kernels):
        return _levels(early)
    before = _needed(early, planned.kernels)
    beside = [kernel for kernel in early if kernel not in before]
    found = _levels(before)
    for stage in stages:
        own = [kernel for kernel in planned.kernels if kernel.stage == stage]
        if stage % 2 == 0:
            found.append(Group(True, own, beside if stage == 0 else []))
        else:
            found += _levels(own)
    return found


def _needed(early: Sequence[Kernel], kernels: Sequence[Kernel]) -> list[Kernel]:
    """Of the kernels without a batch, those that the first stage reads."""
    wanted = {id(v) for kernel in kernels if kernel.stage == 0 for v in kernel.reads()}
    found = []
    for kernel in reversed(early):
        if any(id(value) in wanted for value in kernel.outputs):
            found.append(kernel)
            wanted.update(id(value) for value in kernel.reads())
    return found[::-1]


def _levels(kernels: Sequence[Kernel]) -> list[Group]:
    """Kernels without a batch: each after those that it reads."""
    level: dict[int, int] = {}
    found: list[Group] = []
    for kernel in kernels:
        own = {id(value) for value in kernel.outputs}
        read = {id(value) for value in kernel.reads()} - own
        number = max((level[key] + 1 for key in read if key in level), default=0)
        level.update(dict.fromkeys(own, number))
        if number == len(found):
            found.append(Group(False, [], []))
        found[number].kernels.append(kernel)
    return found


def in_place(
    planned: Planned, order: Sequence[Group], carried: Sequence[tuple[int, int]], first: int
) -> dict[int, Value]:
    """Of results that become inputs of the next step, those that can be written over them.

    By the id of a result the input. All other kernels that read the input are in groups before;
    groups before number `first` write nothing over, for the step may still fail.
    """
    place = {
        kernel.number: number
        for number, group in enumerate(order)
        for kernel in (*group.kernels, *group.beside)
    }
    found: dict[int, Value] = {}
    kept = {id(value) for value in planned.outputs}
    for output, source in carried:
        value, home = planned.outputs[output], planned.graph.inputs[source]
        kernel = planned.maker.get(id(value))
        if kernel is None or id(value) in found or id(home) in kept:
            continue
        made_by_item = any(item.output is value for item in kernel.items)
        if (
            place[kernel.number] >= first
            and made_by_item
            and all(_reads_before(other, kernel, home, place) for other in planned.kernels)
        ):
            found[id(value)] = home
    return found


def _reads_before(other: Kernel, writer: Kernel, home: Value, place: dict[int, int]) -> bool:
    """Whether `other` reads `home` never, before `writer` begins, or in it place by place."""
    if all(value is not home for value in other.reads()):
        return True
    if other is not writer:
        return place[other.number] < place[writer.number]
    if other.root is not None and any(value is home for value in other.root.sources):
        return False
    return all(
        view.numbers is None and form_of(home.spec) == writer.form
        for item in other.items
        for view in item.sources
        if view.base is home
    )
