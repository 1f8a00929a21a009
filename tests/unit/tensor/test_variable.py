"""Variables."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, UnimplementedError


def test_assignment_keeps_shape_and_dtype() -> None:
    v = tf.Variable([1.0, 2.0])
    v.assign([3, 4])
    assert v.numpy().tolist() == [3.0, 4.0] and v.dtype == tf.float32
    assert v.assign_add([1.0, 1.0]) is v
    v.assign_sub(np.array([0.5, 0.5]))
    assert v.numpy().tolist() == [3.5, 4.5]
    with pytest.raises(InvalidArgumentError, match="shape"):
        v.assign([1.0])
    with pytest.raises(InvalidArgumentError, match="cast"):
        tf.Variable([1]).assign([1.5])


def test_a_variable_has_numbers_of_its_own() -> None:
    array = np.zeros(2, np.float32)
    v, w = tf.Variable(array), tf.Variable(tf.zeros(2))
    array[0] = 5
    assert v.numpy().tolist() == [0.0, 0.0]
    w.assign(v)
    v.numpy()[0] = 7
    assert v.numpy().tolist() == [0.0, 0.0] and w.numpy().tolist() == [0.0, 0.0]


def test_variables_work_where_tensors_do() -> None:
    v = tf.Variable([[1.0, 2.0]])
    assert (v * 2).numpy().tolist() == [[2.0, 4.0]] and (v @ [[1.0], [1.0]]).numpy() == [[3.0]]
    assert v[0, 1].numpy() == 2.0 and float(tf.Variable(2.5)) == 2.5
    assert np.asarray(v).shape == (1, 2) and -v[0, 0] == -1.0


def test_names_and_options() -> None:
    assert tf.Variable(0.5).name == "Variable:0" and tf.Variable(0.5, name="b").name == "b:0"
    assert not tf.Variable(1.0, trainable=False).trainable
    assert tf.Variable(1, dtype=tf.float64).dtype == tf.float64
    assert tf.Variable(lambda: tf.ones(2)).shape == (2,)
    with pytest.raises(InvalidArgumentError):
        tf.Variable()
    with pytest.raises(InvalidArgumentError, match="shape"):
        tf.Variable([1.0, 2.0], shape=(3,))
    with pytest.raises(UnimplementedError, match="keeps the shape"):
        tf.Variable([1.0, 2.0], shape=(None,))


def test_deep_copies_are_variables_of_their_own() -> None:
    v = tf.Variable([1.0])
    w = copy.deepcopy(v)
    w.assign([2.0])
    assert v.numpy() == 1.0 and w.numpy() == 2.0


def test_a_copied_function_works_on_the_same_variables() -> None:
    v = tf.Variable(1.0)
    add = tf.function(lambda x: v + x)
    add(tf.constant(1.0))
    copied = copy.deepcopy(add)
    v.assign(5.0)
    assert float(copied(tf.constant(1.0))) == 6


def test_arrays_that_were_assigned_may_change_afterwards() -> None:
    array = np.ones(2, np.float32)
    variable = tf.Variable(tf.zeros(2))
    variable.assign(array)
    array[0] = 9
    assert variable.numpy().tolist() == [1, 1]
    layer = tf.keras.layers.Dense(1)
    layer.build((None, 2))
    kernel = np.ones((2, 1), np.float32)
    layer.set_weights([kernel, np.zeros(1, np.float32)])
    kernel[0] = 9
    assert layer.get_weights()[0].tolist() == [[1], [1]]


def test_numpy_gives_memory_of_its_own() -> None:
    tensor = tf.constant([1.0, 2.0])
    variable = tf.Variable(tf.zeros(2))
    variable.assign(tensor)
    for found in (tensor.numpy(), variable.numpy()):
        found[0] = 9
    assert tensor.numpy().tolist() == variable.numpy().tolist() == [1, 2]


def test_the_value_is_an_attribute_and_a_method() -> None:
    variable = tf.Variable([1.0, 2.0])
    np.testing.assert_array_equal(variable.value, variable.value())
    assert isinstance(variable.value, tf.Tensor) and variable.value.shape == (2,)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(variable.value * variable.value())
    np.testing.assert_array_equal(tape.gradient(y, variable), [2.0, 4.0])

    @tf.function
    def twice() -> tf.Tensor:
        variable.assign_add([1.0, 1.0])
        return variable.value + variable.value()

    np.testing.assert_array_equal(twice(), [4.0, 6.0])


# Some of a variable ------------------------------------------------------------------------------


def test_slices_of_a_variable_are_read_and_written() -> None:
    def start() -> Any:
        return tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    rows = tf.IndexedSlices([[10.0, 20.0], [30.0, 40.0]], [2, 2], [3, 2])
    expected = {
        "scatter_add": [[1, 2], [3, 4], [45, 66]],
        "scatter_sub": [[1, 2], [3, 4], [-35, -54]],
        "scatter_update": [[1, 2], [3, 4], [30, 40]],
    }
    for name, numbers in expected.items():
        x, traced = start(), start()
        assert getattr(x, name)(rows) is x and x.numpy().tolist() == numbers
        tf.function(lambda x=traced, name=name: getattr(x, name)(rows))()
        assert traced.numpy().tolist() == numbers
    x = start()
    x.scatter_nd_update([[0, 1], [1, 0]], [7, 8])
    x.scatter_nd_add([[0]], [[1.0, 1.0]])
    x.scatter_nd_sub([[2, 0]], [5.0])
    assert x.numpy().tolist() == [[2, 8], [8, 4], [0, 6]]
    assert x.gather_nd([[0, 1], [2, 1]]).numpy().tolist() == [8, 6]
    assert x.sparse_read([2, 0]).numpy().tolist() == [[0, 6], [2, 8]]
    with pytest.raises(TypeError, match=r"expected a tf\.IndexedSlices; got list.*scatter_nd_add"):
        x.scatter_add([1])
    with pytest.raises(ValueError, match="without losing"):
        tf.Variable([1, 2]).scatter_nd_add([[0]], [0.5])


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_a_slice_of_a_variable_is_assigned_to(wrap: Any) -> None:
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    words = tf.Variable(["a", "b"])

    @wrap
    def write(row: Any) -> None:
        v[0].assign([7.0, 8.0])
        v[row, 1].assign(9.0)
        v[1:, 0].assign(v[0, :1] + 1)
        words[1].assign("c")
        v[1:1].assign(tf.zeros((0, 2)))

    write(tf.constant(2))
    assert v.numpy().tolist() == [[7, 8], [8, 4], [8, 9]]
    assert words.numpy().tolist() == [b"a", b"c"]
    v[[1, 1, 0], 0].assign([0.0, 1.0, 2.0])  # the last one counts
    assert v.numpy().tolist() == [[2, 8], [1, 4], [8, 9]]
    with pytest.raises(ValueError, match="do not broadcast"):
        v[0].assign([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="cannot have a value of shape"):
        v[0, 0].assign([1.0, 2.0])
    assert not hasattr(tf.constant([1.0])[0], "assign")


def test_a_variable_has_its_value_from_the_start() -> None:
    x = tf.Variable([1.0])
    assert x.is_initialized() and x.experimental_ref() == x.ref()
    x.set_shape([None])
    with pytest.raises(ValueError, match="compatible"):
        x.set_shape([2])


def test_dtypes_tell_what_they_are() -> None:
    assert tf.int8.limits == (-128, 127) and tf.float32.is_numeric and not tf.bool.is_numeric
    assert tf.int32.is_compatible_with("int32") and tf.float64.real_dtype == tf.float64
    assert not tf.int32.is_compatible_with(tf.int64) and not tf.int8.is_quantized
    assert tf.int8.is_numpy_compatible
