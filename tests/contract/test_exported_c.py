"""Every primitive, layer and activation, and random graphs, in exported C: compiled strictly, with
checks of what is undefined, the same numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import OpError, UnimplementedError
from lamina.core.shapes import B
from lamina.export.c.elementwise import ELEMENTWISE
from lamina.export.c.file import source
from lamina.export.c.loops import LOOPS
from lamina.export.c.places import VIEWS
from lamina.export.c.plan import LOOKUPS, REFUSED, ROOTS, SOURCES, plan
from lamina.export.graph import Inference, Port, inference_graph
from lamina.export.native import write_object
from lamina.ir.bind import new_value
from lamina.ir.graph import Graph
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.value import Node
from lamina.keras.configurable import FAMILIES
from lamina.ops.vectorize import map_rows
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function
from tests.contract.test_layers import CASES, Row, _constructed
from tests.oracle import keras_activations
from tests.oracle.keras_layers import inputs
from tests.oracle.prims import ROWS
from tests.tools.c_code import Called, needs_compiler
from tests.tools.random_graphs import WILD, disagreements, random_graph, random_inputs

COUNT = 11
_TABLES = (ELEMENTWISE, VIEWS, SOURCES, LOOKUPS, ROOTS, REFUSED)


def test_every_primitive_has_a_form_or_a_reason() -> None:
    named = [name for table in _TABLES for name in table]
    assert set(named) == set(PRIMITIVES)
    assert len(named) == len(set(named))
    assert set(LOOPS) == ROOTS


def _inference(graph: Graph) -> Inference:
    ins = [Port(f"x{n}", spec) for n, spec in enumerate(graph.input_specs)]
    outs = [Port(f"y{n}", spec) for n, spec in enumerate(graph.output_specs)]
    return Inference("sample", graph, tuple(ins), tuple(outs), {}, {})


def _compiled(inference: Inference, folder: Path) -> Called:
    header, text = source(inference, "sample.h")
    (folder / "sample.h").write_text(header)
    (folder / "sample.c").write_text(text)
    outputs = [port.spec for port in inference.outputs]
    return Called(folder / "sample.c", inference.name, outputs)


def _batch(array: Any) -> Any:
    """Rows like `array`, floats each with other numbers."""
    rows = np.repeat(array[None], COUNT, 0)
    if array.dtype.kind == "f":
        rows = rows * np.linspace(0.5, 1, COUNT).reshape(-1, *[1] * array.ndim)
    return rows


def _primitive(name: str) -> tuple[Graph, list[Any]]:
    """The sample of a primitive for each row of a batch."""
    row = ROWS[name]
    arrays = [_batch(array) for array in row.inputs] or [np.zeros((COUNT, 1))]
    varying = [n for n in range(len(row.inputs)) if n not in _FIXED.get(name, ())]

    def call(*xs: Any) -> Any:
        given: list[Any] = [tf.constant(array) for array in row.inputs]
        for place, x in zip(varying, xs, strict=True):
            given[place] = x
        return row.call(*given)

    used = [arrays[n] for n in varying] or arrays
    traced = Function(
        lambda *xs: map_rows(lambda given: call(*given[: len(varying)]), xs), symbolic_batch=True
    )
    program = traced.program_for(*[tf.constant(array) for array in used])
    return optimize(program.graph), used


_FIXED = {"search": (0,), "gather": (1,), "scatter_add": (0,)}
"""Operands that are the same for all rows."""


@needs_compiler
@pytest.mark.parametrize("name", sorted(set(ROWS) - set(REFUSED)))
def test_primitives(name: str, tmp_path: Path) -> None:
    graph, arrays = _primitive(name)
    (found,) = _compiled(_inference(graph), tmp_path)(*arrays)
    (expected,) = interpreter(graph)(arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@needs_compiler
@pytest.mark.parametrize("name", keras_activations.ARGUMENTS)
def test_activations(name: str, tmp_path: Path) -> None:
    for number, arguments in enumerate(keras_activations.ARGUMENTS[name]):
        if arguments.get("axis", -1) != -1:
            continue  # over the rows of a batch
        activation = FAMILIES["keras.activations"][name]
        traced = Function(lambda x, f=activation, a=arguments: f(x, **a), symbolic_batch=True)
        x = keras_activations.POINTS
        graph = optimize(traced.program_for(tf.constant(x)).graph)
        folder = tmp_path / str(number)
        folder.mkdir()
        (found,) = _compiled(_inference(graph), folder)(x)
        np.testing.assert_allclose(found, interpreter(graph)([x])[0], rtol=1e-6, atol=1e-6)


def _layer(name: str, row: Row) -> tuple[Any, list[Any]]:
    """A model of one layer, and its inputs."""
    layer = _constructed(tf.keras, name, row)
    several = isinstance(row.shape, list)
    arrays = inputs(row) if several else [inputs(row)]
    if row.adapts:
        layer.adapt(arrays[0])
    ends = [tf.keras.Input(array.shape[1:], dtype=str(array.dtype)) for array in arrays]
    return tf.keras.Model(ends, layer(ends if several else ends[0])), arrays


def _has_strings(inference: Inference) -> bool:
    values = [value for node in inference.graph.nodes for value in node.outputs]
    return any(v.spec.dtype.kind == "O" for v in [*inference.graph.inputs, *values])


def _predicted(model: Any, arrays: list[Any]) -> list[Any]:
    found = model.predict_on_batch(arrays if len(arrays) > 1 else arrays[0])
    return found if isinstance(found, list) else [found]


@needs_compiler
@pytest.mark.parametrize(("name", "row"), CASES)
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_layers(name: str, row: Row, tmp_path: Path) -> None:
    model, arrays = _layer(name, row)
    inference = inference_graph(model, name="sample")
    if _has_strings(inference):
        with pytest.raises(UnimplementedError, match="string"):
            source(inference, "sample.h")
        return
    found = _compiled(inference, tmp_path)(*arrays)
    for ours, theirs in zip(found, _predicted(model, arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@needs_compiler
@pytest.mark.parametrize(("name", "row"), CASES)
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_layers_as_objects_have_the_same_bits(
    name: str, row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(tf.config, "backend", "llvm")
    model, arrays = _layer(name, row)
    inference = inference_graph(model, name="sample")
    if _has_strings(inference):
        with pytest.raises(UnimplementedError, match="string"):
            write_object(inference, tmp_path / "sample.o")
        return
    write_object(inference, tmp_path / "sample.o")
    found = Called(tmp_path / "sample.o", "sample", [p.spec for p in inference.outputs])(*arrays)
    for ours, theirs in zip(found, _predicted(model, arrays), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _exportable(seed: int) -> tuple[Graph, Graph] | None:
    """What can be exported of a random graph, with its constants, and that simplified."""
    graph = random_graph(seed)
    arrays = random_inputs(graph, seed, COUNT)
    ends = [value for value in graph.inputs if value.spec.shape[:1] == (B,)]
    fixed = {
        id(value): new_value(array)
        for value, array in zip(graph.inputs, arrays, strict=True)
        if B not in value.spec.shape
    }
    if len(ends) + len(fixed) < len(graph.inputs):
        return None
    nodes = [
        Node(n.primitive, tuple(fixed.get(id(x), x) for x in n.inputs), n.params, n.outputs)
        for n in graph.nodes
    ]
    values = [value for node in nodes for value in node.outputs]
    outputs = [
        value
        for value in values
        if value.spec.shape[:1] == (B,) and _has_form(Graph("part", ends, nodes, [value]))
    ]
    whole = Graph("sample", ends, nodes, outputs)
    return (whole, optimize(whole)) if ends and outputs else None


def _has_form(graph: Graph) -> bool:
    try:
        plan(optimize(graph))
    except UnimplementedError:
        return False
    return True


@needs_compiler
@pytest.mark.parametrize("seed", range(30))
def test_random_graphs(seed: int, tmp_path: Path) -> None:
    found = _exportable(seed)
    if found is None:
        pytest.skip("nothing in it works row by row")
    graph, simplified = found
    called = _compiled(_inference(simplified), tmp_path)
    for rows in (COUNT, 1):
        for odd in ((), WILD):
            arrays = random_inputs(graph, seed, rows, odd)
            try:
                interpreter(simplified)(arrays)
            except OpError:
                continue  # an index out of range
            assert not disagreements(simplified, arrays, rows, called(*arrays))
