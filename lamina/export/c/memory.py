"""Which stored values share an array: each is free after the last loop that reads it."""

from __future__ import annotations

from typing import NamedTuple

from ...ir.graph import Graph
from ...ir.value import Node, Value
from .places import product
from .plan import Plan
from .types import c_type


class Slots(NamedTuple):
    """Arrays of a block: type and numbers a row; which of them each stored value has."""

    declared: list[tuple[str, int]]
    per_row: int  # bytes of all of them
    numbers: dict[int, int]


def slots(plan: Plan, graph: Graph) -> Slots:
    """Arrays for all stored values but the results, which lie where the caller wants them."""
    own = {id(value) for value in (*graph.inputs, *plan.outputs)}
    loops = [node for node in plan.nodes if id(node.outputs[0]) in plan.stored]
    last: dict[int, int] = {}
    for number, node in enumerate(loops):
        for value in _read(node, plan):
            last[id(value)] = number
    declared: list[tuple[str, int]] = []
    widths: list[int] = []
    numbers: dict[int, int] = {}
    live: set[int] = set()
    free: list[int] = []
    for number, node in enumerate(loops):
        value = node.outputs[0]
        if id(value) not in own:
            kind, size = c_type(value.spec.dtype), product(value.spec.shape)
            slot = _fitting(declared, free, kind, size)
            if slot is None:
                slot = len(declared)
                declared.append((kind, size))
                widths.append(value.spec.dtype.itemsize)
            else:
                free.remove(slot)
                declared[slot] = kind, max(size, declared[slot][1])
            numbers[id(value)] = slot
            live.add(id(value))
        ended = {key for key in live if last.get(key, number) <= number}
        free += sorted(numbers[key] for key in ended)
        live -= ended
    per_row = sum(size * width for (_, size), width in zip(declared, widths, strict=True))
    return Slots(declared, per_row, numbers)


def _fitting(declared: list[tuple[str, int]], free: list[int], kind: str, size: int) -> int | None:
    """The free array of this type that is nearest in size."""
    found = [slot for slot in free if declared[slot][0] == kind]
    return min(found, key=lambda slot: abs(declared[slot][1] - size), default=None)


def _read(node: Node, plan: Plan) -> list[Value]:
    """The stored values that the loop of a node reads, through what is computed in it."""
    found, waiting, seen = [], list(node.inputs), set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen or value.array is not None:
            continue
        seen.add(id(value))
        if id(value) in plan.stored or id(value) not in plan.makers:
            found.append(value)
        else:
            waiting += plan.makers[id(value)].inputs
    return found
