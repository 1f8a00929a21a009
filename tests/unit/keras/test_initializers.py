"""Initializers: seeds, fans, shapes, names, errors."""

from __future__ import annotations

import copy
import pickle

import keras
import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError, UnknownNameError
from lamina.keras import initializers
from lamina.keras.configurable import FAMILIES
from lamina.keras.random import SeedGenerator
from lamina.ops import random
from lamina.tensor.function import Function
from lamina.tensor.variable import Variable
from tests.oracle.keras_initializers import RANDOM

CLASSES = {name: FAMILIES["keras.initializers"][name] for name in RANDOM}


@pytest.mark.parametrize("name", CLASSES)
def test_an_integer_seed_gives_the_same_values_every_time(name):
    initializer = CLASSES[name](seed=3)
    first = initializer((4, 5)).numpy()
    np.testing.assert_array_equal(first, initializer((4, 5)))
    np.testing.assert_array_equal(first, CLASSES[name](seed=3)((4, 5)))
    assert not np.array_equal(first, CLASSES[name](seed=4)((4, 5)))


@pytest.mark.parametrize("name", CLASSES)
def test_without_a_seed_values_are_new_and_follow_set_seed(name):
    def draws():
        random.set_seed(11)
        initializer = CLASSES[name]()
        return [initializer((4, 5)).numpy() for _ in range(2)] + [CLASSES[name]()((4, 5)).numpy()]

    first, second = draws(), draws()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[2])


def test_a_seed_generator_moves_on():
    initializer = initializers.RandomNormal(seed=SeedGenerator(1))
    assert not np.array_equal(initializer((3,)), initializer((3,)))


def test_a_seed_generator_survives_the_configuration():
    config = initializers.serialize(initializers.RandomNormal(seed=SeedGenerator(1)))
    again, wanted = (
        initializers.deserialize(config),
        initializers.RandomNormal(seed=SeedGenerator(1)),
    )
    np.testing.assert_array_equal(again((3,)), wanted((3,)))


@pytest.mark.parametrize("name", CLASSES)
def test_dtype_and_shape(name):
    for dtype in ("float16", "float32", "float64"):
        values = CLASSES[name](seed=1)((3, 2), dtype=dtype)
        assert values.dtype == dtype
        assert values.shape == (3, 2)
    assert CLASSES[name](seed=1)([3, 2]).dtype == "float32"


def test_values_are_numbers_even_while_a_function_is_traced():
    made = []

    def build(x):
        if not made:
            made.append(Variable(initializers.GlorotUniform()((2, 2))))
        return x @ made[0]

    result = Function(build, symbolic_batch=True)(np.ones((3, 2), np.float32))
    np.testing.assert_allclose(result, np.ones((3, 2)) @ made[0].numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((3, 4), (3, 4)),
        ((5, 3, 4), (15, 20)),
        ((2, 5, 3, 4), (30, 40)),
    ],
)
def test_fans(shape, fans):
    from keras.src.initializers.random_initializers import compute_fans

    assert initializers.compute_fans(shape) == fans == compute_fans(shape)


def test_fans_of_given_axes():
    assert initializers.compute_fans((2, 3, 4, 5), [0, 1], [2]) == (6, 4)


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (2, 3, 5)])
def test_orthogonal_rows_or_columns(shape):
    matrix = initializers.Orthogonal(gain=2.0, seed=1)(shape, dtype="float64").numpy()
    matrix = matrix.reshape(-1, shape[-1])
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    np.testing.assert_allclose(short @ short.T, 4 * np.eye(len(short)), atol=1e-12)


def test_orthogonal_matrices_favour_no_direction():
    corners = [initializers.Orthogonal(seed=seed)((3, 3)).numpy()[0, 0] for seed in range(200)]
    assert 70 < np.sum(np.array(corners) > 0) < 130


