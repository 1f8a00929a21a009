"""What a program is made of, as text: equal texts are the same program."""

from __future__ import annotations

from ...core.dtypes import Array
from ...ir.graph import Graph
from ...ir.value import Value
from ...passes.rewriter import repeated_number


def arrays_of(graph: Graph) -> list[Array]:
    """The constants of a graph, in the order in which its nodes name them."""
    found: dict[int, Array] = {}
    for value in (*(v for node in graph.nodes for v in node.inputs), *graph.outputs):
        if value.array is not None:
            found.setdefault(id(value.array), value.array)
    return list(found.values())


def text_of(graph: Graph) -> str:
    """Every node with what it reads by number, types and parameters; constants by number, too.

    A constant that repeats one number is part of the program, so its bits are here; the data of
    others are not.
    """
    names: dict[int, str] = {}
    arrays = {id(array): f"c{place}" for place, array in enumerate(arrays_of(graph))}

    def name(value: Value) -> str:
        if value.array is not None:
            return arrays[id(value.array)]
        return names.setdefault(id(value), f"v{len(names)}")

    lines = [f"{name(value)} {value.spec!r}" for value in graph.inputs]
    for array in arrays_of(graph):
        number = repeated_number(array)
        content = "data" if number is None else number.tobytes().hex()
        lines.append(f"{arrays[id(array)]} {array.dtype} {array.shape} {content}")
    for node in graph.nodes:
        params = " ".join(f"{key}={value!r}" for key, value in sorted(node.params.items()))
        read = " ".join(map(name, node.inputs))
        made = " ".join(f"{name(value)} {value.spec!r}" for value in node.outputs)
        lines.append(f"{made} = {node.primitive.name} {read} {params}")
    lines.append(f"return {' '.join(map(name, graph.outputs))}")
    return "\n".join(lines)
