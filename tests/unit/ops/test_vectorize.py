"""Functions of a row, for all rows at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import SymbolicShapeError
from lamina.core.shapes import B
from lamina.ir.graph import trace_graph
from lamina.ir.primitive import PRIMITIVES
from lamina.ir.value import Spec
from lamina.ops import vectorize
from lamina.tensor.function import Function
from tests.oracle.prims import ROWS

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
W = np.random.default_rng(1).normal(size=(3, 2)).astype("float32")
CUBE = np.random.default_rng(2).normal(size=(5, 3, 4)).astype("float32")
# Primitives that are not asked for many rows, or refuse them.
ALONE = {
    *("fill", "iota", "random_bits", "dimension", "call", "cond", "while_loop", "iterate"),
    *("while_gradient", "attach_gradient", "check", "observe", "scatter_add", "map_text"),
}


@pytest.mark.parametrize("name", sorted(set(ROWS) - ALONE))
def test_every_primitive_has_a_form_for_many_rows(name: str) -> None:
    row = ROWS[name]
    if not row.inputs:
        pytest.skip("it takes no tensor")
    many = [np.stack([array, array[..., ::-1] if array.ndim else array]) for array in row.inputs]
    if name in (
        "solve",
        "inverse",
        "determinant",
        "cholesky",
        "eigh",
        "slogdet",
        "gather",
        "search",
    ):
        many = [np.stack([array, array]) for array in row.inputs]
    if name in ("gather", "search"):
        place = 1 if name == "gather" else 0
        fixed = tf.constant(row.inputs[place])
        given = tf.constant(many[1 - place])

        def call(x: Any) -> Any:
            return row.call(x, fixed) if place else row.call(fixed, x)

        found = vectorize.map_rows(call, given, strict=True)
        wanted = [call(tf.constant(array)) for array in many[1 - place]]
    else:
        tensors = [tf.constant(array) for array in many]
        found = vectorize.map_rows(lambda rows: row.call(*rows), tensors, strict=True)
        wanted = [row.call(*map(tf.constant, arrays)) for arrays in zip(*many, strict=True)]
    np.testing.assert_allclose(found, np.stack(wanted), rtol=1e-12, atol=1e-12)


def test_what_stands_alone_exists() -> None:
    assert set(PRIMITIVES) >= ALONE


CALLS: dict[str, Callable[[Any], Any]] = {
    "a product with a fixed matrix": lambda row: tf.linalg.matvec(W.T, row),
    "softmax": lambda row: tf.nn.softmax(row * 2.0),
    "a sum over pairs": lambda row: tf.reduce_sum(row[:, None] * row[None, :]),
    "a look-up by row": lambda row: tf.gather(W, tf.cast(tf.abs(row[0]), tf.int32)),
    "joined with what is fixed": lambda row: tf.concat([row, [1.0, 2.0]], 0),
    "reversed, padded, sorted": lambda row: tf.sort(tf.pad(row[::-1], [[1, 2]])),
    "written to places": lambda row: tf.scatter_nd([[0], [2]], row[:2], [4]),
    "nothing of the row": lambda row: tf.ones((2, 2)),
}


@pytest.mark.parametrize("name", CALLS)
def test_all_rows_at_once_are_each_row(name: str) -> None:
    call = CALLS[name]
    wanted = np.stack([call(tf.constant(row)) for row in X])
    np.testing.assert_allclose(vectorize.map_rows(call, X, strict=True), wanted, rtol=2e-6)
    traced = Function(lambda x: tf.vectorized_map(call, x), symbolic_batch=True)
    for rows in (X, X[:2]):
        np.testing.assert_allclose(traced(tf.constant(rows)), wanted[: len(rows)], rtol=2e-6)
    assert traced.trace_count == 1


def test_structures_and_gradients() -> None:
    variable = tf.Variable(2.0)

    def call(row: Any) -> Any:
        return {"a": tf.reduce_sum(row["x"]) * variable, "b": row["y"] @ W[:, :1]}

    rows = {"x": tf.constant(X), "y": tf.constant(CUBE.transpose(0, 2, 1))}
    with tf.GradientTape() as tape:
        found = tf.vectorized_map(call, rows)
        total = tf.reduce_sum(found["a"])
    np.testing.assert_allclose(found["a"], 2 * X.sum(1), rtol=1e-6)
    assert found["b"].shape == (5, 4, 1)
    np.testing.assert_allclose(tape.gradient(total, variable), X.sum(), rtol=1e-5)


def test_rows_come_one_by_one_where_they_must() -> None:
    counter = tf.Variable(0.0)

    def call(row: Any) -> Any:
        counter.assign_add(1.0)
        return row * (2.0 if float(row[0]) > 0 else 1.0)

    found = tf.vectorized_map(call, X)
    np.testing.assert_allclose(found, X * np.where(X[:, :1] > 0, 2, 1))
    assert float(counter) == 5
    with pytest.raises(SymbolicShapeError, match="cannot be applied to all rows at once"):
        tf.vectorized_map(call, X, fallback_to_while_loop=False)


def test_a_batch_says_what_it_cannot_do() -> None:
    batch = [Spec((B, 3), np.dtype("float32"))]
    for call, message in (
        (lambda row: tf.searchsorted(row, [0.5]), "own edges has no form for many rows"),
        (lambda row: tf.scatter_nd(tf.cast(row[:, None], tf.int32), row, [3]), "own places"),
        (lambda row: tf.cond(row[0] > 0, lambda: row, lambda: -row), "cond has no form"),
    ):
        with pytest.raises(SymbolicShapeError, match=message):
            trace_graph("rows", lambda x, f=call: [tf.vectorized_map(f, x)], batch)
    with pytest.raises(ValueError, match="the same first size"):
        tf.vectorized_map(lambda pair: pair[0], [X, X[:2]])
