"""When each operation can run: stages between which the whole batch must have been seen.

Even stages work row by row, odd ones on values without a batch: stage 0 is forward and backward,
stage 1 sums over the batch and updates. Batch statistics add stages. Stage -1 needs no batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...ir.value import Node, Value
from .elementwise import ELEMENTWISE
from .layout import form_of


def stages(nodes: Sequence[Node], inputs: Iterable[Value]) -> dict[int, int]:
    """The stage of every value by its id, nodes as early as they can run, some later.

    An operation element by element on many elements that a later stage alone needs moves there,
    so that it joins the loop that reads it.
    """
    found = {id(value): 0 if form_of(value.spec).batch else -1 for value in inputs}
    for node in nodes:
        read = () if node.primitive.name == "dimension" else node.inputs  # counts rows, reads none
        before = max((found[id(v)] for v in read if v.array is None), default=-1)
        for value in node.outputs:
            is_batch = form_of(value.spec).batch
            parity = 0 if is_batch else 1
            stage = max(before, 0) if is_batch else before
            found[id(value)] = stage if stage % 2 == parity else stage + 1
    _sink(nodes, found)
    return found


def _sink(nodes: Sequence[Node], found: dict[int, int]) -> None:
    earliest_use: dict[int, int] = {}
    for node in reversed(nodes):
        value = node.outputs[0]
        use = earliest_use.get(id(value))
        form = form_of(value.spec)
        movable = node.primitive.name in ELEMENTWISE and not form.batch and form.size > 1
        if movable and found[id(value)] == -1 and use is not None and use > 0:
            found[id(value)] = use if use % 2 else use - 1
        stage = found[id(value)]
        for source in node.inputs:
            earliest_use[id(source)] = min(stage, earliest_use.get(id(source), stage))
