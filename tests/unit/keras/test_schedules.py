from __future__ import annotations

import jax
import keras
import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, UnimplementedError
from lamina.keras.configurable import FAMILIES, deserialize, serialize
from lamina.keras.optimizers import SGD, schedules

STEPS = (0, 1, 2, 5, 9, 10, 11, 19, 20, 25, 30, 99, 100, 1000, 12345)
ARGUMENTS = {
    "ExponentialDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    ],
    "InverseTimeDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    ],
    "PiecewiseConstantDecay": [
        {"boundaries": [10, 20], "values": [1.0, 0.5, 0.1]},
        {"boundaries": [5], "values": [1.0, 0.5]},
    ],
    "PolynomialDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 20},
        {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 2.0, "cycle": True},
        {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 0.5, "end_learning_rate": 0.01},
    ],
    "CosineDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 25},
        {"initial_learning_rate": 0.1, "decay_steps": 25, "alpha": 0.2},
        {
            "initial_learning_rate": 0.0,
            "decay_steps": 25,
            "warmup_target": 0.1,
            "warmup_steps": 10,
        },
    ],
    "CosineDecayRestarts": [
        {"initial_learning_rate": 0.1, "first_decay_steps": 10},
        {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.9},
        {"initial_learning_rate": 0.1, "first_decay_steps": 7, "t_mul": 1.5, "alpha": 0.1},
    ],
}
CASES = [
    pytest.param(name, arguments, id=f"{name}-{number}")
    for name, each in ARGUMENTS.items()
    for number, arguments in enumerate(each)
]


def test_every_schedule_is_compared_with_keras():
    family = FAMILIES["keras.optimizers.schedules"]
    known = {
        family[name].__name__ for name in family if family[name].__module__ == schedules.__name__
    }
    assert known == set(ARGUMENTS)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_gives_the_rates_of_keras(name, arguments):
    ours = getattr(schedules, name)(**arguments)
    theirs = getattr(keras.optimizers.schedules, name)(**arguments)
    rate = jax.jit(theirs) if "Cosine" in name else theirs  # JAX compiles `cond` for each step
    for step in STEPS:
        np.testing.assert_allclose(float(ours(step)), rate(step), 2e-5, 1e-7, str(step))


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_takes_tensors_and_traces(name, arguments):
    schedule = getattr(schedules, name)(**arguments)
    step = tf.Variable(7)
    traced = tf.function(lambda: schedule(step))
    for number in (7, 12):
        step.assign(number)
        wanted = schedule(number)
        assert wanted.dtype == tf.float32
        assert wanted.shape == ()
        for given in (tf.constant(number), np.int64(number), step):
            assert float(schedule(given)) == float(wanted)
        assert float(traced()) == pytest.approx(float(wanted), rel=1e-6)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configuration_is_that_of_keras(name, arguments):
    ours = getattr(schedules, name)(**arguments)
    theirs = getattr(keras.optimizers.schedules, name)(**arguments)
    assert ours.get_config() == theirs.get_config()
    assert deserialize(serialize(ours)).get_config() == ours.get_config()


def test_an_optimizer_follows_its_schedule_and_keeps_it_in_its_configuration():
    schedule = schedules.PiecewiseConstantDecay([1, 2], [1.0, 0.1, 0.01])
    optimizer = SGD(schedule)
    x = tf.Variable(0.0)
    moves = []
    for _ in range(5):
        before = float(x)
        optimizer.apply_gradients([(tf.constant(1.0), x)])
        moves.append(before - float(x))
    np.testing.assert_allclose(moves, [1.0, 1.0, 0.1, 0.01, 0.01], rtol=1e-5)
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    again = SGD.from_config(optimizer.get_config())
    assert again._learning_rate.get_config() == schedule.get_config()


def test_a_schedule_of_ones_own():
    class Halving(schedules.LearningRateSchedule):
        def __init__(self, start: float) -> None:
            self.start = start

        def __call__(self, step):
            return self.start * 0.5 ** tf.cast(step, tf.float32)

    x = tf.Variable(0.0)
    optimizer = SGD(Halving(1.0))
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant(1.0), x)])
    assert float(x) == -1.75
    assert Halving(3.0).get_config() == {"start": 3.0}


def test_schedules_and_optimizers_of_ones_own_are_read_by_their_classes():
    class Constant(schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.25

    class Mine(SGD):
        pass

    config = {"class_name": "Constant", "config": {}}
    assert type(schedules.deserialize(config, custom_objects={"Constant": Constant})) is Constant
    described = {"class_name": "Mine", "config": {"learning_rate": config}}
    classes = {"Mine": Mine, "Constant": Constant}
    assert type(tf.keras.optimizers.deserialize(described, classes)) is Mine


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UnimplementedError, match="__call__"):
        schedules.LearningRateSchedule()(1)
    with pytest.raises(InvalidArgumentError, match="one value more"):
        schedules.PiecewiseConstantDecay([1], [0.1])
    with pytest.raises(InvalidArgumentError, match="increase"):
        schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3])
    with pytest.raises(InvalidArgumentError, match="decay_steps must be greater than 0; got 0"):
        schedules.ExponentialDecay(0.1, 0, 0.5)
