"""Running a graph on arrays, node by node, by the NumPy definitions: what a graph means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..core.shapes import B
from .bind import quiet
from .graph import Graph
from .value import Node, Spec, Value

_SMALL = 1 << 14  # elements

Program = Callable[[Sequence[Array]], list[Array]]


def interpreter(graph: Graph) -> Program:
    """`graph` as a function from input arrays to output arrays, prepared once."""
    program: Program = graph.derived("interpreter", lambda: _prepare(graph))
    return program


class _Step:
    """One node with its values' places in memory, and the places that nothing reads after it."""

    __slots__ = ("inputs", "node", "outputs", "released")

    def __init__(self, node: Node, inputs: list[int], outputs: list[int]) -> None:
        self.node = node
        self.inputs = inputs
        self.outputs = outputs
        self.released: list[int] = []

    def instruction(self) -> tuple[Any, ...]:
        """(function, fetch, place, released, general): `function(*fetch(memory))` is the result.

        `general` is this step where it has several results, or a shape with the batch in it.
        """
        primitive, params = self.node.primitive, self.node.params
        function = partial(primitive.evaluate, **params) if params else primitive.evaluate
        on_batch = B in params.get("shape", ())
        general = self if on_batch or primitive.multiple else None
        return function, _fetcher(self.inputs), self.outputs[0], self.released, general

    def run(self, memory: list[Any], batch: int | None) -> None:
        """The general case."""
        primitive, params = self.node.primitive, self.node.params
        if B in params.get("shape", ()):
            shape = tuple(batch if dim is B else dim for dim in params["shape"])
            params = {**params, "shape": shape}
        found = primitive.evaluate(*[memory[place] for place in self.inputs], **params)
        arrays = found if primitive.multiple else (found,)
        for place, array in zip(self.outputs, arrays, strict=True):
            memory[place] = np.asarray(array)


def _fetcher(places: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """A function that gives the entries at `places` of a list, as fast as Python can."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0, 0))


def _prepare(graph: Graph) -> Program:
    places: dict[int, int] = {id(value): place for place, value in enumerate(graph.inputs)}
    constants: dict[int, Array] = {}

    def place_of(value: Value) -> int:
        place = places.setdefault(id(value), len(places))
        if value.array is not None and place not in constants:
            constants[place] = _compact(value.array)
        return place

    steps = [
        _Step(node, [place_of(v) for v in node.inputs], [place_of(v) for v in node.outputs])
        for node in graph.nodes
    ]
    results = [place_of(value) for value in graph.outputs]
    _mark_released(steps, {*results, *constants})
    instructions = [step.instruction() for step in steps]
    axes, count = batch_axes(graph.input_specs), len(graph.inputs)
    start = [constants.get(place) for place in range(len(places))]

    def run(arrays: Sequence[Array]) -> list[Array]:
        memory: list[Any] = start.copy()
        memory[:count] = arrays
        batch = batch_size(graph.name, axes, arrays) if axes else None
        with quiet():
            for function, fetch, place, released, general in instructions:
                if general is None:
                    memory[place] = function(*fetch(memory))
                else:
                    general.run(memory, batch)
                for old in released:
                    memory[old] = None
        return [np.asarray(memory[place]) for place in results]

    return run


def _compact(array: Array) -> Array:
    """A small constant as a plain block: NumPy computes with repeated views half as fast."""
    if array.size > _SMALL or array.flags.c_contiguous:
        return array
    block = array.copy()
    block.flags.writeable = False
    return block


def _mark_released(steps: list[_Step], kept: set[int]) -> None:
    for step in reversed(steps):
        here = {*step.inputs, *step.outputs}
        step.released = sorted(here - kept)
        kept |= here


def batch_axes(specs: Sequence[Spec]) -> list[tuple[int, int]]:
    """Where `B` stands: pairs of input and axis."""
    return [
        (place, axis)
        for place, spec in enumerate(specs)
        for axis, dim in enumerate(spec.shape)
        if dim is B
    ]


def batch_size(name: str, axes: Sequence[tuple[int, int]], arrays: Sequence[Array]) -> int | None:
    """The size that `B` has in `arrays`; an error where two of them disagree."""
    sizes = {arrays[place].shape[axis] for place, axis in axes}
    if len(sizes) > 1:
        raise InvalidArgumentError(
            f"the inputs of {name} have different numbers of rows: "
            f"{' and '.join(map(str, sorted(sizes)))}"
        )
    return sizes.pop() if sizes else None
