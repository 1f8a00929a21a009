"""Which elements there are, and in which order: shuffle, repeat, take, zip, concatenate …"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

import numpy as np

from ..core import nest
from ..core.errors import InvalidArgumentError
from ..tensor.spec import TensorSpec
from .node import Node
from .order import Seeds, slots
from .rows import INFINITE, UNKNOWN, Rows, less, smaller, times, whole
from .structure import common_spec, rebuild

Choices = Callable[[], Iterator[int]]


class Chosen(Node):
    """Elements of another node, unchanged."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node

    @property
    def spec(self) -> Any:
        return self.node.spec

    def length(self) -> int:
        return self.node.length()


class Take(Chosen):
    """The first `count` elements; all for -1."""

    def __init__(self, node: Node, count: int) -> None:
        super().__init__(node)
        self.count = count

    def length(self) -> int:
        return self.node.length() if self.count < 0 else smaller(self.node.length(), self.count)

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.take(self.count)

    def produce(self) -> Iterator[Any]:
        return islice(self.node.elements(), None if self.count < 0 else self.count)


class Skip(Chosen):
    """All but the first `count` elements; none for -1."""

    def __init__(self, node: Node, count: int) -> None:
        super().__init__(node)
        self.count = count

    def length(self) -> int:
        return 0 if self.count < 0 else less(self.node.length(), self.count)

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.skip(self.count)

    def produce(self) -> Iterator[Any]:
        return iter(()) if self.count < 0 else islice(self.node.elements(), self.count, None)


