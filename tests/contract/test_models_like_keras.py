"""Models of several inputs and outputs: losses, metrics and weights, said in every way of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras as reference
import numpy as np
import pytest

import lamina
from tests.oracle.keras_models import twins

ours = lamina.keras
RNG = np.random.default_rng(0)
ROWS = 30
A = RNG.normal(size=(ROWS, 4)).astype(np.float32)
B = RNG.normal(size=(ROWS, 3)).astype(np.float32)
P = RNG.normal(size=(ROWS, 1)).astype(np.float32)
Q = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, ROWS)]
W = RNG.random(ROWS).astype(np.float32)
V = RNG.random(ROWS).astype(np.float32)


def _heads(library: Any, inputs: list[Any]) -> tuple[Any, Any]:
    layers = library.layers
    hidden = layers.Concatenate()([layers.Dense(5, activation="tanh")(x) for x in inputs])
    return layers.Dense(1, name="p")(hidden), layers.Dense(3, "softmax", name="q")(hidden)


def listed(library: Any) -> Any:
    inputs = [library.Input((4,), name="a"), library.Input((3,), name="b")]
    return library.Model(inputs, list(_heads(library, inputs)))


def named(library: Any) -> Any:
    inputs = {"a": library.Input((4,), name="a"), "b": library.Input((3,), name="b")}
    p, q = _heads(library, list(inputs.values()))
    return library.Model(inputs, {"p": p, "q": q})


def single(library: Any) -> Any:
    inputs = [library.Input((4,), name="a"), library.Input((3,), name="b")]
    return library.Model(inputs, _heads(library, inputs)[0])


def deep_list(library: Any) -> Any:
    inputs = [library.Input((4,), name="a"), library.Input((3,), name="b")]
    p, q = _heads(library, inputs)
    return library.Model(inputs, [p, {"q": q, "r": library.layers.Dense(1, name="r")(p)}])


def deep_dict(library: Any) -> Any:
    inputs = [library.Input((4,), name="a"), library.Input((3,), name="b")]
    p, q = _heads(library, inputs)
    return library.Model(inputs, {"x": [p, library.layers.Dense(1, name="r")(p)], "y": q})


def by_list(*parts: Any) -> list[Any]:
    return list(parts)


def by_name(p: Any, q: Any) -> dict[str, Any]:
    return {"p": p, "q": q}


CE = "categorical_crossentropy"
# What compile gets, and the sample weights; the structure of data is the model's.
COMPILED: dict[str, tuple[Callable[[Any], Any], dict[str, Any], Any]] = {
    "one_loss": (listed, {"loss": "mse"}, None),
    "list": (listed, {"loss": ["mse", CE]}, None),
    "list_of_names": (listed, {"loss": by_name("mse", CE)}, None),
    "names": (named, {"loss": by_name("mse", CE)}, None),
    "list_weights": (listed, {"loss": ["mse", CE], "loss_weights": [2.0, 0.5]}, None),
    "name_weights": (named, {"loss": by_name("mse", CE), "loss_weights": by_name(2, 0.5)}, None),
    "metrics_each": (
        listed,
        {"loss": ["mse", CE], "metrics": [["mae", "mse"], ["accuracy"]]},
        None,
    ),
    "metrics_bare": (listed, {"loss": ["mse", CE], "metrics": ["mae", "accuracy"]}, None),
    "metrics_some": (listed, {"loss": ["mse", CE], "metrics": {"q": "accuracy"}}, None),
    "metrics_none": (listed, {"loss": ["mse", CE], "metrics": [None, ["acc", "mse"]]}, None),
    "metrics_names": (
        named,
        {"loss": by_name("mse", CE), "metrics": by_name(["mae"], ["acc", "auc"])},
        None,
    ),
    "weighted": (
        listed,
        {
            "loss": ["mse", CE],
            "metrics": [["mae"], None],
            "weighted_metrics": [["mae"], ["accuracy"]],
        },
        by_list(W, V),
    ),
    "weighted_names": (
        named,
        {
            "loss": by_name("mse", CE),
            "weighted_metrics": by_name(["mse"], ["accuracy"]),
        },
        by_name(W, V),
    ),
    "one_output": (single, {"loss": "mse", "metrics": ["mae", "mse"]}, None),
    "one_output_by_name": (single, {"loss": {"p": "mse"}, "metrics": {"p": ["mae"]}}, None),
    "one_output_weighted": (
        single,
        {"loss": ["mse"], "metrics": ["mae"], "weighted_metrics": ["mse"]},
        W,
    ),
    "deep_list": (
        deep_list,
        {
            "loss": ["mse", {"q": CE, "r": "mae"}],
            "loss_weights": [1.0, {"q": 0.5, "r": 2.0}],
            "metrics": ["mae", {"q": ["accuracy", "mse"], "r": None}],
        },
        None,
    ),
    "deep_dict": (
        deep_dict,
        {"loss": {"x": ["mse", "mae"], "y": CE}, "loss_weights": {"x": [1.0, 2.0], "y": 3.0}},
        None,
    ),
    "loss_objects": (
        listed,
        {
            "loss": lambda library: [
                library.losses.Huber(0.5),
                library.losses.CategoricalCrossentropy(label_smoothing=0.1),
            ],
            "metrics": lambda library: [
                [library.metrics.MeanAbsoluteError(name="far")],
                [library.metrics.TopKCategoricalAccuracy(2)],
            ],
        },
        None,
    ),
}


def _data(build: Any) -> tuple[Any, Any]:
    if build is single:
        return [A, B], P
    if build is deep_list:
        return [A, B], [P, {"q": Q, "r": P}]
    if build is deep_dict:
        return [A, B], {"x": [P, P], "y": Q}
    if build is named:
        return {"a": A, "b": B}, by_name(P, Q)
    return [A, B], [P, Q]


@pytest.mark.parametrize("case", COMPILED)
def test_losses_metrics_and_weights(case: str) -> None:
    build, arguments, weights = COMPILED[case]
    x, y = _data(build)
    found: list[Any] = []
    for library, model in zip((reference, ours), twins(build), strict=True):
        made = {k: v(library) if callable(v) else v for k, v in arguments.items()}
        if case == "one_loss":
            y = [P, Q]
        model.compile(library.optimizers.SGD(0.05), **made)
        options = {"batch_size": 10, "verbose": 0, "sample_weight": weights}
        history = model.fit(x, y, epochs=2, shuffle=False, validation_data=(x, y), **options)
        named_results = model.evaluate(x, y, return_dict=True, **options)
        results = model.evaluate(x, y, **options)
        found.append((history.history, named_results, results))
    (history, named_results, results), mine = found
    for place, theirs in enumerate((history, named_results)):
        assert list(mine[place]) == list(theirs)
        for name, value in theirs.items():
            np.testing.assert_allclose(mine[place][name], value, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(mine[2], results, rtol=1e-4)  # their order, too


WRONG: dict[str, dict[str, Any]] = {
    "too_many_losses": {"loss": ["mse", CE, "mae"]},
    "loss_of_no_output": {"loss": {"p": "mse", "r": "mse"}},
    "metrics_of_no_output": {"loss": ["mse", CE], "metrics": {"r": "mae"}},
    "too_many_weights": {"loss": ["mse", CE], "loss_weights": [1.0, 2.0, 3.0]},
    "unknown_loss": {"loss": ["mse", "mess"]},
    "unknown_metric": {"loss": ["mse", CE], "metrics": [["mae"], ["acuracy"]]},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_makes_no_sense_is_refused_as_in_keras(case: str) -> None:
    for library, model in zip((reference, ours), twins(listed), strict=True):
        with pytest.raises((ValueError, KeyError)):  # each in its own words
            model.compile(library.optimizers.SGD(0.1), **WRONG[case])
            model.fit([A, B], [P, Q], verbose=0)


@pytest.mark.parametrize("how", [list, dict])
def test_the_first_layer_of_a_sequential_model_may_take_several_inputs(how: Any) -> None:
    x: Any = {"a": A, "b": B} if how is dict else [A, B]

    def build(library: Any) -> Any:
        class Joined(library.layers.Layer):  # type: ignore[misc]
            def call(self, parts: Any) -> Any:
                parts = [parts["a"], parts["b"]] if how is dict else parts
                return library.ops.concatenate(parts, axis=-1)

        model = library.Sequential([Joined(), library.layers.Dense(1)])
        model(x)
        return model

    results = []
    for model in twins(build):
        model.compile("sgd", "mse")
        loss = model.fit(x, P, 10, 2, shuffle=False, verbose=0).history["loss"]
        results.append((loss, model.predict(x, verbose=0)))
    for theirs, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-6)


def test_a_last_axis_of_size_1_is_left_out_where_the_input_has_none() -> None:
    results = [model.predict([A[..., None], B], verbose=0) for model in twins(single)]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-6)


def test_a_list_is_refused_where_the_order_of_names_is_not_clear() -> None:
    def build(library: Any) -> Any:
        inputs = {name: library.Input((4,), name=name) for name in ("second", "first")}
        return library.Model(inputs, library.layers.subtract(list(inputs.values())))

    for model in twins(build):
        assert np.asarray(model({"second": A, "first": A})).max() == 0
        with pytest.raises(ValueError, match=r"order|structure"):
            model([A, A])
