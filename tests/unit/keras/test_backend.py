"""keras.backend: the functions of Keras 2 beside NumPy, state, and what is asked of dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras as reference
import numpy as np
import pytest
from scipy import special

import lamina as tf
from lamina.keras import backend as K

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4)).astype("float32")
Y = RNG.normal(size=(3, 4)).astype("float32")
CUBE = RNG.normal(size=(3, 4, 5)).astype("float32")
P = special.softmax(X, axis=1)
T = np.eye(4, dtype="float32")[[2, 0, 3]]

# K's call, and the same in NumPy.
ROWS: dict[str, tuple[Callable[[], Any], Any]] = {
    "abs": (lambda: K.abs(X), np.abs(X)),
    "all": (lambda: K.all(X > 0, axis=1), (X > 0).all(1)),
    "any": (lambda: K.any(X > 1, axis=0), (X > 1).any(0)),
    "arange": (lambda: K.arange(2, 8, 3), np.arange(2, 8, 3)),
    "argmax": (lambda: K.argmax(X), X.argmax(-1)),
    "argmin": (lambda: K.argmin(X, axis=0), X.argmin(0)),
    "batch_dot": (lambda: K.batch_dot(X, Y), (X * Y).sum(1, keepdims=True)),
    "batch_dot axes": (
        lambda: K.batch_dot(CUBE, Y, axes=[1, 1]),
        np.einsum("abc,ab->ac", CUBE, Y),
    ),
    "batch_dot cubes": (
        lambda: K.batch_dot(CUBE, CUBE, axes=2),
        np.einsum("abc,adc->abd", CUBE, CUBE),
    ),
    "batch_flatten": (lambda: K.batch_flatten(CUBE), CUBE.reshape(3, 20)),
    "batch_get_value": (lambda: K.batch_get_value([K.constant(X)])[0], X),
    "batch_normalization": (
        lambda: K.batch_normalization(X, X.mean(0), X.var(0), Y[0], Y[1]),
        (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3) * Y[1] + Y[0],
    ),
    "bias_add": (lambda: K.bias_add(X, Y[0]), X + Y[0]),
    "binary_crossentropy": (
        lambda: K.binary_crossentropy(T, P),
        -(T * np.log(P) + (1 - T) * np.log(1 - P)),
    ),
    "binary_focal_crossentropy": (
        lambda: K.binary_focal_crossentropy(T, X, True, from_logits=True),
        (T * 0.25 + (1 - T) * 0.75)
        * (1 - (T * special.expit(X) + (1 - T) * special.expit(-X))) ** 2
        * -(T * special.log_expit(X) + (1 - T) * special.log_expit(-X)),
    ),
    "cast": (lambda: K.cast(X, "int32"), X.astype("int32")),
    "cast_to_floatx": (lambda: K.cast_to_floatx([1, 2]), np.array([1, 2], "float32")),
    "categorical_crossentropy": (
        lambda: K.categorical_crossentropy(T, P),
        -(T * np.log(P)).sum(1),
    ),
    "categorical_focal_crossentropy": (
        lambda: K.categorical_focal_crossentropy(T, P),
        -(0.25 * (1 - P) ** 2 * T * np.log(P)).sum(1),
    ),
    "clip": (lambda: K.clip(X, -0.5, 0.5), X.clip(-0.5, 0.5)),
    "clip one side": (lambda: K.clip(X, None, 0.0), X.clip(None, 0)),
    "clip crossed": (lambda: K.clip(X, 1.0, 0.0), np.ones_like(X)),
    "concatenate": (lambda: K.concatenate([X, Y]), np.concatenate([X, Y], -1)),
    "constant": (lambda: K.constant(2, shape=(2, 2)), np.full((2, 2), 2.0, "float32")),
    "cos": (lambda: K.cos(X), np.cos(X)),
    "count_params": (lambda: K.count_params(K.zeros((3, 4))), 12),
    "cumprod": (lambda: K.cumprod(X, axis=1), X.cumprod(1)),
    "cumsum": (lambda: K.cumsum(X), X.cumsum(0)),
    "dot": (lambda: K.dot(X, Y.T), X @ Y.T),
    "dot cubes": (
        lambda: K.dot(CUBE, CUBE.transpose(0, 2, 1)),
        np.dot(CUBE, CUBE.transpose(0, 2, 1)),
    ),
    "elu": (lambda: K.elu(X, 0.5), np.where(X > 0, X, 0.5 * np.expm1(X))),
    "equal": (lambda: K.equal(X, X), np.ones_like(X, bool)),
    "eval": (lambda: K.eval(K.constant(X)), X),
    "exp": (lambda: K.exp(X), np.exp(X)),
    "expand_dims": (lambda: K.expand_dims(X), X[..., None]),
    "eye": (lambda: K.eye(3), np.eye(3)),
    "flatten": (lambda: K.flatten(X), X.ravel()),
    "foldl": (lambda: K.foldl(lambda a, b: a + b, X), X.sum(0)),
    "foldr": (lambda: K.foldr(lambda a, b: a - b, X), X[2] - X[1] - X[0]),
    "gather": (lambda: K.gather(X, [2, 0]), X[[2, 0]]),
    "greater": (lambda: K.greater(X, Y), X > Y),
    "greater_equal": (lambda: K.greater_equal(X, Y), X >= Y),
    "hard_sigmoid": (lambda: K.hard_sigmoid(3 * X), (0.6 * X + 0.5).clip(0, 1)),
    "in_top_k": (lambda: K.in_top_k(X, X.argmax(1), 1), np.ones(3, bool)),
    "int_shape": (lambda: K.int_shape(X), (3, 4)),
    "l2_normalize": (
        lambda: K.l2_normalize(X, axis=1),
        X / np.linalg.norm(X, axis=1, keepdims=True),
    ),
    "less": (lambda: K.less(X, Y), X < Y),
    "less_equal": (lambda: K.less_equal(X, Y), X <= Y),
    "log": (lambda: K.log(P), np.log(P)),
    "logsumexp": (lambda: K.logsumexp(X, axis=1), special.logsumexp(X, axis=1)),
    "map_fn": (lambda: K.map_fn(lambda row: row * 2, X), 2 * X),
    "max": (lambda: K.max(X, axis=1, keepdims=True), X.max(1, keepdims=True)),
    "maximum": (lambda: K.maximum(X, Y), np.maximum(X, Y)),
    "mean": (lambda: K.mean(X > 0), (X > 0).mean(dtype="float32")),
    "min": (lambda: K.min(X), X.min()),
    "minimum": (lambda: K.minimum(X, Y), np.minimum(X, Y)),
    "ndim": (lambda: K.ndim(CUBE), 3),
    "not_equal": (lambda: K.not_equal(X, X), np.zeros_like(X, bool)),
    "one_hot": (lambda: K.one_hot([2, 0, 3], 4), T),
    "ones": (lambda: K.ones((2, 3)), np.ones((2, 3))),
    "ones_like": (lambda: K.ones_like(X), np.ones_like(X)),
    "permute_dimensions": (lambda: K.permute_dimensions(CUBE, (0, 2, 1)), CUBE.transpose(0, 2, 1)),
    "pow": (lambda: K.pow(X, 3), X**3),
    "prod": (lambda: K.prod(X, axis=0), X.prod(0)),
    "relu": (
        lambda: K.relu(X, alpha=0.1, max_value=1.0),
        np.where(X > 0, np.minimum(X, 1), 0.1 * X),
    ),
    "repeat": (lambda: K.repeat(X, 2), np.repeat(X[:, None], 2, 1)),
    "repeat_elements": (lambda: K.repeat_elements(X, 2, 1), np.repeat(X, 2, 1)),
    "reshape": (lambda: K.reshape(CUBE, (3, -1)), CUBE.reshape(3, -1)),
    "reverse": (lambda: K.reverse(X, 1), X[:, ::-1]),
    "round": (lambda: K.round(X), np.round(X)),
    "shape": (lambda: K.shape(X), [3, 4]),
    "sigmoid": (lambda: K.sigmoid(X), special.expit(X)),
    "sign": (lambda: K.sign(X), np.sign(X)),
    "sin": (lambda: K.sin(X), np.sin(X)),
    "softmax": (lambda: K.softmax(X), P),
    "softplus": (lambda: K.softplus(X), np.log1p(np.exp(X))),
    "softsign": (lambda: K.softsign(X), X / (1 + np.abs(X))),
    "sparse_categorical_crossentropy": (
        lambda: K.sparse_categorical_crossentropy([2, 0, 3], X, from_logits=True),
        -(T * np.log(P)).sum(1),
    ),
    "sqrt": (lambda: K.sqrt(X), np.sqrt(np.maximum(X, 0))),
    "square": (lambda: K.square(X), X**2),
    "squeeze": (lambda: K.squeeze(X[:, :1], 1), X[:, 0]),
    "stack": (lambda: K.stack([X, Y], axis=1), np.stack([X, Y], 1)),
    "std": (lambda: K.std(X, axis=1), X.std(1)),
    "stop_gradient": (lambda: K.stop_gradient([X])[0], X),
    "sum": (lambda: K.sum(X, axis=-1), X.sum(-1)),
    "switch": (lambda: K.switch(X[:, 0] > 0, X, Y), np.where(X[:, :1] > 0, X, Y)),
    "switch one": (lambda: K.switch(1, lambda: X, lambda: Y), X),
    "tanh": (lambda: K.tanh(X), np.tanh(X)),
    "tile": (lambda: K.tile(X, [2, 1]), np.tile(X, (2, 1))),
    "to_dense": (lambda: K.to_dense(X), X),
    "transpose": (lambda: K.transpose(X), X.T),
    "update": (lambda: K.update(K.zeros((3, 4)), X), X),
    "update_add": (lambda: K.update_add(K.ones((3, 4)), X), 1 + X),
    "update_sub": (lambda: K.update_sub(K.ones((3, 4)), X), 1 - X),
    "moving_average_update": (
        lambda: K.moving_average_update(K.ones((3, 4)), X, 0.75),
        0.75 + 0.25 * X,
    ),
    "var": (lambda: K.var(X), X.var()),
    "variable": (lambda: K.variable(X), X),
    "zeros": (lambda: K.zeros((2,)), np.zeros(2)),
    "zeros_like": (lambda: K.zeros_like(X), np.zeros_like(X)),
}
TESTED_BELOW = {
    *("backend", "batch_set_value", "clear_session", "dropout", "dtype", "epsilon", "floatx"),
    *("function", "get_uid", "get_value", "gradients", "image_data_format", "is_float_dtype"),
    *("is_int_dtype", "is_keras_tensor", "is_sparse", "is_tensor", "learning_phase"),
    *("name_scope", "random_bernoulli", "random_binomial", "random_normal", "reset_uids"),
    *("random_normal_variable", "random_uniform", "random_uniform_variable", "result_type"),
    *("set_epsilon", "set_floatx", "set_image_data_format", "set_learning_phase", "set_value"),
    *("standardize_dtype", "truncated_normal"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_function_is_that_of_numpy(name: str) -> None:
    call, wanted = ROWS[name]
    found = np.asarray(call())
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=3e-5, atol=1e-6)


def test_every_function_is_tested() -> None:
    assert set(K.__all__) - {name.split()[0] for name in ROWS} == TESTED_BELOW


@pytest.mark.parametrize("name", ["get_uid", "result_type", "standardize_dtype"])
def test_what_keras_3_kept_is_there(name: str) -> None:
    assert callable(getattr(K, name))
    assert {n for n in dir(reference.backend) if not n.startswith("_")} <= set(K.__all__)


def test_losses_of_keras_2_are_compiled() -> None:
    def dice(y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred = K.flatten(K.cast(y_true, K.floatx())), K.flatten(y_pred)
        both = K.sum(y_true * y_pred)
        return 1 - (2 * both + 1) / (K.sum(y_true) + K.sum(y_pred) + 1)

    model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", dice)
    target = (X[:, :1] > 0).astype("float32")
    history = model.fit(X, target, epochs=3, verbose=0).history["loss"]
    assert history[2] < history[0]


def test_variables_are_read_and_written() -> None:
    x = K.variable([[1, 2]])
    assert K.dtype(x) == "float32"
    K.set_value(x, [[3, 4]])
    K.batch_set_value([(x, K.get_value(x) + 1)])
    np.testing.assert_array_equal(K.get_value(x), [[4, 5]])


def test_random_numbers() -> None:
    shape = (2000,)
    assert abs(float(K.mean(K.random_normal(shape, 1.0, seed=1))) - 1) < 0.1
    assert abs(float(K.mean(K.random_uniform(shape, 2.0, 4.0, seed=1))) - 3) < 0.1
    assert float(K.max(K.abs(K.truncated_normal(shape, seed=1)))) <= 2
    assert abs(float(K.mean(K.random_bernoulli(shape, 0.25, seed=1))) - 0.25) < 0.05
    assert isinstance(K.random_normal_variable((2,), 0.0, 1.0), tf.Variable)
    assert isinstance(K.random_uniform_variable((2,), 0.0, 1.0), tf.Variable)
    assert abs(float(K.mean(K.dropout(np.ones(2000), 0.5, seed=1))) - 1) < 0.1
    assert K.random_binomial is K.random_bernoulli


def test_dtypes() -> None:
    for dtype in (None, "float64", np.int32, tf.float16, "bool", int):
        assert K.standardize_dtype(dtype) == reference.backend.standardize_dtype(
            getattr(dtype, "name", dtype)
        )
    with pytest.raises(ValueError, match="float33"):
        K.standardize_dtype("float33")
    assert K.is_float_dtype("float16")
    assert not K.is_float_dtype("int32")
    assert K.is_int_dtype("uint8")
    assert not K.is_int_dtype("bool")
    assert K.result_type("int32", float) == "float32"


def test_symbolic_tensors() -> None:
    x = tf.keras.Input((4,))
    hidden = tf.keras.layers.Dense(3)
    y = hidden(x)
    assert K.is_keras_tensor(y)
    assert not K.is_keras_tensor(X)
    assert K.is_tensor(K.constant(1))
    assert not K.is_sparse(X)
    assert K.int_shape(y) == (None, 3)
    call = K.function([x], [y])
    (found,) = call([X])
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, hidden(X), rtol=1e-6)
    assert K.function([x], y)([X]).shape == (3, 3)


def test_the_phase_is_that_of_the_call() -> None:
    seen = []

    class Layer(tf.keras.layers.Layer):
        def call(self, x: Any) -> Any:
            seen.append(K.learning_phase())
            return x

    layer = Layer()
    layer(X, training=True)
    layer(X)
    assert (seen, K.learning_phase()) == ([1, 0], 0)


def test_names_are_counted() -> None:
    K.clear_session()
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid("b")] == [1, 2, 1]
    K.reset_uids()
    assert K.get_uid("a") == 1
    with K.name_scope("outer"):
        assert tf.Variable(1.0, name="x").name == "outer/x:0"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: K.conv2d, AttributeError, "convolutions are outside"),
        (lambda: K.placeholder, AttributeError, "use keras.Input"),
        (lambda: K.meen, AttributeError, "Did you mean 'mean'"),
        (lambda: K.gradients(X, X), NotImplementedError, "GradientTape"),
        (lambda: K.set_learning_phase(1), ValueError, "pass training=True"),
        (lambda: K.function([], [], updates=[1]), ValueError, "no updates"),
        (lambda: K.dot(X[0], X), ValueError, "K.dot expects matrices"),
        (lambda: K.batch_dot(X, Y, axes=0), ValueError, "sums over no batch"),
        (lambda: K.batch_dot(X[0], Y), ValueError, "expects batches"),
        (lambda: K.repeat(CUBE, 2), ValueError, r"expects \(batch, features\)"),
        (lambda: K.switch(X > 0, X[0], Y[0]), ValueError, "more axes than the results"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
