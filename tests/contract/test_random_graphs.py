"""Every backend gives what the interpreter gives, on random graphs and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lamina.backends.base import BACKENDS
from lamina.ir.graph import Graph
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.show import show
from lamina.ir.verify import verify
from lamina.passes.pipeline import optimize
from tests.tools.random_graphs import (
    WILD,
    disagreements,
    gradient_graph,
    random_graph,
    random_inputs,
    run_plainly,
    same_bits,
    shrink,
)

SEEDS = range(40)
ROWS = 5, 1, 37
backends = pytest.mark.parametrize("backend", sorted(BACKENDS))


def compiled(backend: str, graph: Graph) -> Any:
    """The program that a backend makes of `graph`."""
    if not BACKENDS[backend].available():
        pytest.skip(f"{backend} is not installed")
    return BACKENDS[backend].compile(optimize(graph))


def check(backend: str, graph: Graph, seed: int, odd: Sequence[float] = ()) -> None:
    """Compare a backend with the interpreter for batches of several sizes, by one program."""
    program = compiled(backend, graph)
    for rows in ROWS:
        arrays = random_inputs(graph, seed, rows, odd)
        wrong = disagreements(graph, arrays, rows, program(arrays))
        if wrong:
            pytest.fail(report(backend, graph, arrays, rows, seed))


def report(backend: str, graph: Graph, arrays: list[Any], rows: int, seed: int) -> str:
    """The smallest part of `graph` that shows the difference, and what comes out of it."""

    def fails(part: Graph, values: list[Any]) -> bool:
        return bool(disagreements(part, values, rows, compiled(backend, part)(values)))

    small, values = shrink(graph, arrays, rows, fails)
    found, expected = compiled(backend, small)(values), run_plainly(small, values, rows)
    return (
        f"seed {seed}, {rows} rows: {backend} disagrees on a part of\n{show(graph)}\n\n"
        f"{show(small)}\nof {values}\n{backend}: {found}\nNumPy: {expected}"
    )


@backends
@pytest.mark.parametrize("seed", SEEDS)
def test_graphs(backend: str, seed: int) -> None:
    graph = verify(random_graph(seed))
    check(backend, graph, seed)
    check(backend, graph, seed, WILD)


@backends
@pytest.mark.parametrize("seed", SEEDS)
def test_gradients(backend: str, seed: int) -> None:
    gradient = gradient_graph(random_graph(seed))
    if gradient is None:
        pytest.skip("no float goes into the graph, or none comes out")
    check(backend, verify(gradient), seed)


# Left to tests of their own: factors, which NumPy computes for both, and texts.
NOT_DRAWN = {"eigh", "lu", "pinv", "qr", "slogdet", "svd", "map_text"}


def test_every_primitive_is_drawn() -> None:
    drawn = set()
    for seed in range(300):
        graph = random_graph(seed)
        assert len(graph.nodes) <= 80
        for each in filter(None, (graph, gradient_graph(graph))):
            drawn.update(node.primitive.name for node in each.nodes)
    assert drawn == set(PRIMITIVES) - NOT_DRAWN


def test_a_seed_gives_one_graph_and_one_set_of_arrays() -> None:
    first, second = random_graph(7), random_graph(7)
    assert show(first) == show(second)
    arrays = [random_inputs(graph, 7, 3) for graph in (first, second)]
    assert all(same_bits(*pair) for pair in zip(*arrays, strict=True))
    assert show(random_graph(8)).replace("_8(", "_7(") != show(first)


@pytest.mark.parametrize("seed", range(4))
def test_differences_are_seen_and_made_small(seed: int) -> None:
    """A backend that is wrong about one primitive in its last digits is found out."""
    graph = next(
        graph
        for graph in map(random_graph, range(100 * seed, 100 * seed + 100))
        if any(node.primitive.name == "tanh" for node in graph.nodes)
    )
    graph = Graph(graph.name, graph.inputs, graph.nodes, [n.outputs[0] for n in graph.nodes])
    arrays = random_inputs(graph, seed, 5)

    def wrong(part: Graph, values: list[Any]) -> list[Any]:
        found = interpreter(part)(values)
        makers = {id(node.outputs[0]): node.primitive.name for node in part.nodes}
        return [
            result * 1.0001 if makers.get(id(value)) == "tanh" else result
            for value, result in zip(part.outputs, found, strict=True)
        ]

    def fails(part: Graph, values: list[Any]) -> bool:
        return bool(disagreements(part, values, 5, wrong(part, values)))

    assert not disagreements(graph, arrays, 5, interpreter(graph)(arrays))
    small, values = shrink(graph, arrays, 5, fails)
    assert [node.primitive.name for node in small.nodes] == ["tanh"]
    assert fails(small, values)
