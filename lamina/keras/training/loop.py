"""The loops over epochs and batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from ...core.errors import InvalidArgumentError
from ..callbacks import CallbackList
from .feed import Feed
from .interrupt import interrupts_between_steps
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
    logs: Logs = {}
    reset = model._resetter()
    with listeners, _finalized(model), stepper.session():
        model._initial_epoch = initial_epoch  # a callback may go on from a later one
        listeners.on_train_begin()
        for epoch in range(model._initial_epoch, epochs):
            reset()
            listeners.on_epoch_begin(epoch)
            if not work_through(model, stepper, feed, listeners, "train"):
                break  # the data are used up, which was told
            logs = stepper.logs()
            listeners.params["steps"] = feed.steps
            if validation is not None and _is_due(validation_freq, epoch):
                found = evaluate(model, validation, verbose=0, callbacks=listeners)
                logs.update({f"val_{name}": value for name, value in found.items()})
                logs = dict(sorted(logs.items()))
            listeners.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    listeners.on_train_end(logs)
    return model.history


@contextmanager
def _finalized(model: Any) -> Iterator[None]:
    """The optimizer has the last word on the weights, also after an error."""
    try:
        yield
    finally:
        if model.optimizer is not None:
            model.optimizer.finalize_variable_values(model.trainable_weights)


def work_through(
    model: Any, stepper: Stepper, feed: Feed, listeners: CallbackList, kind: str
) -> int:
    """An epoch of training ("train") or evaluation ("test"); how many steps it had.

    Results are worked out per batch only where somebody listens; with `steps_per_execution`, so
    many batches are one to callbacks.
    """
    told = _Told(model, listeners, kind)
    done = 0
    with interrupts_between_steps() as check, closing(feed.epoch()) as pieces:
        for piece in pieces:
            native = stepper.attach(piece)
            if native and not told.each and not told.is_over():

                def after(count: int, before: int = done) -> None:
                    check()
                    if told.wanted:
                        told.end(before + count - 1, stepper.logs)

                stepper.run_many(piece, after)
                done += piece.steps
                continue
            batches = None if native else piece.in_order()
            for start in range(0, piece.steps, told.group):
                stop = min(start + told.group, piece.steps)
                check()
                if told.wanted:
                    told.begin(done + start)
                if batches is None:
                    stepper.advance(start, stop)
                    stepper.commit()
                else:
                    for batch in islice(batches, stop - start):
                        stepper.run(batch)
                if told.wanted:
                    told.end(done + stop - 1, stepper.logs)
                if told.is_over():
                    return done + stop
            done += piece.steps
    stepper.commit()
    return done


class _Told:
    """Who hears of the batches of an epoch."""

    def __init__(self, model: Any, listeners: CallbackList, kind: str) -> None:
        self.wanted: bool = getattr(listeners, f"wants_{kind}_batches")
        self.each = listeners.wants_each(kind)
        self.begin: Callable[..., None] = getattr(listeners, f"on_{kind}_batch_begin")
        self.end: Callable[..., None] = getattr(listeners, f"on_{kind}_batch_end")
        self.group: int = model.steps_per_execution
        self._flag = {"train": "stop_training", "test": "stop_evaluating"}[kind]
        self._model = model

    def is_over(self) -> bool:
        """Whether a callback asked to stop."""
        return bool(getattr(self._model, self._flag, False))


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
