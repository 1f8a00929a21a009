"""What a model is compiled with, and what kind of model it is: in files to Keras and back."""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np
import pytest

import lamina
from lamina.keras.configurable import FAMILIES
from tests.contract import test_models_like_keras as several
from tests.contract.test_configurations import ARGUMENTS as NEEDED
from tests.oracle import (
    keras_activations,
    keras_initializers,
    keras_losses,
    keras_metrics,
    keras_optimizers,
    keras_weights,
)
from tests.oracle.keras_files import (
    KINDS,
    assert_alike,
    assert_close,
    assert_goes_on,
    train,
    travelled,
)
from tests.oracle.keras_samples import sample

ours = lamina.keras
both_ways = pytest.mark.parametrize(
    ("writer", "reader"),
    [pytest.param(ours, keras, id="there"), pytest.param(keras, ours, id="back")],
)
X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(8, 2)).astype(np.float32)


def _small(k: Any, **compiled: Any) -> Any:
    layers = [k.Input((3,)), k.layers.Dense(4, "tanh", name="hidden"), k.layers.Dense(2)]
    model = k.Sequential(layers)
    model.compile(run_eagerly=True, **{"loss": "mse", **compiled})
    return model


# Optimizers ---------------------------------------------------------------------------------------


def _wrapped(k: Any, name: str) -> Any:
    optimizers = k.optimizers
    if name == "LossScaleOptimizer":
        inner = optimizers.Adam(0.01, use_ema=True)
        return optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
    chosen = {".*hidden/.*": optimizers.Adam(0.01)}
    chooser = optimizers.OptimizerMap(optimizers.SGD(0.1, momentum=0.9), chosen)
    return optimizers.MultiOptimizer(chooser)


def _scheduled(k: Any, name: str) -> Any:
    schedule = getattr(k.optimizers.schedules, name)(**NEEDED[name])
    return k.optimizers.SGD(schedule, momentum=0.9)


def _plain(name: str, arguments: dict[str, Any]) -> Any:
    return lambda k: getattr(k.optimizers, name)(**arguments)


_SCHEDULES = FAMILIES["keras.optimizers.schedules"]
SCHEDULES = {item.__name__ for item in map(_SCHEDULES.__getitem__, _SCHEDULES)}
WRAPPERS = sorted({*keras_optimizers.WRAPPERS} - {"OptimizerMap"})  # which is in MultiOptimizer
OPTIMIZERS = {
    **{
        f"{name}-{number}": _plain(name, arguments)
        for name, rows in keras_optimizers.ARGUMENTS.items()
        for number, arguments in enumerate(rows)
    },
    **{f"option-{number}": _plain("Adam", {"learning_rate": 0.01, **options})
       for number, options in enumerate(keras_optimizers.OPTIONS)},
    **{name: lambda k, name=name: _scheduled(k, name)
       for name in sorted(SCHEDULES - {"LearningRateSchedule"})},
    **{name: lambda k, name=name: _wrapped(k, name) for name in WRAPPERS},
}  # fmt: skip


@both_ways
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str, writer: Any, reader: Any, tmp_path: Any) -> None:
    model = _small(writer, optimizer=OPTIMIZERS[name](writer))
    train(model, X, Y)
    again = travelled(model, reader, tmp_path / "model.keras")
    again.run_eagerly = True
    assert_goes_on(model, again, X, Y)


BUILT_IN_PARTS = {
    **{name: OPTIMIZERS[name] for name in ("LossScaleOptimizer", "MultiOptimizer")},
    **{name: OPTIMIZERS[f"{name}-0"] for name in ("Adafactor", "Muon", "Nadam", "SGD")},
    "averages": _plain("Adam", {"use_ema": True, "gradient_accumulation_steps": 2}),
}


def _assert_same_next_weights(model: Any, again: Any) -> None:
    """The order of the optimizer's variables differs, so it is the next weights that say it."""
    for _ in range(3):
        for each in (model, again):
            train(each, X[:, :2], Y, steps=1)
        for first, second in zip(model.weights, again.weights, strict=True):
            assert_close(second, first, first.path)


