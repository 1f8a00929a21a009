"""Reading and adding at places that are known: slices, which are cheap everywhere."""

from __future__ import annotations

import numpy as np

from ...core.dtypes import Array
from ...ir.value import Node, Spec, Value
from ..rewriter import Rewriter, Rule

_MOST = 64  # runs of neighbouring places

Run = tuple[int, int, bool]
"""Places from a first one to before a last one, and whether they are read backwards."""


def _runs(indices: Array, size: int) -> list[Run] | None:
    """Places as runs; None where one is outside, or where there are many."""
    places = indices.ravel().tolist()
    if not places or min(places) < 0 or max(places) >= size:
        return None
    runs = [[places[0], places[0], 0]]  # the first, the last, the step between
    for place in places[1:]:
        first, last, step = runs[-1]
        ahead = place - last
        if abs(ahead) == 1 and step in (0, ahead):
            runs[-1] = [first, place, ahead]
        else:
            runs.append([place, place, 0])
    if len(runs) > _MOST:
        return None
    return [(min(a, b), max(a, b) + 1, step < 0) for a, b, step in runs]


def _known_runs(indices: Value, size: object) -> list[Run] | None:
    if indices.array is None or not isinstance(size, int):
        return None
    return _runs(indices.array, size)


def _part(rewriter: Rewriter, x: Value, axis: int, run: Run) -> Value:
    """The slices of `x` at a run of places along `axis`."""
    start, stop, backwards = run
    rank = len(x.spec.shape)
    starts = tuple([start if a == axis else 0 for a in range(rank)])
    stops = tuple([stop if a == axis else None for a in range(rank)])
    part = rewriter.add("slice", x, starts=starts, stops=stops, steps=(1,) * rank)
    return rewriter.add("reverse", part, axes=(axis,)) if backwards else part


def _gather(rewriter: Rewriter, node: Node) -> Value | None:
    """At known places: slices one after the other."""
    x, indices = node.inputs
    axis = node.params["axis"]
    runs = _known_runs(indices, x.spec.shape[axis])
    if runs is None:
        return None
    parts = [_part(rewriter, x, axis, run) for run in runs]
    found = rewriter.add("concatenate", *parts, axis=axis)
    return rewriter.add("reshape", found, shape=node.outputs[0].spec.shape)


def _scatter_add(rewriter: Rewriter, node: Node) -> Value | None:
    """At known places: slices with zeros around them, added one after the other."""
    indices, values = node.inputs
    shape, axis = node.params["shape"], node.params["axis"]
    size = shape[axis]
    runs = _known_runs(indices, size)
    if runs is None or values.spec.dtype.kind == "b":
        return None
    rest = (*shape[:axis], indices.array.size, *shape[axis + 1 :])  # type: ignore[union-attr]
    line = rewriter.add("reshape", values, shape=rest)
    total = rewriter.fill(Spec(shape, values.spec.dtype), np.zeros((), values.spec.dtype))
    begin = 0
    for start, stop, backwards in runs:
        part = _part(rewriter, line, axis, (begin, begin + stop - start, backwards))
        begin += stop - start
        low = tuple([start if a == axis else 0 for a in range(len(shape))])
        high = tuple([size - stop if a == axis else 0 for a in range(len(shape))])
        wide = rewriter.add("pad", part, low=low, high=high, inner=(0,) * len(shape))
        total = rewriter.add("add", total, wide)
    return total


RULES: dict[str, tuple[Rule, ...]] = {"gather": (_gather,), "scatter_add": (_scatter_add,)}
