"""A graph as a native program: compiled once, run for any number of rows."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import debug
from ...core.config import config
from ...core.debug import timed
from ...core.dtypes import Array
from ...ir.graph import Graph
from ...ir.interpret import interpreter
from . import engine, fastcall, workers
from .buffers import Buffer
from .driver import BLOCK_ROWS as TILE
from .kernels import Unsupported
from .key import arrays_of, text_of
from .lowering import Layout, Lowering, describe
from .session import Session, count_rows

_SMALL = 1e6  # operations of a step below which a second thread costs more than it brings
_FORM = 5  # of the programs: raise it when the same graph is lowered in another way
_KEPT_SESSIONS = 4
_LARGEST_KEPT = 1 << 28  # bytes
_ENTRIES = "begin", "run", "finish", "predict"
_QUICK = 1e7  # operations up to which more rows than lanes wake no other threads


class NativeProgram:
    """A function from arrays to arrays.

    `carried` pairs a result with an input: what the one is after a step, the other is in the next.
    `guard` is the number of an input, a boolean, without which no step is made; then all steps
    take the same rows.
    """

    def __init__(
        self, graph: Graph, carried: Sequence[tuple[int, int]] = (), guard: int | None = None
    ) -> None:
        self.name = graph.name
        self._graph = graph
        self.input_specs = graph.input_specs
        self.output_specs = graph.output_specs
        self.carried = tuple(carried)
        self._library = _load(graph, self.carried, guard)
        meta = self._library.meta
        buffers = [Buffer(*pair) for pair in meta["layout"]["buffers"]]
        self.layout = Layout(**{**meta["layout"], "buffers": buffers})
        arrays = arrays_of(graph)
        self.constants = [_constant(source, arrays) for source in meta["constants"]]
        begin, run, finish, self._predict = (self._library.address(name) for name in _ENTRIES)
        self.begin = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(begin)
        self.steps = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(run)
        self.finish = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(finish)
        self._idle: list[Session] = []

    def threads(self, rows: int) -> int:
        """How many threads a step on `rows` rows is worth."""
        work = self.layout.cost * min(rows, TILE if self.layout.tiles else rows)
        if work + self.layout.fixed_cost < _SMALL:
            return 1
        wanted: int = min(config.threads or workers.processors(), workers.MOST + 1)
        return wanted

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """The outputs for these inputs."""
        rows = count_rows(self.name, self.input_specs, arrays)
        if rows == 0:  # no step would run, and no result be computed
            return interpreter(self._graph)(arrays)
        batch = min(rows, TILE) if self.layout.tiles else rows
        session = self.take(batch)
        try:
            session.feed(arrays, rows, batch)
            session.order(None)
            results = session.make_results()
            session.run(0, -(-rows // batch))
            return session.collect(results)
        finally:
            self.give(session)

    @property
    def graph(self) -> Graph:
        """What it computes."""
        return self._graph

    @property
    def by_rows(self) -> bool:
        """Whether rows do not know of each other, so that any number may be worked on at once."""
        return self.layout.tiles

    def predictor(self, arrays: Sequence[Array], other: Any) -> Any:
        """A function from rows to rows with the weights among `arrays`; None where there is none.

        What is no array of the input's dtype and width, or too much, goes to `other`.
        """
        if not self.layout.fast or not fastcall.can_run():
            return None
        session = Session(self, TILE, threads=1)
        session.feed(arrays, 1, 1)
        session.order(None)
        quick = int(_QUICK / max(1.0, self.layout.cost))
        limit = TILE if self.threads(TILE) == 1 else min(TILE, max(self.layout.lanes, quick))
        return fastcall.bind(session, self._predict, limit, other)

    def take(self, capacity: int) -> Session:
        """A session for batches of `capacity` rows, of earlier runs or new."""
        threads = self.threads(capacity)
        for session in tuple(self._idle):
            if session.capacity >= capacity and session.threads == threads:
                try:  # a list needs no lock, which a fork could inherit locked
                    self._idle.remove(session)
                except ValueError:  # another thread was faster
                    continue
                return session
        return Session(self, capacity)

    def give(self, session: Session) -> None:
        """Keep a session for later runs: the last few, unless they are large."""
        session.release()
        if session.size <= _LARGEST_KEPT:
            self._idle.append(session)
            del self._idle[:-_KEPT_SESSIONS]


def _load(graph: Graph, carried: tuple[tuple[int, int], ...], guard: int | None) -> engine.Library:
    """The compiled program, from memory, from disk, or made now."""
    lanes = engine.lanes()
    steps = repr(carried) if guard is None else f"{carried!r} while {guard}"
    parts = str(_FORM), str(lanes), steps, graph.name, text_of(graph)

    def make() -> tuple[str, Any]:
        with timed(f"lowering of {graph.name}"):
            lowering = Lowering(graph, lanes, carried, guard)
            program = lowering.text()
        debug.show("plan", lambda: describe(lowering))
        arrays = {id(array): number for number, array in enumerate(arrays_of(graph))}
        constants: list[Any] = []
        for value in lowering.planned.constants.values():
            assert value.array is not None
            if id(value.array) in arrays:
                constants.append(arrays[id(value.array)])
            else:
                constants.append([len(value.array), value.array.dtype.name])
        return program, {"layout": lowering.layout()._asdict(), "constants": constants}

    try:
        return engine.load("\0".join(parts), make, _ENTRIES)
    except RuntimeError as error:  # LLVM cannot compile it for this processor, or link it
        raise Unsupported(None, f"LLVM: {error}") from error


def _constant(source: Any, arrays: list[Array]) -> Array:
    """An array of the graph by its number, or a range of numbers."""
    if isinstance(source, int):
        return arrays[source]
    size, dtype = source
    return np.arange(size, dtype=dtype)
