"""Every activation, loss, metric and optimizer has native code, gradients included, and means the
same there. (Layers: test_layers.py.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.base import interpret_graph
from lamina.backends.llvm.program import NativeProgram
from lamina.ir.graph import Graph
from lamina.keras.configurable import FAMILIES
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function
from tests.oracle import (
    keras_activations,
    keras_losses,
    keras_metrics,
    keras_optimizers,
)
from tests.oracle.keras_samples import sample

pytestmark = pytest.mark.filterwarnings("ignore:.* counts in int32, which cuts the fractions")


def cases(rows: dict[str, list[Any]]) -> list[Any]:
    return [
        pytest.param(name, row, id=f"{name}-{number}")
        for name, found in rows.items()
        for number, row in enumerate(found)
    ]


def check(function: Callable[..., Any], *arrays: Any) -> None:
    """One native program for `function` on a batch, with the interpreter's results."""
    traced = Function(function, symbolic_batch=True)
    program = traced.program_for(*[tf.constant(array) for array in arrays])
    inputs = [*map(np.asarray, arrays), *(np.asarray(v.value()) for v in program.sources)]
    check_graph(program.graph, inputs)


def check_graph(graph: Graph, inputs: list[Any]) -> None:
    native = NativeProgram(optimize(graph))
    for ours, theirs in zip(native(inputs), interpret_graph(graph)(inputs), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-5)


def with_gradient(function: Callable[..., Any]) -> Any:
    """`function` and the gradient of its sum of squares by its last argument."""

    def both(*arguments: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(arguments[-1])
            value = function(*arguments)
            total = tf.reduce_sum(tf.square(value))
        return value, tape.gradient(total, arguments[-1])

    return both


@pytest.mark.parametrize(("name", "arguments"), cases(keras_activations.ARGUMENTS))
def test_activations(name: str, arguments: dict[str, Any]) -> None:
    activation = FAMILIES["keras.activations"][name]
    x = keras_activations.POINTS
    check(with_gradient(lambda x: activation(x, **arguments)), x)


@pytest.mark.parametrize(("name", "row"), cases(keras_losses.FUNCTIONS))
def test_losses(name: str, row: Any) -> None:
    loss = FAMILIES["keras.losses"][name]
    check(with_gradient(lambda y, p: loss(y, p, **row[1])), *sample(row[0]))


@pytest.mark.parametrize(("name", "row"), cases(keras_metrics.ROWS))
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics(name: str, row: Any, weighted: bool) -> None:
    metric = FAMILIES["keras.metrics"][name](**row[1])
    y_true, y_pred = sample(row[0])
    weights = [np.linspace(0, 1, len(y_true), dtype="float32")] if weighted else []
    metric.update_state(y_true, y_pred, *weights)  # makes its variables

    def update(*arguments: Any) -> Any:
        metric.update_state(*arguments)
        return metric.result()

    check(update, y_true, y_pred, *weights)


@pytest.mark.parametrize(("name", "arguments"), cases(keras_optimizers.ARGUMENTS))
def test_optimizers(name: str, arguments: dict[str, Any]) -> None:
    values, gradients = keras_optimizers.samples(steps=1)
    variables = [tf.Variable(value) for value in values]
    optimizer = getattr(tf.keras.optimizers, name)(**arguments)
    optimizer.build(variables)
    step = Function(lambda *symbols: optimizer.apply(symbols, variables))
    program = step.program_for(*map(tf.constant, gradients[0]))
    inputs = [*gradients[0], *(np.asarray(v.value()) for v in program.sources)]
    check_graph(program.graph, inputs)
