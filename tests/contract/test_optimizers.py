"""What every registered optimizer must do: agree with Keras, configure, resume, converge."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.keras import optimizers
from lamina.keras.configurable import FAMILIES, deserialize, serialize
from lamina.tensor.function import Function
from lamina.tensor.variable import Variable
from tests.oracle import keras_optimizers as oracle

CLASSES = {
    cls.__name__: cls
    for cls in map(FAMILIES["keras.optimizers"].__getitem__, FAMILIES["keras.optimizers"])
    if cls.__module__.startswith("lamina.") and cls.__name__ not in oracle.WRAPPERS
}
CASES = [
    pytest.param(name, arguments, id=f"{name}-{number}")
    for name in CLASSES
    for number, arguments in enumerate(oracle.ARGUMENTS.get(name, []))
]


def make_variables(values: list[Any]) -> list[Variable]:
    return [Variable(value, name=name) for value, name in zip(values, oracle.SHAPES, strict=True)]


def run(optimizer: Any, gradients: list[list[Any]], variables: list[Variable]) -> list[Any]:
    for step in gradients:
        optimizer.apply(step, variables)
    return [np.array(variable) for variable in variables]


def assert_close(ours: list[Any], theirs: list[Any]) -> None:
    for actual, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(actual, wanted, oracle.RELATIVE, oracle.ABSOLUTE)


@pytest.mark.parametrize("name", CLASSES)
def test_has_an_oracle_row(name):
    assert oracle.ARGUMENTS.get(name), f"add {name} to ARGUMENTS in tests/oracle"


@pytest.mark.parametrize("name", CLASSES)
def test_is_exported_and_found_by_name(name):
    assert getattr(optimizers, name) is CLASSES[name]
    for spelling in (name, name.lower(), name.upper()):
        assert type(optimizers.get(spelling)) is CLASSES[name]


@pytest.mark.parametrize("name", CLASSES)
def test_fits_in_a_few_lines_of_code(name):
    text = Path(inspect.getfile(CLASSES[name])).read_text("utf-8")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    said = [node.body[0] for node in nodes if ast.get_docstring(node)]
    inside = {line for each in said for line in range(each.lineno, each.end_lineno + 1)}
    for node in nodes:  # nor do the arguments, which are Keras's
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            inside |= set(range(node.lineno, node.body[0].lineno))
    lines = [line for line in enumerate(text.splitlines(), 1) if line[1].strip()]
    limit = 60 if name == "Muon" else 40  # which is two optimizers
    assert sum(number not in inside for number, _ in lines) <= limit


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_gives_the_weights_and_the_state_of_keras(name, arguments):
    values, gradients = oracle.samples()
    theirs, keras_optimizer = oracle.expected(name, arguments, gradients, values)
    ours = CLASSES[name](**arguments)
    assert_close(run(ours, gradients, make_variables(values)), theirs)
    state = [np.asarray(variable) for variable in keras_optimizer.variables]
    names = [variable.name.rpartition("/")[2].removesuffix(":0") for variable in ours.variables]
    assert names == [
        re.sub(r"^variable_\d+", "variable", v.name) for v in keras_optimizer.variables
    ]
    assert_close(ours.get_weights(), state)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Nadam"])
@pytest.mark.parametrize("options", oracle.OPTIONS, ids="-".join)
def test_options_of_the_base_agree_with_keras(name, options):
    values, gradients = oracle.samples(seed=1, steps=10)
    arguments = {"learning_rate": 0.05, **options}
    theirs, keras_optimizer = oracle.expected(name, arguments, gradients, values)
    ours = CLASSES[name](**arguments)
    assert_close(run(ours, gradients, make_variables(values)), theirs)
    assert_close(ours.get_weights(), [np.asarray(v) for v in keras_optimizer.variables])
    assert int(ours.iterations) == int(keras_optimizer.iterations)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_configuration_is_that_of_keras_and_makes_the_same_optimizer(name, arguments):
    ours = CLASSES[name](**arguments)
    wanted = oracle.expected_config(name, arguments)
    assert ours.get_config() == {**wanted, "name": ours.name}
    assert list(ours.get_config()) == list(wanted)
    again = deserialize(serialize(ours))
    assert type(again) is type(ours)
    assert again.get_config() == ours.get_config()
    assert oracle.config_there_and_back(serialize(ours)) == ours.get_config()


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_resumes_from_saved_state(name, arguments):
    values, gradients = oracle.samples(seed=2, steps=6)
    whole = run(CLASSES[name](**arguments), gradients, make_variables(values))
    first, variables = CLASSES[name](**arguments), make_variables(values)
    run(first, gradients[:3], variables)
    second = CLASSES[name](**arguments)
    second.build(variables)
    second.set_weights(first.get_weights())
    for actual, wanted in zip(run(second, gradients[3:], variables), whole, strict=True):
        np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_a_traced_step_gives_what_an_eager_one_gives(name, arguments):
    values, gradients = oracle.samples(seed=3, steps=4)
    eager = run(CLASSES[name](**arguments), gradients, make_variables(values))
    optimizer, variables = CLASSES[name](**arguments), make_variables(values)
    optimizer.build(variables)
    step = Function(lambda *symbols: optimizer.apply(symbols, variables))
    for each in gradients:
        step(*each)
    assert step.trace_count == 1
    for variable, wanted in zip(variables, eager, strict=True):
        np.testing.assert_allclose(np.array(variable), wanted, 1e-5, 1e-6)


@pytest.mark.parametrize("name", CLASSES)
def test_a_changed_learning_rate_reaches_a_traced_step(name):
    values, gradients = oracle.samples(seed=4, steps=2)
    optimizer, variables = CLASSES[name](0.1), make_variables(values)
    optimizer.build(variables)
    step = Function(lambda *symbols: optimizer.apply(symbols, variables))
    step(*gradients[0])
    optimizer.learning_rate = 1e-30
    optimizer.weight_decay = None
    before = [np.array(variable) for variable in variables]
    step(*gradients[1])
    assert step.trace_count == 1
    if name == "Ftrl":
        return  # its weights follow from the state and the rate: they move with either
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_allclose(np.array(variable), value, 1e-6)


RATES = {"SGD": 0.1, "Adadelta": 30.0, "Adagrad": 1.0, "Ftrl": 1.0, "Lion": 0.02, "Lamb": 0.01}


@pytest.mark.parametrize("name", CLASSES)
def test_finds_the_bottom_of_a_bowl(name):
    target = np.array([1.0, -2.0, 3.0], "float32")
    x = Variable(np.array([-1.0, 2.0, 1.0], "float32"))
    optimizer = CLASSES[name](RATES.get(name, 0.05))
    for _ in range(1000):
        optimizer.minimize(lambda: (x - target) ** 2, [x])
    np.testing.assert_allclose(np.array(x), target, atol=0.2)
