"""Functions at their edges: large values, zeros, infinities, ties, integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import lamina as tf
from lamina.tensor.function import Function

INF, NAN = float("inf"), float("nan")


def _gradient(function: Any, values: Any, dtype: Any = tf.float32) -> Any:
    x = tf.constant(values, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, unconnected_gradients="zero").numpy()


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (tf.math.softplus, [-INF, -1e4, 1e4, INF], [0, 0, 1e4, INF]),
        (tf.sigmoid, [-INF, -1e4, 1e4, INF], [0, 0, 1, 1]),
        (tf.math.log_sigmoid, [-1e4, 1e4], [-1e4, 0]),
        (tf.math.softsign, [-1e30, 1e30], [-1, 1]),
        (tf.nn.softmax, [1e4, 0.0, -INF], [1, 0, 0]),
        (tf.nn.log_softmax, [1e4, 0.0, -INF], [0, -1e4, -INF]),
        (tf.nn.gelu, [-1e4, 1e4], [0, 1e4]),
        (tf.nn.silu, [-1e4, 1e4], [0, 1e4]),
        (tf.nn.elu, [-1e4, 1e4], [-1, 1e4]),
        (tf.nn.selu, [-1e4, 0.0], [-1.7580993, 0]),
        (tf.reduce_logsumexp, [1e4, 1e4], 1e4 + np.log(2)),
        (tf.reduce_logsumexp, [-INF, -INF], -INF),
        (tf.reduce_logsumexp, [INF, 0.0], INF),
        (tf.math.cumulative_logsumexp, [1e4, 0.0, -INF], [1e4, 1e4, 1e4]),
        (lambda x: tf.math.divide_no_nan(x, 0.0), [1.0, 0.0, INF], [0, 0, 0]),
        (tf.round, [0.5, 1.5, 2.5, -0.5], [0, 2, 2, 0]),
        (tf.sign, [-2.0, 0.0, NAN], [-1, 0, NAN]),
        (tf.nn.relu, [NAN, -1.0, INF], [NAN, 0, INF]),
    ],
)
def test_values_at_the_edges(function: Any, values: Any, expected: Any) -> None:
    np.testing.assert_allclose(function(tf.constant(values)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (tf.math.softplus, [-1e4, 0.0, 1e4], [0, 0.5, 1]),
        (tf.nn.relu, [-1.0, 0.0, 1.0], [0, 0, 1]),
        (tf.nn.elu, [-1e4, 0.0, 1.0], [0, 1, 1]),
        (tf.nn.leaky_relu, [-1.0, 1.0], [0.2, 1]),
        (lambda x: tf.clip_by_value(x, 0.0, 1.0), [-1.0, 0.0, 0.5, 1.0, 2.0], [0, 1, 1, 1, 0]),
        (lambda x: tf.math.divide_no_nan(1.0, x), [0.0, 2.0], [0, -0.25]),
        (lambda x: tf.math.xlogy(x, x), [0.0, 1.0], [0, 1]),
        (lambda x: tf.math.xdivy(x, x), [0.0, 1.0], [0, 0]),
        (lambda x: tf.clip_by_norm(x, 1.0), [0.0, 0.0], [1, 1]),
        (tf.reduce_max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
        (lambda x: tf.pow(x, 0.0), [0.0, 2.0], [0, 0]),
        (tf.abs, [-2.0, 0.0, 2.0], [-1, 0, 1]),
    ],
)
def test_gradients_at_the_edges(function: Any, values: Any, expected: Any) -> None:
    np.testing.assert_allclose(_gradient(function, values), expected, rtol=1e-6)


@pytest.mark.parametrize("label", [0.0, 1.0, 0.3])
def test_sigmoid_cross_entropy_everywhere(label: float) -> None:
    x = np.array([-1e4, -30.0, 0.0, 30.0, 1e4])

    def loss(logits: Any) -> Any:
        return tf.nn.sigmoid_cross_entropy_with_logits(tf.constant(label, tf.float64, [5]), logits)

    expected = label * np.logaddexp(0, -x) + (1 - label) * np.logaddexp(0, x)
    np.testing.assert_allclose(loss(tf.constant(x)), expected, rtol=1e-12)
    np.testing.assert_allclose(_gradient(loss, x, tf.float64), special.expit(x) - label, atol=1e-12)


def test_the_mean_of_integers_is_cut_toward_zero() -> None:
    assert [int(tf.reduce_mean(v)) for v in ([7, 8], [-7, -8], [0, 1])] == [7, -7, 0]


def test_integers_become_floats_where_they_must() -> None:
    for function in (tf.exp, tf.sqrt, tf.sigmoid, tf.math.reduce_std, tf.nn.softmax):
        assert function([1, 2]).dtype == tf.float32
    assert tf.math.reduce_variance(np.array([1, 3])).numpy() == 1
    assert (tf.constant([1, 2]) / 2).dtype == tf.float64
    assert tf.floor([1, 2]).dtype == tf.int32


def test_reductions_over_the_batch_of_any_size() -> None:
    def reduced(x: Any) -> Any:
        return [
            tf.reduce_mean(x),
            tf.reduce_mean(x, 0),
            tf.reduce_mean(x, [0, 1], keepdims=True),
            tf.math.reduce_std(x, 0),
            tf.reduce_logsumexp(x, 0),
            tf.nn.moments(x, [0])[1],
            tf.nn.softmax(x, 0),
            tf.size(x),
        ]

    traced = Function(reduced, symbolic_batch=True)
    for rows in (1, 7):
        x = tf.constant(np.random.default_rng(0).normal(size=(rows, 3)))
        for found, expected in zip(traced(x), reduced(x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert traced.trace_count == 1


def test_clipping_by_the_global_norm() -> None:
    values = [tf.constant([3.0]), None, tf.constant([4.0])]
    clipped, norm = tf.clip_by_global_norm(values, 2.5)
    assert float(norm) == 5 and clipped[1] is None
    np.testing.assert_allclose([float(clipped[0][0]), float(clipped[2][0])], [1.5, 2.0])
    same, _ = tf.clip_by_global_norm(values, 10.0)
    np.testing.assert_array_equal(same[0], [3])
    broken, _ = tf.clip_by_global_norm([tf.constant([INF]), tf.constant([1.0])], 1.0)
    assert np.isnan(broken[1].numpy()).all()
    given, norm = tf.clip_by_global_norm(values, 1.0, use_norm=tf.constant(2.0))
    assert float(norm) == 2 and float(given[0][0]) == 1.5
    assert float(tf.linalg.global_norm([])) == 0


def test_segments_without_members() -> None:
    np.testing.assert_array_equal(tf.math.segment_max([-5.0, -7.0], [0, 2]), [-5, 0, -7])
    np.testing.assert_array_equal(tf.math.unsorted_segment_mean([4.0, 6.0], [2, 2], 3), [0, 0, 5])
    np.testing.assert_array_equal(tf.math.unsorted_segment_sum([4, 6], [-1, 1], 2), [0, 6])
    assert tf.math.segment_sum(tf.zeros([0, 2]), tf.zeros([0], tf.int32)).shape == (0, 2)


def test_in_top_k_counts_ties_and_refuses_what_is_not_finite() -> None:
    predictions = [[1.0, 1.0, 0.0], [NAN, 1.0, 2.0], [INF, 1.0, 2.0]]
    np.testing.assert_array_equal(tf.math.in_top_k([1, 0, 0], predictions, 1), [True, False, False])


def test_classes_that_were_not_announced_are_found() -> None:
    np.testing.assert_array_equal(
        tf.math.confusion_matrix([0, 2], [1, 2]), np.eye(3)[[1, 0, 2]] * [[1], [0], [1]]
    )
    weighted = tf.math.confusion_matrix([0, 0], [1, 1], 2, weights=[0.5, 2.0], dtype=tf.float32)
    np.testing.assert_array_equal(weighted, [[0, 2.5], [0, 0]])


def test_sums_of_large_batches_stay_exact_enough() -> None:
    x = tf.fill([100_000, 1], 0.1)
    assert float(tf.reduce_mean(x)) == pytest.approx(0.1, rel=1e-4)
