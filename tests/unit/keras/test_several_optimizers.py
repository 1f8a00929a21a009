"""MultiOptimizer and OptimizerMap beside Keras's."""

from __future__ import annotations

import copy
import json
from typing import Any

import keras
import numpy as np
import pytest

import lamina as tf
from tests.oracle import keras_optimizers as oracle

optimizers = tf.keras.optimizers


def mapped(library: Any) -> Any:
    chosen = library.optimizers.OptimizerMap(library.optimizers.SGD(0.1, momentum=0.9))
    chosen["ker.*"] = library.optimizers.Adam(0.01, clipnorm=1.0)
    chosen["scale"] = library.optimizers.RMSprop(0.02)
    return library.optimizers.MultiOptimizer(chosen)


def by_function(library: Any) -> Any:
    adam, sgd = library.optimizers.Adam(0.01), library.optimizers.SGD(0.1)
    return library.optimizers.MultiOptimizer(
        lambda variable: adam if len(variable.shape) > 1 else sgd, loss_scale_factor=4.0
    )


@pytest.mark.parametrize("make", [mapped, by_function])
def test_weights_and_state_are_those_of_keras(make):
    values, gradients = oracle.samples(seed=6, steps=20)
    pairs = list(zip(values, oracle.SHAPES, strict=True))
    ours, theirs = make(tf.keras), make(keras)
    mine = [tf.Variable(value, name=name) for value, name in pairs]
    wanted = [keras.Variable(value, name=name) for value, name in pairs]
    ours.build(mine)
    theirs.build(wanted)
    for step in gradients:
        ours.apply(step, mine)
        theirs.apply(step, wanted)
    for a, b in zip([*mine, *ours.variables], [*wanted, *theirs.variables], strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), oracle.RELATIVE, oracle.ABSOLUTE)


def test_resumes_and_is_copied():
    values, gradients = oracle.samples(seed=7, steps=4)
    pairs = list(zip(values, oracle.SHAPES, strict=True))
    variables = [tf.Variable(value, name=name) for value, name in pairs]
    optimizer = mapped(tf.keras)
    for step in gradients[:2]:
        optimizer.apply(step, variables)
    other, others = copy.deepcopy((optimizer, variables))
    again, restored = mapped(tf.keras), [tf.Variable(v.numpy(), name=v.name) for v in variables]
    again.build(restored)
    again.set_weights(optimizer.get_weights())
    for step in gradients[2:]:
        for each, own in ((optimizer, variables), (other, others), (again, restored)):
            each.apply(step, own)
    for a, b, c in zip(variables, others, restored, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_fit_trains_parts_by_their_paths_and_the_configuration_travels():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    layers = [tf.keras.layers.Dense(4, name="hidden"), tf.keras.layers.Dense(1, name="last")]
    model = tf.keras.Sequential([tf.keras.Input((3,)), *layers])
    chosen = optimizers.OptimizerMap(optimizers.SGD(0.0), {".*last/.*": optimizers.Adam(0.1)})
    model.compile(optimizers.MultiOptimizer(chosen), "mse")
    before = model.get_weights()
    model.fit(x, x[:, :1], epochs=2, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True, True, False, False]
    config = json.loads(json.dumps(optimizers.serialize(model.optimizer)))
    again = optimizers.deserialize(config)
    assert again.get_config() == model.optimizer.get_config()
    theirs = keras.optimizers.deserialize(config)
    assert type(theirs._optimizer_map["sequential/last/kernel"]).__name__ == "Adam"


def test_what_is_refused():
    chosen = optimizers.OptimizerMap(optimizers.SGD(), {"a.*": optimizers.SGD()})
    chosen["ab.*"] = optimizers.Adam()
    with pytest.raises(ValueError, match="several optimizers are meant for 'abc'"):
        _ = chosen["abc"]
    with pytest.raises(ValueError, match="has an optimizer already"):
        chosen["a.*"] = optimizers.Adam()
    with pytest.raises(TypeError, match="an Optimizer is expected"):
        chosen["c"] = "adam"
    with pytest.raises(ValueError, match="cannot be one of several"):
        chosen["c"] = optimizers.LossScaleOptimizer(optimizers.SGD())
    with pytest.raises(AttributeError, match="no learning rate of its own"):
        _ = mapped(tf.keras).learning_rate
