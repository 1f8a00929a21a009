"""The loops over epochs and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from ...core.errors import InvalidArgumentError
from ..callbacks import CallbackList
from .interrupt import interrupts_between_steps, terminations
from .pieces import Feed, Piece, remaining
from .standing import Standing
from .stepper import Logs, Stepper


def fit(
    model: Any,
    feed: Feed,
    validation: Feed | None,
    *,
    epochs: int,
    initial_epoch: int,
    verbose: Any,
    callbacks: Any,
    validation_freq: Any,
) -> Any:
    """Train; the history."""
    if validation_freq == 0 or isinstance(validation_freq, str):
        raise InvalidArgumentError(
            "validation_freq is a positive integer, or the numbers of the epochs after which to "
            f"validate; got {validation_freq!r}"
        )
    listeners = listeners_of(model, callbacks, verbose, epochs=epochs, steps=feed.steps)
    model.stop_training = False
    stepper = model._stepper("train")
    reset = model._resetter()
    standing = Standing(model, feed, validation, listeners.callbacks, stepper)
    standing.epoch = initial_epoch
    standing.go_on(model._training.place)
    model._training.place = None
    with listeners, _finalized(model), stepper.session(), _known(standing, model):
        listeners.on_train_begin()  # a callback may restore where a training stood
        feed, *rest = standing.feeds
        validation = rest[0] if rest else None
        for epoch in range(epochs if standing.is_over else standing.epoch, epochs):
            reset()
            listeners.on_epoch_begin(epoch)
            if not work_through(model, stepper, feed, listeners, "train", standing):
                break  # the data are used up, which was told
            logs = stepper.logs()
            listeners.params["steps"] = feed.steps
            if validation is not None and _is_due(validation_freq, epoch):
                found = evaluate(model, validation, verbose=0, callbacks=listeners)
                logs.update({f"val_{name}": value for name, value in found.items()})
                logs = dict(sorted(logs.items()))
            standing.end(epoch, logs)
            listeners.on_epoch_end(epoch, logs)
            standing.leave()
            if model.stop_training:
                break
    listeners.on_train_end(standing.logs)
    return model.history


@contextmanager
def _known(standing: Standing, model: Any) -> Iterator[None]:
    """Callbacks find `standing`; a signal that ends the process waits for those that keep it."""
    model._training.standing = standing
    try:
        with terminations(standing):
            yield
    finally:
        model._training.standing = None  # it holds the data


@contextmanager
def _finalized(model: Any) -> Iterator[None]:
    """The optimizer has the last word on the weights, also after an error."""
    try:
        yield
    finally:
        if model.optimizer is not None:
            model.optimizer.finalize_variable_values(model.trainable_weights)


def work_through(
    model: Any,
    stepper: Stepper,
    feed: Feed,
    listeners: CallbackList,
    kind: str,
    standing: Standing | None = None,
) -> int:
    """An epoch of training ("train") or evaluation ("test"); how many steps it had.

    Results are worked out per batch only where somebody listens; with `steps_per_execution`, so
    many batches are one to callbacks. `standing` follows a training, and may begin within an epoch.
    """
    told = _Told(model, listeners, kind, standing)
    done = 0 if standing is None else standing.begin()
    leave = None if standing is None else standing.leave_within
    with interrupts_between_steps(leave) as check, closing(feed.epoch()) as pieces:
        for piece in remaining(pieces, done):
            told.settle()
            before = done - piece.first  # batches of the pieces that came before
            native = stepper.attach(piece)
            if native and not told.each and not told.is_over():
                done = _run_native(stepper, piece, before, told, check)
                continue
            batches = None if native else piece.in_order()
            for start in range(piece.first, piece.steps, told.group):
                stop = min(start + told.group, piece.steps)
                check()
                if told.wanted:
                    told.begin(before + start)
                if batches is None:
                    stepper.advance(start, stop)
                    stepper.commit()
                else:
                    for batch in islice(batches, stop - start):
                        stepper.run(batch)
                told.reach(before + stop)
                if told.wanted:
                    told.end(before + stop - 1, stepper.logs)
                if told.is_over():
                    return before + stop
            done = before + piece.steps
    told.settle()
    stepper.commit()
    return done


def _run_native(
    stepper: Stepper, piece: Piece, before: int, told: _Told, check: Callable[[], None]
) -> int:
    """The batches of a piece, in spans at whose ends callbacks hear that count them; its end."""

    def after(stop: int) -> None:
        told.reach(before + stop)
        check()
        told.show(before + stop - 1, stepper.logs)

    place = piece.first
    while place < piece.steps and not told.is_over():
        start, place = place, min(piece.steps, place + told.span())
        stepper.run_many(start, place, after)
        told.end_span(before + place - 1, stepper.logs)
    return before + place


class _Told:
    """Who hears of the batches of an epoch."""

    def __init__(
        self, model: Any, listeners: CallbackList, kind: str, standing: Standing | None
    ) -> None:
        self.wanted: bool = getattr(listeners, f"wants_{kind}_batches")
        self.each = listeners.wants_each(kind)
        self.begin: Callable[..., None] = getattr(listeners, f"on_{kind}_batch_begin")
        self.end: Callable[..., None] = getattr(listeners, f"on_{kind}_batch_end")
        self.group: int = model.steps_per_execution
        self._flag = {"train": "stop_training", "test": "stop_evaluating"}[kind]
        self._model, self._listeners, self._kind = model, listeners, kind
        self._standing = standing

    def is_over(self) -> bool:
        """Whether a callback asked to stop."""
        return bool(getattr(self._model, self._flag, False))

    def settle(self) -> None:
        """The data have come to the place from which training goes on."""
        if self._standing is not None:
            self._standing.settle()

    def reach(self, count: int) -> None:
        """So many batches of the epoch are done."""
        if self._standing is not None:
            self._standing.reach(count)

    def show(self, batch: int, logs: Callable[[], Logs]) -> None:
        """Let the progress hear of a batch."""
        if self.wanted:
            self._listeners.show_progress(self._kind, batch, logs)

    def span(self) -> int:
        """How many batches may run before a callback that counts them wants to hear."""
        return self._listeners.batches_left(self._kind)

    def end_span(self, batch: int, logs: Callable[[], Logs]) -> None:
        """Let those hear who count batches."""
        if self.wanted:
            self._listeners.end_span(self._kind, batch, logs)


def _is_due(validation_freq: Any, epoch: int) -> bool:
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq


def evaluate(model: Any, feed: Feed, *, verbose: Any, callbacks: Any) -> Logs:
    """Loss and metrics on all batches."""
    listeners = listeners_of(model, callbacks, verbose, epochs=1, steps=feed.steps)
    stepper = model._stepper("test")
    model.stop_evaluating = False
    with listeners, stepper.session():
        listeners.on_test_begin()
        model.reset_metrics()
        feed.restart()
        done = work_through(model, stepper, feed, listeners, "test")
        logs: Logs = stepper.logs() if done else {}  # of no batches there are no results
        listeners.on_test_end(logs)
    return logs


def listeners_of(
    model: Any, callbacks: Any, verbose: Any, *, epochs: int, steps: int | None
) -> CallbackList:
    """The callbacks, with the history and the progress."""
    if isinstance(callbacks, CallbackList):
        return callbacks
    return CallbackList(
        callbacks, add_history=True, verbose=verbose, model=model, epochs=epochs, steps=steps
    )
