"""Native code means what the interpreter means: every primitive, its derivative, any batch size,
any number of lanes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm import regions
from lamina.backends.llvm.kernels import Unsupported
from lamina.backends.llvm.program import NativeProgram
from lamina.core.errors import OpError, SymbolicShapeError
from lamina.core.shapes import B
from lamina.ir.graph import Graph, trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.reverse import differentiate, is_differentiable
from lamina.ir.value import Spec
from lamina.passes.pipeline import optimize
from lamina.tensor.signatures import with_batch
from tests.oracle.prims import ROWS

# Primitives that run on the interpreter, between native regions, at their samples.
INTERPRETED = {
    *("call", "cond", "while_loop", "while_gradient", "attach_gradient", "check", "observe"),
    *("iterate", "produce"),
    *("inverse", "determinant", "solve", "cholesky", "remainder", "floor_divide"),
    *("eigh", "svd", "qr", "lu", "slogdet", "pinv"),
    "map_text",
}
# A gradient made by hand may use values of the trace that it was made in.
DIFFERENTIABLE = [name for name, row in ROWS.items() if row.smooth and name != "attach_gradient"]
TOLERANCE = {np.dtype("float32"): (4e-6, 2e-6), np.dtype("float64"): (1e-12, 1e-12)}


@pytest.fixture(autouse=True)
def _verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "verify", True)


@pytest.fixture(params=[4, 8, 16])
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(tf.config, "lanes", request.param)
    return int(request.param)


def graph_of(name: str, dtype: str, *, batch: bool) -> tuple[Graph, list[np.ndarray]]:
    """The sample of a primitive as a graph; its leading axis as the batch, if asked for."""
    row = ROWS[name]
    arrays = [a.astype(dtype) if a.dtype == np.float64 else a for a in row.inputs]
    specs = [Spec(array.shape, array.dtype) for array in arrays]
    if batch:
        specs = with_batch(specs)
    graph, _ = trace_graph(name, lambda *symbols: [row.call(*symbols)], specs)
    return optimize(graph), arrays


def agree(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        if theirs.dtype.kind == "f":
            relative, absolute = TOLERANCE[theirs.dtype]
            scale = max(1.0, float(np.abs(theirs[np.isfinite(theirs)]).max(initial=0)))
            np.testing.assert_allclose(ours, theirs, rtol=relative, atol=absolute * scale)
        else:
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ROWS)
def test_every_primitive_means_the_same(name: str, dtype: str, lanes: int) -> None:
    try:
        graph, arrays = graph_of(name, dtype, batch=False)
    except OpError:
        pytest.skip(f"the sample's own programs are not for {dtype}")
    try:
        program = NativeProgram(graph)
    except Unsupported as error:
        assert error.node.primitive.name in INTERPRETED, error  # noqa: PT017
        return
    agree(program(arrays), interpreter(graph)(arrays))


@pytest.mark.parametrize("name", ROWS)
def test_a_batch_of_any_size_means_the_same(name: str) -> None:
    try:
        graph, arrays = graph_of(name, "float32", batch=True)
    except (SymbolicShapeError, OpError):
        pytest.skip("the leading axis of the sample cannot be a batch")
    if graph.input_specs == tuple(Spec(a.shape, a.dtype) for a in arrays):
        pytest.skip("the inputs of the sample have no common leading axis")
    if B not in graph.outputs[0].spec.shape:
        pytest.skip("the result has the size of the sample's batch")
    program = regions.compile_regions(graph)
    for repeats in (1, 13):
        many = [np.concatenate([a] * repeats) if a.ndim else a for a in arrays]
        agree(program(many), interpreter(graph)(many))


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives_mean_the_same(name: str) -> None:
    graph, arrays = graph_of(name, "float64", batch=False)
    if not graph.outputs or not is_differentiable(graph.outputs[0].spec):
        pytest.skip("no gradient flows")
    derivative = optimize(differentiate(graph, ROWS[name].smooth, (0,)))
    spec = graph.outputs[0].spec
    incoming = np.random.default_rng(3).normal(size=spec.shape).astype(spec.dtype)
    given = [*arrays, np.asarray(incoming)]
    program: Any = regions.compile_regions(derivative)
    agree(program(given), interpreter(derivative)(given))


def test_what_is_interpreted_exists() -> None:
    assert set(PRIMITIVES) >= INTERPRETED
