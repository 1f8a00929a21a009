"""What every activation, initializer, regularizer, constraint, loss and metric must do.

Agree with Keras, come back from its configuration here and in Keras, work on a symbolic batch,
and have the gradient that finite differences show.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import keras
import numpy as np
import pytest

from lamina.keras import activations, constraints, initializers, losses, metrics, regularizers
from lamina.keras.configurable import FAMILIES, deserialize, serialize
from lamina.tensor.convert import to_tensor
from lamina.tensor.function import Function
from lamina.tensor.tape import GradientTape
from tests.oracle import (
    keras_activations,
    keras_initializers,
    keras_losses,
    keras_metrics,
    keras_weights,
)
from tests.oracle.keras_samples import sample

ROOMS = {
    "keras.activations": activations,
    "keras.initializers": initializers,
    "keras.regularizers": regularizers,
    "keras.constraints": constraints,
    "keras.losses": losses,
    "keras.metrics": metrics,
}
BASES = {
    *("Initializer", "Loss", "LossFunctionWrapper"),
    *keras_metrics.ABSTRACT,
    *keras_metrics.OF_VALUES,
}


def registered(module: str) -> dict[str, Any]:
    """What lamina itself registers in `module`, by its own name."""
    family = FAMILIES[module]
    found = {family[name].__name__: family[name] for name in family}
    return {name: item for name, item in found.items() if item.__module__.startswith("lamina.")}


ROWS: dict[str, dict[str, list[Any]]] = {
    "keras.activations": keras_activations.ARGUMENTS,
    "keras.initializers": {**keras_initializers.EXACT, **keras_initializers.RANDOM},
    "keras.regularizers": keras_weights.REGULARIZERS,
    "keras.constraints": keras_weights.CONSTRAINTS,
    "keras.losses": {
        **keras_losses.FUNCTIONS,
        **{name: keras_losses.FUNCTIONS[row] for name, row in keras_losses.CLASSES.items()},
    },
    "keras.metrics": keras_metrics.ROWS,
}
EVERYTHING = [
    pytest.param(module, name, id=f"{module.removeprefix('keras.')}-{name}")
    for module in ROOMS
    for name in registered(module)
]


pytestmark = [
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64"),  # by Keras on JAX
    pytest.mark.filterwarnings("ignore:You are passing weight as"),
    pytest.mark.filterwarnings("ignore:.* counts in int32, which cuts the fractions"),
]


def cases(rows: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(name, row, id=f"{name}-{number}")
        for name, found in rows.items()
        for number, row in enumerate(found)
    ]


def assert_same(ours: Any, theirs: Any, oracle: Any = keras_losses) -> None:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, oracle.RELATIVE, oracle.ABSOLUTE)


# Registries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "name"), EVERYTHING)
def test_has_an_oracle_row(module, name):
    assert name in BASES or ROWS[module].get(name), f"add a row for {name} to tests/oracle"


@pytest.mark.parametrize("module", ROOMS)
def test_oracle_rows_are_of_registered_things(module):
    assert set(ROWS[module]) <= set(registered(module))


@pytest.mark.parametrize(("module", "name"), EVERYTHING)
def test_is_exported_and_documented(module, name):
    item = registered(module)[name]
    assert getattr(ROOMS[module], name) is item
    assert inspect.getdoc(item)


@pytest.mark.parametrize("module", ROOMS)
def test_keras_names_mean_the_same_here(module):
    """Every name that Keras looks up gives a thing of the same name here."""
    theirs = __import__(f"keras.src.{module.partition('.')[2]}", fromlist=["x"]).ALL_OBJECTS_DICT
    absent = {"CTC", "ctc", "Circle", "circle", "STFT", "stft", "STFTInitializer"}
    for name, item in theirs.items():
        if name not in absent:
            assert FAMILIES[module][name].__name__ == item.__name__, name


# Configurations -----------------------------------------------------------------------------------


def arguments_of(module: str, name: str) -> dict[str, Any]:
    """The arguments of the last row: the one with most options."""
    row = ROWS[module][name][-1]
    arguments = row[1] if isinstance(row, tuple) and isinstance(row[0], str) else row
    return dict(getattr(arguments, "arguments", arguments))


# Keras's get_config leaves out gain, delta and axis of these.
FORGOTTEN_BY_KERAS = {"Identity", "Huber", "CosineSimilarity"}
CLASSES = [
    pytest.param(module, name, id=f"{module.removeprefix('keras.')}-{name}")
    for module in ROOMS
    for name, item in registered(module).items()
    if isinstance(item, type) and name in ROWS[module] and name != "Regularizer"
]


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_configuration_round_trips_and_opens_in_keras(module, name):
    ours = registered(module)[name](**arguments_of(module, name))
    config = json.loads(json.dumps(serialize(ours)))
    assert config["module"] == module
    assert config["class_name"] == name
    again = deserialize(config)
    assert type(again) is type(ours)
    assert serialize(again) == config
    theirs = keras.saving.deserialize_keras_object(config)
    assert type(theirs).__name__ == name
    back = deserialize(json.loads(json.dumps(keras.saving.serialize_keras_object(theirs))))
    if name not in FORGOTTEN_BY_KERAS:
        assert_same_config(serialize(back), config)


def assert_same_config(ours: Any, theirs: Any) -> None:
    """Equal up to the rounding of numbers that Keras keeps in float32."""
    if isinstance(ours, dict) and ours.get("class_name") == "__numpy__":
        ours = ours["config"]["value"]
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            assert_same_config(ours[key], value)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=1e-6)
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", registered("keras.activations"))
def test_activations_are_saved_by_name(name):
    function = registered("keras.activations")[name]
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function
    assert activations.get(name) is function


# Activations --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "arguments"), cases(keras_activations.ARGUMENTS))
def test_activations_agree_with_keras(name, arguments):
    x = keras_activations.POINTS
    ours = registered("keras.activations")[name](x, **arguments)
    if name in keras_activations.WRONG_IN_KERAS:
        theirs = keras_activations.WRONG_IN_KERAS[name](x, **arguments)
    else:
        theirs = getattr(keras.activations, name)(x, **arguments)
    assert_same(ours, theirs, keras_activations)


@pytest.mark.parametrize(("name", "arguments"), cases(keras_activations.ARGUMENTS))
def test_activations_have_the_gradient_of_finite_differences(name, arguments):
    x = keras_activations.POINTS.astype(np.float64)
    check_gradient(lambda y: registered("keras.activations")[name](y, **arguments), x)


@pytest.mark.parametrize("name", registered("keras.activations"))
def test_activations_work_on_a_symbolic_batch(name):
    arguments = keras_activations.ARGUMENTS[name][0]
    function = Function(
        lambda x: registered("keras.activations")[name](x, **arguments), symbolic_batch=True
    )
    for rows in (10, 3):
        x = keras_activations.POINTS[:rows]
        eager = registered("keras.activations")[name](x, **arguments)
        np.testing.assert_allclose(function(to_tensor(x)), eager, rtol=1e-6, atol=1e-6)
    assert function.trace_count == 1


def check_gradient(function: Any, x: np.ndarray) -> None:
    """The directional derivative of Σ w f(x) against a central difference, in float64."""
    rng = np.random.default_rng(0)
    point, direction = to_tensor(x), rng.normal(size=x.shape)
    weights = rng.normal(size=np.asarray(function(point)).shape)
    with GradientTape() as tape:
        tape.watch(point)
        total = function(point) * weights
    gradient = np.asarray(tape.gradient(total, point))
    step = 1e-6
    ends = [
        np.sum(np.asarray(function(to_tensor(x + s * direction))) * weights) for s in (step, -step)
    ]
    slope = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=2e-6, atol=1e-7)


# Weights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "arguments"), cases(keras_weights.REGULARIZERS))
def test_regularizers_agree_with_keras(name, arguments):
    ours = registered("keras.regularizers")[name](**arguments)(keras_weights.WEIGHTS)
    weights = keras.ops.convert_to_tensor(keras_weights.WEIGHTS)
    theirs = getattr(keras.regularizers, name)(**arguments)(weights)
    assert_same(ours, theirs)


@pytest.mark.parametrize(("name", "arguments"), cases(keras_weights.CONSTRAINTS))
def test_constraints_agree_with_keras(name, arguments):
    ours = registered("keras.constraints")[name](**arguments)(keras_weights.WEIGHTS)
    theirs = getattr(keras.constraints, name)(**arguments)(keras_weights.WEIGHTS)
    assert_same(ours, theirs)


@pytest.mark.parametrize(("name", "arguments"), cases(keras_initializers.EXACT))
def test_constant_initializers_agree_with_keras(name, arguments):
    for shape, dtype in (((3, 4), "float32"), ((2, 2), "float16")):
        ours = registered("keras.initializers")[name](**arguments)(shape, dtype=dtype)
        theirs = getattr(keras.initializers, name)(**arguments)(shape, dtype=dtype)
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == dtype


@pytest.mark.parametrize(("name", "drawn"), cases(keras_initializers.RANDOM))
def test_random_initializers_draw_what_they_say(name, drawn):
    cls = registered("keras.initializers")[name]
    values = np.asarray(cls(seed=5, **drawn.arguments)(keras_initializers.SHAPE), np.float64)
    count = values.size
    assert abs(values.mean() - drawn.mean) < 5 * drawn.deviation / np.sqrt(count)
    assert abs(values.std() / drawn.deviation - 1) < 5 / np.sqrt(count)
    assert np.abs(values - drawn.mean).max() <= drawn.bound * (1 + 1e-6)
    if np.isfinite(drawn.bound):  # and they reach it
        assert np.abs(values - drawn.mean).max() > 0.97 * drawn.bound


@pytest.mark.parametrize(("name", "drawn"), cases(keras_initializers.RANDOM))
def test_random_initializers_are_as_wide_as_keras(name, drawn):
    """The middle half of the numbers lies where that of Keras's lies."""
    ours = registered("keras.initializers")[name](seed=5, **drawn.arguments)
    theirs = getattr(keras.initializers, name)(seed=5, **drawn.arguments)
    ends = [
        np.quantile(np.asarray(made(keras_initializers.SHAPE)), [0.25, 0.75])
        for made in (ours, theirs)
    ]
    np.testing.assert_allclose(*ends, atol=0.06 * drawn.deviation)


