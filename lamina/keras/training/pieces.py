"""What an epoch consists of: pieces, which a feed gives."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

from ...core.callers import warn
from ...core.dtypes import Array
from ...core.errors import InvalidArgumentError
from .data import Batches
from .moments import Stateful


class Piece(NamedTuple):
    """Batches of one size (the last may be smaller), and the order of their rows."""

    batches: Batches
    order: Array | None
    first: int = 0  # the batch to begin at: those before were worked on already

    @property
    def rows(self) -> int:
        return self.batches.rows if self.order is None else len(self.order)

    @property
    def steps(self) -> int:
        return -(-self.rows // self.batches.batch_size)

    def in_order(self) -> Iterator[Any]:
        """The batches as steps take them, from `first` on."""
        size = self.batches.batch_size
        for start in range(self.first * size, self.rows, size):
            part: Any = slice(start, min(start + size, self.rows))
            yield self.batches.batch(part if self.order is None else self.order[part])


class Feed:
    """Data for `fit`, `evaluate` or `predict`."""

    steps: int | None = None
    """Steps of an epoch; None until an epoch has shown how many there are."""
    stateful: Sequence[Stateful] = ()
    """What a dataset remembers."""
    kind = "arrays"
    """What the data are, in words."""
    limit: int | None = None
    """Steps of an epoch that were asked for."""
    streams = False
    """Whether a thread reads ahead: random numbers that it draws are its own business."""
    draws_ahead = False
    """Whether threads of the data run on between epochs, and may draw NumPy's numbers."""

    def sample(self) -> Batches:
        """Some of the rows, to look at shapes and dtypes."""
        raise NotImplementedError

    def epoch(self) -> Generator[Piece, None, None]:
        """The next epoch."""
        raise NotImplementedError

    def restart(self) -> None:
        """Let the next epoch begin at the start of the data, if they can be had again."""
        raise NotImplementedError

    def forget_sample(self) -> None:
        """Let the first epoch begin a pass of its own, not the one that `sample` has begun."""

    def position(self) -> dict[str, Any]:
        """Where the next epoch begins, for `go_to`: plain data."""
        raise NotImplementedError

    def go_to(self, position: dict[str, Any]) -> None:
        """Let the next epoch begin where it began when `position` was asked for."""
        raise NotImplementedError

    def describe(self, *, batches: bool) -> dict[str, Any]:
        """What must be the same for a training to go on: plain data.

        `batches`: also those of a stream, whose first must be made for that.
        """
        found: dict[str, Any] = {"kind": self.kind, "streams": self.streams, "limit": self.limit}
        if batches or not self.streams:
            sample = self.sample()
            found["rows"] = None if self.streams else sample.rows
            found["batch"] = sample.batch_size
            found["arrays"] = [f"{a.dtype}{list(a.shape[1:])}" for a in sample.arrays()]
        return {**found, "parts": [type(each).__name__ for each in self.stateful]}

    def as_described(self, description: dict[str, Any]) -> Feed:
        """The same data, streaming if they did so when `describe` gave `description`."""
        return self


def remaining(pieces: Iterator[Piece], done: int) -> Iterator[Piece]:
    """What is left of an epoch of which `done` batches were worked on already."""
    for piece in pieces:
        if done >= piece.steps:
            done -= piece.steps
            continue
        yield piece._replace(first=done)
        done = 0
    if done:
        raise InvalidArgumentError(
            f"the data end {done} batches before the place where the training was interrupted. "
            "To go on, fit needs the data of the training that was; to start anew, take the "
            "checkpoint away"
        )


def no_batches() -> InvalidArgumentError:
    """The error for data without any."""
    return InvalidArgumentError("there are no batches to work on: the data are empty")


def tell_of_the_end() -> None:
    """Warn that data ended before the epoch did."""
    warn(
        "Your input ran out of data; interrupting training. Make sure that your dataset or "
        "generator can generate at least `steps_per_epoch * epochs` batches. You may need to use "
        "the `.repeat()` function when building your dataset."
    )
