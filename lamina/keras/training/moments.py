"""What the next random numbers depend on, so that a training can go on from there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import CodeType
from typing import Any, NamedTuple, Protocol

import numpy as np

from ...core.dtypes import UINT32, UINT64
from ...data.mapping import ElementFunction, Map
from ...data.node import Node
from ...data.order import Seeds
from ...data.storing import Cached, Prefetched, Saved
from ...ops.random_state import Generator, process_state, restart_process
from ..layers.layer import Layer
from ..random import SeedGenerator

_WORDS = 624  # of the state of NumPy's own generator, the Mersenne Twister
Moment = dict[str, Any]
"""The state of random numbers at one time, as plain data."""


class Stateful(Protocol):
    """A part of a dataset, or of its functions, that remembers something: two numbers say what."""

    def state(self) -> list[int]:
        """What comes next depends on it."""

    def restart(self, first: int, second: int, /) -> None:
        """Go on from a `state`."""


class Drawn(NamedTuple):
    """A generator of random numbers that somebody made."""

    generator: Generator | SeedGenerator

    def state(self) -> list[int]:
        """Key or seed, and the number of the next draw."""
        found: list[int] = np.asarray(self.generator.state).tolist()
        return found

    def restart(self, first: int, second: int) -> None:
        """Go on from a `state`."""
        pair = np.array([first, second], UINT64)
        if isinstance(self.generator, SeedGenerator):
            self.generator.state.assign(pair.astype(UINT32))
        else:
            self.generator.reset(pair)


def now(stateful: Sequence[Stateful] = ()) -> Moment:
    """The state of lamina's random numbers, of those of NumPy and Python, and of `stateful`."""
    return {
        "process": process_state(),
        "numpy": _state_of_numpy(),
        "python": _state_of_python(),
        "stateful": [each.state() for each in stateful],
    }


def go_back(moment: Moment, stateful: Sequence[Stateful] = (), *, others: bool = True) -> None:
    """Let random numbers be those of `moment`; without `others`, lamina's own only."""
    if moment["numpy"] is not None and not 0 <= moment["numpy"][1] <= _WORDS:
        raise ValueError("NumPy's random numbers stand outside of their words")  # it reads anywhere
    restart_process(moment["process"])
    if not others:
        return
    restart(stateful, moment["stateful"])
    if moment["numpy"] is not None:
        words, *rest = moment["numpy"]
        np.random.set_state(("MT19937", words, *rest))  # noqa: NPY002 (what people use)
    if moment["python"] is not None:
        version, numbers, spare = moment["python"]
        import_module("random").setstate((version, tuple(numbers.tolist()), spare))


def restart(stateful: Sequence[Stateful], states: Sequence[Sequence[int]]) -> None:
    """Let `stateful` go on from what `state()` of each gave."""
    for each, (first, second) in zip(stateful, states, strict=False):
        each.restart(first, second)


def have_drawn(moment: Moment) -> bool:
    """Whether somebody has drawn NumPy's or Python's random numbers since."""
    pairs = (_state_of_numpy(), moment["numpy"]), (_state_of_python(), moment["python"])
    known = ((now, then) for now, then in pairs if now is not None and then is not None)
    return not all(np.array_equal(a, b) for state in known for a, b in zip(*state, strict=True))


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


def stateful_in(node: Node) -> list[Stateful]:
    """What a dataset and its functions remember, in an order that its code determines."""
    found = _things_in(node)
    return [thing for thing in found if isinstance(thing, (Seeds, Cached, Saved, Drawn))]


def draws_ahead(node: Node) -> bool:
    """Whether threads of a dataset run ahead of who reads it."""
    things = list(_things_in(node))
    prefetches = any(isinstance(thing, Prefetched) and thing.count for thing in things)
    return prefetches or any(isinstance(thing, Map) and thing.threads > 1 for thing in things)


def caches_of(stateful: Sequence[Stateful]) -> list[Cached | Saved]:
    """What keeps the elements that its first iteration gave."""
    return [each for each in stateful if isinstance(each, (Cached, Saved))]


def are_filled(stateful: Sequence[Stateful]) -> bool:
    """Whether all caches hold their elements."""
    return all(cache.state()[0] for cache in caches_of(stateful))


def _things_in(root: Node) -> Iterator[Any]:
    """Nodes and what else remembers, in nodes, and in what their functions have around them."""
    seen: dict[int, Any] = {}
    queue: list[Any] = [root]
    while queue:
        thing = queue.pop(0)
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing  # alive, so that no other thing gets its number
        if isinstance(thing, (Node, Seeds)):
            yield thing
            queue += vars(thing).values() if isinstance(thing, Node) else ()
        elif isinstance(thing, (Generator, SeedGenerator)):
            yield Drawn(thing)
        elif isinstance(thing, (list, tuple)) and len(thing) <= 1000:
            queue += thing
        elif isinstance(thing, dict) and len(thing) <= 1000:
            queue += thing.values()
        elif hasattr(thing, "__lamina_node__"):
            queue.append(thing.__lamina_node__())
        elif isinstance(thing, ElementFunction):
            queue.append(thing.function)
        elif isinstance(thing, Layer):
            queue += [part for layer in thing._flatten_layers() for part in layer._parts()]
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
    code, names = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    for value in (names[name] for name in _names_in(code) if name in names):
        is_near = getattr(value, "__globals__", None) is names  # a function of the same module
        if is_near or isinstance(value, (Node, Generator, SeedGenerator, Layer)):
            found.append(value)
    bound = getattr(function, "__self__", None)
    return [*found, *([bound] if isinstance(bound, (Node, Seeds)) else [])]


def _names_in(code: CodeType | None) -> list[str]:
    """The names of globals and attributes in a function's code, functions in it included."""
    if code is None:
        return []
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return [*code.co_names, *(name for part in inner for name in _names_in(part))]
