"""Few rows predicted at once: a compiled function that is kept while no variable is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import nest
from ...core.config import config
from ...core.dtypes import Array
from ...core.errors import InvalidArgumentError, describe
from ...tensor.function import Function
from ...tensor.program import Program
from ...tensor.variable import WRITES
from .data import arrays_of


class Serving:
    """A compiled function from rows to rows, while no variable and no setting changes."""

    def __init__(self) -> None:
        self._writes = -1  # there is no function
        self._backend = ""
        self.function: Callable[[Any], Any] = _nothing
        self._seen = -1
        self._hopeless = False

    def is_ready(self) -> bool:
        """Whether `function` gives what the model would."""
        return self._writes == WRITES[0] and self._backend == config.backend

    def consider(self, program: Any, x: Any, other: Callable[[Any], Any]) -> None:
        """Make the function when nothing was written between two calls.

        `program` is the traced step, `x` the rows that it was called with; `other` takes what the
        function does not.
        """
        writes, seen = WRITES[0], self._seen
        self._seen = writes
        if seen != writes or self._hopeless:
            return
        made = None
        if isinstance(program, Function) and isinstance(x, np.ndarray):
            traced = program.find_program(x[:1])
            made = None if traced is None else traced.predictor(other)
        if made is None:
            self._hopeless = True
        else:
            self.function, self._writes, self._backend = made, writes, config.backend


def _nothing(x: Any) -> Any:
    raise AssertionError("there is no function yet")


class Frozen:
    """Predictions with the weights that a program had when this was made.

    `read` finds the columns of frames.
    """

    def __init__(self, program: Program, rows: Array, read: Callable[[Any], Any]) -> None:
        self._program, self._read = program, read
        self._sources = [np.array(source.array) for source in program.source_values()]
        self._width, self._dtype = rows.shape[1:], rows.dtype

    def __call__(self, x: Any) -> Any:
        """The outputs for rows as NumPy arrays."""
        rows = arrays_of(self._read(x), "the rows")
        if nest.is_nested(rows) or rows.shape[1:] != self._width:
            raise InvalidArgumentError(
                f"this predictor takes rows of shape (rows, {', '.join(map(str, self._width))}); "
                f"got {describe(rows)}"
            )
        if not len(rows):
            raise InvalidArgumentError("there are no rows to predict: the data are empty")
        found = self._program.run_with([rows.astype(self._dtype, copy=False)], self._sources)
        return nest.map_structure(np.asarray, found)