class Shard(Chosen):
    """Every `count`-th element from number `index` on."""

    def __init__(self, node: Node, count: int, index: int) -> None:
        super().__init__(node)
        if count < 1 or not 0 <= index < count:
            raise InvalidArgumentError(
                f"shard expects num_shards > 0 and an index from 0 to num_shards - 1; got "
                f"{count} and {index}"
            )
        self.count, self.index = count, index

    def length(self) -> int:
        length = self.node.length()
        return length if length < 0 else max(0, -(-(length - self.index) // self.count))

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.shard(self.count, self.index)

    def produce(self) -> Iterator[Any]:
        return islice(self.node.elements(), self.index, None, self.count)


class Repeat(Chosen):
    """The elements `count` times over; for ever for -1."""

    def __init__(self, node: Node, count: int) -> None:
        super().__init__(node)
        self.count = count

    def length(self) -> int:
        return times(self.node.length(), self.count)

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.repeat(self.count)

    def produce(self) -> Iterator[Any]:
        done = 0
        while done != self.count:
            empty = True
            for element in self.node.elements():
                empty = False
                yield element
            if empty:
                return
            done += 1


class Shuffle(Chosen):
    """Elements that pass through a buffer, from which each leaves at random."""

    def __init__(self, node: Node, size: int, seed: int | None, anew: bool) -> None:
        super().__init__(node)
        if size < 1:
            raise InvalidArgumentError(f"buffer_size is a positive integer; got {size}")
        self.size, self.anew = size, anew
        self.seeds = Seeds(seed, anew)

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return None if rows is None else rows.shuffle(self.size, self.seeds.next, self.anew)

    def produce(self) -> Iterator[Any]:
        seed, draw = self.seeds.next(), 0
        elements = self.node.elements()
        held = list(islice(elements, self.size))
        while block := list(islice(elements, 256)):
            draw += 1
            for place, element in zip(slots(seed, draw, len(block), self.size), block, strict=True):
                yield held[place]
                held[place] = element
        while held:
            draw += 1
            place = int(slots(seed, draw, 1, len(held))[0])
            held[place], held[-1] = held[-1], held[place]
            yield held.pop()


class Concatenated(Node):
    """The elements of one dataset, then those of another."""

    def __init__(self, first: Node, second: Node) -> None:
        super().__init__(common_spec(first.spec, second.spec, "concatenate"))
        self.first, self.second = first, second
        self._joined: Rows | None = None

    def length(self) -> int:
        lengths = self.first.length(), self.second.length()
        if INFINITE in lengths:
            return INFINITE
        return UNKNOWN if UNKNOWN in lengths else sum(lengths)

    def rows(self) -> Rows | None:
        if self._joined is None:
            first, second = self.first.rows(), self.second.rows()
            if first is None or second is None or not (first.is_whole and second.is_whole):
                return None
            if self.first.spec != self.second.spec:  # other sizes, which no one array can have
                return None
            source = nest.map_structure(
                lambda *parts: np.concatenate(parts), first.source, second.source
            )
            self._joined = whole(source, first.length + second.length)
        return self._joined

    def produce(self) -> Iterator[Any]:
        return chain(self.first.elements(), self.second.elements())


class Zipped(Node):
    """Elements of several datasets side by side, up to the end of the shortest."""

    def __init__(self, nodes: Any) -> None:
        self.structure = nodes
        self.nodes: list[Node] = nest.flatten(nodes)
        super().__init__()

    @property
    def spec(self) -> Any:
        return self._combined([node.spec for node in self.nodes])

    def length(self) -> int:
        lengths = [node.length() for node in self.nodes]
        if UNKNOWN in lengths:
            return UNKNOWN
        return min((length for length in lengths if length >= 0), default=INFINITE)

    def rows(self) -> Rows | None:
        found = [node.rows() for node in self.nodes]
        parts = [rows for rows in found if rows is not None and rows.is_whole]
        if len(parts) < len(found):
            return None
        count = min(rows.length for rows in parts)
        sources = [nest.map_structure(lambda leaf: leaf[:count], rows.source) for rows in parts]
        return whole(self._combined(sources), count)

    def produce(self) -> Iterator[Any]:
        for elements in zip(*(node.elements() for node in self.nodes), strict=False):
            yield self._combined(elements)

    def _combined(self, parts: Any) -> Any:
        iterator = iter(parts)

        def fill(structure: Any) -> Any:
            if isinstance(structure, dict):
                filled = {key: fill(structure[key]) for key in nest.sorted_keys(structure)}
                return {key: filled[key] for key in structure}
            if isinstance(structure, tuple):
                return rebuild(structure, [fill(item) for item in structure])
            return next(iterator)

        return fill(self.structure)


class Numbered(Node):
    """(number, element)."""

    def __init__(self, node: Node, start: int) -> None:
        super().__init__()
        self.node, self.start = node, start

    @property
    def spec(self) -> Any:
        return TensorSpec((), "int64"), self.node.spec

    def length(self) -> int:
        return self.node.length()

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        if rows is None or not rows.is_whole:
            return None
        numbers = np.arange(self.start, self.start + rows.length, dtype=np.int64)
        return whole((numbers, rows.source), rows.length)

    def produce(self) -> Iterator[Any]:
        for number, element in enumerate(self.node.elements(), self.start):
            yield np.array(number, np.int64), element


class Unique(Chosen):
    """Each element the first time only."""

    def length(self) -> int:
        return self.node.length() if self.node.length() == 0 else UNKNOWN

    def produce(self) -> Iterator[Any]:
        seen = set()
        for element in self.node.elements():
            key = tuple((leaf.shape, _bytes(leaf)) for leaf in nest.flatten(element))
            if key not in seen:
                seen.add(key)
                yield element


def _bytes(array: Any) -> Any:
    return array.tobytes() if array.dtype.kind in "fiub" else tuple(array.ravel().tolist())


class Selected(Node):
    """Elements of several datasets, which of them next by a function that gives numbers."""

    def __init__(self, nodes: list[Node], choices: Choices, stop_on_empty: bool) -> None:
        spec = nodes[0].spec
        for node in nodes[1:]:
            spec = common_spec(spec, node.spec, "choosing from datasets")
        super().__init__(spec)
        self.nodes, self.choices, self.stop = nodes, choices, stop_on_empty

    def produce(self) -> Iterator[Any]:
        iterators: dict[int, Iterator[Any]] = {
            n: node.elements() for n, node in enumerate(self.nodes)
        }
        ended: set[int] = set()
        for number in self.choices():
            if number in ended:
                continue
            if number not in iterators:
                raise InvalidArgumentError(
                    f"a choice is a number from 0 to {len(self.nodes) - 1}; got {number}"
                )
            try:
                element = next(iterators[number])
            except StopIteration:
                ended.add(number)
                if self.stop or len(ended) == len(self.nodes):
                    return
                continue
            yield element


def sampled(weights: Any, nodes: list[Node], seeds: Seeds) -> tuple[list[Node], Choices]:
    """The nodes that can be drawn, and numbers of them drawn by their weights."""
    count = len(nodes)
    shares = np.full(count, 1 / count) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (count,) or (shares < 0).any() or not shares.sum() > 0:
        raise InvalidArgumentError(
            f"weights are {count} numbers that are not negative, one for each dataset; got "
            f"{weights!r:.80}"
        )
    drawn = np.flatnonzero(shares)
    bounds = np.cumsum(shares[drawn] / shares.sum()) * 2**32

    def choices() -> Iterator[int]:
        seed, draw = seeds.next(), 0
        while True:
            draw += 1
            places = np.searchsorted(bounds, slots(seed, draw, 256, 2**32), "right")
            yield from np.minimum(places, len(drawn) - 1).tolist()

    return [nodes[number] for number in drawn], choices


class Checked(Chosen):
    """Elements of another node, with a promise of how many there are, or of their type."""

    def __init__(self, node: Node, length: int) -> None:
        super().__init__(node)
        self.promised = length

    def length(self) -> int:
        return self.promised

    def rows(self) -> Rows | None:
        rows = self.node.rows()
        return rows if rows is not None and rows.length == self.promised else None

    def produce(self) -> Iterator[Any]:
        seen = 0
        for element in self.node.elements():
            seen += 1
            if seen > self.promised >= 0:
                break
            yield element
        if self.promised >= 0 and seen != self.promised:
            raise InvalidArgumentError(
                f"{self.promised} elements were promised (assert_cardinality); there are "
                f"{'more' if seen > self.promised else seen}"
            )
        if self.promised == INFINITE:
            raise InvalidArgumentError(f"endless elements were promised; there are {seen}")
