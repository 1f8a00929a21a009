"""What an epoch consists of, for every kind of data: arrays, tf.data, generators, PyDataset.

A feed gives an epoch as pieces: batches of one size, in arrays, with the order of their rows.
Arrays, and datasets that only choose and order rows, come in one piece; what streams comes as
many batches at a time as a thread has made ready.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...core import nest
from ...core.callers import warn
from ...core.dtypes import INT64, Array
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...data.node import Node
from ...data.order import Segment, shuffled, stable_order
from ...data.rows import Rows, merged
from ...ir.value import Value
from ..settings import max_steps_per_epoch
from . import moments
from .data import Batches, unpack_x_y_sample_weight
from .pieces import Feed, Piece, no_batches, tell_of_the_end
from .py_dataset import PyDataset, made_by_workers
from .stream import StreamFeed, uses

_DATASET = "a tf.data.Dataset"
_MOST_ROWS = 1 << 20  # of a piece of a dataset in memory


class SegmentFeed(Feed):
    """Rows of arrays in segments: `segments()` begins a pass over the data."""

    def __init__(
        self,
        batches: Batches,
        segments: Callable[[], Iterator[Segment]],
        length: int | None,
        steps: int | None,
        renewed: Callable[[], Batches | None] | None = None,
        *,
        kind: str,
        stateful: Sequence[moments.Stateful] = (),
        streaming: Callable[[], Feed] | None = None,
    ) -> None:
        self.kind, self.stateful, self._streaming = kind, stateful, streaming
        self._keeps = bool(moments.caches_of(stateful))  # the order of the first pass
        self._began: moments.Moment | None = None  # when the pass began that is running
        self._taken = 0  # batches of it
        self._first_pass: moments.Moment | None = None  # when that began, once it has ended
        self._batches, self._segments, self._length = batches, segments, length
        self.limit, self._renewed = steps, renewed
        self._running: Iterator[Segment] | None = None
        self._kept: Segment = range(0)
        self._seen = 0
        self.steps = steps or length

    def sample(self) -> Batches:
        return self._batches

    def epoch(self) -> Generator[Piece, None, None]:
        if self._renewed is not None:
            self._batches = self._renewed() or self._batches
        if self.limit is None:
            steps = 0
            began = moments.now(self.stateful) if self._keeps else None
            for segment in filter(len, self._segments()):
                piece = self._piece(segment)
                steps += piece.steps
                yield piece
            if not steps:
                raise no_batches()
            self.steps = steps
            self._first_pass = self._first_pass or began
            return
        left, size = self.limit, self._batches.batch_size
        while left:
            if not len(self._kept) and not self._advance(left == self.limit):
                return
            piece = self._piece(self._kept[: left * size])
            self._kept = self._kept[left * size :]
            left -= piece.steps
            self._taken += piece.steps
            yield piece

    def restart(self) -> None:
        self._running, self._kept = None, range(0)

    def position(self) -> dict[str, Any]:
        running = None if self._running is None else {"began": self._began, "taken": self._taken}
        return {"running": running, "first": self._first_pass}

    def go_to(self, position: dict[str, Any]) -> None:
        self.restart()
        self._first_pass = position["first"]
        if self._first_pass is not None and not moments.are_filled(self.stateful):
            moments.go_back(self._first_pass, self.stateful)
            for _ in self._segments():
                pass
        if position["running"] is None:
            return
        moments.go_back(position["running"]["began"], self.stateful)
        left = position["running"]["taken"]
        size = self._batches.batch_size
        while left and self._advance(self._running is None):
            taken = min(left, -(-len(self._kept) // size))
            self._kept = self._kept[taken * size :]
            self._taken += taken
            left -= taken

    def as_described(self, description: dict[str, Any]) -> Feed:
        if description.get("streams") and self._streaming is not None:
            return self._streaming()  # a cache was empty then
        return self

    def _advance(self, at_start: bool) -> bool:
        """Get more rows; at the start of an epoch also from the start of the data."""
        for again in (False, True):
            if self._running is None:
                self._began, self._taken = moments.now(self.stateful), 0
                self._running = self._segments()
            self._kept = next((part for part in self._running if len(part)), range(0))
            if len(self._kept):
                return True
            self._running = None
            if self._keeps:
                self._first_pass = self._first_pass or self._began
            if again or not at_start:
                break
        tell_of_the_end()
        return False

    def _piece(self, segment: Segment) -> Piece:
        if isinstance(segment, range):
            if segment == range(self._batches.rows):
                return Piece(self._batches, None)
            return Piece(self._batches.part(slice(segment.start, segment.stop, segment.step)), None)
        return Piece(self._batches, np.ascontiguousarray(segment, INT64))


def of_arrays(batches: Batches, shuffle: Any, steps: int | None) -> SegmentFeed:
    """Arrays, in a new order each epoch where they are shuffled."""

    def segments() -> Iterator[Segment]:
        if shuffle == "batch":
            yield within_batches(batches.rows, batches.batch_size)
        elif shuffle:
            yield shuffled(batches.rows)
        else:
            yield range(batches.rows)

    order = {"batch": "shuffled within batches"}.get(shuffle, "shuffled" if shuffle else "in order")
    return SegmentFeed(batches, segments, batches.steps, steps, kind=f"arrays {order}")


def within_batches(rows: int, size: int, seed: int | None = None) -> Array:
    """An order that moves rows within their batches only."""
    order = shuffled(rows, seed)
    return order[stable_order((order // size).astype(np.uint32))]


def of_rows(rows: Rows, class_weight: Any, steps: int | None, **options: Any) -> SegmentFeed | None:
    """A dataset that chooses, orders and maps rows of arrays; None where it has to stream.

    Functions are applied to all rows, and again where the variables that they read have changed.
    """
    seen = rows.reads()

    def made() -> Batches | None:
        applied = rows.applied()
        if applied is None or not _lies_whole(applied.source):
            return None
        batches = Batches(*unpack_x_y_sample_weight(applied.source), rows.size)
        batches.weigh_classes(class_weight)
        return batches

    def renewed() -> Batches | None:
        nonlocal seen
        before, seen = seen, rows.reads()
        same = all(old is new for old, new in zip(before, seen, strict=True))
        return None if same else made()

    batches = made()
    if batches is None:
        return None
    length = rows.length if rows.length >= 0 else None
    most = _MOST_ROWS if steps is None else min(_MOST_ROWS, steps * (rows.size or 1))
    return SegmentFeed(batches, lambda: merged(rows, most), length, steps, renewed, **options)


# Which of them -----------------------------------------------------------------------------------


def feed_for(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: Any = False,
    class_weight: Any = None,
    steps: int | None = None,
) -> Feed:
    """The feed for what people pass as data."""
    steps = _checked_steps(steps)
    if hasattr(x, "__lamina_feed__"):
        return x.__lamina_feed__(batch_size, shuffle, class_weight, steps)  # type: ignore[no-any-return]
    if hasattr(x, "__lamina_node__"):
        refuse_beside(x, _DATASET, y, sample_weight)
        return of_dataset(x.__lamina_node__(), class_weight, steps)
    if isinstance(x, PyDataset) or _is_sequence(x):
        refuse_beside(x, "a PyDataset", y, sample_weight)
        return _of_py_dataset(x, shuffle, class_weight, steps)
    if hasattr(x, "__next__"):
        refuse_beside(x, "a generator", y, sample_weight)
        options = {"class_weight": class_weight, "kind": "a generator", "used": _uses(x)}
        return StreamFeed(lambda: x, None, steps, again=False, **options)
    if is_iterable(x):
        kind = f"a {type(x).__name__}"
        refuse_beside(x, kind, y, sample_weight)
        options = {"class_weight": class_weight, "kind": kind, "source": x}
        length = len(x) if hasattr(x, "__len__") else None
        return StreamFeed(lambda: iter(x), length, steps, **options)
    batches = Batches(x, y, sample_weight)
    if batch_size is None and steps is not None:
        batch_size = -(-batches.rows // steps)
    batches.set_batch_size(batch_size)
    batches.weigh_classes(class_weight)
    return of_arrays(batches, shuffle, steps)


def _checked_steps(steps: Any) -> int | None:
    most = max_steps_per_epoch()
    if steps is not None and (int(steps) != steps or steps < 1):
        raise InvalidArgumentError(f"a number of steps is a positive integer; got {steps!r}")
    if most and (steps is None or steps > most):
        warn(f"Limiting steps_per_epoch to {most}")
        return most
    return None if steps is None else int(steps)


def _uses(iterator: Any) -> int:
    """0 of a generator that has given nothing so far, else 1; other iterators cannot tell."""
    if not inspect.isgenerator(iterator):
        return 0
    return int(inspect.getgeneratorstate(iterator) != inspect.GEN_CREATED)


def is_iterable(x: Any) -> bool:
    """Whether `x` gives batches one after the other, like a DataLoader of PyTorch."""
    if isinstance(x, (list, tuple, Mapping, str, bytes, Value)) or x is None:
        return False
    is_data = any(hasattr(x, name) for name in ("__array__", "dtypes", "toarray"))
    return hasattr(x, "__iter__") and not is_data


def _is_sequence(x: Any) -> bool:
    """Whether `x` is a PyDataset or Sequence of another Keras."""
    return any(base.__name__ in ("PyDataset", "Sequence") for base in type(x).__mro__) and hasattr(
        x, "on_epoch_end"
    )


def refuse_beside(x: Any, kind: str, y: Any, sample_weight: Any) -> None:
    """Targets and weights are part of the batches that a stream gives."""
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise InvalidArgumentError(
                f"x is {kind}, whose batches hold targets and weights: (x, y) or (x, y, "
                f"sample_weight). Leave {name}= out"
            )


def of_dataset(node: Node, class_weight: Any, steps: int | None) -> Feed:
    """A tf.data.Dataset of batches."""
    stateful = moments.stateful_in(node)

    def streaming() -> StreamFeed:
        return _streamed(node, class_weight, steps, kind=_DATASET, stateful=stateful)

    rows = node.rows()
    if rows is not None and rows.size is not None and _lies_whole(rows.source):
        options = {"kind": _DATASET, "stateful": stateful, "streaming": streaming}
        feed = of_rows(rows, class_weight, steps, **options)
        if feed is not None:
            return feed
    return streaming()


def _streamed(node: Node, class_weight: Any, steps: int | None, **options: Any) -> StreamFeed:
    """A dataset that gives batches one after the other."""
    length = node.length() if node.length() >= 0 else None

    def start() -> Iterator[Any]:
        for element in node.elements():
            sizes = {len(leaf) if leaf.ndim else None for leaf in nest.flatten(element)}
            if len(sizes) != 1 or None in sizes:
                shapes = ", ".join(str(leaf.shape) for leaf in nest.flatten(element))
                raise InvalidArgumentError(
                    f"the elements of the dataset (shapes {shapes}) are no batches of equally many "
                    "rows; end it with .batch(32)"
                )
            yield element

    ahead = moments.draws_ahead(node)
    return StreamFeed(start, length, steps, class_weight=class_weight, draws_ahead=ahead, **options)


def _lies_whole(source: Any) -> bool:
    """Whether arrays may be handed over whole: those that are views would be copied."""
    return all(leaf.flags.c_contiguous for leaf in nest.flatten(source))


def _of_py_dataset(dataset: Any, shuffle: Any, class_weight: Any, steps: int | None) -> Feed:
    length = dataset.num_batches if hasattr(dataset, "num_batches") else len(dataset)
    if length == 0:
        raise InvalidArgumentError(f"the {type(dataset).__name__} has no batches")

    def start() -> Iterator[Any]:
        numbers: Any = range(1 << 62 if length is None else length)
        if shuffle and length is not None:
            numbers = shuffled(length).tolist()
        return map(_as_batch, made_by_workers(dataset, numbers))

    def first() -> Any:
        dataset.on_epoch_begin()  # which may make what __getitem__ reads
        batch = _as_batch(dataset[0])
        dataset.on_epoch_end()
        return batch

    ahead = dataset.max_queue_size if isinstance(dataset, PyDataset) else 10
    return StreamFeed(
        start,
        length,
        steps,
        class_weight=class_weight,
        kind="a shuffled PyDataset" if shuffle else "a PyDataset",
        used=uses(dataset),
        first=first,
        hooks=dataset,
        source=dataset,
        ahead=max(1, ahead),
    )


def _as_batch(batch: Any) -> Any:
    if isinstance(batch, (tuple, list)) and not 1 <= len(batch) <= 3:
        raise ArgumentTypeError(
            "a batch of a PyDataset is (x,), (x, y) or (x, y, sample_weight); got a "
            f"{type(batch).__name__} of {len(batch)}"
        )
    return batch


def feeds_for_fit(
    x: Any, y: Any, sample_weight: Any, validation_data: Any, **options: Any
) -> tuple[Feed, Feed | None]:
    """The feeds of training and of validation, which may be the last share of the rows."""
    share = options.pop("validation_split")
    of_validation = {name: options.pop(f"validation_{name}") for name in ("steps", "batch_size")}
    of_validation["batch_size"] = of_validation["batch_size"] or options["batch_size"]
    if validation_data is not None:
        parts = unpack_x_y_sample_weight(validation_data)
        try:
            validation = feed_for(*parts, **of_validation)
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"validation_data: {error}") from None
        return feed_for(x, y, sample_weight, **options), validation
    if not share:
        return feed_for(x, y, sample_weight, **options), None
    if hasattr(x, "__lamina_feed__"):
        ahead, behind = x.split(share)
        return feed_for(ahead, **options), feed_for(behind, **of_validation)
    if is_stream(x):
        raise InvalidArgumentError(
            f"validation_split needs arrays, whose last rows it takes; x is a {type(x).__name__}. "
            "Pass validation_data="
        )
    first, last = Batches(x, y, sample_weight).split(share)
    return (
        feed_for(first.x, first.y, first.sample_weight, **options),
        feed_for(last.x, last.y, last.sample_weight, **of_validation),
    )


def is_stream(x: Any) -> bool:
    """Whether `x` gives batches, not rows."""
    names = "__lamina_node__", "__lamina_feed__", "__next__"
    known = any(hasattr(x, name) for name in names) or isinstance(x, PyDataset)
    return known or is_iterable(x) or _is_sequence(x)
