"""Running a graph on arrays, node by node, by the NumPy definitions: what a graph means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError
from ..core.shapes import B
from .graph import Graph
from .value import Spec

Program = Callable[[Sequence[Array]], list[Array]]


def interpreter(graph: Graph) -> Program:
    """`graph` as a function from input arrays to output arrays, prepared once."""
    program: Program = graph.derived("interpreter", lambda: _prepare(graph))
    return program


def _prepare(graph: Graph) -> Program:
    places: dict[int, int] = {id(value): place for place, value in enumerate(graph.inputs)}
    constants: list[tuple[int, Array]] = []

    def place_of(value: Any) -> int:
        place = places.setdefault(id(value), len(places))
        if value.array is not None and all(place != known for known, _ in constants):
            constants.append((place, value.array))
        return place

    steps = []
    for node in graph.nodes:
        inputs = [place_of(value) for value in node.inputs]
        outputs = [places.setdefault(id(value), len(places)) for value in node.outputs]
        on_batch = B in node.params.get("shape", ())
        steps.append(
            (
                node.primitive.evaluate,
                inputs,
                outputs,
                node.params,
                node.primitive.multiple,
                on_batch,
            )
        )
    results = [place_of(value) for value in graph.outputs]
    last_use = _last_uses(steps, results)
    specs = graph.input_specs
    fixed = dict(constants)

    def run(arrays: Sequence[Array]) -> list[Array]:
        memory: list[Any] = [None] * len(places)
        memory[: len(specs)] = arrays
        for place, array in fixed.items():
            memory[place] = array
        batch = batch_size(graph.name, specs, arrays)
        with np.errstate(all="ignore"):
            for number, (evaluate, inputs, outputs, params, multiple, on_batch) in enumerate(steps):
                if on_batch:
                    shape = tuple(batch if dim is B else dim for dim in params["shape"])
                    params = {**params, "shape": shape}
                found = evaluate(*[memory[place] for place in inputs], **params)
                if multiple:
                    for place, array in zip(outputs, found, strict=True):
                        memory[place] = np.asarray(array)
                else:
                    memory[outputs[0]] = found
                for place in last_use[number]:
                    memory[place] = None
        return [np.asarray(memory[place]) for place in results]

    return run


def _last_uses(steps: list[Any], results: list[int]) -> list[list[int]]:
    """For each step the places that nothing reads after it."""
    seen = set(results)
    uses: list[list[int]] = []
    for step in reversed(steps):
        here = set(step[1]) | set(step[2])
        uses.append([place for place in here if place not in seen])
        seen |= here
    return uses[::-1]


def batch_size(name: str, specs: Sequence[Spec], arrays: Sequence[Array]) -> int | None:
    """The size that `B` has in `arrays`; an error where two of them disagree."""
    batch: int | None = None
    for spec, array in zip(specs, arrays, strict=True):
        for dim, size in zip(spec.shape, array.shape, strict=True):
            if dim is B:
                if batch is not None and size != batch:
                    raise InvalidArgumentError(
                        f"the inputs of {name} have different numbers of rows: {batch} and {size}"
                    )
                batch = size
    return batch
