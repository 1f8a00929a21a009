"""keras.Variable and keras.KerasTensor beside Keras's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina import keras

CALLS: dict[str, Callable[[Any], Any]] = {
    "an array": lambda k: k.Variable(np.ones((2, 3), "float32")),
    "a number": lambda k: k.Variable(1.5),
    "an integer": lambda k: k.Variable(3),
    "a list": lambda k: k.Variable(initializer=[1.0, 2.0], dtype="float16"),
    "an initializer": lambda k: k.Variable(k.initializers.Constant(2.0), shape=(2, 2)),
    "a name": lambda k: k.Variable("ones", (3,), "int32", False),
    "a function": lambda k: k.Variable(lambda shape, dtype: np.full(shape, 4, dtype), (2,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_variable_is_that_of_keras(name: str) -> None:
    ours, theirs = (CALLS[name](module) for module in (keras, reference))
    np.testing.assert_array_equal(ours, np.asarray(theirs))
    assert ours.dtype.name == theirs.dtype
    assert tuple(ours.shape) == theirs.shape
    for what in ("trainable", "ndim", "constraint", "regularizer"):
        assert getattr(ours, what) == getattr(theirs, what)


def test_names_and_paths() -> None:
    for module in (keras, reference):
        assert module.Variable(1.0, name="rate").name == "rate"
        with module.name_scope("outer"):
            inner = module.Variable(1.0, name="rate")
        assert (inner.name, inner.path) == ("rate", "outer/rate")
    assert keras.Variable(1.0).name != keras.Variable(1.0).name


def test_every_variable_is_one() -> None:
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    optimizer = keras.optimizers.Adam()
    others = [tf.Variable(1.0), *layer.weights, *optimizer.variables]
    assert all(isinstance(variable, keras.Variable) for variable in others)
    assert not isinstance(tf.constant(1.0), keras.Variable)
    assert isinstance(keras.Variable(1.0), tf.Variable)

    class Own(keras.Variable):
        pass

    assert isinstance(Own(1.0), Own)
    assert not isinstance(tf.Variable(1.0), Own)


def test_layers_and_training_know_them() -> None:
    class Scale(keras.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.factor = keras.Variable("ones", shape=(4,), name="factor")
            self.seen = keras.Variable(0.0, trainable=False, autocast=False)

        def call(self, x: Any) -> Any:
            self.seen.assign_add(1.0)
            return x * self.factor

    model = keras.Sequential([keras.Input((4,)), Scale(dtype="mixed_float16")])
    layer = model.layers[0]
    assert [len(layer.trainable_weights), len(layer.non_trainable_weights)] == [1, 1]
    assert model(np.ones((2, 4))).dtype == "float16"
    model.compile("sgd", "mse")
    before = np.array(layer.factor)
    model.fit(np.ones((8, 4)), np.zeros((8, 4)), verbose=0)
    assert (np.asarray(layer.factor) < before).all()
    assert layer.factor.dtype == "float32"


def test_symbolic_tensors_are_made_of_a_shape() -> None:
    for module in (keras, reference):
        x = module.KerasTensor((None, 3), dtype="int32", name="a")
        assert (tuple(x.shape), x.name, x.ndim) == ((None, 3), "a", 2)
        assert x.dtype == "int32"
        assert module.KerasTensor((2, 3)).dtype == "float32"
        assert not x.sparse and not x.ragged
    with pytest.raises(NotImplementedError, match="all tensors are dense"):
        keras.KerasTensor((2,), sparse=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: keras.Variable("zeros"), "the initializer 'zeros' needs a shape"),
        (lambda: keras.Variable([1.0], shape=(2,)), r"shape=\(2,\) was asked for"),
        (lambda: keras.Variable(1.0, name="a/b"), "has no '/'; got 'a/b'"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
