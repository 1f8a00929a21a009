"""What a program's objects hold: a graph of named parts with variables at its ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..data.iterator import DatasetIterator
from ..keras.layers.layer import Layer
from ..keras.metrics import Metric
from ..keras.optimizers import Optimizer
from ..keras.random import SeedGenerator
from ..keras.saving.weights import children_of
from ..ops.module import Module
from ..ops.random import Generator
from ..tensor.variable import Variable
from .places import place_of

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What TensorFlow's keys end in, so that `load_variable` finds what it is asked for."""


class Tracked:
    """Base of objects that say themselves which parts a checkpoint holds."""

    def tracked_parts(self) -> Mapping[str, Any]:
        """The parts by name."""
        raise NotImplementedError


def is_trackable(value: Any) -> bool:
    """Whether a checkpoint can hold `value`."""
    kinds = (Variable, Module, Tracked, Layer, Metric, Optimizer, SeedGenerator, Generator)
    return isinstance(value, (*kinds, DatasetIterator, list, tuple, dict))


def parts_of(holder: Any) -> Mapping[str, Any]:
    """The named parts of an object, as far as a checkpoint can hold them."""
    return {name: part for name, part in _parts(holder) if is_trackable(part)}


def _parts(holder: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(holder, Variable):
        return
    if isinstance(holder, (list, tuple)):
        yield from ((str(number), item) for number, item in enumerate(holder))
    elif isinstance(holder, dict):
        yield from ((str(key), item) for key, item in holder.items())
    elif isinstance(holder, Tracked):
        yield from holder.tracked_parts().items()
    elif isinstance(holder, DatasetIterator):
        yield "place", place_of(holder)
    elif isinstance(holder, Optimizer):
        yield from _of_optimizer(holder)
    elif isinstance(holder, Metric):
        yield from ((str(number), item) for number, item in enumerate(holder.variables))
    elif isinstance(holder, Layer):
        yield from _weights(holder)
        yield from children_of(holder)
        seeds = vars(holder).items()
        yield from ((name, part) for name, part in seeds if isinstance(part, SeedGenerator))
    else:
        yield from ((name, vars(holder)[name]) for name in sorted(vars(holder)))


def _of_optimizer(optimizer: Optimizer) -> Iterator[tuple[str, Any]]:
    """Its own variables by number, and the optimizers that it wraps, which grow by themselves."""
    inner = getattr(optimizer, "inner_optimizer", None)
    several = getattr(optimizer, "optimizers", [])
    wrapped = [*several] if inner is None else [inner]
    theirs = {id(variable) for each in wrapped for variable in each.variables}
    own = [variable for variable in optimizer.variables if id(variable) not in theirs]
    yield from ((str(number), variable) for number, variable in enumerate(own))
    if inner is not None:
        yield "inner_optimizer", inner
    if several:
        yield "optimizers", several


def _weights(layer: Layer) -> Iterator[tuple[str, Variable]]:
    """A layer's own variables by attributes, else by their names, else by numbers."""
    attributes = {id(value): name for name, value in vars(layer).items()}
    own = layer.own_variables()
    names = [variable.name.removesuffix(":0") for variable in own]
    for number, (variable, name) in enumerate(zip(own, names, strict=True)):
        plain = names.count(name) == 1 and not re.fullmatch(r"variable(_\d+)?", name)
        yield attributes.get(id(variable), name if plain else str(number)), variable


class Node:
    """One object: its variable's key (None for what holds others), and its parts by name."""

    __slots__ = ("children", "key")

    def __init__(self, key: str | None, children: dict[str, int]) -> None:
        self.key = key
        self.children = children


def object_graph(root: Any) -> tuple[list[Node], dict[str, Variable]]:
    """Nodes, the root first, and variables by keys: "model/weights/0" and TensorFlow's suffix."""
    nodes: list[Node] = []
    variables: dict[str, Variable] = {}
    places: dict[int, int] = {}
    queue = [(root, "")]
    places[id(root)] = 0
    kept = [root]  # lists made on the way must live as long as their ids are used
    while queue:
        holder, path = queue.pop(0)
        key = None
        if isinstance(holder, Variable):
            key = f"{path}{SUFFIX}"
            variables[key] = holder
        children: dict[str, int] = {}
        for name, part in parts_of(holder).items():
            if id(part) not in places:
                places[id(part)] = len(places)
                kept.append(part)
                queue.append((part, f"{path}/{escaped(name)}" if path else escaped(name)))
            children[name] = places[id(part)]
        nodes.append(Node(key, children))
    return nodes, variables


def variables_in(root: Any) -> list[Variable]:
    """All variables that a checkpoint of `root` would hold."""
    return list(object_graph(root)[1].values())


def escaped(name: str) -> str:
    """A name as a part of a key, in which "/" and "." mean something else."""
    return name.replace(".", "..").replace("/", ".S")
