"""The network that is trained on a table: standardize, hidden layers, one output per task."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..keras import Input, Sequential, activations, layers, optimizers
from .settings import Settings
from .table import Numbers
from .target import Target

_LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "sparse_categorical_crossentropy",
    "regression": "mean_squared_error",
}
_OUTPUTS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}


def check_names(settings: Settings) -> None:
    """Raise for an activation or an optimizer that does not exist."""
    for activation in settings.activation:
        activations.get(activation)
    optimizers.get(settings.optimizer)


def build(target: Target, settings: Settings, mean: Numbers, variance: Numbers) -> Sequential:
    """The compiled network for inputs of this mean and variance.

    Standardization is its first layer, so that the saved model takes the inputs as they are.
    """
    stack: list[Any] = [Input((len(mean),))]
    stack.append(
        layers.Normalization(mean=mean.astype("float32"), variance=variance.astype("float32"))
    )
    for units, activation in settings.hidden:
        stack.append(layers.Dense(units, activation=activation))
        if settings.dropout:
            stack.append(layers.Dropout(settings.dropout))
    units = len(target.classes) if target.task == "multiclass" else 1
    stack.append(layers.Dense(units, activation=_OUTPUTS[target.task]))
    model = Sequential(stack)
    compile_network(model, target, settings)
    return model


def compile_network(model: Sequential, target: Target, settings: Settings) -> None:
    """Give the network its loss, its metric and a fresh optimizer."""
    optimizer = optimizers.get(settings.optimizer)
    if settings.learning_rate is not None:
        optimizer.learning_rate = settings.learning_rate
    metric = "mean_absolute_error" if target.task == "regression" else "accuracy"
    model.compile(optimizer=optimizer, loss=_LOSSES[target.task], metrics=[metric])


def rescale_output(model: Sequential, mean: float, deviation: float) -> None:
    """Change the last (linear) layer so that the network gives `mean + deviation * output`."""
    last = model.layers[-1]
    kernel, bias = (np.asarray(weights, np.float64) for weights in last.get_weights())
    rescaled = [kernel * deviation, bias * deviation + mean]
    last.set_weights([weights.astype(np.float32) for weights in rescaled])