def test_identity_and_constants():
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)), 2 * np.eye(2, 3))
    np.testing.assert_array_equal(initializers.Constant([1, 2])((3, 2)), [[1, 2]] * 3)
    again = initializers.deserialize(initializers.serialize(initializers.Constant([1.0, 2.0])))
    np.testing.assert_array_equal(again((2,)), [1, 2])


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("zeros", "Zeros"),
        ("Zeros", "Zeros"),
        ("zero", "Zeros"),
        ("one", "Ones"),
        ("normal", "RandomNormal"),
        ("uniform", "RandomUniform"),
        ("glorot_uniform", "GlorotUniform"),
        ("he_normal", "HeNormal"),
        ("lecun_uniform", "LecunUniform"),
        ("truncated_normal", "TruncatedNormal"),
        ("identity", "Identity"),
        ("orthogonal", "Orthogonal"),
    ],
)
def test_names(name, cls):
    assert type(initializers.get(name)).__name__ == cls
    assert type(keras.initializers.get(name)).__name__ == cls


def test_get_takes_classes_functions_numbers_and_configurations():
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    assert initializers.get(np.ones) is np.ones
    for value in (0.5, np.full(2, 0.5), Variable([0.5, 0.5]).read_value()):
        assert initializers.get(value)((2,)).numpy().tolist() == [0.5, 0.5]
    config = initializers.HeNormal(seed=2).get_config()
    assert initializers.get({"class_name": "HeNormal", "config": config}).seed == 2
    assert initializers.get(None) is None


def test_copies():
    initializer = initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=5)
    wanted = initializer((3, 3)).numpy()
    for other in (
        initializer.clone(),
        copy.deepcopy(initializer),
        pickle.loads(pickle.dumps(initializer)),
    ):
        np.testing.assert_array_equal(other((3, 3)), wanted)
        assert other.get_config() == initializer.get_config()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: initializers.VarianceScaling(scale=0), "scale of VarianceScaling is positive"),
        (lambda: initializers.VarianceScaling(mode="fan"), "fan_in, fan_out, fan_avg"),
        (lambda: initializers.VarianceScaling(distribution="gamma"), "untruncated_normal"),
        (lambda: initializers.Identity()((3,)), r"shape \(rows, columns\)"),
        (lambda: initializers.Orthogonal()((3,)), "rank 2 or more"),
        (lambda: initializers.HeNormal(seed="1"), "None, an integer or a"),
    ],
)
def test_errors(make, words):
    with pytest.raises(InvalidArgumentError, match=words):
        make()


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")


# The source of seeds ------------------------------------------------------------------------------


def test_seed_generator_state_is_that_of_keras():
    ours, theirs = SeedGenerator(7), keras.random.SeedGenerator(7)
    assert ours.state.dtype == theirs.state.dtype == "uint32"
    for _ in range(3):
        np.testing.assert_array_equal(ours.next(), theirs.next())
    np.testing.assert_array_equal(ours.state, theirs.state)
    assert ours.get_config() == {"seed": 7, "name": ours.name}


def test_seed_generator_without_a_seed_follows_set_seed():
    def draw():
        random.set_seed(3)
        return SeedGenerator().uniform((4,)).numpy()

    np.testing.assert_array_equal(draw(), draw())
    assert not np.array_equal(SeedGenerator().uniform((4,)), SeedGenerator().uniform((4,)))


def test_seed_generator_draws_anew_in_every_run_of_a_program():
    inside, outside = SeedGenerator(5), SeedGenerator(5)
    draw = Function(lambda x: x + inside.uniform(x.spec.shape), symbolic_batch=True)
    for rows in (4, 2, 4):
        x = np.zeros((rows, 3), np.float32)
        np.testing.assert_array_equal(draw(x), outside.uniform((rows, 3)))
    assert draw.trace_count == 1


@pytest.mark.parametrize("kind", ["uniform", "normal", "truncated_normal"])
def test_seed_generator_distributions(kind):
    values = getattr(SeedGenerator(1), kind)((20_000,)).numpy()
    mean, deviation = {"uniform": (0.5, np.sqrt(1 / 12)), "normal": (0, 1)}.get(kind, (0, 0.8796))
    assert values.mean() == pytest.approx(mean, abs=0.03)
    assert values.std() == pytest.approx(deviation, rel=0.02)


def test_seed_generator_refuses_what_is_no_integer():
    with pytest.raises(InvalidArgumentError, match=r"an integer; got 0\.5"):
        SeedGenerator(0.5)
