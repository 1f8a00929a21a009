"""Operations of keras.ops that tables of samples do not cover, and what they refuse."""

from __future__ import annotations

from typing import Any

import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.keras import ops

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


def test_cond_runs_one_branch() -> None:
    def run(flag: Any) -> Any:
        return ops.cond(flag, lambda: ops.logsumexp(X), lambda: ops.norm(X))

    for flag in (True, False):
        wanted = np.log(np.exp(X).sum()) if flag else np.linalg.norm(X)
        np.testing.assert_allclose(run(flag), wanted, rtol=1e-6)
        np.testing.assert_allclose(tf.function(run)(tf.constant(flag)), wanted, rtol=1e-6)


def test_branches_give_tensors() -> None:
    assert ops.is_tensor(ops.cond(True, lambda: 1.5, lambda: 2.5))
    assert ops.cond(False, lambda: [1.5], lambda: [None]) == [None]
    assert float(ops.switch(1, [lambda x: x, lambda x: -x], 3.0) * 2) == -6


@pytest.mark.parametrize("reverse", [False, True])
def test_long_scans_are_loops(reverse: bool) -> None:
    x = np.random.default_rng(3).normal(size=(100, 2)).astype("float32") / 10

    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            last, found = ops.scan(
                lambda state, row: (state * 0.9 + row, {"y": state * row, "none": None}),
                ops.zeros(2),
                x,
                reverse=reverse,
            )
            total = ops.sum(last) + ops.sum(found["y"] ** 2)
        return last, found["y"], tape.gradient(total, x)

    traced = tf.function(run)
    for ours, wanted in zip(traced(tf.constant(x)), run(tf.constant(x)), strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-6)
    names = {
        node.primitive.name for node in traced.get_concrete_function(tf.constant(x)).graph.nodes
    }
    assert "while_loop" in names
    assert tf.function(lambda: ops.scan(lambda s, _: (s + 1, s), 0.0, length=70))()[0] == 70


def test_conversion() -> None:
    assert ops.convert_to_tensor(1.5).dtype == "float32"
    assert ops.convert_to_tensor([1, 2], dtype="float64").dtype == "float64"
    array = ops.convert_to_numpy(ops.convert_to_tensor(X))
    array[0, 0] = 7
    assert X[0, 0] != 7
    assert ops.is_tensor(tf.constant(1))
    assert not any(map(ops.is_tensor, (X, tf.Variable(1.0), keras.Input((2,)), 1.0)))
    with pytest.raises(NotImplementedError, match="all tensors are dense"):
        ops.convert_to_tensor(X, sparse=True)


def test_custom_gradient() -> None:
    @ops.custom_gradient
    def doubled(x: Any) -> Any:
        def gradient(*arguments: Any, upstream: Any = None) -> Any:
            return 5.0 * (arguments[0] if upstream is None else upstream)

        return x * 2.0, gradient

    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = doubled(x)
    np.testing.assert_allclose(y, 2 * X)
    np.testing.assert_allclose(tape.gradient(y, x), np.full_like(X, 5))


