"""What values without a batch are looked up by, in every layout, dtype and number of lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram
from lamina.core.errors import IndexRangeError
from lamina.ir.interpret import interpreter
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function

SHAPES = [(5,), (40, 3), (3, 40), (7, 1), (4, 3, 5)]  # lines, matrices that lie turned or not


def _gradient(x: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(x)
        order = tf.argsort(x)
        y = tf.gather(x, [0, 0, 1] if x.shape[0] > 1 else [0, 0]), tf.sort(x) ** 2
        z = tf.gather(x, order, batch_dims=len(x.shape) - 1)
        loss = tf.reduce_sum(y[0] ** 3) + tf.reduce_sum(y[1] * tf.cast(order, y[1].dtype) + z)
    return tape.gradient(loss, x)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda x: tf.argmax(x, -1),
    "argmin of the first axis": lambda x: tf.argmin(x, 0),
    "argsort": lambda x: tf.argsort(x, direction="DESCENDING"),
    "sort": tf.sort,
    "gather": lambda x: (
        tf.gather(x, [2, 0, 2, 1]) if len(x.shape) > 1 else tf.gather(x, [[1], [0]])
    ),
    "gather of the last axis": lambda x: tf.gather(x, [0, 0], axis=-1),
    "searchsorted": lambda x: tf.searchsorted([-1.0, 0.0, 0.5, 0.5], x, side="right"),
    **{
        f"searchsorted of no number, {side}": lambda x, side=side: tf.searchsorted(
            [0.0, 0.5, np.nan], tf.where(x > 0.4, np.nan, x), side=side
        )
        for side in ("left", "right")
    },
    "narrow sum": lambda x: tf.reduce_sum(tf.tile(x[..., None], [1] * len(x.shape) + [2]), 0),
    "gradient of look-ups": _gradient,
    "stacks": lambda x: tf.matmul(x[..., None], x[..., None], transpose_b=True),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_native_is_interpreted(name, shape, monkeypatch):
    x = np.random.default_rng(len(shape)).normal(size=shape).round(1)
    for dtype in ("float32", "float64"):
        given = x.astype(dtype)
        traced = Function(FUNCTIONS[name]).program_for(tf.constant(given)).graph
        graph = optimize(traced)
        for lanes in (4, 8, 16):
            monkeypatch.setattr(tf.config, "lanes", lanes)
            pairs = zip(NativeProgram(graph)([given]), interpreter(graph)([given]), strict=True)
            for ours, wanted in pairs:
                np.testing.assert_allclose(ours, wanted, rtol=2e-6, atol=1e-6)


def test_an_index_out_of_range_is_told_and_nothing_is_written():
    table, count = tf.Variable(np.eye(4, dtype="float32")), tf.Variable(0.0)

    @tf.function
    def look_up(indices: Any) -> Any:
        count.assign_add(1.0)
        table.assign(table * 2.0)
        return tf.gather(table, indices)

    look_up(np.array([0, 3], "int32"))
    with pytest.raises(IndexRangeError, match="index 4 is out of range: expected 0 to 3"):
        look_up(np.array([0, 4], "int32"))
    assert float(count) == 1.0
    np.testing.assert_array_equal(table, 2 * np.eye(4))


def test_an_index_after_statistics_of_the_batch_is_told_before_the_update():
    weights = tf.Variable([1.0, 2.0, 3.0])

    def step(x: Any, indices: Any) -> Any:
        scaled = (x - tf.reduce_mean(x, 0)) * weights
        found = tf.gather(scaled, indices, batch_dims=1)
        weights.assign(weights - tf.reduce_sum(found * found))
        return found

    function = Function(step, symbolic_batch=True)
    x = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    good = np.tile(np.array([[0, 2]], "int32"), (20, 1))
    function(x, good)
    before = weights.numpy()
    bad = good.copy()
    bad[17, 1] = 3
    with pytest.raises(IndexRangeError, match="index 3"):
        function(x, bad)
    np.testing.assert_array_equal(weights, before)
