"""Chains of operations that only choose and order rows: the arrays stay, indices move.

`Rows` is what such a chain means: arrays, segments of row numbers, and the size of batches. Fit
gives the arrays to native code whole; iteration gathers batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ..core import nest
from ..core.dtypes import INT64, Array
from .order import Segment, buffered

INFINITE, UNKNOWN = -1, -2
_MOST_BYTES = 1 << 29  # of arrays that functions are applied to as a whole
_BLOCK = 1024  # rows that are gathered at once where they are handed out one by one

Segments = Iterator[Segment]


class Rows(NamedTuple):
    """Rows of `source` (a structure of arrays), taken in the order of `segments()`.

    With `size`, elements are batches, and each segment is cut into batches by itself. `length`
    counts elements (or is INFINITE, UNKNOWN); `fixed`: each iteration has the same order.
    `transform` is a function of rows, each by itself, that is applied to what is taken; `reads()`
    are the values of the variables that it reads.
    """

    source: Any
    segments: Callable[[], Segments]
    length: int
    size: int | None = None
    fixed: bool = True
    transform: Callable[[Any], Any] | None = None
    reads: Callable[[], tuple[Array, ...]] = tuple

    @property
    def is_whole(self) -> bool:
        """Whether the elements are the rows of the arrays as they lie."""
        return self.size is None and isinstance(self.segments, _Whole) and self.transform is None

    def map(
        self, function: Callable[[Any], Any], reads: Callable[[], tuple[Array, ...]] = tuple
    ) -> Rows:
        """What `function` makes of the rows: it works on each by itself, many at once."""
        before, before_reads = self.transform, self.reads
        if before is None:
            return self._replace(transform=function, reads=reads)
        return self._replace(
            transform=lambda rows: function(before(rows)),
            reads=lambda: (*before_reads(), *reads()),
        )

    def applied(self) -> Rows | None:
        """The same with functions applied to all rows; None where that takes much memory."""
        if self.transform is None:
            return self
        if sum(leaf.nbytes for leaf in nest.flatten(self.source)) > _MOST_BYTES:
            return None
        found = nest.map_structure(np.ascontiguousarray, self.transform(self.source))
        return self._replace(source=found, transform=None, reads=tuple)

    # From rows to rows --------------------------------------------------------------------------

    def take(self, count: int) -> Rows:
        """The first `count` elements; all of them for -1."""
        length = self.length if count < 0 else smaller(self.length, count)
        if count < 0:
            return self

        def segments() -> Segments:
            left = count
            if left:
                for segment in self.segments():
                    part = segment[: left * (self.size or 1)]
                    left -= self._elements(part)
                    yield part
                    if not left:
                        return

        return self._replace(segments=segments, length=length)

    def skip(self, count: int) -> Rows:
        """All but the first `count` elements; none for -1."""

        def segments() -> Segments:
            if count < 0:
                return
            left = count
            for segment in self.segments():
                start = min(left, self._elements(segment))
                left -= start
                yield segment[start * (self.size or 1) :]

        length = 0 if count < 0 else less(self.length, count)
        return self._replace(segments=segments, length=length)

    def shard(self, count: int, index: int) -> Rows:
        """Every `count`-th element from number `index` on."""

        def segments() -> Segments:
            start, size = index, self.size or 1
            for segment in self.segments():
                elements = self._elements(segment)
                if self.size is None:
                    yield segment[start::count]
                else:
                    for number in range(start, elements, count):
                        yield segment[number * size : (number + 1) * size]
                start = (start - elements) % count

        length = self.length
        if length >= 0:
            length = max(0, -(-(length - index) // count))
        return self._replace(segments=segments, length=length)

    def repeat(self, count: int) -> Rows:
        """The elements `count` times over; for ever for -1."""

        def segments() -> Segments:
            done = 0
            while done != count:
                empty = True
                for segment in self.segments():
                    empty = empty and not len(segment)
                    yield segment
                if empty:
                    return
                done += 1

        return self._replace(segments=segments, length=times(self.length, count))

    def shuffle(self, size: int, next_seed: Callable[[], int], anew: bool) -> Rows:
        """Elements that pass through a buffer of `size`; see `buffered`."""
        if self.size is None:

            def segments() -> Segments:
                return buffered(self.segments(), size, next_seed())
        else:

            def segments() -> Segments:
                batches: dict[int, Segment] = {}

                def numbers() -> Segments:
                    for number, batch in enumerate(self._batches()):
                        batches[number] = batch
                        yield range(number, number + 1)

                for chosen in buffered(numbers(), size, next_seed()):
                    for number in chosen:
                        yield batches.pop(int(number))

        return self._replace(segments=segments, fixed=self.fixed and not anew)

    def batch(self, size: int, drop_remainder: bool) -> Rows | None:
        """Batches of rows across segments; None where the elements are batches already."""
        if self.size is not None:
            return None

        def segments() -> Segments:
            kept: list[Segment] = []
            count = 0
            for segment in self.segments():
                count += len(segment)
                kept.append(segment)
                if count >= size:
                    joined = _joined(kept)
                    cut = count - count % size
                    yield joined[:cut]
                    kept, count = [joined[cut:]], count - cut
            if count and not drop_remainder:
                yield _joined(kept)

        length = self.length
        if length >= 0:
            length = length // size if drop_remainder else -(-length // size)
        return self._replace(segments=segments, length=length, size=size)

    def unbatch(self) -> Rows | None:
        """The rows of the batches."""
        if self.size is None:
            return None
        length = UNKNOWN if self.length >= 0 else self.length
        return self._replace(size=None, length=length)

    def remembered(self, memory: list[Segment]) -> Rows:
        """The same order in each iteration: that of the first that came to its end."""
        if self.fixed:
            return self

        def segments() -> Segments:
            if memory:
                yield from memory
                return
            seen = []
            for segment in self.segments():
                seen.append(segment)
                yield segment
            memory[:] = seen

        return self._replace(segments=segments, fixed=True)

    # Elements -----------------------------------------------------------------------------------

    def elements(self) -> Iterator[Any]:
        """The elements as arrays."""
        if self.size is not None:
            yield from map(self.gather, self._batches())
            return
        for segment in self.segments():
            for start in range(0, len(segment), _BLOCK):
                block = self.gather(segment[start : start + _BLOCK])
                yield from rows_of(block)

    def gather(self, rows: Segment) -> Any:
        """Some rows of the arrays."""
        if type(self.source) is np.ndarray:
            found: Any = _taken(self.source, rows)
        else:
            found = nest.map_structure(lambda array: _taken(array, rows), self.source)
        return found if self.transform is None else self.transform(found)

    def _batches(self) -> Segments:
        size = self.size or 1
        for segment in self.segments():
            for start in range(0, len(segment), size):
                yield segment[start : start + size]

    def _elements(self, segment: Segment) -> int:
        return -(-len(segment) // (self.size or 1))


class _Whole:
    """All rows once, as they lie."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self) -> Segments:
        yield range(self.count)


