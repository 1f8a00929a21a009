"""Regularizers: gradients, names, custom ones, errors."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError
from lamina.keras import regularizers
from lamina.ops import math
from lamina.tensor.tape import GradientTape
from lamina.tensor.variable import Variable
from tests.oracle.keras_weights import WEIGHTS


def test_gradient_is_shrinkage():
    weights = Variable(WEIGHTS)
    with GradientTape() as tape:
        penalty = regularizers.L1L2(l1=0.1, l2=0.2)(weights)
    np.testing.assert_allclose(
        tape.gradient(penalty, weights), 0.1 * np.sign(WEIGHTS) + 0.4 * WEIGHTS, rtol=1e-6
    )


def test_keeps_the_dtype():
    assert regularizers.L2(0.1)(WEIGHTS.astype(np.float64)).dtype == "float64"
    assert regularizers.L1L2()(WEIGHTS).numpy() == 0


@pytest.mark.parametrize(
    ("name", "cls"),
    [("l1", "L1"), ("l2", "L2"), ("l1_l2", "L1L2"), ("l1l2", "L1L2"), ("L2", "L2")],
)
def test_names(name, cls):
    assert type(regularizers.get(name)).__name__ == cls


def test_short_names_are_the_classes():
    assert regularizers.l2(0.5).l2 == 0.5
    assert regularizers.l1_l2(l1=0.1, l2=0.2).get_config() == {"l1": 0.1, "l2": 0.2}
    assert regularizers.get(None) is None


def test_a_function_or_a_class_of_ones_own():
    class Cubes(regularizers.Regularizer):
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, x):
            return self.factor * math.reduce_sum(math.abs(x) ** 3)

    cubes = Cubes(0.5)
    assert cubes.get_config() == {"factor": 0.5}
    config = regularizers.serialize(cubes)
    again = regularizers.deserialize(config, custom_objects={"Cubes": Cubes})
    assert again(WEIGHTS).numpy() == pytest.approx(0.5 * (np.abs(WEIGHTS) ** 3).sum(), rel=1e-5)
    assert regularizers.get(np.sum) is np.sum


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "much", True])
def test_factors_are_finite_and_not_negative(value):
    for make in (regularizers.L1, regularizers.L2, regularizers.OrthogonalRegularizer):
        with pytest.raises(InvalidArgumentError, match="a finite number of at least 0"):
            make(value)


def test_orthogonal_has_no_penalty_for_one_column():
    assert float(regularizers.OrthogonalRegularizer(mode="columns")(WEIGHTS[:, :1])) == 0.0


def test_orthogonal_expects_a_matrix_and_a_mode():
    with pytest.raises(InvalidArgumentError, match=r"expects a matrix; got shape \(5,\)"):
        regularizers.OrthogonalRegularizer()(WEIGHTS[:, 0])
    with pytest.raises(InvalidArgumentError, match="'rows' or 'columns'; got 'diagonal'"):
        regularizers.OrthogonalRegularizer(mode="diagonal")
