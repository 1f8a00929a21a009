"""StatelessScope, Function, Operation, devices and recomputation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras as reference
import numpy as np
import pytest

import lamina as tf
from lamina import keras

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


def test_a_stateless_scope_leaves_variables_as_they_are() -> None:
    given, written, untouched = (tf.Variable([1.0, 2.0]) for _ in range(3))
    with keras.StatelessScope([(given, [5.0, 6.0])]) as scope:
        np.testing.assert_array_equal(given, [5, 6])
        written.assign_add(given)
        given.assign_add([1.0, 1.0])
        np.testing.assert_array_equal(scope.get_current_value(written), [6, 8])
    for variable in (given, written, untouched):
        np.testing.assert_array_equal(variable, [1, 2])
    np.testing.assert_array_equal(scope.get_current_value(given), [6, 7])
    np.testing.assert_array_equal(scope.get_current_value(written), [6, 8])
    assert scope.get_current_value(untouched) is None


def test_a_stateless_scope_within_a_traced_function() -> None:
    first, second = tf.Variable(1.0), tf.Variable(2.0)

    @tf.function
    def run(value: Any) -> Any:
        second.assign_add(10.0)
        with keras.StatelessScope([(first, value)]) as scope:
            first.assign_add(second)
            second.assign(0.0)
            result = first * 2.0
        return result, scope.get_current_value(first), scope.get_current_value(second)

    result, now, other = run(tf.constant(3.0))
    assert (float(result), float(now), float(other)) == (30, 15, 0)
    assert (float(first), float(second)) == (1, 12)


def test_gradients_flow_to_what_stands_in() -> None:
    layer = keras.layers.Dense(2)
    layer.build((None, 4))
    values = [tf.constant(weight.numpy() * 2) for weight in layer.weights]
    with tf.GradientTape() as tape:
        tape.watch(values)
        with keras.StatelessScope(zip(layer.weights, values, strict=True)):
            total = tf.reduce_sum(layer(X))
    np.testing.assert_allclose(tape.gradient(total, values)[0][:, 0], X.sum(0), rtol=1e-5)


def test_scopes_may_be_nested() -> None:
    variable = tf.Variable(1.0)
    with keras.StatelessScope() as outer:
        variable.assign(2.0)
        with keras.StatelessScope([(variable, 3.0)]):
            variable.assign(4.0)
        assert float(variable) == 2
    assert float(variable) == 1
    assert float(outer.get_current_value(variable)) == 2


def state_of(module: Any, array: Callable[[Any], Any]) -> dict[str, Any]:
    """An update, a metric's state and its result, all from values and to values."""
    variables = [module.Variable(X[0]), module.Variable(X[1])]
    optimizer = module.optimizers.Adam(0.1)
    optimizer.build(variables)
    given = [array(X[1]), array(X[2])]
    state = [array(v) for v in optimizer.variables]
    state[0] = array(np.int32(3))
    trained, after = optimizer.stateless_apply(state, [array(X[0]), array(X[2])], given)
    metric = module.metrics.MeanSquaredError()
    metric.update_state(X, 2 * X)
    counted = metric.stateless_update_state([array(2.0), array(4.0)], X, 3 * X)
    return {
        "trained": trained,
        "after": after,
        "counted": counted,
        "result": metric.stateless_result(counted),
        "reset": metric.stateless_reset_state(),
        "left": [*variables, *optimizer.variables, *metric.variables],
    }


def test_optimizers_and_metrics_without_state_are_those_of_keras() -> None:
    ours = state_of(keras, tf.constant)
    theirs = state_of(reference, np.asarray)
    for name, found in ours.items():
        for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(theirs[name]), strict=True):
            np.testing.assert_allclose(a, np.asarray(b), rtol=1e-5, atol=1e-6, err_msg=name)


def test_updates_without_state_are_traced() -> None:
    variable = tf.Variable(1.0)
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([variable])

    @tf.function
    def run(value: Any) -> Any:
        return optimizer.stateless_apply(optimizer.variables, [value], [value])

    (new,), (iterations, _) = run(tf.constant(3.0))
    assert (float(new), int(iterations), float(variable)) == (1.5, 1, 1)
    assert int(optimizer.iterations) == 0


def test_a_function_between_symbolic_tensors() -> None:
    x, other = keras.Input((4,)), keras.Input((4,))
    hidden = keras.layers.Dense(3)(x)
    function = keras.Function({"x": x, "other": other}, [hidden, hidden[:, :1] + other])
    found = function({"x": X, "other": 2 * X})
    assert [part.shape for part in found] == [(3, 3), (3, 4)]
    np.testing.assert_allclose(found[1], found[0][:, :1] + 2 * X, rtol=1e-6)
    assert len(function.inputs) == len(function.outputs) == 2
    single = keras.Function(hidden, hidden * 2, name="doubled")
    np.testing.assert_allclose(single(X[:, :3]), 2 * X[:, :3])
    assert single.name == "doubled"
    assert single.compute_output_shape((None, 3)) == (None, 3)


def test_ones_own_operations() -> None:
    class Scaled(keras.Operation):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = factor

        def call(self, x: Any) -> Any:
            return x * self.factor

    scaled = Scaled(3.0)
    np.testing.assert_allclose(scaled(tf.constant(X)), 3 * X)
    x = keras.Input((4,))
    model = keras.Model(x, scaled(x))
    np.testing.assert_allclose(model(X), 3 * X)
    assert scaled.name == "Scaled"
    with pytest.raises(NotImplementedError, match="Operation has no call"):
        keras.Operation()(X)


def test_the_processor_is_the_only_device() -> None:
    for name in ("cpu", "cpu:0", "CPU:0", "/device:CPU:0"):
        with keras.device(name):
            assert float(tf.reduce_sum(tf.ones(3))) == 3
    assert keras.distribution.list_devices() == ["cpu:0"]
    assert keras.distribution.get_device_count("cpu") == 1
    assert keras.distribution.list_devices("gpu") == []


def test_what_is_kept_need_not_be_computed_again() -> None:
    @keras.remat
    def cube(x: Any) -> Any:
        """x³."""
        return x**3

    x = tf.constant(2.0)
    with keras.RematScope("full"), tf.GradientTape() as tape:
        tape.watch(x)
        y = cube(x)
    assert float(tape.gradient(y, x)) == 12
    assert cube.__name__ == "cube"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: keras.StatelessScope([(1.0, 2.0)]), TypeError, "pairs of variables"),
        (lambda: keras.StatelessScope([(tf.Variable(1.0), [1.0])]), ValueError, "has shape"),
        (lambda: keras.StatelessScope(collect_losses=True), NotImplementedError, "return_losses"),
        (lambda: keras.optimizers.SGD().stateless_apply([], [], []), RuntimeError, "built"),
        (lambda: keras.metrics.Mean().stateless_result([1.0]), ValueError, "2 metric_variables"),
        (lambda: keras.device("gpu:0").__enter__(), ValueError, "no device 'gpu:0'"),
        (lambda: keras.RematScope("some"), ValueError, "mode is one of"),
        (lambda: keras.distribution.DataParallel, AttributeError, "one machine's processor"),
        (lambda: keras.distribution.list_device, AttributeError, "Did you mean 'list_devices'"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
