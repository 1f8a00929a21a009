"""Running steps: many in one call of native code where that can be, else one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...core import nest
from ...core.errors import InvalidArgumentError
from ...ir.bind import new_value
from ...tensor.function import Function
from ...tensor.program import ProgramSteps
from ...tensor.variable import WRITES
from .data import Batches
from .pieces import Piece

Logs = dict[str, Any]

SLICE = 0.05  # seconds of native code between two looks at callbacks and Ctrl-C


class Stepper:
    """Runs a step batch by batch; `results` gives its logs where the step itself does not."""

    def __init__(self, step: Callable[..., Any], results: Callable[[], Any] | None) -> None:
        self._step = step
        self._results = results
        self._last: Any = None
        self._size = 1  # batches in the next slice
        self._steps: ProgramSteps | None = None
        self._kinds: Any = None
        self._capacity = self._batch = 0
        self._order: Any = None
        self._writes = -1  # when the variables were last those of the native steps
        self._open = False  # whether native steps have run that no variable shows

    @contextmanager
    def session(self) -> Iterator[None]:
        """Memory of native code is kept inside, and given back at the end."""
        try:
            yield
        finally:
            self._close()

    def _close(self) -> None:
        if self._steps is not None:
            self.commit()
            self._steps.close()
            self._steps = None

    # One by one ---------------------------------------------------------------------------------

    def run(self, batch: Any) -> None:
        """One batch."""
        if not isinstance(self._step, Function):  # Python code expects tensors
            batch = nest.map_structure(_as_tensor, batch)
        self._last = self._step(batch)

    def trace(self, batches: Batches) -> None:
        """Make the program for such batches, and the variables that its step makes."""
        if isinstance(self._step, Function):
            size = min(batches.rows, batches.batch_size)
            self._step.find_program(batches.batch(slice(0, size)))

    # Native -------------------------------------------------------------------------------------

    def attach(self, piece: Piece) -> bool:
        """Let the next native steps be those of `piece`; False where there are none."""
        if not isinstance(self._step, Function):
            return False
        batches = piece.batches
        kinds = batches.kinds()
        size = min(batches.rows, batches.batch_size)
        self._order = piece.order
        fits = kinds == self._kinds and size <= self._capacity
        if self._steps is not None and fits and batches.batch_size == self._batch:
            if self._open or self._writes == WRITES[0]:
                self._steps.go_on(batches.arrays(), piece.rows, piece.order)
            else:
                self._steps.replace(batches.arrays(), piece.rows)
                self._steps.begin(piece.order)
                self._writes = WRITES[0]
            return True
        self._close()
        program = self._step.find_program(batches.batch(slice(0, size)))
        if program is not None:
            self._steps = program.steps(batches.arrays(), piece.rows, batches.batch_size)
        if self._steps is None:
            return False
        self._kinds, self._capacity, self._batch = kinds, size, batches.batch_size
        self._steps.begin(piece.order)
        self._writes = WRITES[0]
        return True

    def advance(self, first: int, last: int) -> None:
        """Steps `first` to `last` of the piece, by native code."""
        assert self._steps is not None
        if not self._open and self._writes != WRITES[0]:  # somebody wrote variables in between
            self._steps.begin(self._order)
        self._open = True
        self._steps.run(first, last)

    def commit(self) -> None:
        """Let the variables be what they are after the last native step."""
        if self._open and self._steps is not None:
            self._last = self._steps.commit()
            self._open = False
            self._writes = WRITES[0]

    def run_many(self, first: int, last: int, after: Callable[[int], None]) -> None:
        """Batches `first` to `last` in slices of about 50 ms; after each, `after(its end)`."""
        done, size = first, self._size
        while done < last:
            begin = time.perf_counter()
            stop = min(done + size, last)
            self.advance(done, stop)
            seconds = time.perf_counter() - begin
            pace = (stop - done) / max(seconds, 1e-6)
            if stop - done == size:  # a shorter slice says little of the next
                size = self._size = max(1, min(8 * size, int(pace * SLICE)))
            done = stop
            after(done)

    def take_results(self, logs: Logs) -> None:
        """Let the results so far be these, as they were when a training was interrupted."""
        self._last = dict(logs)

    def logs(self) -> Logs:
        """The results so far as Python numbers."""
        self.commit()
        found = self._last if self._results is None else self._results()
        return as_floats(found)


def _as_tensor(leaf: Any) -> Any:
    return leaf if leaf is None else new_value(leaf)


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