@pytest.mark.parametrize("then", [True, False], ids=["thawed", "frozen"])
@pytest.mark.parametrize("name", BUILT_IN_PARTS)
def test_an_optimizer_that_trained_other_layers_before(
    name: str, then: bool, tmp_path: Any
) -> None:
    layers = [ours.layers.Dense(2, "tanh", name="hidden"), ours.layers.Dense(2)]
    model = ours.Sequential([ours.Input((2,)), *layers])
    model.compile(BUILT_IN_PARTS[name](ours), "mean_squared_error", run_eagerly=True)
    for layers[0].trainable in (not then, then):
        model.compile(model.optimizer, "mean_squared_error", run_eagerly=True)
        train(model, X[:, :2], Y, steps=3)
    path = tmp_path / "model.keras"
    copies = [travelled(model, ours, path), travelled(model, keras, path), copy.deepcopy(model)]
    copies.append(travelled(model, ours, tmp_path / "model.h5"))
    other = ours.models.clone_model(model)
    other.optimizer.build(other.trainable_weights)
    other.load_weights(path)
    for again in (*copies, other):
        _assert_same_next_weights(copy.deepcopy(model), again)


def test_an_optimizer_without_a_name_is_written_in_order(tmp_path: Any) -> None:
    class Nameless(ours.optimizers.SGD):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(0.1, momentum=0.9)

    model, other = (
        ours.Sequential([ours.Input((2,)), ours.layers.Dense(2), ours.layers.Dense(2)])
        for _ in range(2)
    )
    optimizer = Nameless()
    for model.layers[0].trainable in (False, True):
        model.compile(optimizer, "mse")
        train(model, X[:, :2], Y)
    model.save_weights(path := tmp_path / "model.weights.h5")
    other.compile(Nameless(), "mse")
    other.optimizer.build(other.trainable_weights)
    other.load_weights(path)
    _assert_same_next_weights(model, other)


# Losses and metrics -------------------------------------------------------------------------------

LOSSES = [
    pytest.param(name, kind, arguments, id=f"{name}-{number}")
    for name, function in keras_losses.CLASSES.items()
    for number, (kind, arguments) in enumerate(
        [
            *keras_losses.FUNCTIONS[function],
            (keras_losses.FUNCTIONS[function][0][0], {"reduction": "sum"}),
        ]
    )
]


def _identity(k: Any, size: int) -> Any:
    return k.Sequential([k.Input((size,)), k.layers.Dense(size, kernel_initializer="identity")])


FORGOTTEN = {"Huber": "delta", "CosineSimilarity": "axis"}
"""Arguments that Keras does not write to files."""


@both_ways
@pytest.mark.parametrize(("name", "kind", "arguments"), LOSSES)
def test_losses(
    name: str, kind: str, arguments: dict[str, Any], writer: Any, reader: Any, tmp_path: Any
) -> None:
    if writer is keras and FORGOTTEN.get(name) in arguments:
        pytest.skip(f"Keras does not write {FORGOTTEN[name]}")
    y, x = sample(kind)
    model = _identity(writer, x.shape[-1])
    loss = getattr(writer.losses, name)(**arguments)
    model.compile(writer.optimizers.SGD(1e-4), loss, run_eagerly=True)
    train(model, x, y)
    assert_goes_on(model, travelled(model, reader, tmp_path / "model.keras"), x, y)


KINDS_OF_SAMPLES = sorted({kind for rows in keras_metrics.ROWS.values() for kind, _ in rows})


@both_ways
@pytest.mark.parametrize("kind", KINDS_OF_SAMPLES)
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")  # Keras's, on JAX
def test_metrics(kind: str, writer: Any, reader: Any, tmp_path: Any) -> None:
    y, x = sample(kind)
    x, y = x.astype(np.float32), y.astype(np.float32 if y.dtype.kind == "f" else np.int32)
    rows = [
        (name, arguments)
        for name, known in keras_metrics.ROWS.items()
        for each, arguments in known
        if each == kind and (name != "R2Score" or not arguments)  # JAX cannot trace Keras's others
    ]
    model = writer.Sequential([writer.Input(x.shape[1:]), writer.layers.Identity()])
    metrics = [
        getattr(writer.metrics, name)(**{"name": f"{name}{number}".lower(), **arguments})
        for number, (name, arguments) in enumerate(rows)
    ]
    loss = "mse" if x.shape == y.shape else "sparse_categorical_crossentropy"
    model.compile("sgd", loss, metrics=metrics, run_eagerly=True)
    again = travelled(model, reader, tmp_path / "model.keras")
    found = [each.test_on_batch(x, y, return_dict=True) for each in (model, again)]
    assert len(found[0]) == len(rows) + 1 and found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        assert_close(found[1][name], value, name)