# Losses -------------------------------------------------------------------------------------------


def loss_cases() -> list[Any]:
    return cases(keras_losses.FUNCTIONS)


@pytest.mark.parametrize(("name", "row"), loss_cases())
def test_loss_functions_agree_with_keras(name, row):
    y_true, y_pred = sample(row[0])
    ours = registered("keras.losses")[name](y_true, y_pred, **row[1])
    theirs = getattr(keras.losses, name)(y_true, y_pred, **row[1])
    assert_same(ours, theirs)


@pytest.mark.parametrize(("name", "row"), loss_cases())
def test_losses_have_the_gradient_of_finite_differences(name, row):
    y_true, y_pred = sample(row[0], dtype="float64")
    check_gradient(lambda y: registered("keras.losses")[name](y_true, y, **row[1]), y_pred)


WEIGHTINGS = ("none", "rows", "column")
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def row_weights(rows: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 2, rows).astype(np.float32)


def weights_for(weighting: str, values: Any, rows: int) -> Any:
    """Weights of rows; one for all where the loss does not have a value for each row."""
    if weighting == "none":
        return None
    if np.shape(values) != (rows,):
        return np.float32(2)
    return row_weights(rows) if weighting == "rows" else row_weights(rows)[:, None]


@pytest.mark.parametrize("name", keras_losses.CLASSES)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_loss_classes_agree_with_keras(name, weighting):
    for kind, arguments in keras_losses.FUNCTIONS[keras_losses.CLASSES[name]]:
        y_true, y_pred = sample(kind)
        for reduction in REDUCTIONS:
            ours = registered("keras.losses")[name](reduction=reduction, **arguments)
            theirs = getattr(keras.losses, name)(reduction=reduction, **arguments)
            weights = weights_for(weighting, ours.call(y_true, y_pred), len(y_true))
            assert_same(ours(y_true, y_pred, weights), theirs(y_true, y_pred, weights))


