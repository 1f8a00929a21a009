"""Tensors: conversion, promotion, operators, slicing, printing, ways to NumPy and others."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    OutOfRangeError,
)


def test_what_python_and_numpy_values_become() -> None:
    assert tf.constant(1.0).dtype == tf.float32
    assert tf.constant(1).dtype == tf.int32
    assert tf.constant(2**40).dtype == tf.int64
    assert tf.constant(True).dtype == tf.bool
    assert tf.constant([1, 2.5]).dtype == tf.float32
    assert tf.constant(np.ones(2)).dtype == tf.float64
    assert tf.constant([np.float64(1)]).dtype == tf.float64
    assert tf.constant(np.arange(3, dtype=">i2")).numpy().tolist() == [0, 1, 2]
    assert tf.constant([]).shape == (0,) and tf.constant([]).dtype == tf.float32


def test_a_constant_does_not_share_the_callers_array() -> None:
    array = np.zeros(2, np.float32)
    tensor = tf.constant(array)
    array[0] = 1
    assert tensor.numpy()[0] == 0


@pytest.mark.parametrize("value", [object(), [1, None], [1, "2"]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ArgumentTypeError, match="numbers"):
        tf.constant(value)


def test_objects_that_are_numbers_and_truth_values_are_numbers() -> None:
    mixed = np.array([[1, True, 0.5], [2, False, 1.5]], object)  # as a frame of pandas gives
    assert tf.constant(mixed).numpy().tolist() == [[1, 1, 0.5], [2, 0, 1.5]]
    with pytest.raises(InvalidArgumentError, match="do not fit int64"):
        tf.constant(np.array([2**70], object))


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="equal lengths"):
        tf.constant([[1, 2], [3]])


def test_explicit_dtypes() -> None:
    assert tf.constant(1, tf.float64).dtype == tf.float64
    assert tf.constant(0.1, tf.float64).numpy() == 0.1
    with pytest.raises(ArgumentTypeError, match="cast"):
        tf.constant(1.5, tf.int32)
    with pytest.raises(InvalidArgumentError, match="uint8"):
        tf.constant(300, tf.uint8)


PROMOTIONS = [
    ("int32", "float32", "float32"),
    ("int64", "float16", "float16"),
    ("float32", "float64", "float64"),
    ("int32", "int64", "int64"),
    ("bool", "int32", "int32"),
    ("uint8", "int8", "int16"),
    ("uint64", "int64", "int64"),
]


@pytest.mark.parametrize(("first", "second", "result"), PROMOTIONS)
def test_promotion_of_two_tensors(first: str, second: str, result: str) -> None:
    x, y = tf.constant(np.ones(2, first)), tf.constant(np.ones(2, second))
    assert tf.add(x, y).dtype == result
    assert tf.add(y, x).dtype == result


def test_python_numbers_and_foreign_floats_give_way_to_tensors() -> None:
    x = tf.constant([1.0, 2.0])
    assert (x + 1).dtype == tf.float32 and (2.0 * x).dtype == tf.float32
    assert (x + np.ones(2)).dtype == tf.float32
    assert (np.ones(2) + x).dtype == tf.float32 and isinstance(np.ones(2) * x, tf.Tensor)
    assert (x * [1, 2]).dtype == tf.float32
    assert (tf.constant(3) + 0.5).numpy() == 3.5
    assert (tf.constant(3) * 2).dtype == tf.int32
    assert (tf.constant(np.ones(2, np.float64)) + 1.5).dtype == tf.float64
    with pytest.raises(InvalidArgumentError, match="uint8"):
        tf.constant(1, tf.uint8) + 300


def test_int_times_float_matrix_product() -> None:
    product = tf.matmul(tf.constant([[1, 35]]), tf.Variable([[-0.05], [-0.01]]))
    assert product.dtype == tf.float32
    np.testing.assert_allclose(product, [[-0.4]], rtol=1e-6)


def test_integers_are_divided_as_floats() -> None:
    quotient = tf.constant(7) / tf.constant(2)
    assert quotient.dtype == tf.float64 and quotient.numpy() == 3.5
    assert (tf.constant(-7) // 2).numpy() == -4 and (tf.constant(-7) % 3).numpy() == 2
    with pytest.raises(InvalidArgumentError, match="negative"):
        tf.constant(2) ** -1
    for divide in (tf.math.floordiv, tf.math.floormod):
        with pytest.raises(InvalidArgumentError, match="divided by 0"):
            divide(tf.constant([1, 2]), tf.constant([1, 0]))


def test_comparisons_and_logic() -> None:
    x = tf.constant([1, 2, 3])
    assert (x == 2).numpy().tolist() == [False, True, False]
    assert (x != [1, 0, 3]).numpy().tolist() == [False, True, False]
    assert ((x > 1) & (x < 3)).numpy().tolist() == [False, True, False]
    assert (~(x >= 2)).numpy().tolist() == [True, False, False]
    assert (x == None) is False and (x != None) is True  # noqa: E711
    with pytest.raises(ArgumentTypeError, match="booleans"):
        tf.logical_and(x, x)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(InvalidArgumentError, match="broadcast"):
        tf.constant([1, 2]) + tf.constant([1, 2, 3])
    with pytest.raises(InvalidArgumentError, match="inner sizes 3 and 2"):
        tf.matmul(tf.ones((2, 3)), tf.ones((2, 3)))
    with pytest.raises(InvalidArgumentError, match="rank 2"):
        tf.matmul(tf.ones(3), tf.ones((3, 2)))


def test_truth_numbers_and_length() -> None:
    assert bool(tf.constant(1 > 0)) and int(tf.constant(3)) == 3 and float(tf.constant(2)) == 2.0
    assert list(range(5))[tf.constant(2)] == 2
    assert len(tf.constant([1, 2])) == 2 and [int(i) for i in tf.constant([4, 5])] == [4, 5]
    assert f"{tf.constant(1.23456):.2f}" == "1.23"
    with pytest.raises(ValueError, match="ambiguous"):
        bool(tf.constant([True, False]))
    with pytest.raises(TypeError):
        len(tf.constant(1))
    with pytest.raises(TypeError):
        iter(tf.constant(1))
    with pytest.raises(TypeError):
        hash(tf.constant(1))


def test_references_are_hashable() -> None:
    x = tf.constant([1, 2])
    assert x.ref() in {x.ref()} and x.ref().deref() is x


def test_printing() -> None:
    assert str(tf.constant([1.0, 2.0])) == "tf.Tensor([1. 2.], shape=(2,), dtype=float32)"
    assert repr(tf.constant(3)) == "<tf.Tensor: shape=(), dtype=int32, numpy=3>"
    assert "numpy=array([1, 2]" in repr(tf.constant([1, 2]))
    variable = tf.Variable([0.5], name="bias")
    assert repr(variable).startswith("<tf.Variable 'bias:0' shape=(1,) dtype=float32, numpy=array")


def test_numpy_both_ways() -> None:
    x = tf.constant([[1.0, 2.0]])
    assert type(tf.constant(1.5).numpy()) is np.float32
    assert np.asarray(x).dtype == np.float32 and np.asarray(x, np.float64).dtype == np.float64
    assert isinstance(np.exp(x), np.ndarray)
    assert np.from_dlpack(x).tolist() == [[1.0, 2.0]]
    zeros = tf.zeros((2, 3)).numpy()
    zeros[0, 0] = 1  # what comes out is an array of one's own


def test_torch_tensors_are_taken() -> None:
    torch = pytest.importorskip("torch")
    assert tf.constant(torch.ones(2)).numpy().tolist() == [1.0, 1.0]


def test_copies_and_pickles() -> None:
    x = tf.constant([[1.0, 2.0]])
    assert copy.deepcopy(x) is x
    assert np.array_equal(pickle.loads(pickle.dumps(x)), x)


@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.just(0)
    ),
    st.data(),
)
def test_slicing_is_numpys(array: np.ndarray, data: st.DataObject) -> None:
    array = np.arange(array.size, dtype=np.float32).reshape(array.shape)
    index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True, allow_ellipsis=True))
    expected = array[index]
    found = tf.constant(array)[index]
    assert tuple(found.shape) == np.shape(expected)
    np.testing.assert_array_equal(found, expected)


CUBE = np.arange(120).reshape(2, 3, 4, 5)
MASK = np.array([True, False, True])
ARRAYS = [
    *(np.s_[[0, 1]], np.s_[:, [0, -1], 1], np.s_[[0, 1], [1, 2]], np.s_[0, :, [1, 2]]),
    *(np.s_[:, [[0, 1], [2, 0]], :, [1, 2]], np.s_[:, MASK], np.s_[..., MASK, 1:3, [1, 0]]),
    *(np.s_[None, [1]], np.s_[1, [0, 1], ..., 2], np.s_[:, np.array([0, 1]), [1, 1], None]),
    *(np.s_[np.array(1)], np.s_[:, np.array([], int)]),
]


@pytest.mark.parametrize("index", ARRAYS, ids=str)
def test_arrays_of_integers_index_as_in_numpy(index: Any) -> None:
    found = tf.constant(CUBE)[index]
    assert found.shape == CUBE[index].shape
    np.testing.assert_array_equal(found, CUBE[index])


@pytest.mark.parametrize("places", [-1, [0, 1], [[1], [-2]]])
def test_places_not_known_yet_index_as_in_numpy(places: Any) -> None:
    def read(x: Any, i: Any) -> list[Any]:
        return [x[i], x[:, i], x[0, i, 1], x[..., i], x[i, i]]

    expected = read(CUBE, np.array(places))
    found = tf.function(read)(tf.constant(CUBE), tf.constant(places))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_slicing_has_a_gradient() -> None:
    x = tf.Variable(np.arange(12.0, dtype=np.float32).reshape(3, 4))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x[::-2, 1:3] * [[1.0, 2.0], [3.0, 4.0]]) + x[1, -1]
    expected = np.zeros((3, 4))
    expected[2, 1:3], expected[0, 1:3], expected[1, 3] = [1, 2], [3, 4], 1
    np.testing.assert_array_equal(tape.gradient(y, x), expected)


def test_bad_indices() -> None:
    x = tf.constant([[1, 2], [3, 4]])
    for index in (2, (0, -3), (0, 0, 0)):
        with pytest.raises(OutOfRangeError):
            x[index]
    for index in (1.5, [0.5]):
        with pytest.raises(ArgumentTypeError, match="an index is an integer"):
            x[index]
    for index in ([2], ([0, 1], [0, 2])):
        with pytest.raises(OutOfRangeError, match="is out of range"):
            x[index]
    assert x[x > 2].numpy().tolist() == [3, 4]


def test_lists_with_tensors_in_them_stack_with_a_gradient() -> None:
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.convert_to_tensor([[a, b], [b, 3.0]])
        total = tf.reduce_sum(y * y)
    assert y.shape == (2, 2)
    assert [float(g) for g in tape.gradient(total, [a, b])] == [2.0, 8.0]
