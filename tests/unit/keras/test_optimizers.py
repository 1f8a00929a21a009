from __future__ import annotations

import copy

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.core.errors import (
    ArgumentTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from lamina.keras import optimizers
from lamina.keras.optimizers import SGD, Adam, AdamW, Ftrl, Optimizer, RMSprop, legacy, schedules


def ones(*variables):
    return [tf.ones(tuple(variable.shape)) for variable in variables]


# minimize -----------------------------------------------------------------------------------------


def test_minimize_takes_a_function_and_differentiates_the_sum_of_a_vector():
    x = tf.Variable([1.0, 2.0])
    count = SGD(0.5).minimize(lambda: x * x, var_list=[x])
    np.testing.assert_array_equal(x.numpy(), [0.0, 0.0])
    assert int(count) == 1


def test_minimize_takes_a_tensor_with_its_tape():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = x * x
    SGD(0.5).minimize(loss, [x], tape=tape)
    assert float(x) == 0.0


def test_minimize_of_a_tensor_without_a_tape_says_what_to_do():
    x = tf.Variable(3.0)
    with pytest.raises(InvalidArgumentError, match="tape=tape"):
        SGD().minimize(x * x, [x])


def test_minimize_takes_one_variable_a_function_of_variables_and_weights_of_losses():
    x = tf.Variable([1.0, 1.0])
    SGD(1.0).minimize(lambda: x, x)
    SGD(1.0).minimize(lambda: x, lambda: [x])
    SGD(1.0).minimize(lambda: x, [x], grad_loss=tf.constant([0.0, 5.0]))
    np.testing.assert_array_equal(x.numpy(), [-1.0, -6.0])


def test_variables_that_do_not_train_can_be_minimized_over():
    x = tf.Variable(1.0, trainable=False)
    SGD(1.0).minimize(lambda: x * 2.0, [x])
    assert float(x) == -1.0


def test_variables_may_join_later_as_in_the_course():
    first, second = tf.Variable(6.0), tf.Variable(0.3)
    optimizer = RMSprop(0.01, momentum=0.9)
    for _ in range(3):
        optimizer.minimize(lambda: first**2, var_list=[first])
        optimizer.minimize(lambda: second**2, var_list=[second])
    assert int(optimizer.iterations) == 6
    assert len(optimizer.variables) == 2 + 2 * 2
    alone = tf.Variable(6.0)
    single = RMSprop(0.01, momentum=0.9)
    for _ in range(3):
        single.minimize(lambda: alone**2, var_list=[alone])
    assert float(alone) == float(first)


def test_get_gradients_gives_what_the_update_would_use():
    x = tf.Variable(3.0)
    assert float(SGD().get_gradients(lambda: x * x, [x])[0]) == 6.0


# apply_gradients ----------------------------------------------------------------------------------


def test_apply_takes_numpy_gradients_and_needs_no_variables_once_built():
    x = tf.Variable([1.0, 2.0])
    optimizer = SGD(1.0)
    optimizer.build([x])
    optimizer.apply([np.array([1.0, 2.0])])
    np.testing.assert_array_equal(x.numpy(), [0.0, 0.0])
    with pytest.raises(FailedPreconditionError, match=r"optimizer\.build"):
        SGD().apply([1.0])


def test_variables_without_gradients_are_named():
    x, y = tf.Variable(1.0, name="x"), tf.Variable(1.0, name="y")
    with pytest.warns(UserWarning, match="does not depend on y:0"):
        SGD(1.0).minimize(lambda: x * 2.0, [x, y])
    assert (float(x), float(y)) == (-1.0, 1.0)
    with pytest.raises(InvalidArgumentError, match=r"no variable has a gradient.*x:0, y:0"):
        SGD().minimize(lambda: tf.constant(1.0), [x, y])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda o, x: o.apply([1.0, 2.0], [x]), "2 gradients were given for 1 variables"),
        (lambda o, x: o.apply([[1.0, 2.0, 3.0]], [x]), r"has shape \(3,\); the variable has shape"),
        (lambda o, x: o.apply_gradients([(1.0, 2.0)]), "changes variables; got a float"),
        (
            lambda o, x: o.apply_gradients([(1.0, x)], experimental_aggregate_gradients=False),
            "distributed",
        ),
    ],
)
def test_gradients_that_do_not_fit_are_refused(call, message):
    with pytest.raises((InvalidArgumentError, ArgumentTypeError), match=message):
        call(SGD(), tf.Variable([1.0, 2.0]))


