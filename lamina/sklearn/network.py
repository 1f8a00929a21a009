"""The network of the dense estimators."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..keras import Input, Sequential, layers, optimizers, regularizers
from . import parameters


def hidden_layers(given: Any) -> list[int]:
    """The units of each hidden layer; a whole number means one layer."""
    if parameters.is_whole(given):
        given = (given,)
    if not isinstance(given, (list, tuple)) and not hasattr(given, "tolist"):
        raise InvalidArgumentError(
            f"layers is the units of each hidden layer, such as (64, 32); got {given!r:.80}"
        )
    found = list(given)
    parameters.check({"layers": found}, "a dense network")
    return [int(units) for units in found]


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
        stack += _hidden(settings, count, function, float(rate))
    stack.append(_dense(settings, outputs, activation))
    return Sequential(stack)


def _hidden(settings: Any, units: int, activation: Any, rate: float) -> list[Any]:
    normalized = settings.batch_normalization
    found: list[Any] = [_dense(settings, units, None if normalized else activation)]
    if normalized:
        found += [layers.BatchNormalization(), layers.Activation(activation)]
    return [*found, layers.Dropout(rate)] if rate else found


def _dense(settings: Any, units: int, activation: Any) -> Any:
    penalty = None
    if settings.l1 or settings.l2:
        penalty = regularizers.L1L2(float(settings.l1), float(settings.l2))
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=settings.initializer,
        kernel_regularizer=penalty,
    )


def standardize(layer: Any, mean: Array, variance: Array, rows: int) -> None:
    """Let a Normalization know the statistics of so many rows."""
    layer.set_weights([mean.astype("float32"), variance.astype("float32"), min(rows, 2**31 - 1)])


def in_unit(network: Sequential, centre: Array, spread: Array) -> Sequential:
    """A model of the same layers whose outputs are centre + spread · those of `network`.

    The unit is in weights, not in the configuration: models of many units share a program.
    """
    unit = layers.Normalization(invert=True)
    model = Sequential([Input(network.input_shape[1:]), *network.layers, unit])
    standardize(unit, centre, spread**2, 1)
    return model


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
    given = settings.metrics
    extra = list(given) if isinstance(given, (list, tuple)) else [given]
    network.compile(
        optimizer=optimizer(settings.optimizer, settings.learning_rate),
        loss=loss,
        weighted_metrics=[score, *(fresh(metric) for metric in extra)],
    )
