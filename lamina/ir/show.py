"""Graphs as text with stable names."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import Array, type_name
from .graph import Graph
from .value import Value

_SMALL = 1 << 13  # elements of a constant that are looked at


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
        words = [f"{indent}  {outputs} =", node.primitive.name, inputs, params]
        lines.append(" ".join(filter(None, words)))
        lines += [show(subgraph, indent + "    ") for subgraph in subgraphs]
    lines.append(f"{indent}  return {', '.join(name(value) for value in graph.outputs)}")
    return "\n".join(lines)


def _constant(value: Value) -> str:
    """A number; what repeats one number as `<0.5: float32[B, 3]>`; else a type."""
    array = value.array
    assert array is not None
    if array.size == 1:
        return f"{array.item()!r}"
    return f"<{_repeated(array)}{value.spec!r}>"


def _repeated(array: Array) -> str:
    if not array.size or array.dtype.kind == "O":
        return ""
    first = array[(0,) * array.ndim]
    repeats = not any(array.strides) or (
        array.size <= _SMALL and array.tobytes() == first.tobytes() * array.size
    )
    return f"{first.item()!r}: " if repeats else ""


def _param(value: Any) -> str:
    if isinstance(value, Graph):
        return value.name
    if isinstance(value, np.dtype):
        return type_name(value)
    if isinstance(value, np.generic):
        value = value.item()
    if callable(value):
        return str(getattr(value, "__name__", type(value).__name__))
    return repr(value).replace(" ", "")