def test_an_empty_list_of_gradients_changes_nothing():
    optimizer = SGD()
    optimizer.apply_gradients([])
    assert int(optimizer.iterations) == 0


def test_constraints_hold_after_each_update():
    x = tf.Variable([1.0, -1.0], constraint=tf.nn.relu)
    SGD(1.0).apply([tf.constant([0.5, 0.5])], [x])
    np.testing.assert_array_equal(x.numpy(), [0.5, 0.0])


# Learning rates -----------------------------------------------------------------------------------


def test_the_learning_rate_can_be_set_and_read():
    optimizer, x = SGD(1.0), tf.Variable(0.0)
    optimizer.apply(ones(x), [x])
    optimizer.learning_rate = 0.5
    optimizer.apply(ones(x), [x])
    optimizer.lr = tf.constant(0.25)
    optimizer.apply(ones(x), [x])
    optimizer.learning_rate.assign(0.125)
    optimizer.apply(ones(x), [x])
    assert float(x) == -1.875
    assert float(optimizer.lr) == 0.125
    assert optimizer.get_config()["learning_rate"] == 0.125


def test_a_function_gives_the_learning_rate_before_each_update():
    rates = iter([1.0, 10.0, 100.0])
    optimizer, x = SGD(lambda: next(rates)), tf.Variable(0.0)
    for _ in range(3):
        optimizer.apply(ones(x), [x])
    assert float(x) == -111.0
    assert [v.name for v in optimizer.variables] == [f"{optimizer.name}/iteration:0"]


def test_a_schedule_cannot_be_set_but_can_replace_a_number():
    schedule = schedules.ExponentialDecay(1.0, 1, 0.5)
    optimizer, x = SGD(0.1), tf.Variable(0.0)
    optimizer.apply(ones(x), [x])
    optimizer.learning_rate = schedule
    optimizer.apply(ones(x), [x])
    assert float(x) == pytest.approx(-0.6)
    assert len(optimizer.variables) == 1
    with pytest.raises(ArgumentTypeError, match="follows ExponentialDecay"):
        optimizer.learning_rate = 0.1


def test_a_schedule_set_between_two_trainings_is_followed():
    rows, model = np.ones((4, 1), np.float32), keras.Sequential([keras.layers.Dense(1)])
    model.compile(SGD(0.1), "mse")
    for train in (
        lambda: model.fit(rows, rows, verbose=0),
        lambda: model.train_on_batch(rows, rows),
    ):
        train()
        before = model.get_weights()[0]
        model.optimizer.learning_rate = schedules.PiecewiseConstantDecay([10**6], [0.0, 1.0])
        train()
        np.testing.assert_array_equal(model.get_weights()[0], before)
        model.compile(SGD(0.1), "mse")


def test_former_names_of_arguments():
    assert float(SGD(lr=0.5).learning_rate) == 0.5
    adam = Adam(0.1, beta1=0.8, beta2=0.7, epsilon=None)
    assert (adam.beta_1, adam.beta_2, adam.epsilon) == (0.8, 0.7, 1e-7)
    assert adam.get_config()["beta_1"] == 0.8
    with pytest.raises(InvalidArgumentError, match="lr is the former name of learning_rate"):
        SGD(lr=0.5, learning_rate=0.1)
    assert legacy.RMSprop is RMSprop


def test_decay_divides_the_rate_as_time_goes_by():
    optimizer, x = RMSprop(learning_rate=0.1, momentum=0.9, decay=0.9), tf.Variable(0.0)
    for number in range(3):
        assert float(optimizer.learning_rate) == pytest.approx(0.1 / (1 + 0.9 * number))
        optimizer.apply(ones(x), [x])
    config = optimizer.get_config()
    assert "decay" not in config
    assert config["learning_rate"]["class_name"] == "InverseTimeDecay"
    with pytest.raises(InvalidArgumentError, match="not a schedule"):
        SGD(schedules.ExponentialDecay(1.0, 1, 0.5), decay=0.1)