@pytest.mark.parametrize("name", keras_losses.CLASSES)
def test_losses_work_on_a_symbolic_batch(name):
    for kind, arguments in keras_losses.FUNCTIONS[keras_losses.CLASSES[name]]:
        loss = registered("keras.losses")[name](**arguments)
        traced = Function(
            lambda t, y, w, loss=loss: (loss(t, y), loss(t, y, w)), symbolic_batch=True
        )
        for rows in (6, 5):
            pair = sample(kind, rows)
            given = [*pair, weights_for("rows", loss.call(*pair), rows)]
            t, y, w = (to_tensor(part) for part in given)
            for inside, outside in zip(traced(t, y, w), (loss(t, y), loss(t, y, w)), strict=True):
                np.testing.assert_allclose(np.asarray(inside), np.asarray(outside), rtol=1e-6)
        assert traced.trace_count == 1


# Metrics ------------------------------------------------------------------------------------------


def both_metrics(name: str, arguments: dict[str, Any]) -> tuple[Any, Any]:
    ours = registered("keras.metrics")[name](**arguments)
    return ours, getattr(keras.metrics, name)(**arguments)


@pytest.mark.parametrize(("name", "row"), cases(keras_metrics.ROWS))
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_agree_with_keras_batch_by_batch(name, row, weighted):
    kind, arguments = row
    ours, theirs = both_metrics(name, arguments)
    for rows, seed in ((6, 0), (9, 1)):
        y_true, y_pred = sample(kind, rows, seed)
        weights = row_weights(rows) if weighted else None
        ours.update_state(y_true, y_pred, sample_weight=weights)
        theirs.update_state(y_true, y_pred, sample_weight=weights)
        assert_same(ours.result(), theirs.result(), keras_metrics)
    ours.reset_state()
    theirs.reset_state()
    y_true, y_pred = sample(kind, 6, 3)
    assert_same(ours(y_true, y_pred), theirs(y_true, y_pred), keras_metrics)


