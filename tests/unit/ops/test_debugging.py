"""Checks: silent where all is well, clear errors with values where not, traced or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import ArgumentTypeError, InvalidArgumentError

debugging = tf.debugging

COMPARISONS = [
    ("assert_equal", [1.0, 2.0], [1.0, 2.0], [1.0, 3.0]),
    ("assert_none_equal", [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]),
    ("assert_less", [1.0, 2.0], [2.0, 3.0], [2.0, 2.0]),
    ("assert_less_equal", [1.0, 2.0], [1.0, 2.0], [2.0, 1.0]),
    ("assert_greater", [1.0, 2.0], [0.0, 1.0], [0.0, 2.0]),
    ("assert_greater_equal", [1.0, 2.0], [1.0, 2.0], [1.0, 3.0]),
    ("assert_near", [1.0, 2.0], [1.0000001, 2.0], [1.0, 2.1]),
]
SIGNS = [
    ("assert_positive", [1.0, 2.0], [0.0, 2.0]),
    ("assert_negative", [-1.0, -2.0], [0.0, -2.0]),
    ("assert_non_negative", [0.0, 2.0], [-1.0, 2.0]),
    ("assert_non_positive", [0.0, -2.0], [-1.0, 2.0]),
]


@pytest.mark.parametrize(("name", "x", "right", "wrong"), COMPARISONS)
def test_comparisons(name: str, x: Any, right: Any, wrong: Any) -> None:
    check = getattr(debugging, name)
    assert check(x, right) is None
    with pytest.raises(InvalidArgumentError, match=r"mine: expected .*; 1 of 2 places do not: .*2"):
        check(x, wrong, message="mine")

    @tf.function
    def traced(y: Any) -> Any:
        check(x, y, message="mine")
        return y

    traced(tf.constant(right))
    with pytest.raises(InvalidArgumentError, match="mine: expected"):
        traced(tf.constant(wrong))


@pytest.mark.parametrize(("name", "right", "wrong"), SIGNS)
def test_signs(name: str, right: Any, wrong: Any) -> None:
    check = getattr(debugging, name)
    assert check(right) is None
    with pytest.raises(InvalidArgumentError, match="1 of 2 places do not"):
        check(wrong)


def test_near_has_tolerances() -> None:
    debugging.assert_near([1.0], [1.05], atol=0.1)
    debugging.assert_near([100.0], [101.0], rtol=0.02)
    with pytest.raises(InvalidArgumentError):
        debugging.assert_near([1.0], [1.05], atol=0.01)


def test_finite() -> None:
    x = tf.constant([1.0, 2.0])
    assert debugging.assert_all_finite(x, "x") is x
    assert debugging.check_numerics(x, "x") is x
    with pytest.raises(InvalidArgumentError, match="loss: expected finite values; 2 of 3"):
        debugging.check_numerics([1.0, np.inf, np.nan], "loss")
    traced = tf.function(lambda x: debugging.check_numerics(tf.math.log(x), "log"))
    np.testing.assert_allclose(traced(tf.constant([1.0])), [0])
    with pytest.raises(InvalidArgumentError, match="log: expected finite values"):
        traced(tf.constant([0.0]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = traced(x)
    np.testing.assert_allclose(tape.gradient(y, x), [1, 0.5])


def test_assert() -> None:
    debugging.Assert(True, [1])
    with pytest.raises(InvalidArgumentError, match=r"assertion failed: 'size'; 3"):
        tf.Assert([True, False], ["size", 3])


def test_ranks() -> None:
    x = np.ones((2, 3))
    debugging.assert_rank(x, 2)
    debugging.assert_rank_at_least(x, 1)
    debugging.assert_rank_in(x, [1, 2])
    assert int(debugging.assert_scalar(3)) == 3
    for call in (
        lambda: debugging.assert_rank(x, 1, message="m"),
        lambda: debugging.assert_rank_at_least(x, 3, message="m"),
        lambda: debugging.assert_rank_in(x, [1, 3], message="m"),
        lambda: debugging.assert_scalar(x, message="m"),
    ):
        with pytest.raises(InvalidArgumentError, match=r"m: expected .*rank .*\(2, 3\)"):
            call()


def test_shapes() -> None:
    x, y = tf.ones([2, 3]), tf.ones([3, 5, 7])
    debugging.assert_shapes([(x, ("N", "D")), (y, ("D", 5, None)), (y, ("D", "..."))])
    debugging.assert_shapes({x.ref(): (..., 3), y.ref(): ("...", 5, ".")})
    for shapes in (
        [(x, ("N", "N"))],
        [(x, ("N", "D")), (y, ("N", ...))],
        [(x, (2,))],
        [(x, ("N", 4))],
        [(x, (..., 1, 2, 3))],
    ):
        with pytest.raises(InvalidArgumentError, match=r"expected shape .* got"):
            debugging.assert_shapes(shapes)


def test_dtypes() -> None:
    debugging.assert_type(tf.ones([2]), tf.float32)
    debugging.assert_integer([1, 2])
    assert debugging.assert_same_float_dtype([tf.ones([2])], tf.float32) == tf.float32
    assert debugging.assert_same_float_dtype() == tf.float32
    assert debugging.is_numeric_tensor(tf.constant(1))
    assert not debugging.is_numeric_tensor(tf.constant(True))
    assert not debugging.is_numeric_tensor(1)
    with pytest.raises(ArgumentTypeError, match="expected dtype int32; got float32"):
        debugging.assert_type(tf.ones([2]), tf.int32)
    with pytest.raises(ArgumentTypeError, match="expected integers; got dtype float32"):
        debugging.assert_integer(1.5)
    with pytest.raises(InvalidArgumentError, match="one floating dtype"):
        debugging.assert_same_float_dtype([tf.ones([2]), tf.ones([2], tf.float64)])


@pytest.mark.parametrize("values", [tf.constant([1]), np.ones(2), "text", 3])
def test_a_proper_iterable_is_no_tensor_array_or_text(values: Any) -> None:
    tf.debugging.assert_proper_iterable([1, values])
    with pytest.raises(TypeError, match="expected a list or another iterable; got"):
        tf.debugging.assert_proper_iterable(values)