# Options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam(clipnorm=1.0, clipvalue=1.0), "only one of clipnorm"),
        (lambda: Adam(clipnorm=-1.0), "clipnorm must be greater than 0"),
        (lambda: Adam(ema_momentum=2), "ema_momentum must be a number from 0 to 1; got 2"),
        (lambda: Adam(ema_overwrite_frequency=0), "positive integer"),
        (lambda: Adam(gradient_accumulation_steps=1), "an integer from 2 on"),
        (lambda: Adam(loss_scale_factor=0), "loss_scale_factor must be greater"),
        (lambda: Adam(beta_1=1.5), "beta_1 must be a number from 0 to 1"),
        (lambda: AdamW(weight_decay=None), "Adam works without"),
        (lambda: Adam(clip_norm=1.0), "unknown argument 'clip_norm'. Did you mean 'clipnorm'"),
        (lambda: Adam("fast"), "a learning rate is a number"),
        (lambda: optimizers.Lion(beta_1=0.0), "beta_1 is greater than 0"),
        (lambda: Ftrl(learning_rate_power=0.5), "learning_rate_power is at most 0; got 0.5"),
        (lambda: Ftrl(l1_regularization_strength=-1), "l1_regularization_strength is at least 0"),
        (lambda: optimizers.get("adm"), "Did you mean 'adam'"),
        (lambda: optimizers.get(3), "an optimizer is a name|a name, a configuration"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(make, message):
    with pytest.raises((InvalidArgumentError, ArgumentTypeError), match=message):
        make()


def test_weight_decay_leaves_out_what_is_excluded():
    kernel, bias, scale = (tf.Variable(1.0, name=name) for name in ("kernel", "bias", "scale"))
    optimizer = SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[scale], var_names=["bias"])
    optimizer.apply([tf.zeros(())] * 3, [kernel, bias, scale])
    assert [float(v) for v in (kernel, bias, scale)] == [0.5, 1.0, 1.0]
    with pytest.raises(FailedPreconditionError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_the_average_of_the_weights_can_take_their_place():
    x = tf.Variable(0.0)
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5)
    optimizer.build([x])
    x.assign(7.0)
    optimizer.finalize_variable_values([x])
    assert float(x) == 7.0  # there is no average yet
    x.assign(0.0)
    for _ in range(3):
        optimizer.apply([tf.constant(-1.0)], [x])
    assert float(x) == 3.0
    optimizer.finalize_variable_values([x])
    assert float(x) == 2.25  # averages 1, 1.5, 2.25
    SGD().finalize_variable_values([x])
    assert float(x) == 2.25


def test_gradients_accumulate():
    x = tf.Variable(0.0)
    optimizer = SGD(1.0, gradient_accumulation_steps=3)
    seen = []
    for gradient in (1.0, 2.0, 6.0, 1.0):
        optimizer.apply([tf.constant(gradient)], [x])
        seen.append(float(x))
    assert seen == [0.0, 0.0, -3.0, -3.0]
    assert int(optimizer.iterations) == 1


def test_a_scaled_loss_gives_the_same_update():
    x = tf.Variable(3.0)
    optimizer = SGD(0.5, loss_scale_factor=128.0)
    optimizer.minimize(lambda: optimizer.scale_loss(x * x), [x])
    assert float(x) == 0.0
    assert float(SGD().scale_loss(2.0)) == 2.0


# State and configuration --------------------------------------------------------------------------


def test_changed_arguments_reach_the_next_update():
    optimizer, x = SGD(1.0, momentum=0.5), tf.Variable(0.0)
    optimizer.apply(ones(x), [x])
    optimizer.momentum = 0.0
    optimizer.apply(ones(x), [x])
    assert float(x) == -2.0


def test_weights_can_be_taken_and_given():
    x = tf.Variable([1.0, 2.0])
    optimizer = Adam(0.1)
    optimizer.apply(ones(x), [x])
    weights = optimizer.get_weights()
    assert [w.shape for w in weights] == [w.shape for w in optimizer.weights]
    assert [w.shape for w in weights] == [(), (), (2,), (2,)]
    assert weights[0] == 1
    twin = Adam()
    with pytest.raises(InvalidArgumentError, match=r"has 2 variables; got 4 values.*build"):
        twin.set_weights(weights)
    twin.build([x])
    twin.set_weights(weights)
    assert int(twin.iterations) == 1
    assert float(twin.learning_rate) == pytest.approx(0.1)


