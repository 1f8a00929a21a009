"""Constraints: what they guarantee, names, custom ones."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.keras import constraints
from lamina.tensor.function import Function
from lamina.tensor.variable import Variable
from tests.oracle.keras_weights import WEIGHTS


def norms(weights, axis=0):
    return np.sqrt((np.asarray(weights) ** 2).sum(axis))


def test_guarantees():
    assert norms(constraints.MaxNorm(0.7)(WEIGHTS)).max() <= 0.7 * (1 + 1e-6)
    np.testing.assert_allclose(norms(constraints.UnitNorm(axis=1)(WEIGHTS), 1), 1, rtol=1e-6)
    bounded = norms(constraints.MinMaxNorm(1.6, 1.9)(WEIGHTS))
    assert bounded.min() >= 1.6 * (1 - 1e-6)
    assert bounded.max() <= 1.9 * (1 + 1e-6)
    np.testing.assert_array_equal(constraints.NonNeg()(WEIGHTS), np.maximum(WEIGHTS, 0))


def test_weights_within_bounds_stay():
    small = WEIGHTS / 100
    np.testing.assert_allclose(constraints.MaxNorm(2)(small), small, rtol=1e-4)


def test_zero_weights_stay_zero_and_finite():
    zeros = np.zeros((3, 2), np.float32)
    for make in (constraints.MaxNorm, constraints.UnitNorm, constraints.MinMaxNorm):
        np.testing.assert_array_equal(make()(zeros), zeros)


def test_of_variables_inside_programs():
    weights = Variable(WEIGHTS)

    def project():
        weights.assign(constraints.NonNeg()(weights))

    Function(project)()
    assert weights.numpy().min() == 0


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("max_norm", "MaxNorm"),
        ("non_neg", "NonNeg"),
        ("unit_norm", "UnitNorm"),
        ("min_max_norm", "MinMaxNorm"),
        ("NonNeg", "NonNeg"),
    ],
)
def test_names(name, cls):
    assert type(constraints.get(name)).__name__ == cls
    assert getattr(constraints, cls) is type(constraints.get(name))


def test_functions_and_nothing():
    assert constraints.get(np.abs) is np.abs
    assert constraints.get(None) is None
    assert constraints.max_norm(3).get_config() == {"max_value": 3, "axis": 0}
