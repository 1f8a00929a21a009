"""Random numbers: reproducible, well distributed, new in each run of a traced function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import lamina as tf
from lamina.core.errors import InvalidArgumentError
from lamina.ops.generator import derive_key, normal_from, truncated_normal_from, uniform_from
from lamina.tensor.function import Function

FLOATS = ["float16", "float32", "float64"]
COUNT = 40_000


def _numbers(make: Callable[..., Any], *shape: int, **arguments: Any) -> Any:
    tf.random.set_seed(7)
    return np.asarray(make(shape or [COUNT], **arguments), np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform(dtype: str) -> None:
    found = _numbers(tf.random.uniform, dtype=dtype)
    assert found.min() >= 0 and found.max() < 1
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    digits = {"float16": 11, "float32": 24, "float64": 53}[dtype]
    scaled = found * 2.0**digits
    np.testing.assert_array_equal(scaled, np.round(scaled))
    assert (scaled % 2 == 1).mean() == pytest.approx(0.5, abs=0.02)  # all digits are used


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_stays_below_its_upper_end(dtype: str) -> None:
    low, high = 1.0, 1.0 + 4 * float(np.finfo(dtype).eps)
    found = _numbers(tf.random.uniform, minval=low, maxval=high, dtype=dtype)
    assert found.min() >= low and found.max() < high
    assert len(np.unique(found)) == 4


@pytest.mark.parametrize("dtype", FLOATS)
def test_normal(dtype: str) -> None:
    found = _numbers(tf.random.normal, dtype=dtype)
    assert stats.kstest(found, "norm").pvalue > 1e-3
    shifted = _numbers(tf.random.normal, mean=3.0, stddev=0.5, dtype="float64")
    assert stats.kstest(shifted, stats.norm(3, 0.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize("dtype", FLOATS)
def test_truncated_normal(dtype: str) -> None:
    found = _numbers(tf.random.truncated_normal, stddev=0.5, dtype=dtype)
    assert np.abs(found).max() <= 1
    assert stats.kstest(found, stats.truncnorm(-2, 2, scale=0.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [(0, 6, "int32"), (-3, 4, "int64"), (250, 256, "uint8"), (-(2**31), 2**31, "int32")],
)
def test_uniform_integers(low: int, high: int, dtype: str) -> None:
    found = _numbers(tf.random.uniform, minval=low, maxval=high, dtype=dtype)
    assert found.min() >= low and found.max() < high
    bins = min(high - low, 8)
    counts, _ = np.histogram(found, bins, (low, high))
    assert stats.chisquare(counts).pvalue > 1e-3


def test_wide_integers_use_64_bits() -> None:
    tf.random.set_seed(3)
    found = tf.random.uniform([COUNT], -(2**62), 2**62, tf.int64).numpy()
    assert len(np.unique(found)) == COUNT
    assert stats.kstest(found / 2.0**62, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_rows_and_columns_are_independent() -> None:
    found = _numbers(tf.random.normal, 200, 200)
    across = np.corrcoef(found)[np.triu_indices(200, 1)]
    assert np.abs(across).max() < 0.4 and abs(across.std() - 200**-0.5) < 0.005


def test_a_seed_restarts_everything() -> None:
    def draw() -> list[Any]:
        return [
            tf.random.normal([2]).numpy(),
            tf.random.normal([2]).numpy(),
            tf.random.normal([2], seed=5).numpy(),
            tf.random.normal([2], seed=5).numpy(),
            tf.random.uniform([2], seed=6).numpy(),
        ]

    tf.random.set_seed(1)
    first = draw()
    tf.random.set_seed(1)
    again = draw()
    tf.random.set_seed(2)
    other = draw()
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(np.stack([*first, *other]))) == 20


def test_global_draws_do_not_disturb_those_with_a_seed() -> None:
    tf.random.set_seed(1)
    expected = tf.random.normal([2], seed=5).numpy()
    tf.random.set_seed(1)
    tf.random.normal([2])
    np.testing.assert_array_equal(tf.random.normal([2], seed=5), expected)


def test_a_traced_function_draws_anew_in_each_run() -> None:
    @tf.function
    def draw() -> Any:
        return tf.random.normal([3]), tf.random.uniform([3], seed=4)

    tf.random.set_seed(1)
    eager = [*draw.python_function(), *draw.python_function()]
    tf.random.set_seed(1)
    traced = [*draw(), *draw()]
    assert draw.trace_count == 1
    for a, b in zip(eager, traced, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)  # the bits are the same, logarithms round
    assert len(np.unique(np.stack(traced))) == 12


def test_generators() -> None:
    one, two = tf.random.Generator.from_seed(1), tf.random.Generator.from_seed(1)
    state = one.state
    first = one.normal([4])
    np.testing.assert_array_equal(first, two.normal([4]))
    assert not np.array_equal(first, one.normal([4]))
    one.reset(state)
    np.testing.assert_array_equal(first, one.normal([4]))
    one.reset_from_seed(1)
    one.skip(1)
    np.testing.assert_array_equal(one.uniform([4]), two.uniform([4]))
    continued = tf.random.Generator.from_state(two.state)
    np.testing.assert_array_equal(continued.uniform([4]), two.uniform([4]))
    parts = tf.random.Generator.from_seed(1).split(3)
    assert len({int(part.key) for part in parts}) == 3
    unseeded = {int(tf.random.Generator.from_non_deterministic_state().key) for _ in range(4)}
    assert len(unseeded) == 4
    assert int(tf.random.Generator.from_key_counter(3, 4).state[1]) == 4


def test_the_global_generator_can_be_replaced() -> None:
    before = tf.random.get_global_generator()
    try:
        tf.random.set_global_generator(tf.random.Generator.from_seed(9))
        expected = tf.random.Generator.from_seed(9).normal([3])
        np.testing.assert_array_equal(tf.random.normal([3]), expected)
    finally:
        tf.random.set_global_generator(before)


STATELESS = [
    lambda seed: tf.random.stateless_normal([2, 3], seed),
    lambda seed: tf.random.stateless_truncated_normal([2, 3], seed),
    lambda seed: tf.random.stateless_uniform([2, 3], seed),
    lambda seed: tf.random.stateless_uniform([20], seed, 0, 1000, tf.int32),
    lambda seed: tf.random.stateless_categorical([[0.0] * 9], 50, seed),
    lambda seed: tf.random.experimental_stateless_shuffle(tf.range(50), seed),
    lambda seed: tf.random.split(seed, 4),
    lambda seed: tf.random.fold_in(seed, 3),
]


@pytest.mark.parametrize("number", range(len(STATELESS)))
def test_stateless_functions_are_pure(number: int) -> None:
    make = STATELESS[number]
    np.testing.assert_array_equal(make([1, -2]), make([1, -2]))
    assert not np.array_equal(make([1, -2]), make([2, -2]))
    traced = tf.function(make)(tf.constant([1, -2]))
    np.testing.assert_allclose(traced, make([1, -2]), rtol=1e-6)


def test_seeds_made_of_seeds_differ() -> None:
    many = tf.random.split([1, 2], 100).numpy()
    assert len(np.unique(many, axis=0)) == 100
    folded = [tuple(tf.random.fold_in([1, 2], number).numpy()) for number in range(50)]
    assert len(set(folded)) == 50
    keys = {derive_key(*parts) for parts in [(1,), (1, 0), (0, 1), (1, 1), (-1,), (2**63,)]}
    assert len(keys) == 6


def test_shuffle_is_a_permutation_of_rows() -> None:
    tf.random.set_seed(5)
    found = tf.random.shuffle(np.arange(40).reshape(20, 2)).numpy()
    np.testing.assert_array_equal(np.sort(found[:, 0]), np.arange(0, 40, 2))
    np.testing.assert_array_equal(found[:, 1], found[:, 0] + 1)
    orders = [tuple(tf.random.shuffle([0, 1, 2]).numpy()) for _ in range(600)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6 and stats.chisquare(counts).pvalue > 1e-3


def test_categorical_follows_the_logits() -> None:
    tf.random.set_seed(5)
    found = tf.random.categorical(np.log([[0.1, 0.6, 0.3], [0.5, 0.5, 1e-30]]), 20_000).numpy()
    assert found.dtype == np.int64
    np.testing.assert_allclose(
        np.bincount(found[0], minlength=3) / 20_000, [0.1, 0.6, 0.3], atol=0.02
    )
    np.testing.assert_allclose(
        np.bincount(found[1], minlength=3) / 20_000, [0.5, 0.5, 0], atol=0.02
    )


def test_numbers_for_a_batch_of_any_size() -> None:
    key, draw = (tf.constant(np.uint64(number)) for number in (11, 3))
    for make in (uniform_from, normal_from, truncated_normal_from):
        for dtype in ("float32", "float64"):

            def noise(x: Any, make: Any = make, dtype: str = dtype) -> Any:
                return make(key, draw, x.spec.shape, dtype=dtype)

            traced = Function(noise, symbolic_batch=True)
            for rows in (1, 6):
                expected = make(key, draw, (rows, 5), dtype=dtype)
                np.testing.assert_allclose(traced(tf.zeros([rows, 5])), expected, rtol=1e-6)
            assert traced.trace_count == 1


# Dropout ------------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_the_promised_share() -> None:
    tf.random.set_seed(2)
    found = tf.nn.dropout(tf.ones([200, 200]), 0.3).numpy()
    assert set(np.unique(found)) == {0.0, np.float32(1 / 0.7)}
    assert (found == 0).mean() == pytest.approx(0.3, abs=0.01)


def test_dropout_noise_shape_and_gradient() -> None:
    x = tf.ones([4, 6])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.dropout(x, 0.5, noise_shape=[None, 1])
    assert set(np.ptp(y.numpy(), axis=1)) == {0.0}
    np.testing.assert_array_equal(tape.gradient(y, x), y)


def test_dropout_of_nothing_and_of_too_much() -> None:
    x = tf.constant([1.0, 2.0])
    assert tf.nn.dropout(x, 0) is x
    with pytest.raises(InvalidArgumentError, match=r"0 ≤ rate < 1; got 1"):
        tf.nn.dropout(x, 1.0)


def test_errors_of_random_numbers() -> None:
    with pytest.raises(InvalidArgumentError, match="need a maxval"):
        tf.random.uniform([2], dtype=tf.int32)
    with pytest.raises(
        InvalidArgumentError, match=r"expects 0 ≤ minval < maxval ≤ 256; got 3 and 3"
    ):
        tf.random.uniform([2], 3, 3, tf.uint8)
    with pytest.raises(InvalidArgumentError, match="two integers"):
        tf.random.stateless_normal([2], [1, 2, 3])
    with pytest.raises(InvalidArgumentError, match="logits"):
        tf.random.categorical([1.0, 2.0], 3)