def test_a_copy_goes_its_own_way():
    x = tf.Variable(0.0)
    optimizer = SGD(1.0, momentum=0.5)
    optimizer.apply(ones(x), [x])
    twin_optimizer, twin = copy.deepcopy((optimizer, x))
    twin_optimizer.apply(ones(twin), [twin])
    assert (float(x), float(twin)) == (-1.0, -2.5)
    assert (int(optimizer.iterations), int(twin_optimizer.iterations)) == (1, 2)


def test_get_takes_names_configurations_and_optimizers():
    assert type(optimizers.get("ADAM")) is Adam
    made = optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}})
    assert float(made.learning_rate) == 0.5
    assert optimizers.get(made) is made and optimizers.get(None) is None
    assert type(optimizers.get(SGD)) is SGD


def test_configurations_of_older_tensorflow_are_read():
    config = {"learning_rate": 0.5, "is_legacy_optimizer": False, "jit_compile": True}
    assert float(SGD.from_config(config).learning_rate) == 0.5
    assert float(SGD.from_config({"lr": 0.5, "decay": 0.0}).learning_rate) == 0.5


# Optimizers of one's own --------------------------------------------------------------------------


def test_an_optimizer_is_its_slots_and_its_step():
    class Signs(Optimizer):
        def __init__(self, learning_rate=0.1, memory=0.5, **options):
            self.memory = memory
            super().__init__(learning_rate, **options)

        def slots(self):
            return [{"mean": 1.0}]

        def step(self, gradient, variable, slots, rate, count):
            mean = self.memory * slots["mean"] + gradient
            return variable - rate * tf.sign(mean), {"mean": mean}

    x = tf.Variable([1.0, 1.0])
    optimizer = Signs(1.0, clipvalue=10.0)
    optimizer.apply([tf.constant([1.0, -3.0])], [x])
    np.testing.assert_array_equal(x.numpy(), [0.0, 2.0])
    np.testing.assert_array_equal(optimizer.variables[2].numpy(), [1.5, -2.5])
    assert optimizer.get_config()["memory"] == 0.5
    with pytest.raises(UnimplementedError, match="must define step or update_step"):
        Optimizer(0.1).apply([1.0], [tf.Variable(1.0)])


def test_an_optimizer_written_for_keras_works():
    class Momentum(Optimizer):
        def build(self, variables):
            super().build(variables)
            self.momentums = self.add_optimizer_variables(variables, "momentum")

        def update_step(self, gradient, variable, learning_rate):
            m = self.momentums[self._get_variable_index(variable)]
            self.assign(m, 0.9 * m - gradient * learning_rate)
            self.assign_add(variable, m)

    x, y = tf.Variable(0.0), tf.Variable(0.0)
    own, known = Momentum(0.1), SGD(0.1, momentum=0.9)
    for _ in range(5):
        own.apply(ones(x), [x])
        known.apply(ones(y), [y])
    assert float(x) == pytest.approx(float(y))


def test_float64_variables_keep_their_precision():
    x = tf.Variable(np.float64(1.0), dtype=tf.float64)
    for _ in range(10):
        Adam(1e-9).apply([tf.constant(1.0, tf.float64)], [x])
    assert x.dtype == tf.float64
    assert 0 < 1.0 - float(x) < 2e-8


def test_updates_run_eagerly_where_functions_do():
    x = tf.Variable(0.0)
    tf.config.run_functions_eagerly(True)
    try:
        SGD(1.0).apply(ones(x), [x])
    finally:
        tf.config.run_functions_eagerly(False)
    assert float(x) == -1.0


def test_the_state_has_paths():
    optimizer = tf.keras.optimizers.SGD(0.1, momentum=0.9, name="steps")
    optimizer.build([tf.Variable(1.0, name="size")])
    found = [variable.path for variable in optimizer.variables]
    assert found == ["steps/iteration", "steps/learning_rate", "steps/size_momentum"]
