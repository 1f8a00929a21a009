"""keras.random: the distributions, and what seeds mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import lamina as tf
from lamina.keras import random

N = 20000
CONTINUOUS = [
    ("normal", {"mean": 2.0, "stddev": 3.0}, stats.norm(2, 3)),
    ("truncated_normal", {}, stats.truncnorm(-2, 2)),
    ("uniform", {"minval": -1.0, "maxval": 3.0}, stats.uniform(-1, 4)),
    ("gamma", {"alpha": 0.1}, stats.gamma(0.1)),
    ("gamma", {"alpha": 0.9}, stats.gamma(0.9)),
    ("gamma", {"alpha": 1.0}, stats.gamma(1.0)),
    ("gamma", {"alpha": 30.0}, stats.gamma(30.0)),
    ("beta", {"alpha": 0.5, "beta": 0.5}, stats.beta(0.5, 0.5)),
    ("beta", {"alpha": 2.0, "beta": 5.0}, stats.beta(2, 5)),
]
DISCRETE = [
    ("binomial", {"counts": 3.0, "probabilities": 0.3}, stats.binom(3, 0.3)),
    ("binomial", {"counts": 40, "probabilities": 0.7}, stats.binom(40, 0.7)),
    ("binomial", {"counts": 1000, "probabilities": 0.02}, stats.binom(1000, 0.02)),
    ("randint", {"minval": -2, "maxval": 7}, stats.randint(-2, 7)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "parameters", "wanted"), CONTINUOUS)
def test_continuous(name: str, parameters: dict[str, Any], wanted: Any, dtype: str) -> None:
    found = getattr(random, name)((N,), **parameters, dtype=dtype, seed=5)
    assert found.dtype == dtype
    assert stats.kstest(np.asarray(found, np.float64), wanted.cdf).pvalue > 0.01


@pytest.mark.parametrize(("name", "parameters", "wanted"), DISCRETE)
def test_discrete(name: str, parameters: dict[str, Any], wanted: Any) -> None:
    found = np.asarray(getattr(random, name)((N,), **parameters, seed=6)).astype(np.int64)
    values, counts = np.unique(found, return_counts=True)
    expected = N * wanted.pmf(values)
    often = expected > 5
    observed = np.append(counts[often], N - counts[often].sum())
    chances = np.append(expected[often], N - expected[often].sum())
    keep = chances > 1e-9
    chances = chances[keep] * observed[keep].sum() / chances[keep].sum()
    assert stats.chisquare(observed[keep], chances).pvalue > 0.01


def test_parameters_are_broadcast() -> None:
    alpha = np.array([1.0, 100.0])
    assert np.asarray(random.gamma((500, 2), alpha, seed=1)).mean(0)[1] > 90
    counts = tf.constant([[0.0], [10.0]])
    found = np.asarray(random.binomial((2, 300), counts, [[0.5], [1.0]], seed=1))
    np.testing.assert_array_equal(found, np.repeat([[0.0], [10.0]], 300, axis=1))


def test_there_may_be_no_numbers() -> None:
    for call in (random.normal, random.uniform):
        assert call((0, 2), seed=1).shape == (0, 2)
    assert random.gamma((0,), 2.0).shape == random.binomial((0,), 3, 0.5).shape == (0,)


def test_counts_may_be_worked_out() -> None:
    @tf.function
    def draw(counts: Any) -> Any:
        return random.binomial((2000,), counts, 0.25, seed=4)

    assert abs(float(np.mean(draw(tf.constant(100000.0)))) - 25000) < 20
    assert abs(float(np.mean(draw(tf.constant(8.0)))) - 2) < 0.15


def test_classes_come_with_their_probabilities() -> None:
    logits = np.log([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-9]])
    found = np.asarray(random.categorical(logits, N, seed=3))
    assert (found.shape, found.dtype) == ((2, N), np.int32)
    shares = np.stack([np.bincount(line, minlength=3) / N for line in found])
    np.testing.assert_allclose(shares, np.exp(logits), atol=0.015)


def test_dropout() -> None:
    x = np.ones((100, 200), "float32")
    found = np.asarray(random.dropout(x, 0.25, seed=1))
    assert set(np.unique(found)) == {0, np.float32(1 / 0.75)}
    assert abs((found == 0).mean() - 0.25) < 0.01
    rows = np.asarray(random.dropout(x, 0.25, noise_shape=(None, 1), seed=1))
    assert (rows == rows[:, :1]).all()
    assert 0 < (rows == 0).mean() < 1
    np.testing.assert_array_equal(random.dropout(x, 0.0), x)
    np.testing.assert_array_equal(random.dropout(x, 1.0), 0 * x)


def test_shuffle_keeps_slices() -> None:
    x = np.arange(60).reshape(3, 20)
    found = np.asarray(random.shuffle(x, axis=1, seed=2))
    assert (found != x).any()
    np.testing.assert_array_equal(np.sort(found[0]), x[0])
    np.testing.assert_array_equal(found[1] - found[0], np.full(20, 20))


CALLS: dict[str, Callable[..., Any]] = {
    "normal": lambda seed: random.normal((8,), seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((8,), seed=seed),
    "uniform": lambda seed: random.uniform((8,), seed=seed),
    "randint": lambda seed: random.randint((8,), 0, 2**30, seed=seed),
    "categorical": lambda seed: random.categorical(np.zeros((1, 1000)), 8, seed=seed),
    "dropout": lambda seed: random.dropout(np.ones(64), 0.5, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(64), seed=seed),
    "gamma": lambda seed: random.gamma((8,), 2.0, seed=seed),
    "beta": lambda seed: random.beta((8,), 2.0, 1.0, seed=seed),
    "binomial": lambda seed: random.binomial((8,), 10**6, 0.5, seed=seed),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_seeds_mean(name: str) -> None:
    call = CALLS[name]

    def same(a: Any, b: Any) -> bool:
        return bool(np.array_equal(a, b))

    assert same(call(3), call(3))
    assert not same(call(3), call(4))
    moving = random.SeedGenerator(7)
    first, second = call(moving), call(moving)
    assert not same(first, second)
    assert same(call(random.SeedGenerator(7)), first)
    tf.keras.utils.set_random_seed(11)
    drawn = call(None)
    assert not same(call(None), drawn)
    tf.keras.utils.set_random_seed(11)
    assert same(call(None), drawn)


@pytest.mark.parametrize("name", CALLS)
def test_traced_functions_draw_anew(name: str) -> None:
    seeds = random.SeedGenerator(7)
    eager = [CALLS[name](seeds) for _ in range(2)]
    again = random.SeedGenerator(7)
    for seed, wanted in ((again, eager), (None, None)):
        traced = tf.function(lambda s=seed: CALLS[name](s))
        found = [traced() for _ in range(2)]
        assert not np.array_equal(found[0], found[1])
        if wanted is not None:
            np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: random.uniform((2,), dtype="int32"), "uniform gives floats; got dtype='int32'"),
        (lambda: random.randint((2,), 0, 3, dtype="float32"), "randint gives integers"),
        (lambda: random.categorical([0.0, 1.0], 3), r"shape \(rows, classes\)"),
        (lambda: random.dropout([1.0], 1.5), "0 ≤ rate ≤ 1; got 1.5"),
        (lambda: random.dropout([1.0], 0.5, (1, 1)), "does not fit a tensor"),
        (lambda: random.normal((2,), seed="a"), "None, an integer or a keras.random.SeedGen"),
        (lambda: random.gauss, "keras.random has no 'gauss'"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
