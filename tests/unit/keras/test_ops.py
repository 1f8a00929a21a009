"""keras.ops: what its rows in tests/oracle/keras_ops.py cannot say."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import InvalidArgumentError

ops = keras.ops


def test_shape_dtype_and_size_of_symbolic_tensors() -> None:
    x = keras.Input((3,))
    assert ops.shape(x) == (None, 3)
    assert ops.dtype(x) == "float32"
    assert ops.ndim(x) == 2
    model = keras.Model(x, ops.cast(ops.size(x), "float32") + x)
    np.testing.assert_array_equal(model(np.zeros((5, 3))), np.full((5, 3), 15.0))


def test_the_shape_of_a_batch_is_a_tensor_while_tracing() -> None:
    @tf.function
    def mean(x: tf.Tensor) -> tf.Tensor:
        rows = ops.shape(x)[0]
        return tf.reduce_sum(ops.zeros((rows, 2)) + 1) / ops.cast(rows, "float32")

    assert float(mean(tf.ones((4, 3)))) == 2.0


def test_empty_tensors_have_shape_and_dtype() -> None:
    assert ops.empty((2, 3)).shape == (2, 3)
    assert ops.empty((2,), "int32").dtype == "int32"
    assert ops.empty_like(tf.ones((2, 3), tf.float64)).dtype == "float64"


def test_numpy_arrays_give_their_precision_up_where_they_meet_tensors() -> None:
    x = tf.ones((2,))
    assert ops.add(x, np.ones(2)).dtype == "float32"
    assert ops.add(np.ones(2), np.ones(2)).dtype == "float64"
    assert ops.add(np.ones(2), 1).dtype == "float64"


def test_floatx_is_the_dtype_of_python_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    keras.config.set_floatx("float64")
    try:
        assert ops.exp(1).dtype == "float64"
        assert ops.add([0.1], 0.2).dtype == "float64"
        assert float(ops.reshape([0.1], (1, 1))[0, 0]) == 0.1
        assert ops.zeros(2).dtype == "float64"
    finally:
        keras.config.set_floatx("float32")


def test_a_float_keeps_its_digits_beside_float64() -> None:
    assert float(ops.add(tf.zeros((), tf.float64), 0.1)) == 0.1


def test_results_do_not_follow_later_changes_of_arrays() -> None:
    array = np.zeros((2, 2), "float32")
    results = [ops.reshape(array, (4,)), ops.array(array), ops.transpose(array), ops.copy(array)]
    array[:] = 1
    assert all(float(tf.reduce_sum(result)) == 0 for result in results)


def test_errors_say_what_was_expected() -> None:
    for call in (
        lambda: ops.split(np.zeros(5), 2),
        lambda: ops.pad(np.zeros(3), 1, mode="reflect", constant_values=1),
        lambda: ops.pad(np.zeros(3), 1, mode="mirror"),
        lambda: ops.rot90(np.zeros(3)),
        lambda: ops.diag(np.zeros((2, 2, 2))),
        lambda: ops.moveaxis(np.zeros((2, 2)), (0, 0), (0, 1)),
        lambda: ops.unravel_index(np.array([6]), (2, 3)),
        lambda: ops.concatenate([]),
        lambda: ops.arange(0, 3, 0),
    ):
        with pytest.raises(InvalidArgumentError):
            call()
    with pytest.raises(TypeError, match="integer exponents"):
        ops.ldexp(1.0, 2.0)
    with pytest.raises(TypeError, match="expects integers or booleans"):
        ops.bitwise_and(np.zeros(2), np.zeros(2))


def test_result_type_is_keras_with_64_bits() -> None:
    result_type = keras.backend.result_type
    assert result_type() == "float32"
    assert result_type("int32", float) == "float32"
    assert result_type("int64", "float16") == "float16"
    assert result_type("uint8", "int8") == "int16"
    assert result_type("uint32", "int32") == "int64"
    assert result_type(int) == "int32"
    assert result_type("int8", int, None) == "float32"