def test_forward_derivatives() -> None:
    def function(module: Any) -> Any:
        def f(x: Any, y: Any) -> Any:
            return {"a": module.sin(x) * y, "b": module.logsumexp(y * y)}

        return f

    direction = X[::-1].copy()
    found = ops.jvp(function(ops), (X, 2 * X), (direction, X))
    wanted = reference.ops.jvp(function(reference.ops), (X, 2 * X), (direction, X))
    traced = tf.function(lambda x: ops.jvp(function(ops), (x, 2 * x), (direction, x)))(X)
    for ours, again, theirs in zip(
        *(tf.nest.flatten(result) for result in (found, traced, wanted)), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(again, theirs, rtol=1e-5, atol=1e-6)
    value, slope, aux = ops.jvp(lambda x: (x * 0 + 1, "more"), (X,), (X,), has_aux=True)
    assert aux == "more"
    np.testing.assert_array_equal(slope, np.zeros_like(X))
    assert value.shape == X.shape


def test_sparsemax_sums_to_one() -> None:
    found = ops.sparsemax(3 * X, axis=0)
    np.testing.assert_allclose(np.sum(found, axis=0), np.ones(4), rtol=1e-6)


def test_places_may_be_worked_out() -> None:
    @tf.function
    def moved(start: Any) -> Any:
        part = ops.slice(X, (start, 1), (2, 2))
        return part, ops.slice_update(X, [start, 1], part * 0)

    for start in (0, 1, 2):
        part, updated = moved(tf.constant(start))
        held = min(start, 1)
        np.testing.assert_array_equal(part, X[held : held + 2, 1:3])
        wanted = X.copy()
        wanted[held : held + 2, 1:3] = 0
        np.testing.assert_array_equal(updated, wanted)


def test_softmax_over_one_class_warns() -> None:
    with pytest.warns(UserWarning, match="use sigmoid"):
        ops.softmax(X[:, :1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.cholesky(X), ValueError, "cholesky expects square matrices"),
        (lambda: ops.cholesky(-np.eye(3)), ValueError, "cholesky"),
        (lambda: ops.qr(X, mode="raw"), ValueError, "'reduced' or 'complete'; got 'raw'"),
        (lambda: ops.det(X[0]), ValueError, "det expects matrices"),
        (lambda: ops.norm(X, "fro", 1), ValueError, "ord of a vector norm"),
        (lambda: ops.norm(X, 3), ValueError, "ord of a matrix norm"),
        (lambda: ops.norm(np.ones((2, 2, 2)), 1), ValueError, "needs an axis for rank 3"),
        (lambda: ops.norm(np.ones((2, 2, 2)), 1, (0, 1, 2)), ValueError, "one or two axes"),
        (lambda: ops.solve(X[:, :3], X[0]), ValueError, "does not fit a of shape"),
        (lambda: ops.lstsq(X, X[0]), ValueError, r"lstsq expects a of shape \(m, n\)"),
        (lambda: ops.jvp(ops.sin, (X,), (X[0],)), ValueError, "tangents of the types"),
        (lambda: ops.segment_sum(X, [0, 1], 2), ValueError, "one for each row"),
        (lambda: ops.segment_max(X, [0.0, 1.0, 1.0]), TypeError, "segment_ids are integers"),
        (lambda: ops.cdist(X, X[:, :2]), ValueError, "vectors of one size"),
        (lambda: ops.cdist(X, X[0]), ValueError, "rank 2 or more"),
        (lambda: ops.extract_sequences(X, 5, 1), ValueError, "stretches of 5"),
        (lambda: ops.one_hot([1], 3, sparse=True), NotImplementedError, "leave out sparse"),
        (lambda: ops.multi_hot([1]), TypeError, "expects num_classes"),
        (lambda: ops.binary_crossentropy(X, X[0]), ValueError, "of one shape"),
        (lambda: ops.sparse_categorical_crossentropy([1], X), ValueError, "expects targets"),
        (lambda: ops.sparse_categorical_crossentropy([1, 2, 9], X), IndexError, "index 9"),
        (lambda: ops.layer_normalization(X, rms_scaling=True), NotImplementedError, "rms_norm"),
        (lambda: ops.layer_normalization(X, center=True), TypeError, "'center'"),
        (lambda: ops.normalize(X, order=0), ValueError, "positive integer; got 0"),
        (lambda: ops.softmax(X, axis=2), ValueError, "axis"),
        (lambda: ops.switch(0, []), ValueError, "at least one branch"),
        (lambda: ops.scan(3, X), TypeError, "scan expects a function"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0), ValueError, "xs or length"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, X, 2), ValueError, "3 rows, not length=2"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, X, unroll=0), ValueError, "unroll"),
        (lambda: ops.map(ops.sin, X[:0]), ValueError, "there are no rows"),
        (lambda: ops.map(len, [X, X[:2]]), ValueError, "same first size"),
        (lambda: ops.associative_scan(3, X), TypeError, "expects a function"),
        (lambda: ops.associative_scan(max, [X, X[:2]]), ValueError, "one known size"),
        (lambda: ops.scatter_update(X, [[0, 0]], [1.0], "mean"), ValueError, "'mul'; got 'mean'"),
        (lambda: ops.slice(X, [0], [1, 1]), ValueError, "expects 2 start indices"),
        (lambda: ops.slice(X, [0, 0], [1]), ValueError, "shape of 2 sizes"),
        (lambda: ops.slice_update(X, [0, 0], X[0]), ValueError, "updates of rank 2"),
        (lambda: ops.slice_update(X[:2], [0, 0], X), ValueError, "do not fit shape"),
        (lambda: ops.rearrange(X, "a b c -> a b c"), ValueError, "does not fit a tensor"),
        (lambda: ops.rearrange(X, "a b"), ValueError, "has two sides"),
        (lambda: ops.rearrange(X, "a a -> a"), ValueError, "each once a side"),
        (lambda: ops.rearrange(X, "a (b c) -> a b c", b=3), ValueError, "do not make up"),
        (lambda: ops.eig, AttributeError, "imaginary parts apart"),
    ],
)
def test_what_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_batch_cannot_be_rearranged_into_other_axes() -> None:
    with pytest.raises(ValueError, match="the batch cannot be joined"):
        ops.rearrange(keras.Input((4,)), "a b -> (a b)")
