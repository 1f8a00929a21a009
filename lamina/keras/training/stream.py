"""Data that come batch by batch: generators, PyDatasets, datasets that are more than rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from ...core.errors import InvalidArgumentError
from ...data.background import Background, wait_for_closed
from ...ops.random_state import drawing
from . import moments
from .data import Batches, joined, unpack_x_y_sample_weight
from .pieces import Feed, Piece, no_batches, tell_of_the_end
from .py_dataset import PyDataset

AHEAD = 256  # batches of a stream that may wait
_ROOM = 1 << 24  # bytes of them
_Pass = dict[str, Any]
_USES = "_lamina_epochs"  # an attribute of PyDatasets


class StreamFeed(Feed):
    """Batches from an iterator, made ahead by a thread; `start()` begins a pass over the data."""

    streams = True

    def __init__(
        self,
        start: Callable[[], Iterator[Any]],
        length: int | None,
        steps: int | None,
        *,
        class_weight: Any = None,
        first: Callable[[], Any] | None = None,
        hooks: Any = None,
        again: bool = True,
        ahead: int = AHEAD,
        source: Any = None,
        used: int = 0,
        kind: str,
        stateful: Sequence[moments.Stateful] = (),
        draws_ahead: bool = False,
    ) -> None:
        """`hooks` hear of epochs; `source` may have a state.

        `used`: how often the data have given batches, or heard of epochs, where they remember that.
        """
        self._start, self._class_weight = start, class_weight
        self.limit, self._hooks, self._again, self._ahead = steps, hooks, again, ahead
        self._running: Iterator[Any] | None = None
        self._make_first = first
        self._first: Batches | None = None
        self._ended = self._ran = False
        self.steps = steps or length
        self._source, self._used = source, used
        self.kind, self.stateful = kind, stateful
        self._keeps = bool(moments.caches_of(stateful))
        self.draws_ahead = draws_ahead
        self._epochs = 0
        # Of the pass that is running: when it began, and who read how much of it.
        self._began: moments.Moment | None = None
        self._state: Any = None
        self._sampled = False
        self._numbers: tuple[int, ...] = ()
        self._read: list[tuple[tuple[int, ...], int]] = []
        self._first_pass: _Pass | None = None  # of data that keep their elements

    def sample(self) -> Batches:
        if self._first is None and self._make_first is not None:
            self._first = self._convert(self._make_first())
        if self._first is None:
            self._begin()
            self._first = self._sample()
        return self._first

    def _sample(self) -> Batches:
        """The first batch of a pass, which stays in it."""
        assert self._running is not None
        first = next(map(self._convert, self._running), None)
        if first is None:
            raise no_batches()
        self._running, self._sampled = chain([first], self._running), True
        return first

    def _begin(self) -> None:
        """Begin a pass over the data."""
        self._began, self._read, self._sampled = moments.now(self.stateful), [], False
        self._state = moments.state_of(self._source)
        self._running = self._start()

    def _convert(self, item: Any) -> Batches:
        """A batch as somebody yielded it."""
        if isinstance(item, Batches):
            return item
        x, y, weight = unpack_x_y_sample_weight(item)
        batches = Batches(x, y, weight)
        batches.batch_size = batches.rows
        batches.own()
        batches.weigh_classes(self._class_weight, some=True)
        return batches

    def epoch(self) -> Generator[Piece, None, None]:
        if self._hooks is not None:
            self._hooks.on_epoch_begin()
            _count_use(self._hooks)
        self._ran = True
        done = 0
        for piece in self._pieces():
            done += piece.steps
            yield piece
        self._epochs += 1
        if self.limit is None:
            self.steps = done or self.steps
        if self._hooks is not None:
            self._hooks.on_epoch_end()

    def restart(self) -> None:
        if self._again and self._ran:
            self._running = None

    def forget_sample(self) -> None:
        if self._again:
            self._running = None
            wait_for_closed()

    def position(self) -> dict[str, Any]:
        running = self._running is not None
        return {
            "epochs": self._epochs,
            "used": self._used,
            "ran": self._ran,
            "state": self._state if running else moments.state_of(self._source),
            "running": self._pass() if running else None,
            "first": self._first_pass,
        }

    def _pass(self) -> _Pass:
        """What it takes to read again what the pass has given."""
        return {"began": self._began, "sampled": self._sampled, "read": list(self._read)}

    def go_to(self, position: dict[str, Any]) -> None:
        """Read again what the pass had given: it takes as long as it took."""
        running = position["running"]
        read = running["read"] if running else []
        if position["used"] != self._used and position["state"] is None:
            cure = "" if self._hooks is None else ", or give it get_state and set_state"
            raise InvalidArgumentError(
                f"{self.kind} that has been used already cannot go back to where the training was "
                f"interrupted; pass one that is new{cure}"
            )
        if self._again:
            self._running = None
            wait_for_closed()
            self._refill(position["first"])
        if position["state"] is not None and self._source is not None:
            self._source.set_state(position["state"])
        else:
            self._repeat_hooks(position["epochs"] - len(read) - self._epochs)
        if running:
            self._repeat(running)
        self._epochs, self._ran = position["epochs"], position["ran"]

    def _refill(self, first: _Pass | None) -> None:
        """Let a dataset that keeps its elements keep those of its first pass."""
        if first is not None and not moments.are_filled(self.stateful):
            self._repeat(first)
            assert self._running is not None
            with drawing(self._read[-1][0]):  # the end is part of it
                for _ in self._running:
                    pass
            self._running = None
        self._first_pass = first

    def _repeat(self, kept: _Pass) -> None:
        """Begin a pass as it was begun, and read again what it had given."""
        if self._again:
            moments.go_back(kept["began"], self.stateful)
            self._begin()
            if kept["sampled"]:
                self._sample()
        elif self._running is None:
            self._begin()
        for numbers, count in kept["read"]:
            self._read_again(tuple(numbers), count)

    def _read_again(self, numbers: tuple[int, ...], count: int) -> None:
        """Leave out what an epoch had taken, as a thread with these random numbers gave it."""
        assert self._running is not None
        if self._hooks is not None:
            self._hooks.on_epoch_begin()
        with drawing(numbers):
            found = sum(1 for _ in islice(self._running, count))
        if found < count:
            raise InvalidArgumentError(
                f"the data end after {found} batches of an epoch in which there were {count} "
                "before the training was interrupted; fit needs the same data to go on"
            )
        self._read.append((numbers, count))
        if self._hooks is not None:
            self._hooks.on_epoch_end()

    def _repeat_hooks(self, epochs: int) -> None:
        for _ in range(epochs if self._hooks is not None else 0):
            self._hooks.on_epoch_begin()
            self._hooks.on_epoch_end()

    def _pieces(self) -> Iterator[Piece]:
        for again in (False, True):
            if self._running is None:
                if self._ended and not self._again:
                    tell_of_the_end()
                    return
                self._begin()
            assert self._running is not None
            done = 0
            for piece in self._from(self._running):
                done += piece.steps
                yield piece
            self._read.append((self._numbers, done))
            if self.limit is not None and done == self.limit:
                return
            if self._keeps and self._first_pass is None:
                self._first_pass = self._pass()
            self._running, self._ended = None, True
            if self.limit is None and done:
                return
            if done or again or not self._again:
                tell_of_the_end()
                return

    def _from(self, running: Iterator[Any]) -> Iterator[Piece]:
        """What one epoch takes, several batches of the same size at once."""

        def make() -> Iterator[Batches]:
            return map(self._convert, islice(running, self.limit))

        background = Background(make, self._ahead, _ROOM, _bytes_of)
        self._numbers = background.numbers
        kept: list[Batches] = []
        try:
            while ready := background.take(self._ahead):
                most = max(1, _ROOM // max(1, _bytes_of(ready[0])))
                for batches in ready:
                    if kept and (len(kept) >= most or not _follows(kept, batches)):
                        yield _together(kept)
                        kept = []
                    kept.append(batches)
                yield _together(kept)
                kept = []
        finally:
            background.close()


def uses(dataset: Any) -> int:
    """How many epochs a PyDataset has heard of that does something then."""
    kind = type(dataset)
    hooks = ("on_epoch_begin", "on_epoch_end")
    listens = any(getattr(kind, hook, None) is not getattr(PyDataset, hook) for hook in hooks)
    return getattr(dataset, _USES, 0) if listens else 0


def _count_use(dataset: Any) -> None:
    with suppress(AttributeError):  # it has no room for it
        setattr(dataset, _USES, getattr(dataset, _USES, 0) + 1)


def _bytes_of(batches: Batches) -> int:
    return sum(array.nbytes for array in batches.arrays())


def _follows(before: list[Batches], batches: Batches) -> bool:
    """Whether a batch runs together with others: they are full, and it is no larger."""
    first, last = before[0], before[-1]
    return last.rows == first.rows >= batches.rows and first.kinds() == batches.kinds()


def _together(several: list[Batches]) -> Piece:
    found = joined(several)
    found.batch_size = several[0].rows
    return Piece(found, None)
