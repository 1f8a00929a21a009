"""keras.ops: what its rows in tests/oracle/keras_ops.py cannot say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import InvalidArgumentError, SymbolicShapeError

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
        return ops.sum(ops.zeros((rows, 2)) + 1) / ops.cast(rows, "float32")

    assert float(mean(tf.ones((4, 3)))) == 2.0


def test_operations_over_the_batch_are_traced_for_each_size() -> None:
    x = keras.Input((2,))
    ordered = ops.flip(ops.cumsum(x, axis=0), axis=0)
    assert ordered.shape == (None, 2)
    model = keras.Model(x, keras.layers.Dense(1)(ordered))
    model.compile("sgd", "mse")
    array = np.arange(14, dtype="float32").reshape(7, 2) / 14
    model.fit(array, array[:, :1], batch_size=4, verbose=0)
    kernel, bias = (np.asarray(weight) for weight in model.weights)
    expected = np.concatenate([part.cumsum(0)[::-1] for part in (array[:4], array[4:])])
    found = model.predict(array, batch_size=4, verbose=0)
    np.testing.assert_allclose(found, expected @ kernel + bias, rtol=1e-5)
    with pytest.raises(SymbolicShapeError):
        ops.ravel(x)


def test_operations_have_names_which_outputs_take() -> None:
    keras.utils.clear_session()
    x = keras.Input((2,))
    model = keras.Model(x, [x + 1, ops.add(x, 2), ops.layer_normalization(x)])
    assert model.output_names == ["add", "add_1", "layer_norm"]
    again = keras.Model.from_config(model.get_config())
    assert again.output_names == model.output_names


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


def test_a_number_that_does_not_fit_says_so() -> None:
    with pytest.raises(InvalidArgumentError, match="300 does not fit int8"):
        ops.add(tf.constant([1], tf.int8), 300)
    assert int(ops.add(tf.constant(1, tf.int8), [300])[0]) == 301


def test_arrays_of_other_packages_are_taken() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert ops.mean(frame, axis=0).numpy().tolist() == [1.5, 3.5]
    assert ops.add(frame["b"], 1).numpy().tolist() == [4, 5]
    assert ops.maximum(tf.zeros((2,)), np.float64(1.5)).dtype == "float32"
    assert ops.sum(tf.Variable([1.0, 2.0])).dtype == "float32"


def test_a_float_keeps_its_digits_beside_float64() -> None:
    assert float(ops.add(tf.zeros((), tf.float64), 0.1)) == 0.1


def test_results_do_not_follow_later_changes_of_arrays() -> None:
    array = np.zeros((2, 2), "float32")
    results = [ops.reshape(array, (4,)), ops.array(array), ops.transpose(array), ops.copy(array)]
    array[:] = 1
    assert all(float(ops.sum(result)) == 0 for result in results)


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


def test_vectorize_calls_on_each_element_or_core() -> None:
    def larger(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        assert x.shape == y.shape == ()
        return ops.maximum(x, 2 * y)

    x, y = np.arange(6.0).reshape(2, 3), np.array([0.5, 2.0, 1.0])
    np.testing.assert_array_equal(ops.vectorize(larger)(x, y), np.maximum(x, 2 * y))
    assert float(ops.vectorize(larger)(1.0, 2.0)) == 4.0
    dot = ops.vectorize(ops.dot, signature="(n),(n)->()")
    np.testing.assert_array_equal(dot(x, y), x @ y)
    scaled = ops.vectorize(lambda a, b: a * b, excluded={1})
    np.testing.assert_array_equal(scaled(y, 3), 3 * y)
    with pytest.raises(InvalidArgumentError, match="is for 2 arguments; got 1"):
        dot(x)


def test_bincount_of_values_not_known_has_minlength_counts() -> None:
    @tf.function
    def counts(x: tf.Tensor) -> tf.Tensor:
        return ops.bincount(x, minlength=3)

    assert counts(tf.constant([0, 2, 2, 5])).numpy().tolist() == [1, 0, 2]
    with pytest.raises(InvalidArgumentError, match="needs minlength"):
        ops.bincount(keras.Input((2,), dtype="int32"))


def test_what_depends_on_values_says_so_in_a_model() -> None:
    for function in (ops.unique, ops.nonzero, ops.where):
        with pytest.raises(InvalidArgumentError, match="must be known"):
            function(keras.Input((2,)))


def test_errors_of_lines_say_what_was_expected() -> None:
    for call in (
        lambda: ops.quantile(np.ones(3), 1.5),
        lambda: ops.quantile(np.ones(3), 0.5, method="cubic"),
        lambda: ops.searchsorted(np.ones((2, 2)), 1.0),
        lambda: ops.digitize(np.ones(2), np.array([0.0, 2.0, 1.0])),
        lambda: ops.histogram(np.ones((2, 2))),
        lambda: ops.histogram(np.ones(2), 0),
        lambda: ops.histogram(np.ones(2), 3, (2, 1)),
        lambda: ops.average(np.ones((2, 3)), axis=1, weights=np.ones(2)),
        lambda: ops.argpartition(np.ones(3), 3),
        lambda: ops.cross(np.ones(4), np.ones(4)),
        lambda: ops.correlate(np.ones(4), np.ones(2), "all"),
        lambda: ops.select([], []),
        lambda: ops.take(np.ones(3), 1.0),
        lambda: ops.matmul(1.0, np.ones(2)),
    ):
        with pytest.raises(InvalidArgumentError):
            call()
    with pytest.raises(IndexError):
        ops.take(np.ones(3), 3)
