"""A graph written anew by rules, node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import STRING, Array
from ..core.shapes import B
from ..ir.bind import new_value
from ..ir.graph import Graph
from ..ir.primitive import PRIMITIVES
from ..ir.value import Node, Spec, Value
from ..prims.broadcast import repeat_view

# What a node gives, by other means: its value (a tuple of them for several), or None.
Rule = Callable[["Rewriter", Node], Any]

_LARGEST = 1 << 16  # elements of a constant that are looked at


class Rewriter:
    """Writes a graph anew and lets rules replace its nodes.

    Rules ask what made a value (`maker`) and which number it repeats (`number`), and `add` nodes,
    which rules may replace in turn. So one walk over the nodes reaches a state where no rule that
    looks backwards has anything left to do.
    """

    def __init__(self, graph: Graph, rules: Mapping[str, Sequence[Rule]]) -> None:
        self._graph = graph
        self._rules = rules
        self._nodes: list[Node] = []
        self._known: dict[int, Value] = {}  # what stands for a value of `graph`, by its id
        self._makers: dict[int, Node] = {}
        self._numbers: dict[int, tuple[Value, Array | None]] = {}
        self._clamped: dict[tuple[str, int, bytes], Value] = {}
        self.rows = _rows(graph)

    def result(self) -> Graph:
        """The whole graph, written anew."""
        for node in self._graph.nodes:
            inputs = tuple([self._known.get(id(value), value) for value in node.inputs])
            found = self._write(Node(node.primitive, inputs, node.params, node.outputs))
            for old, new in zip(node.outputs, found, strict=True):
                if new is not old:
                    assert new.spec == old.spec, f"a rule of {node.primitive!r} changes a type"
                    self._known[id(old)] = new
        outputs = [self._known.get(id(value), value) for value in self._graph.outputs]
        return Graph(self._graph.name, self._graph.inputs, self._nodes, outputs)

    # What rules use -------------------------------------------------------------------------------

    def add(self, name: str, *inputs: Value, **params: Any) -> Value:
        """The one result of a primitive, by a new node or by what rules know of it."""
        primitive = PRIMITIVES[name]
        spec: Any = primitive.infer(*[value.spec for value in inputs], **params)
        output = new_value(None, spec)
        return self._write(Node(primitive, inputs, params, (output,)))[0]

    def maker(self, value: Value, name: str) -> Node | None:
        """The node that made `value`, if it applies the primitive of this name."""
        node = self._makers.get(id(value))
        return node if node is not None and node.primitive.name == name else None

    def number(self, value: Value) -> Array | None:
        """The number that `value` has everywhere, of rank 0, if that is known."""
        key = id(value)
        if key not in self._numbers:
            self._numbers[key] = value, self._find_number(value)
        return self._numbers[key][1]

    def fill(self, spec: Spec, number: Array) -> Value:
        """`number` everywhere, as a value of type `spec`."""
        if B in spec.shape:
            return self.add("fill", shape=spec.shape, value=number.item(), dtype=spec.dtype)
        value: Value = new_value(repeat_view(np.array(number, spec.dtype), spec.shape))  # type: ignore[arg-type]
        return value

    def constant(self, array: Array) -> Value:
        """`array` as a value; a view without a copy where it repeats one number."""
        number = repeated_number(array)
        if number is not None:
            return self.fill(Spec(array.shape, array.dtype), number)
        fixed = array.view()
        fixed.flags.writeable = False
        value: Value = new_value(fixed)
        return value

    def clamped(self, name: str, value: Value, bound: Array) -> Value | None:
        """The `maximum` or `minimum` of `value` and a number, if the graph has it already."""
        return self._clamped.get((name, id(value), bound.tobytes()))

    # Writing --------------------------------------------------------------------------------------

    def _write(self, node: Node) -> tuple[Value, ...]:
        name = node.primitive.name
        for rule in (*self._rules.get(name, ()), *self._rules[""]):
            found = rule(self, node)
            if found is not None:
                return found if isinstance(found, tuple) else (found,)
        self._nodes.append(node)
        for value in node.outputs:
            self._makers[id(value)] = node
        if name in ("maximum", "minimum"):
            self._note_clamp(node)
        return node.outputs

    def _note_clamp(self, node: Node) -> None:
        for value, bound in (node.inputs, node.inputs[::-1]):
            number = self.number(bound)
            if number is not None:
                key = node.primitive.name, id(value), number.tobytes()
                self._clamped.setdefault(key, node.outputs[0])

    def _find_number(self, value: Value) -> Array | None:
        if value.array is not None:
            return repeated_number(value.array)
        node = self.maker(value, "fill")
        if node is None or node.params["dtype"] == STRING:
            return None
        return np.asarray(node.params["value"], node.params["dtype"])


def repeated_number(array: Array) -> Array | None:
    """The number, of rank 0, whose bits stand everywhere in `array`, if so."""
    if not array.size or array.dtype == STRING:
        return None
    first = array[(0,) * array.ndim]
    if any(array.strides) and array.size > 1:
        if array.size > _LARGEST:
            return None
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        words: Array = content.reshape(array.size, -1)
        if not (words == words[0]).all():
            return None
    return np.asarray(first, array.dtype)


def _rows(graph: Graph) -> tuple[Value, int] | None:
    """An input and the axis along which its size is that of the batch."""
    for value in graph.inputs:
        if B in value.spec.shape:
            return value, value.spec.shape.index(B)
    return None
