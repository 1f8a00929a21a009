"""The functions on which optimizers are tried: values in float64, and minima that are minima."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf
from lamina import functions
from lamina.core.errors import InvalidArgumentError

# Written anew in NumPy, from the formulas in the papers.
REFERENCES = {
    "ackley": lambda x, y: (
        -20 * np.exp(-0.2 * np.sqrt((x**2 + y**2) / 2))
        - np.exp((np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y)) / 2)
        + np.exp(1)
        + 20
    ),
    "beale": lambda x, y: sum(
        (number - x + x * y**power) ** 2 for number, power in ((1.5, 1), (2.25, 2), (2.625, 3))
    ),
    "eggholder": lambda x, y: (
        -(y + 47) * np.sin(np.sqrt(abs(x / 2 + y + 47))) - x * np.sin(np.sqrt(abs(x - y - 47)))
    ),
    "himmelblau": lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    "rastrigin": lambda x, y: sum(v * v - 10 * np.cos(2 * np.pi * v) + 10 for v in (x, y)),
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    "two_minima": lambda x: np.polyval([1, 0, -4, 1, 6], x),
}


@pytest.fixture(params=functions.FUNCTIONS)
def function(request):
    return functions.FUNCTIONS[request.param]


def places(function, count=2000):
    low, high = np.array(function.bounds).T
    return np.random.default_rng(0).uniform(low, high, (count, len(low))).T


def test_values(function):
    points = places(function)
    np.testing.assert_allclose(function(*points), REFERENCES[function.name](*points), rtol=1e-12)


def test_minima(function):
    lowest = np.min(np.asarray(function(*places(function))))
    for point in function.minima:
        assert all(low <= x <= high for x, (low, high) in zip(point, function.bounds, strict=True))
        np.testing.assert_allclose(
            float(function(*map(np.float64, point))), function.minimum, atol=1e-4
        )
    assert function.minimum <= lowest
    begin = np.asarray(function(*map(np.float64, function.start)))
    assert begin > function.minimum + 0.1


def test_minima_lie_where_nothing_rises(function):
    if function is functions.eggholder or function is functions.ackley:
        pytest.skip("its minimum lies on the border, or in a cusp")
    for point in function.minima:
        variables = [tf.Variable(np.float64(x)) for x in point]
        with tf.GradientTape() as tape:
            value = function(*variables)
        assert np.max(np.abs(tape.gradient(value, variables))) < 1e-3


def test_number_of_variables():
    with pytest.raises(InvalidArgumentError, match="2 variables, given one by one; got 1"):
        functions.rosenbrock([1.0, 1.0])
