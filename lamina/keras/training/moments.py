"""What the next random numbers depend on, so that a training can go on from there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ...core.dtypes import UINT32
from ...data.node import Node
from ...data.order import Seeds
from ...data.storing import Cached
from ...ops.random_state import process_state, restart_process

Moment = dict[str, Any]
"""The state of random numbers at one time, as plain data."""


def now(seeds: Sequence[Seeds] = ()) -> Moment:
    """The state of lamina's random numbers, and of those of NumPy and Python."""
    return {
        "process": process_state(),
        "numpy": _state_of_numpy(),
        "python": _state_of_python(),
        "seeds": [seed.state() for seed in seeds],
    }


def go_back(moment: Moment, seeds: Sequence[Seeds] = (), *, others: bool = True) -> None:
    """Let random numbers be those of `moment`; without `others`, lamina's own only."""
    restart_process(moment["process"])
    if not others:
        return
    for seed, state in zip(seeds, moment["seeds"], strict=False):
        seed.restart(*state)
    if moment["numpy"] is not None:
        words, *rest = moment["numpy"]
        np.random.set_state(("MT19937", words, *rest))  # noqa: NPY002 (what people use)
    if moment["python"] is not None:
        version, numbers, spare = moment["python"]
        import_module("random").setstate((version, tuple(numbers.tolist()), spare))


def _state_of_numpy() -> list[Any] | None:
    """That of `np.random`'s own functions; None for another generator than its default one."""
    if "numpy.random" not in sys.modules:
        return None
    name, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 (what people use)
    return rest if name == "MT19937" else None


def _state_of_python() -> list[Any] | None:
    """That of the module `random`, where somebody has imported it."""
    module = sys.modules.get("random")
    if module is None:
        return None
    version, numbers, spare = module.getstate()
    return [version, np.array(numbers, UINT32), spare]


def state_of(holder: Any) -> Any:
    """What `get_state()` of a callback or of data gives; None where there is no such method."""
    found = getattr(holder, "get_state", None)
    return None if found is None or not hasattr(holder, "set_state") else found()


def seeds_in(node: Node) -> list[Seeds]:
    """Where the operations of a dataset draw from, in an order that its code determines."""
    return [thing for thing in _things_in(node) if isinstance(thing, Seeds)]


def has_cache(node: Node) -> bool:
    """Whether a dataset keeps what its first iteration gave."""
    return any(isinstance(thing, Cached) for thing in _things_in(node))


def _things_in(root: Node) -> Iterator[Any]:
    """Nodes and seeds in the attributes of nodes, and in what their functions have around them."""
    seen: set[int] = set()
    queue: list[Any] = [root]
    while queue:
        thing = queue.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, (Node, Seeds)):
            yield thing
            queue += vars(thing).values() if isinstance(thing, Node) else ()
        elif isinstance(thing, (list, tuple)) and len(thing) <= 1000:
            queue += thing
        elif isinstance(thing, dict) and len(thing) <= 1000:
            queue += thing.values()
        elif hasattr(thing, "__lamina_node__"):
            queue.append(thing.__lamina_node__())
        elif callable(thing):
            queue += _around(thing)


def _around(function: Any) -> list[Any]:
    """The values of the variables that a function uses of the code around it."""
    found = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    bound = getattr(function, "__self__", None)
    return [*found, *([bound] if isinstance(bound, (Node, Seeds)) else [])]
