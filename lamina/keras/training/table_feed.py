"""Tables that are larger than memory: read piece by piece, by a thread, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import count
from typing import Any

import numpy as np

from ...core.config import config
from ...core.errors import InvalidArgumentError
from ...data.background import Background
from ...data.frames import Frame
from ...data.order import draw_seed, shuffled
from ...data.table_files import MOST
from ...data.tables import OPEN, Stored
from ...ops.generator import derive_key
from .data import Batches, joined
from .feed import within_batches
from .pieces import Feed, Piece, tell_of_the_end

_SHARE = 8  # of `config.table_memory` that one piece takes; four are there at most


def _room() -> int:
    """The bytes of a piece."""
    return max(1, int(config.table_memory) // _SHARE)


class TableStream:
    """A stored table, and how its rows become inputs, targets and weights."""

    def __init__(
        self, table: Stored, names: tuple[str, ...], convert: Callable[[Frame], tuple[Any, ...]]
    ) -> None:
        self.table, self.names, self.convert = table, names, convert

    def __lamina_feed__(
        self, batch_size: int | None, shuffle: Any, class_weight: Any, steps: int | None
    ) -> Feed:
        """What `fit`, `evaluate` and `predict` read."""
        return TableFeed(self, batch_size, shuffle, class_weight, steps)

    def split(self, share: float) -> tuple[TableStream, TableStream]:
        """The leading rows, and the last `share` of them."""
        table = self.table.counted()
        rows = table.rows() or 0
        cut = int(np.floor(rows * (1 - share)))
        if not 0 < share < 1 or cut in (0, rows):
            raise InvalidArgumentError(
                f"validation_split={share} of {rows} rows leaves one part empty; it is a share "
                "between 0 and 1"
            )
        parts = table.cut(0, cut), table.cut(cut, rows)
        first, last = (TableStream(part, self.names, self.convert) for part in parts)
        return first, last

    def batches(self, frame: Frame, batch_size: int | None) -> Batches:
        """Rows of the table as arrays."""
        x, y, sample_weight = self.convert(frame)
        return Batches(x, y, sample_weight, batch_size)

    def frames(self, seed: int | None = None) -> Iterator[Frame]:
        """The rows of the table, so few at a time that several parts meet in a piece."""
        size = _room() // (8 * len(self.names) * 2 * OPEN)
        return self.table.frames(self.names, max(1, min(size, MOST)), seed)


class TableFeed(Feed):
    """The rows of a stored table, in pieces of a share of `config.table_memory`.

    Where rows are shuffled, parts (row groups, files) come in random order, several take turns, and
    the rows of a piece are shuffled.
    """

    def __init__(
        self,
        stream: TableStream,
        batch_size: int | None,
        shuffle: Any,
        class_weight: Any,
        steps: int | None,
    ) -> None:
        self._stream, self._shuffle, self._class_weight = stream, shuffle, class_weight
        self.kind = "a shuffled table" if shuffle else "a table in order"
        rows = stream.table.rows()
        if batch_size is None and steps is not None and rows is not None:
            batch_size = -(-rows // steps)
        self._sample = self._first(batch_size)
        self._size = self._sample.batch_size
        self.limit = steps
        self._running: Generator[Piece, None, None] | None = None  # a pass over the table
        self._seed = self._taken = 0  # of that pass: what its order depends on, batches taken
        self._kept: Piece | None = None
        self.steps = steps or (None if rows is None else -(-rows // self._size))

    def _first(self, batch_size: int | None) -> Batches:
        frame = next(self._stream.frames(), None)
        if frame is None:
            raise InvalidArgumentError(f"{self._stream.table.where} has no rows")
        return self._stream.batches(frame, batch_size)

    def sample(self) -> Batches:
        return self._sample

    def describe(self, *, batches: bool) -> dict[str, Any]:
        return {**super().describe(batches=batches), "rows": self._stream.table.rows()}

    def restart(self) -> None:
        if self._running is not None:
            self._running.close()
        self._running = self._kept = None

    def position(self) -> dict[str, Any]:
        running = self._running is not None
        return {"seed": self._seed if running else None, "taken": self._taken if running else 0}

    def go_to(self, position: dict[str, Any]) -> None:
        self.restart()
        if position["seed"] is None:
            return
        self._begin(position["seed"])
        while self._taken < position["taken"]:
            if self._take(position["taken"] - self._taken) is None:
                raise InvalidArgumentError(
                    f"{self._stream.table.where} has fewer rows than when the training was "
                    "interrupted; to go on, fit needs the same data"
                )

    def epoch(self) -> Generator[Piece, None, None]:
        if self.limit is None:
            yield from self._whole()
            return
        left = self.limit
        while left:
            if self._running is None:
                self._begin()
            piece = self._take(left)
            if piece is None and left == self.limit:  # the next pass over the table
                self._begin()
                piece = self._take(left)
            if piece is None:
                tell_of_the_end()
                return
            left -= piece.steps
            yield piece

    def _whole(self) -> Generator[Piece, None, None]:
        """One pass, from its begin to its end."""
        steps = 0
        self._begin()
        try:
            while (piece := self._take(None)) is not None:
                steps += piece.steps
                yield piece
        finally:
            self.restart()  # the thread ends, also where training did
        self.steps = steps

    def _begin(self, seed: int | None = None) -> None:
        """Begin a pass over the table."""
        if seed is None:
            seed = draw_seed() if self._shuffle else 0
        self._seed, self._taken, self._kept = seed, 0, None
        self._running = self._pieces(seed)

    def _take(self, most: int | None) -> Piece | None:
        """The next batches of the pass, up to `most`; None at its end."""
        assert self._running is not None
        piece = self._kept or next(self._running, None)
        self._kept = None
        if piece is None:
            self._running = None
            return None
        if most is not None:
            piece, self._kept = _cut(piece, most)
        self._taken += piece.steps
        return piece

    def _pieces(self, seed: int) -> Generator[Piece, None, None]:
        """One pass over the table: a thread makes the next piece while one is worked on."""
        background = Background(lambda: self._made(seed), 1)
        try:
            while taken := background.take():
                yield taken.pop()
        finally:
            background.close()

    def _made(self, seed: int) -> Iterator[Piece]:
        """Pieces, whose orders are the seed's: that of parts, then those of rows."""
        seeds = (derive_key(seed, number) >> 32 for number in count())
        random = self._shuffle and self._shuffle != "batch"
        first = next(seeds)
        kept: list[Batches] = []
        rows = taken = 0
        for frame in self._stream.frames(first if random else None):
            batches = self._stream.batches(frame, self._size)
            kept.append(batches)
            rows += batches.rows
            taken += sum(array.nbytes for array in batches.arrays())
            if taken < _room() or rows < self._size:
                continue
            whole, kept = joined(kept), []
            cut = rows - rows % self._size
            if cut < rows:
                rest = whole.part(slice(cut, rows))
                rest.own()  # a view would keep all of it in memory
                kept.append(rest)
            yield self._piece(whole.part(slice(0, cut)), next(seeds))
            del whole, batches, frame
            rows, taken = rows - cut, 0
        if kept:
            yield self._piece(joined(kept), next(seeds))

    def _piece(self, batches: Batches, seed: int) -> Piece:
        batches.weigh_classes(self._class_weight, some=True)
        if not self._shuffle:
            return Piece(batches, None)
        if self._shuffle == "batch":
            return Piece(batches, within_batches(batches.rows, self._size, seed))
        return Piece(batches, shuffled(batches.rows, seed))


def _cut(piece: Piece, steps: int) -> tuple[Piece, Piece | None]:
    """The first `steps` batches, and the others."""
    if piece.steps <= steps:
        return piece, None
    rows = steps * piece.batches.batch_size
    if piece.order is not None:
        first, last = piece.order[:rows], piece.order[rows:]
        return Piece(piece.batches, first), Piece(piece.batches, last)
    parts = slice(0, rows), slice(rows, piece.rows)
    ahead, behind = (Piece(piece.batches.part(part), None) for part in parts)
    return ahead, behind
