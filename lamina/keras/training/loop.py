"""The loops over epochs and batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...core import nest
from ...core.errors import InvalidArgumentError
from ...data.order import shuffled
from ...ir.bind import new_value
from ...tensor.function import Function
from ...tensor.program import ProgramSteps
from ..callbacks import CallbackList
from .data import Batches
from .interrupt import interrupts_between_steps

Logs = dict[str, Any]

SLICE = 0.05  # seconds of native code between two looks at callbacks and Ctrl-C
_FIRST_ROWS = 1 << 14  # of a prediction, before its pace is known


class Stepper:
    """Runs a step batch by batch; `results` gives its logs where the step itself does not."""

    def __init__(self, step: Callable[..., Any], results: Callable[[], Any] | None) -> None:
        self._step = step
        self._results = results
        self._last: Any = None
        self._size = 1  # batches in the next slice

    def run(self, batch: Any) -> None:
        """One batch."""
        self._last = self._step(batch)

    @contextmanager
    def many(self, batches: Batches) -> Iterator[ProgramSteps | None]:
        """What runs many batches in one call of native code; None where there is no such thing."""
        steps = None
        if isinstance(self._step, Function):
            rows = min(batches.rows, batches.batch_size)
            program = self._step.find_program(batches.batch(slice(0, rows)))
            if program is not None:
                steps = program.steps(batches.arrays(), batches.rows, batches.batch_size)
        try:
            yield steps
        finally:
            if steps is not None:
                steps.close()

    def run_many(
        self, steps: ProgramSteps, batches: Batches, order: Any, after: Callable[..., None]
    ) -> None:
        """All batches in slices of about 50 ms; after each, `after(batches done, commit)`.

        Variables are written when `commit` is called, and at the end.
        """

        def commit() -> None:
            self._last = steps.commit()

        steps.begin(order)
        done, size = 0, self._size
        try:
            while done < batches.steps:
                begin = time.perf_counter()
                stop = min(done + size, batches.steps)
                steps.run(done, stop)
                seconds = time.perf_counter() - begin
                pace = (stop - done) / max(seconds, 1e-6)
                size = self._size = max(1, min(8 * size, int(pace * SLICE)))
                done = stop
                after(done, commit)
        finally:
            commit()

    def logs(self) -> Logs:
        """The results so far as Python numbers."""
        found = self._last if self._results is None else self._results()
        return as_floats(found)


def as_floats(results: Any) -> Logs:
    """Tensors of one number as Python floats, nested dicts flattened, sorted by name."""
    if not isinstance(results, dict):
        raise InvalidArgumentError(
            f"train_step and test_step return a dict of results by name; got "
            f"{type(results).__name__}"
        )
    logs: Logs = {}
    for name, value in results.items():
        if isinstance(value, dict):
            logs.update(as_floats(value))
        else:
            number = np.asarray(value)
            logs[name] = float(number.reshape(())) if number.size == 1 else number
    return dict(sorted(logs.items()))


def fit(
    model: Any,
    batches: Batches,
    validation: Batches | None,
    *,
    epochs: int,
    initial_epoch: int,
    shuffle: bool,
    verbose: Any,
    callbacks: Any,
    validation_freq: Any,
) -> Any:
    """Train; the history."""
    listeners = _listeners(model, callbacks, verbose, epochs=epochs, steps=batches.steps)
    model.stop_training = False
    stepper = model._stepper("train")
    logs: Logs = {}
    reset = model._resetter()
    with listeners, stepper.many(batches) as steps:
        model._initial_epoch = initial_epoch  # a callback may go on from a later one
        listeners.on_train_begin()
        for epoch in range(model._initial_epoch, epochs):
            reset()
            listeners.on_epoch_begin(epoch)
            order = shuffled(batches.rows) if shuffle else None
            _epoch(model, stepper, steps, batches, order, listeners)
            logs = stepper.logs()
            if validation is not None and _is_due(validation_freq, epoch):
                found = evaluate(model, validation, verbose=0, callbacks=listeners)
                logs.update({f"val_{name}": value for name, value in found.items()})
            listeners.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        if model.optimizer is not None:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        listeners.on_train_end(logs)
    return model.history


def _epoch(
    model: Any,
    stepper: Stepper,
    steps: ProgramSteps | None,
    batches: Batches,
    order: Any,
    listeners: CallbackList,
) -> None:
    """All batches once. Results are worked out per batch only where somebody listens."""
    wants_batches = listeners.wants_train_batches
    with interrupts_between_steps() as check_interrupt:
        if steps is not None and not listeners.wants_each("train"):

            def after(done: int, commit: Callable[[], None]) -> None:
                check_interrupt()
                if wants_batches:
                    listeners.on_train_batch_end(done - 1, _logs_after(stepper, commit))

            stepper.run_many(steps, batches, order, after)
            return
        for number, batch in enumerate(batches.in_order(order)):
            check_interrupt()
            if wants_batches:
                listeners.on_train_batch_begin(number)
            stepper.run(batch)
            if wants_batches:
                listeners.on_train_batch_end(number, stepper.logs)
            if model.stop_training:
                break


def _logs_after(stepper: Stepper, commit: Callable[[], None]) -> Callable[[], Logs]:
    def logs() -> Logs:
        commit()
        return stepper.logs()

    return logs


def _is_due(validation_freq: Any, epoch: int) -> bool:
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq


def evaluate(model: Any, batches: Batches, *, verbose: Any, callbacks: Any) -> Logs:
    """Loss and metrics on all batches."""
    listeners = _listeners(model, callbacks, verbose, epochs=1, steps=batches.steps)
    stepper = model._stepper("test")
    model.reset_metrics()
    with listeners, stepper.many(batches) as steps:
        listeners.on_test_begin()
        wants_batches = listeners.wants_test_batches
        if steps is not None and not listeners.wants_each("test"):

            def after(done: int, commit: Callable[[], None]) -> None:
                check_interrupt()
                if wants_batches:
                    listeners.on_test_batch_end(done - 1, _logs_after(stepper, commit))

            with interrupts_between_steps() as check_interrupt:
                stepper.run_many(steps, batches, None, after)
        else:
            _test_batches(stepper, batches, listeners)
        logs: Logs = stepper.logs()
        listeners.on_test_end(logs)
    return logs


def _test_batches(stepper: Stepper, batches: Batches, listeners: CallbackList) -> None:
    wants_batches = listeners.wants_test_batches
    for number, batch in enumerate(batches.in_order()):
        if wants_batches:
            listeners.on_test_batch_begin(number)
        stepper.run(batch)
        if wants_batches:
            listeners.on_test_batch_end(number, stepper.logs)


def predict(
    model: Any, program: Callable[..., Any], batches: Batches, *, verbose: Any, callbacks: Any
) -> Any:
    """The outputs of all batches, joined."""
    listeners = _listeners(model, callbacks, verbose, epochs=1, steps=batches.steps)
    collected: list[list[Any]] = []
    structure: Any = None
    with listeners:
        listeners.on_predict_begin()
        wants_batches = listeners.wants_predict_batches
        sizes = _by_rows if _is_by_rows(program, batches, listeners) else _by_batches
        for number, rows in sizes(batches):
            if wants_batches:
                listeners.on_predict_batch_begin(number)
            structure = program(nest.map_structure(new_value, batches.batch(rows)))
            collected.append([np.asarray(leaf) for leaf in nest.flatten(structure)])
            if wants_batches:
                outputs = nest.pack_sequence_as(structure, collected[-1])
                listeners.on_predict_batch_end(number, {"outputs": outputs})
        listeners.on_predict_end()
    if any(part.ndim == 0 for part in collected[0]):
        raise InvalidArgumentError(
            "predict joins the rows that the model gives for each batch; it gave a single number. "
            "Keep the first axis, e.g. tf.reduce_sum(x, axis=-1)."
        )
    joined = [np.concatenate(parts) for parts in zip(*collected, strict=True)]
    return nest.pack_sequence_as(structure, joined) if nest.is_nested(structure) else joined[0]


def _is_by_rows(program: Callable[..., Any], batches: Batches, listeners: CallbackList) -> bool:
    if not isinstance(program, Function) or listeners.wants_each("predict"):
        return False
    traced = program.find_program(batches.batch(slice(0, 1)))
    return traced is not None and traced.by_rows()


def _by_batches(batches: Batches) -> Iterator[tuple[int, slice]]:
    """The number of each batch, and its rows."""
    size = batches.batch_size
    for number in range(batches.steps):
        yield number, slice(number * size, min((number + 1) * size, batches.rows))


def _by_rows(batches: Batches) -> Iterator[tuple[int, slice]]:
    """Whole slices of about 50 ms; the number of the last batch in each."""
    done, size = 0, _FIRST_ROWS
    while done < batches.rows:
        begin = time.perf_counter()
        stop = min(done + size, batches.rows)
        yield -(-stop // batches.batch_size) - 1, slice(done, stop)
        seconds = max(time.perf_counter() - begin, 1e-6)
        done = stop
        size = max(_FIRST_ROWS, min(8 * size, int(size * SLICE / seconds)))


def _listeners(
    model: Any, callbacks: Any, verbose: Any, *, epochs: int, steps: int
) -> CallbackList:
    if isinstance(callbacks, CallbackList):
        return callbacks
    return CallbackList(
        callbacks, add_history=True, verbose=verbose, model=model, epochs=epochs, steps=steps
    )
