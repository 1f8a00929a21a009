"""Orders of rows from random bits, which depend on a seed alone, not on the machine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..backends.base import shuffled_order
from ..core.dtypes import INT64, UINT64, Array
from ..ir.graph import eagerly
from ..ops import random
from ..ops.generator import bits, derive_key
from ..tensor.convert import to_tensor

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_CHUNK = 1 << 16

Segment = range | Array
"""Some rows in their order: a range where they lie so, else int64 indices."""


def draw_seed() -> int:
    """A seed of the global generator's making: tf.random.set_seed makes it repeatable."""
    with eagerly():  # a seed is a plain number, also where a function is being traced
        return int(random.uniform((), 1, 2**31 - 1, dtype="int32").numpy())


def shuffled(rows: int, seed: int | None = None) -> Array:
    """A random permutation of `rows` indices, by default from the global generator.

    Rows are sorted by random bits; rows with equal bits stay in order.
    """
    seed = draw_seed() if seed is None else seed
    native = shuffled_order(rows, seed)
    return stable_order(_words(seed, 0, rows)) if native is None else native


def stable_order(words: Array) -> Array:
    """np.argsort(words, kind="stable") of up to 2^32 words (uint32): plain sorting is faster.

    Word and index are the halves of one number, so no two numbers are equal.
    """
    pairs = words.astype(UINT64) << _HALF
    pairs |= np.arange(len(words), dtype=UINT64)
    pairs.sort()
    pairs &= _LOW
    return pairs.view(INT64)


def _words(seed: int, draw: int, count: int) -> Array:
    """`count` random words (uint32)."""
    key, number = to_tensor(np.array(seed, UINT64)), to_tensor(np.array(draw, UINT64))
    return np.asarray(bits(key, number, (count,)))


def slots(seed: int, draw: int, count: int, size: int) -> Array:
    """`count` random indices below `size`."""
    return (_words(seed, draw, count).astype(UINT64) * np.uint64(size) >> _HALF).astype(INT64)


class Seeds:
    """The seeds of one operation that draws anew in each iteration, or the same each time."""

    def __init__(self, seed: int | None, anew: bool) -> None:
        self._base = draw_seed() if seed is None else int(seed) % 2**63
        self._anew = anew
        self._count = 0

    def next(self) -> int:
        """The seed of one iteration, below 2^32."""
        number = self._count
        self._count += self._anew
        return derive_key(self._base, number) >> 32

    def state(self) -> list[int]:
        """What the next seeds depend on."""
        return [self._base, self._count]

    def restart(self, base: int, count: int) -> None:
        """Go on from a `state`."""
        self._base, self._count = base, count


def buffered(segments: Iterator[Segment], size: int, seed: int) -> Iterator[Segment]:
    """Rows that pass through a buffer of `size` rows: each leaves from a random place in it.

    A whole chunk at once: a row leaves from the place that the last row before it with the same
    draw left, so it is the one that came in then, or the one that was there from the start.
    """
    held, draw = np.empty(0, INT64), 1
    for segment in segments:
        for start in range(0, len(segment), _CHUNK):
            rows = np.asarray(segment[start : start + _CHUNK], INT64)
            missing = size - len(held)
            if missing > 0:
                held, rows = np.concatenate([held, rows[:missing]]), rows[missing:]
            if len(rows):
                places = slots(seed, draw, len(rows), size)
                draw += 1
                yield _exchange(held, rows, places)
    if len(held):
        yield held[shuffled(len(held), seed)]


def _exchange(held: Array, rows: Array, places: Array) -> Array:
    """What leaves `held` when `rows` come to `places` one after the other; `held` is changed."""
    order = stable_order(places.astype(np.uint32))
    sorted_places = places[order]
    follows = np.empty(len(rows), bool)
    follows[0] = False
    np.equal(sorted_places[1:], sorted_places[:-1], out=follows[1:])
    leaving = np.empty_like(rows)
    first, later = order[~follows], order[follows]
    leaving[first] = held[places[first]]
    leaving[later] = rows[order[np.flatnonzero(follows) - 1]]
    last = np.append(~follows[1:], True)
    held[sorted_places[last]] = rows[order[last]]
    return leaving
