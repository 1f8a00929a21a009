"""A scan as a loop of the program, for traced functions in which many steps would be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import nest
from ...core.dtypes import INT32
from ...ir.bind import new_value
from ...ops import control_flow
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill, fill_like, iota, reshape
from ...prims.index import gather
from .promotion import tensor


def scan_in_loop(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any, count: int, reverse: bool
) -> tuple[Any, Any]:
    """The last state of `count` steps `state, y = f(state, row)`, and all y stacked.

    The first step says what y is; it stands before the loop.
    """

    def row(place: Any) -> Any:
        return nest.map_structure(lambda leaf: gather(tensor(leaf), place, 0), xs)

    def step(number: Any, state: Any) -> tuple[Any, Any, list[Any]]:
        place = prim.subtract(fill_like(number, count - 1), number) if reverse else number
        state, y = f(state, None if xs is None else row(place))
        leaves = [tensor(leaf) for leaf in nest.flatten(y) if leaf is not None]
        return nest.map_structure(tensor, state), y, [_at(leaf, place, count) for leaf in leaves]

    def turn(number: Any, state: Any, found: Any) -> Any:
        state, _, lines = step(number, state)
        together = [prim.add(old, new) for old, new in zip(found, lines, strict=True)]
        return prim.add(number, fill_like(number, 1)), state, together

    state, y, found = step(new_value(np.array(0, INT32)), init)
    _, state, found = control_flow.while_loop(
        lambda number, state, found: prim.less(number, fill_like(number, count)),
        turn,
        (new_value(np.array(1, INT32)), state, found),
    )
    rest = iter(found)
    return state, nest.map_structure(lambda leaf: None if leaf is None else next(rest), y)


def _at(leaf: Any, place: Any, count: int) -> Any:
    """Zeros for `count` results, with one of them in its place."""
    shape = (count, *leaf.spec.shape)
    hit = prim.equal(iota((count,), 0, INT32), broadcast(place, (count,)))
    own = broadcast(reshape(hit, (count, *(1 for _ in leaf.spec.shape))), shape)
    return prim.select(own, broadcast(leaf, shape), fill(shape, 0, leaf.spec.dtype))
