"""What every primitive must do: have a sample, agree with NumPy and with its type rule, have the
derivatives that differences show, and mean the same in a graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.ir.graph import trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.verify import verify
from tests.oracle.prims import ROWS, Row

STEP = 1e-5
rows = pytest.mark.parametrize("name", ROWS)
smooth_rows = pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.smooth])


@pytest.fixture(autouse=True)
def _checked_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "verify", True)


def test_every_primitive_has_a_sample() -> None:
    assert set(PRIMITIVES) == set(ROWS), "the rows of tests/oracle/prims.py"


@rows
def test_agrees_with_numpy_and_its_type_rule(name: str) -> None:
    row = ROWS[name]
    values = [tf.constant(array) for array in row.inputs]
    with tf.GradientTape() as tape:
        tape.watch([values[i] for i in row.smooth])
        found = row.call(*values)
    expected = np.asarray(row.reference(*row.inputs))
    assert found.array.shape == expected.shape
    assert found.array.dtype.kind == expected.dtype.kind or expected.dtype.kind in "iu"
    np.testing.assert_allclose(found.array, expected, rtol=1e-12, atol=1e-12)
    for node in tape._nodes:
        specs = node.primitive.infer(*[v.spec for v in node.inputs], **node.params)
        specs = specs if node.primitive.multiple else (specs,)
        assert tuple(specs) == tuple(output.spec for output in node.outputs)


@rows
def test_means_the_same_in_a_graph(name: str) -> None:
    row = ROWS[name]
    values = [tf.constant(array) for array in row.inputs]
    specs = [value.spec for value in values]
    graph, _ = trace_graph(name, lambda *symbols: [row.call(*symbols)], specs)
    (found,) = interpreter(verify(graph))([value.array for value in values])
    np.testing.assert_array_equal(found, row.call(*values).array)
    if values:
        assert name in {node.primitive.name for node in graph.nodes}


def _value(row: Row, varying: list[Any]) -> Any:
    values = [tf.constant(array) for array in row.inputs]
    for place, tensor in zip(row.smooth, varying, strict=True):
        values[place] = tensor
    result = row.call(*values)
    if result.dtype != tf.float64:
        return tf.constant(0.0, tf.float64)
    weights = np.random.default_rng(7).uniform(0.5, 1.5, result.shape)
    return tf.reduce_sum(result * weights)


def _slope(row: Row, varying: list[Any], directions: list[Any]) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(varying)
        value = _value(row, varying)
    gradients = tape.gradient(value, varying, unconnected_gradients="zero")
    return tf.add_n([tf.reduce_sum(g * d) for g, d in zip(gradients, directions, strict=True)])


def _difference(function: Any, row: Row, directions: list[Any]) -> Any:
    sides = []
    for step in (STEP, -STEP):
        arrays = [row.inputs[i] + step * d for i, d in zip(row.smooth, directions, strict=True)]
        sides.append(function([tf.constant(array) for array in arrays]))
    return (sides[0] - sides[1]) / (2 * STEP)


@smooth_rows
def test_derivatives_are_what_differences_show(name: str) -> None:
    row = ROWS[name]
    generator = np.random.default_rng(1)
    along, across = (
        [generator.normal(size=row.inputs[i].shape) for i in row.smooth] for _ in range(2)
    )
    varying = [tf.constant(row.inputs[i]) for i in row.smooth]
    with tf.GradientTape() as tape:
        if row.twice:
            tape.watch(varying)
        slope = _slope(row, varying, along)
    expected = _difference(lambda moved: _value(row, moved), row, along)
    np.testing.assert_allclose(slope, expected, rtol=2e-6, atol=2e-7)
    if row.twice:
        second = tape.gradient(slope, varying, unconnected_gradients="zero")
        curvature = sum(np.sum(g * d) for g, d in zip(second, across, strict=True))
        expected = _difference(lambda moved: _slope(row, moved, along), row, across)
        np.testing.assert_allclose(curvature, expected, rtol=2e-6, atol=2e-6)