@pytest.mark.parametrize(("name", "row"), cases(keras_metrics.ROWS))
def test_metrics_have_the_variables_of_keras(name, row):
    ours, theirs = both_metrics(name, row[1])
    assert re.sub(r"_\d+$", "", ours.name) == re.sub(r"_\d+$", "", theirs.name)
    for metric in (ours, theirs):
        metric.update_state(*sample(row[0]))
    assert [tuple(v.shape) for v in ours.variables] == [tuple(v.shape) for v in theirs.variables]
    assert [v.name.removesuffix(":0") for v in ours.variables] == [v.name for v in theirs.variables]


@pytest.mark.parametrize("name", keras_metrics.ROWS)
def test_metrics_gather_inside_traced_functions(name):
    for kind, arguments in keras_metrics.ROWS[name]:
        eager, inside = (registered("keras.metrics")[name](**arguments) for _ in range(2))
        step = Function(
            lambda y_true, y_pred, weights, metric=inside: metric(y_true, y_pred, weights),
            symbolic_batch=True,
        )
        for rows, seed in ((6, 0), (9, 1), (2, 2)):
            y_true, y_pred = (to_tensor(part) for part in sample(kind, rows, seed))
            weights = to_tensor(row_weights(rows))
            wanted = eager(y_true, y_pred, weights)
            np.testing.assert_allclose(
                np.asarray(step(y_true, y_pred, weights)), np.asarray(wanted), rtol=1e-6, atol=1e-6
            )
        assert step.trace_count == 1
        np.testing.assert_allclose(
            np.asarray(inside.result()), np.asarray(eager.result()), rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize("name", keras_metrics.OF_VALUES)
def test_metrics_of_values_agree_with_keras(name):
    for shape in ((), (5,), (4, 3)):
        ours, theirs = both_metrics(name, {})
        for seed in range(3):
            values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
            weights = row_weights(shape[0]) if shape else np.float32(0.5)
            for weight in (None, weights):
                ours.update_state(values, sample_weight=weight)
                theirs.update_state(values, sample_weight=weight)
                assert_same(ours.result(), theirs.result(), keras_metrics)