def whole(source: Any, count: int) -> Rows:
    """All rows of arrays."""
    return Rows(source, _Whole(count), count)


def rows_of(block: Any) -> Iterator[Any]:
    """The rows of a structure of arrays, one by one."""
    if isinstance(block, np.ndarray):
        return (block[i, ...] for i in range(len(block)))
    leaves = nest.flatten(block)
    if type(block) is tuple and len(leaves) == len(block):
        return (tuple([leaf[i, ...] for leaf in leaves]) for i in range(len(leaves[0])))
    return (
        nest.pack_sequence_as(block, [leaf[i, ...] for leaf in leaves])
        for i in range(len(leaves[0]))
    )


def _taken(array: Array, rows: Segment) -> Array:
    if isinstance(rows, range):
        if not rows:
            return array[:0]
        return array[rows.start : rows.stop : rows.step]  # ranges of rows go upwards
    if array.flags.c_contiguous:
        return array.take(rows, axis=0)
    return array[rows]  # `take` would copy all of it first


def _joined(segments: list[Segment]) -> Segment:
    segments = [segment for segment in segments if len(segment)]
    if not segments:
        return range(0)
    if len(segments) == 1:
        return segments[0]
    return np.concatenate([np.asarray(segment, INT64) for segment in segments])


def merged(rows: Rows, most: int) -> Iterator[Segment]:
    """The segments of batches, joined to longer ones of up to about `most` rows.

    A segment whose last batch is short ends what it is joined to.
    """
    assert rows.size is not None
    kept: list[Segment] = []
    count = 0
    for segment in chain(rows.segments(), [None]):
        if segment is not None and not len(segment):
            continue
        if kept and (segment is None or count % rows.size or count + len(segment) > most):
            yield _joined(kept)
            kept, count = [], 0
        if segment is not None:
            kept.append(segment)
            count += len(segment)


# Numbers of elements ----------------------------------------------------------------------------


def smaller(length: int, count: int) -> int:
    """The smaller of two lengths, of which the first may be INFINITE or UNKNOWN."""
    if length == INFINITE:
        return count
    return length if length < 0 or count < 0 else min(length, count)


def less(length: int, count: int) -> int:
    """`length` without `count` elements."""
    return length if length < 0 else max(0, length - count)


def times(length: int, count: int) -> int:
    """`length` elements `count` times over."""
    if length == 0 or count == 0:
        return 0
    if count < 0:
        return INFINITE
    return length if length < 0 else length * count
