"""The network of the dense estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.callers import warn
from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..keras import Input, Sequential, layers, optimizers, regularizers
from ..keras.settings import epsilon
from . import parameters


def hidden_layers(given: Any) -> list[int]:
    """The units of each hidden layer; a whole number means one layer."""
    if parameters.is_whole(given):
        given = (given,)
    if not isinstance(given, (list, tuple)) and not hasattr(given, "tolist"):
        raise InvalidArgumentError(
            f"layers is the units of each hidden layer, such as (64, 32); got {given!r:.80}"
        )
    return list(given)


def build(settings: Any, features: int, outputs: int, activation: str) -> Sequential:
    """The network that `settings` (an estimator) describes, not compiled.

    Standardization is its first layer: the saved model takes features in their own units.
    """
    units = hidden_layers(settings.layers)
    each = zip(
        units,
        parameters.for_each(settings.activation, len(units), "activation"),
        parameters.for_each(settings.dropout, len(units), "dropout"),
        strict=True,
    )
    stack: list[Any] = [Input((features,))]
    if settings.standardize:
        stack.append(layers.Normalization())
    for count, function, rate in each:
        stack += _hidden(settings, int(count), function, float(rate))
    stack.append(_dense(settings, outputs, activation))
    return Sequential(stack)


def _hidden(settings: Any, units: int, activation: Any, rate: float) -> list[Any]:
    normalized = settings.batch_normalization
    found: list[Any] = [_dense(settings, units, None if normalized else activation)]
    if normalized:
        found += [layers.BatchNormalization(), layers.Activation(fresh(activation))]
    return [*found, layers.Dropout(rate)] if rate else found


def _dense(settings: Any, units: int, activation: Any) -> Any:
    penalty = None
    if settings.l1 or settings.l2:
        penalty = regularizers.L1L2(float(settings.l1), float(settings.l2))
    return layers.Dense(
        units,
        activation=fresh(activation),
        kernel_initializer=settings.initializer,
        kernel_regularizer=penalty,
    )


def standardize(layer: Any, mean: Array, variance: Array, rows: int) -> None:
    """Let a Normalization know the statistics of so many rows."""
    small = np.flatnonzero(variance < epsilon() ** 2)
    if len(small):
        warn(
            f"feature {small[0]} has a standard deviation of {variance[small[0]] ** 0.5:.3g}, too "
            "small to be scaled to 1: give it in a smaller unit, or put a StandardScaler before"
        )
    layer.set_weights([mean.astype("float32"), variance.astype("float32"), min(rows, 2**31 - 1)])


def twin(network: Sequential) -> Sequential:
    """A model of the same layers but the last one, which is one of its own; see `take_unit`."""
    shared = network.layers[:-1]
    own = layers.Dense(network.output_shape[-1], kernel_initializer="zeros")
    return Sequential([Input(network.input_shape[1:]), *shared, own])


def take_unit(model: Sequential, network: Sequential, centre: Array, spread: Array) -> None:
    """Let `model`, a twin of `network`, give centre + spread · what `network` does now."""
    kernel, bias = (np.asarray(each, np.float64) for each in network.layers[-1].get_weights())
    values = [kernel * spread, bias * spread + centre]
    model.layers[-1].set_weights([value.astype(np.float32) for value in values])


def fresh(item: Any, **changed: Any) -> Any:
    """An object with the configuration of `item` and no state; names and functions as they are."""
    is_object = hasattr(item, "from_config") and not isinstance(item, type)
    return type(item).from_config({**item.get_config(), **changed}) if is_object else item


def optimizer(given: Any, learning_rate: Any) -> Any:
    """An optimizer of its own for one model."""
    known = optimizers.get(given)
    if known is None:
        raise InvalidArgumentError("optimizer is a name such as 'adam', or an Optimizer; got None")
    return fresh(known, **({} if learning_rate is None else {"learning_rate": learning_rate}))


def compile_network(network: Sequential, settings: Any, loss: Any, score: str) -> None:
    """Compile with the settings of an estimator; `score` is measured beside its metrics."""
    network.compile(
        optimizer=optimizer(settings.optimizer, settings.learning_rate),
        loss=loss,
        weighted_metrics=[score, *map(fresh, parameters.listed(settings.metrics))],
    )
