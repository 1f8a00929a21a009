"""Activations: what they accept, their formulas in float64, their corners, their names."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ArgumentTypeError, UnknownNameError
from lamina.keras import activations
from lamina.keras.configurable import FAMILIES, Configurable
from lamina.tensor.convert import to_tensor
from lamina.tensor.tape import GradientTape
from lamina.tensor.variable import Variable
from tests.oracle.keras_activations import ARGUMENTS, CLOSED_FORMS, POINTS

NAMES = list(ARGUMENTS)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_formula_in_float64(name):
    x = POINTS.astype(np.float64)
    short, _, option = name.partition(" ")
    function = FAMILIES["keras.activations"][short]
    ours = function(x, **({"approximate": True} if option else {}))
    assert ours.dtype == "float64"
    np.testing.assert_allclose(ours, CLOSED_FORMS[name](x), rtol=1e-12, atol=1e-14)


def test_accepts_numbers_lists_arrays_tensors_and_variables():
    wanted = np.float32(1 / (1 + np.exp(-0.5)))
    for x in (0.5, np.float32(0.5), to_tensor(0.5), Variable(0.5)):
        assert activations.sigmoid(x).numpy() == pytest.approx(wanted)
    assert activations.sigmoid([0, 1]).dtype == "float32"
    assert activations.softmax([[1, 1]]).numpy().tolist() == [[0.5, 0.5]]
    assert activations.linear([1.5]).numpy().tolist() == [1.5]


def test_relu_of_integers_stays_integer():
    assert activations.relu(np.array([-3, 4])).numpy().tolist() == [0, 4]
    assert activations.relu(np.array([-3, 4])).dtype == "int64"


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("relu6", 0.0), ("softplus", 0.5)])
def test_gradient_at_zero_is_that_of_tensorflow(name, slope):
    x = to_tensor(np.zeros(3, np.float32))
    with GradientTape() as tape:
        tape.watch(x)
        y = FAMILIES["keras.activations"][name](x)
    assert tape.gradient(y, x).numpy().tolist() == [slope] * 3


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("exponential", "glu")])
def test_no_overflow_far_out(name):
    x = np.array([[-1e4, -100.0, 100.0, 1e4]], np.float32)
    arguments = ARGUMENTS[name][0]
    tensor = to_tensor(x)
    with GradientTape() as tape:
        tape.watch(tensor)
        y = FAMILIES["keras.activations"][name](tensor, **arguments)
    assert np.isfinite(y.numpy()).all()
    assert np.isfinite(tape.gradient(y, tensor).numpy()).all()


def test_softmax_over_several_axes_sums_to_one():
    y = activations.softmax(POINTS.reshape(2, 5, 10), axis=(1, 2)).numpy()
    np.testing.assert_allclose(y.sum((1, 2)), [1, 1], rtol=1e-6)


def test_former_names_of_slopes():
    assert activations.relu(-2.0, alpha=0.5).numpy() == -1
    assert activations.leaky_relu(-2.0, alpha=0.5).numpy() == -1


def test_found_by_name_function_or_none():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu is activations.swish
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get(np.tanh) is np.tanh


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown activation 'rleu'.*Did you mean 'relu'"):
        activations.get("rleu")
    with pytest.raises(ValueError, match="activation"):
        activations.get("")


def test_something_else_is_refused():
    with pytest.raises(ArgumentTypeError, match="a name, a configuration or a callable"):
        activations.get(3)


def test_a_user_function_comes_back_from_its_configuration():
    def double(x):
        return 2 * x

    config = activations.serialize(double)
    assert activations.deserialize(config, custom_objects={"double": double}) is double


def test_names_do_not_leak_between_modules():
    assert not isinstance(activations.get("sigmoid"), Configurable)
    with pytest.raises(UnknownNameError):
        activations.get("mean_squared_error")
