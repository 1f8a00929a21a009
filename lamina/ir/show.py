"""Graphs as text with stable names."""

from __future__ import annotations

from typing import Any

from .graph import Graph
from .value import Value


def show(graph: Graph, indent: str = "") -> str:
    """One line a node: `%3: float32[B, 16] = add %1, %2`."""
    names: dict[int, str] = {}
    lines = []

    def name(value: Value) -> str:
        if id(value) not in names and value.array is not None:
            return _constant(value)
        return names.setdefault(id(value), f"%{len(names)}")

    arguments = ", ".join(f"{name(value)}: {value.spec!r}" for value in graph.inputs)
    lines.append(f"{indent}{graph.name}({arguments}):")
    for node in graph.nodes:
        inputs = ", ".join(name(value) for value in node.inputs)
        outputs = ", ".join(f"{name(value)}: {value.spec!r}" for value in node.outputs)
        subgraphs = [v for v in node.params.values() if isinstance(v, Graph)]
        params = " ".join(f"{key}={_param(value)}" for key, value in sorted(node.params.items()))
        lines.append(f"{indent}  {outputs} = {node.primitive.name} {inputs} {params}".rstrip())
        lines += [show(subgraph, indent + "    ") for subgraph in subgraphs]
    lines.append(f"{indent}  return {', '.join(name(value) for value in graph.outputs)}")
    return "\n".join(lines)


def _constant(value: Value) -> str:
    assert value.array is not None
    if value.array.size == 1:
        return f"{value.array.item()!r}"
    return f"<{value.spec!r}>"


def _param(value: Any) -> str:
    return value.name if isinstance(value, Graph) else repr(value).replace(" ", "")