# What parts are made with -------------------------------------------------------------------------


def _rows(table: Any, module: str, argument: str, **more: Any) -> Any:
    """For each row the arguments of a Dense layer."""

    def made(k: Any) -> list[dict[str, Any]]:
        family = getattr(k, module)
        return [
            {argument: getattr(family, name)(**arguments), **more}
            for name, rows in table.items()
            for arguments in (getattr(row, "arguments", row) for row in rows)
            if name != module.removesuffix("s").capitalize()  # a base, which does nothing
        ]

    return made


OTHERWISE = {
    "glu": "halves the size, which Keras's Dense does not know",
    "sparsemax": "gives other numbers in Keras; tests/oracle/keras_activations.py",
}
PARTS: dict[str, Any] = {
    "activations": lambda k: [
        {"activation": name}
        for name, rows in keras_activations.ARGUMENTS.items()
        if not rows[0] and name not in OTHERWISE
    ],
    "exact": _rows(keras_initializers.EXACT, "initializers", "kernel_initializer"),
    "random": _rows(keras_initializers.RANDOM, "initializers", "kernel_initializer"),
    "regularizers": _rows(keras_weights.REGULARIZERS, "regularizers", "kernel_regularizer"),
    "activity": _rows(
        {name: keras_weights.REGULARIZERS[name] for name in ("L1", "L2", "L1L2")},
        "regularizers",
        "activity_regularizer",
    ),
    "constraints": _rows(keras_weights.CONSTRAINTS, "constraints", "kernel_constraint"),
}


@both_ways
@pytest.mark.parametrize("family", PARTS)
def test_what_layers_are_made_with(family: str, writer: Any, reader: Any, tmp_path: Any) -> None:
    inputs = writer.Input((3,))
    branches = [writer.layers.Dense(4, **made)(inputs) for made in PARTS[family](writer)]
    model = writer.Model(inputs, writer.layers.Dense(2)(writer.layers.Concatenate()(branches)))
    model.compile(writer.optimizers.SGD(1e-3, momentum=0.9), "mse", run_eagerly=True)
    x = X / 8  # some initializers draw large numbers
    train(model, x, Y)
    again = travelled(model, reader, tmp_path / "model.keras")
    for first, second in zip(model.layers, again.layers, strict=True):
        for name in ("activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
            one, two = (getattr(layer, name, None) for layer in (first, second))
            known = [getattr(each, "__name__", type(each).__name__) for each in (one, two)]
            assert known[0] == known[1]
    assert_goes_on(model, again, x, Y)


# Kinds of models ----------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("case", sorted(several.COMPILED))
def test_several_outputs(case: str, writer: Any, reader: Any, tmp_path: Any) -> None:
    if writer is keras and case == "loss_objects":
        pytest.skip(f"Keras does not write {FORGOTTEN['Huber']}")
    build, arguments, weights = several.COMPILED[case]
    x, y = several._data(build)
    y = [several.P, several.Q] if case == "one_loss" else y
    model = build(writer)
    made = {k: v(writer) if callable(v) else v for k, v in arguments.items()}
    model.compile(writer.optimizers.SGD(0.01, momentum=0.9), run_eagerly=True, **made)
    train(model, x, y, sample_weight=weights)
    again = travelled(model, reader, tmp_path / "model.keras")
    assert_goes_on(model, again, x, y, sample_weight=weights)


@both_ways
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_models(kind: str, writer: Any, reader: Any, tmp_path: Any) -> None:
    known = KINDS[kind]
    model, x, y = known.build(writer), known.x, known.y
    train(model, x, y)
    path = tmp_path / "model.keras"
    again = travelled(model, reader, path, custom_objects=known.classes(reader))
    (assert_goes_on if known.next_step else assert_alike)(model, again, *known.rest)
    model.save_weights(tmp_path / "all.weights.h5")
    other = known.build(reader)
    train(other, x, y, steps=1)  # so that the optimizer has variables
    other.load_weights(tmp_path / "all.weights.h5")
    (assert_goes_on if known.next_step else assert_alike)(model, other, *known.rest)
