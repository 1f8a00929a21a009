"""tf.random's other distributions: right in the whole, reproducible, the same traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import lamina as tf
from lamina.core.errors import InvalidArgumentError

COUNT = 20_000


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 1.0), (2.0, 3.0), (50.0, 0.5)])
def test_gamma(alpha: float, beta: float) -> None:
    found = tf.random.stateless_gamma([COUNT], [1, 2], alpha, beta, tf.float64).numpy()
    assert stats.kstest(found, stats.gamma(alpha, scale=1 / beta).cdf).pvalue > 1e-3


@pytest.mark.parametrize("rate", [0.0, 0.4, 7.0, 16.5, 300.0])
def test_poisson(rate: float) -> None:
    found = tf.random.stateless_poisson([COUNT], [3, 4], rate).numpy()
    assert found.dtype == np.int32 and found.min() >= 0
    if rate == 0:
        assert not found.any()
        return
    edges = stats.poisson(rate).ppf(np.linspace(0.05, 0.95, 10))
    edges = np.unique(edges)
    expected = np.diff(np.r_[0, stats.poisson(rate).cdf(edges), 1]) * COUNT
    counted = np.bincount(np.searchsorted(edges, found), minlength=len(edges) + 1)
    kept = expected > 0
    assert stats.chisquare(counted[kept], expected[kept]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("mean", "deviation", "low", "high"),
    [(0.0, 1.0, -1.0, 3.0), (1.0, 2.0, 9.0, 11.0), (0.0, 1.0, -9.0, -8.5)],
)
def test_normal_between_bounds(mean: float, deviation: float, low: float, high: float) -> None:
    found = tf.random.stateless_parameterized_truncated_normal(
        [COUNT], [5, 6], tf.constant(mean, tf.float64), deviation, low, high
    ).numpy()
    law = stats.truncnorm((low - mean) / deviation, (high - mean) / deviation, mean, deviation)
    assert found.min() >= low and found.max() <= high
    assert stats.kstest(found, law.cdf).pvalue > 1e-3


def test_binomial() -> None:
    found = tf.random.stateless_binomial([COUNT, 2], [1, 2], [10.0, 1000.0], [0.3, 0.5]).numpy()
    assert found.shape == (COUNT, 2) and found.dtype == np.int32
    np.testing.assert_allclose(found.mean(0), [3, 500], rtol=0.01)
    np.testing.assert_allclose(found.var(0), [2.1, 250], rtol=0.05)


def test_shapes_stand_before_or_around_the_parameters() -> None:
    assert tf.random.gamma([3], [0.5, 1.5]).shape == (3, 2)
    assert tf.random.gamma([], [[1.0], [2.0]], [1.0, 2.0]).shape == (2, 2)
    assert tf.random.poisson([3], [1.0, 2.0]).shape == (3, 2)
    assert tf.random.poisson([3], 2.0).dtype == tf.float32
    assert tf.random.stateless_poisson([4, 2], [1, 2], [1.0, 2.0]).shape == (4, 2)


def test_seeds_repeat_and_generators_go_on() -> None:
    def draw() -> Any:
        tf.random.set_seed(3)
        generator = tf.random.Generator.from_seed(1, alg="philox")
        return [
            tf.random.gamma([2], 2.0),
            tf.random.poisson([2], 30.0, seed=4),
            generator.binomial([2], 100.0, 0.5),
            generator.binomial([2], 100.0, 0.5),
            generator.uniform_full_int([2]),
            generator.make_seeds(3),
        ]

    first, second = draw(), draw()
    for left, right in zip(first, second, strict=True):
        assert left.numpy().tolist() == right.numpy().tolist()
    assert first[2].numpy().tolist() != first[3].numpy().tolist()
    assert first[4].dtype == tf.uint64 and first[5].shape == (2, 3)


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: tf.random.stateless_gamma([5], seed, 2.0),
        lambda seed: tf.random.stateless_poisson([5], seed, 40.0),
        lambda seed: tf.random.stateless_parameterized_truncated_normal([5], seed),
        lambda seed: tf.nn.experimental.stateless_dropout(tf.ones([9]), 0.5, seed),
    ],
)
def test_traced_is_eager(draw: Any) -> None:
    seed = tf.constant([1, 2])
    np.testing.assert_allclose(tf.function(draw)(seed), draw(seed), rtol=1e-6)


def test_algorithms() -> None:
    assert tf.random.Generator.from_seed(1).algorithm == tf.random.Algorithm.PHILOX.value
    state = tf.random.create_rng_state(1, "philox")
    assert tf.random.Generator.from_state(state, alg=1).key == tf.random.Generator.from_seed(1).key
    for alg in ("threefry", tf.random.Algorithm.THREEFRY, 2):
        with pytest.raises(InvalidArgumentError, match="made by 'philox'"):
            tf.random.stateless_uniform([2], [1, 2], alg=alg)
    assert tf.random.experimental.stateless_split is tf.random.split


def test_dropout_by_other_numbers() -> None:
    x = tf.ones([4, 2])
    found = tf.nn.experimental.general_dropout(
        x, 0.5, lambda shape, dtype: tf.reshape(tf.range(8, dtype=dtype) / 8, shape)
    )
    assert found.numpy().tolist() == [[0, 0], [0, 0], [2, 2], [2, 2]]
    one = tf.nn.experimental.stateless_dropout(x, 0.5, [1, 2], noise_shape=[4, 1]).numpy()
    assert (one[:, 0] == one[:, 1]).all() and set(one.ravel()) <= {0, 2}
