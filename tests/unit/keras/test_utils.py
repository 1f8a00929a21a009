"""Keras's utilities: classes as columns, unit rows, seeds, batches, what is left out."""

from __future__ import annotations

import random

import keras as theirs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import lamina as tf
from lamina.core.errors import InvalidArgumentError, OutOfRangeError

utils = tf.keras.utils


@pytest.mark.parametrize(
    ("classes", "count"),
    [
        ([0, 2, 1], None),
        ([0, 2, 1], 5),
        ([[1], [0]], 3),
        ([[[1], [0]], [[2], [2]]], None),
        ([True, False], None),
        ([2.0, 0.0], None),
        (3, 4),
        (np.array([7, 0], np.uint8), None),
    ],
)
def test_classes_as_columns(classes, count):
    found = utils.to_categorical(classes, count)
    expected = theirs.utils.to_categorical(classes, count)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


def test_classes_in_a_tensor_give_a_tensor():
    for classes in (tf.constant([1, 0]), tf.Variable([1, 0])):
        found = utils.to_categorical(classes)
        assert isinstance(found, tf.Tensor)
        assert found.dtype == tf.float32
        np.testing.assert_array_equal(found, [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("classes", "count", "message"),
    [
        ([0, 5], 3, r"the class 5 is outside of 0 … 2"),
        ([0, -1], None, "the class -1 is outside"),
        ([0.5], None, "whole numbers"),
        ([np.nan], None, "whole numbers"),
        (["a"], None, "whole numbers"),
        ([], None, "at least one class"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_what_is_no_class(classes, count, message):
    with pytest.raises((InvalidArgumentError, OutOfRangeError), match=message):
        utils.to_categorical(classes, count)


@given(
    arrays.arrays(np.float64, (3, 4), elements=st.floats(-1e3, 1e3, width=32)),
    st.sampled_from([0, 1, -1]),
    st.sampled_from([1, 2, np.inf]),
)
def test_rows_of_length_one(x, axis, order):
    found = utils.normalize(x, axis, order)
    norms = np.linalg.norm(found, order, axis)
    expected = np.where(np.linalg.norm(x, order, axis) > 0, 1.0, 0.0)
    np.testing.assert_allclose(norms, expected, rtol=1e-9)
    if axis != 0:  # Keras takes 0 for the last axis
        np.testing.assert_allclose(found, theirs.utils.normalize(x, axis, order))


def test_normalize_keeps_tensors_and_refuses_text():
    found = utils.normalize(tf.constant([[3.0, 4.0]]))
    assert isinstance(found, tf.Tensor)
    np.testing.assert_allclose(found, [[0.6, 0.8]], rtol=1e-6)
    assert utils.normalize([[3, 4]]).dtype == np.float64
    with pytest.raises(InvalidArgumentError, match="expects numbers"):
        utils.normalize([["a"]])


def draws():
    noise = tf.keras.layers.Dropout(0.5)(np.ones((3, 3), np.float32), training=True)
    dense = tf.keras.layers.Dense(2)
    dense.build((None, 3))
    return [
        random.random(),
        np.random.random(),
        *np.ravel(tf.random.normal((3,))),
        *np.ravel(noise),
        *np.ravel(dense.kernel),
    ]


def test_one_seed_for_everything():
    utils.set_random_seed(7)
    first = draws()
    assert draws() != first
    utils.set_random_seed(np.int64(7))
    assert draws() == first
    utils.set_random_seed(8)
    assert draws() != first


@pytest.mark.parametrize("seed", [None, 1.5, True, -1, 2**32, "1"])
def test_what_is_no_seed(seed):
    with pytest.raises(InvalidArgumentError, match="whole number from 0"):
        utils.set_random_seed(seed)


def test_batches_are_packed_and_unpacked():
    for parts in [(1,), (1, 2), (1, 2, 3)]:
        packed = utils.pack_x_y_sample_weight(*parts)
        assert packed == theirs.utils.pack_x_y_sample_weight(*parts)
        assert utils.unpack_x_y_sample_weight(packed) == (*parts, None, None)[:3]
    with pytest.raises(ValueError, match="x, \\(x, y\\) or"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("load_img", "images are outside"),
        ("to_categorial", "Did you mean 'to_categorical'"),
    ],
)
def test_names_that_are_left_out_say_what_there_is(name, message):
    with pytest.raises(AttributeError, match=message):
        getattr(utils, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("applications", "outside of what lamina is for"),
        ("Sequentail", "Did you mean 'Sequential'"),
    ],
)
def test_parts_of_keras_that_are_left_out(name, message):
    with pytest.raises(AttributeError, match=message):
        getattr(tf.keras, name)


def test_the_version_is_that_of_the_keras_that_is_meant():
    assert tf.keras.version() == tf.keras.__version__
    assert theirs.__version__.split(".")[:2] >= tf.keras.__version__.split(".")[:2]
