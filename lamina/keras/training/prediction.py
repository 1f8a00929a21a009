"""`predict`: the outputs of all batches, joined."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from ...core import nest
from ...core.errors import InvalidArgumentError
from ...ir.bind import new_value
from ...tensor.function import Function
from ..callbacks import CallbackList
from .data import Batches
from .loop import listeners_of
from .pieces import Feed, Piece
from .stepper import SLICE

_FIRST_ROWS = 1 << 14  # of a prediction, before its pace is known


def predict(
    model: Any, program: Callable[..., Any], feed: Feed, *, verbose: Any, callbacks: Any
) -> Any:
    """The outputs of all batches, joined."""
    listeners = listeners_of(model, callbacks, verbose, epochs=1, steps=feed.steps)
    joiner = _Joiner()
    model.stop_predicting = False
    done = 0
    with listeners, closing(feed.epoch()) as pieces:
        listeners.on_predict_begin()
        for piece in pieces:
            for number, rows in _portions(program, piece, listeners):
                if not _work(model, program, rows, done + number, listeners, joiner):
                    break
            done += piece.steps
            if model.stop_predicting:
                break
        listeners.on_predict_end()
    return joiner.result()


def _work(
    model: Any,
    program: Callable[..., Any],
    rows: Any,
    number: int,
    listeners: CallbackList,
    joiner: _Joiner,
) -> bool:
    """One portion; whether more are wanted."""
    told = listeners.wants_predict_batches
    if told:
        listeners.on_predict_batch_begin(number)
    outputs = joiner.add(program(nest.map_structure(new_value, rows)))
    if told:
        listeners.on_predict_batch_end(number, {"outputs": outputs})
    return not model.stop_predicting


class _Joiner:
    """Outputs of one structure, batch after batch."""

    def __init__(self) -> None:
        self._structure: Any = None
        self._parts: list[list[Any]] = []

    def add(self, outputs: Any) -> Any:
        """Keep the outputs of a batch; them as arrays."""
        self._structure = outputs
        leaves = [np.asarray(leaf) for leaf in nest.flatten(outputs)]
        if any(leaf.ndim == 0 for leaf in leaves):
            raise InvalidArgumentError(
                "predict joins the rows that the model gives for each batch; it gave a single "
                "number. Keep the first axis, e.g. tf.reduce_sum(x, axis=-1)."
            )
        self._parts.append(leaves)
        return nest.pack_sequence_as(outputs, leaves) if nest.is_nested(outputs) else leaves[0]

    def result(self) -> Any:
        """All rows."""
        if not self._parts:
            raise InvalidArgumentError("there are no batches to predict: the data are empty")
        joined = [np.concatenate(parts) for parts in zip(*self._parts, strict=True)]
        if not nest.is_nested(self._structure):
            return joined[0]
        return nest.pack_sequence_as(self._structure, joined)


def _portions(
    program: Callable[..., Any], piece: Piece, listeners: CallbackList
) -> Iterator[tuple[int, Any]]:
    """The rows to work on together, with the number of the last batch among them."""
    batches = piece.batches
    if not _is_by_rows(program, batches, listeners):
        yield from enumerate(piece.in_order())
        return
    done, size = 0, _FIRST_ROWS
    while done < piece.rows:
        begin = time.perf_counter()
        stop = min(done + size, piece.rows)
        rows: Any = slice(done, stop)
        chosen = rows if piece.order is None else piece.order[rows]
        yield -(-stop // batches.batch_size) - 1, batches.batch(chosen)
        seconds = max(time.perf_counter() - begin, 1e-6)
        done = stop
        size = max(_FIRST_ROWS, min(8 * size, int(size * SLICE / seconds)))


def _is_by_rows(program: Callable[..., Any], batches: Batches, listeners: CallbackList) -> bool:
    if not isinstance(program, Function) or listeners.wants_each("predict"):
        return False
    traced = program.find_program(batches.batch(slice(0, 1)))
    return traced is not None and traced.by_rows()
