"""Copies and pickles of models: architecture, weights, and what they are compiled with."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ...core import nest
from ..configurable import deserialize_nested, serialize, sharing
from ..custom_objects import CustomObjectScope
from ..training.trainer import Trainer
from .cloning import clone_model

_TRANSIENT = ("_training", "_compile_arguments", "history", "_inbound", "_call_losses")


def copied(model: Any, memo: dict[int, Any]) -> Any:
    """`copy.deepcopy` of a model."""
    if is_described(model):
        made = memo[id(model)] = clone_model(model)
        made.set_weights(model.get_weights())
        _take_learned(made, _learned(model))
        _take_optimizer(made, _optimizer_values(model))
        made._columns = model._columns
        return made
    cls: Any = type(model)
    arguments = copy.deepcopy(model._arguments, memo)
    made = memo[id(model)] = cls.__new__(cls, **arguments)
    set_state(made, copy.deepcopy(state_of(model), memo))
    return made


def is_described(model: Any) -> bool:
    """Whether the configuration of `model` says all about it: sequential and functional ones."""
    return hasattr(model, "_cloned") and model.built


def reduced(model: Any) -> tuple[Any, tuple[Any, ...]]:
    """What a sequential or functional model is pickled as: its configuration and weights.

    Classes and functions of one's own are pickled by reference, as Python does it.
    """
    own: dict[str, Any] = {}
    with sharing(own):
        config = serialize(model)
    values = model.get_weights(), _optimizer_values(model), _learned(model), model._columns
    return restored, (config, own, *values)


def restored(
    config: Any,
    objects: dict[str, Any],
    weights: list[Any],
    slots: list[Any],
    learned: list[Any],
    columns: Any = None,
) -> Any:
    """The model that `reduced` described."""
    with sharing(), CustomObjectScope(objects):
        model = deserialize_nested(config)
    model.set_weights(weights)
    _take_learned(model, learned)
    _take_optimizer(model, slots)
    model._columns = columns
    return model


def _learners(model: Any) -> list[Any]:
    """Layers that learned something that is neither weights nor configuration: vocabularies."""
    return [part for part in model._flatten_layers() if hasattr(part, "take_learned")]


def _learned(model: Any) -> list[Any]:
    return [part.learned() for part in _learners(model)]


def _take_learned(model: Any, states: list[Any]) -> None:
    for part, state in zip(_learners(model), states, strict=True):
        part.take_learned(state)


def state_of(model: Any) -> dict[str, Any]:
    """The attributes of a subclassed model, without what is traced or belongs to one training."""
    state = {name: value for name, value in vars(model).items() if name not in _TRANSIENT}
    if model.compiled:
        arguments = {k: v for k, v in model._compile_arguments.items() if k != "optimizer"}
        optimizer = model.optimizer
        if optimizer is not None:
            arguments["optimizer"] = (type(optimizer), optimizer.get_config())
        state["_compiled_with"] = (arguments, _optimizer_values(model))
    return state


def set_state(model: Any, state: dict[str, Any]) -> None:
    """Take over what `state_of` gave."""
    arguments, slots = state.pop("_compiled_with", (None, []))
    vars(model).update(state)
    vars(model).update(_inbound=[], _call_losses=[])
    model._init_trainer()
    if arguments is not None:
        optimizer = arguments.pop("optimizer", None)
        if optimizer is not None:
            optimizer = optimizer[0].from_config(optimizer[1])
        Trainer.compile(model, optimizer=optimizer, **arguments)
        _take_optimizer(model, slots)


def _optimizer_values(model: Any) -> list[Any]:
    if model.optimizer is None or not model.optimizer.built:
        return []
    model.optimizer.build_rest(model.trainable_weights)
    return [np.array(each) for each in model.optimizer.variables_for(model.trainable_weights)]


def _take_optimizer(model: Any, values: list[Any]) -> None:
    """Let the optimizer go on from `values`, where it is one of the same slots."""
    if not values or model.optimizer is None:
        return
    model.optimizer.build(model.trainable_weights)
    variables = model.optimizer.variables
    if nest.map_structure(np.shape, values) == [tuple(v.shape) for v in variables]:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
