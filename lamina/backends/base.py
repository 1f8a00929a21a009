"""The protocol of a backend, and the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..core.config import config
from ..core.dtypes import Array
from ..core.registry import Registry
from ..ir.graph import Graph
from ..ir.interpret import Program
from ..passes.pipeline import optimize


class Backend(Protocol):
    """Turns graphs into functions from input arrays to output arrays."""

    name: str

    def available(self) -> bool:
        """Whether it can run on this machine."""
        ...

    def compile(self, graph: Graph) -> Program:
        """A function that computes the outputs of `graph`, for any batch size."""
        ...

    def compile_steps(self, graph: Graph, carried: Carried) -> Steps | None:
        """`graph` as a program that runs many steps in one call; None where it has no such form.

        `carried` pairs a result with an input: what the one is after a step, the other is in the
        next.
        """
        ...

    def shuffled(self, rows: int, key: int) -> Array | None:
        """The order that data/order.py defines, by native code; None without such."""
        ...


Carried = Sequence[tuple[int, int]]


class Steps(Protocol):
    """A compiled step; a session holds what one training works on."""

    def take(self, capacity: int) -> Session:
        """A session for batches of up to `capacity` rows."""
        ...

    def give(self, session: Any) -> None:
        """Take a session back."""
        ...

    @property
    def by_rows(self) -> bool:
        """Whether rows do not know of each other, so that any number may be worked on at once."""
        ...

    def predictor(self, arrays: Sequence[Array], other: Any) -> Any:
        """A function from rows to rows with the weights among `arrays`; None where there is none.

        What is no array of the input's dtype and width, or too much, goes to `other`.
        """
        ...


class Session(Protocol):
    """Steps over rows of arrays, with what is carried from each to the next."""

    def feed(self, arrays: Sequence[Array], rows: int, batch: int) -> None:
        """Let the inputs be `arrays`: those with a batch of `rows` rows, `batch` of them a step."""
        ...

    def exchange(self, arrays: Sequence[Array], rows: int) -> bool:
        """Let the inputs with a batch be others, of the same types, and all else stay as it is.

        False where results have a batch: they need arrays of their own.
        """
        ...

    def order(self, order: Array | None) -> None:
        """Take rows in this order (int64, `rows` of them), or as they stand."""
        ...

    def make_results(self) -> list[Array]:
        """Arrays for the results, which `run` and `collect` fill."""
        ...

    def run(self, first: int, last: int) -> None:
        """Steps `first` to `last`, the last one left out."""
        ...

    def collect(self, results: list[Array]) -> list[Array]:
        """The results: with a batch those of all rows, else those of the last step."""
        ...


BACKENDS: Registry[Backend] = Registry("backend")


def chosen() -> Backend:
    """The backend in force."""
    if config.backend != "auto":
        return BACKENDS[config.backend]
    native = BACKENDS["llvm"]
    return native if native.available() else BACKENDS["interp"]


def compile_graph(graph: Graph) -> Program:
    """`graph` compiled by the backend in force, once."""
    backend = chosen()
    program: Program = graph.derived(
        ("program", backend.name, config.lanes), lambda: backend.compile(optimize(graph))
    )
    return program


def interpret_graph(graph: Graph) -> Program:
    """`graph` for the interpreter: small programs between eager operations are not worth more."""
    program: Program = graph.derived(
        ("program", "interp"), lambda: BACKENDS["interp"].compile(optimize(graph))
    )
    return program


def compile_steps(graph: Graph, carried: Carried) -> Steps | None:
    """`graph` compiled for many steps by the backend in force, once; None where it cannot."""
    backend = chosen()
    steps: Steps | None = graph.derived(
        ("steps", backend.name, config.lanes, tuple(carried)),
        lambda: backend.compile_steps(optimize(graph), carried),
    )
    return steps


def shuffled_order(rows: int, key: int) -> Array | None:
    """A random order of rows by the backend in force; None where it has no code for it."""
    return chosen().shuffled(rows, key)
