"""Nodes that are one operator of ONNX together: products with a bias, ReLU, softmax."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from ...ir.graph import Graph
from ...ir.value import Node, Value
from ...prims.broadcast import keep_axes


class Fused(NamedTuple):
    """One operator instead of a node and of those that it alone reads."""

    operator: str
    inputs: tuple[Value, ...]
    attributes: dict[str, Any]


class Matcher:
    """What made the values of a graph, and how often they are read."""

    def __init__(self, graph: Graph) -> None:
        self.makers = {id(value): node for node in graph.nodes for value in node.outputs}
        self.reads = Counter(id(value) for node in graph.nodes for value in node.inputs)
        self.reads.update(map(id, graph.outputs))

    def made(self, value: Value, *names: str) -> Node | None:
        """The node that made `value` if its primitive is the first name, its first input the next.

        With several names the node at the end of the chain.
        """
        node = None
        for name in names:
            value = value if node is None else node.inputs[0]
            node = self.makers.get(id(value))
            if node is None or node.primitive.name != name:
                return None
        return node

    def reduced(self, value: Value, name: str) -> Node | None:
        """The reduction of this name that `value` repeats along the axes that it lost."""
        node, kept = self.made(value, "broadcast", "reshape", name), self.made(value, "broadcast")
        if node is None or kept is None:
            return None
        same = kept.inputs[0].spec.shape == keep_axes(value.spec.shape, node.params["axes"])
        return node if same else None

    def number(self, value: Value) -> Any:
        """The number that `value` repeats, if that is plain."""
        node = self.made(value, "fill")
        if node is not None:
            return node.params["value"]
        array = value.array
        if array is None or not array.size or (any(array.strides) and array.size > 1):
            return None
        return array.flat[0]


def _product_with_bias(matcher: Matcher, node: Node) -> Fused | None:
    for value, bias in (node.inputs, node.inputs[::-1]):
        product = matcher.made(value, "matmul")
        spec = value.spec
        if product is None or matcher.reads[id(value)] > 1 or len(spec.shape) != 2:
            continue
        if spec.dtype.name in ("float32", "float64"):
            flags = {
                "transA": int(product.params["transpose_x"]),
                "transB": int(product.params["transpose_y"]),
            }
            return Fused("Gemm", (*product.inputs, bias), flags)
    return None


def _relu(matcher: Matcher, node: Node) -> Fused | None:
    for value, bound in (node.inputs, node.inputs[::-1]):
        number = matcher.number(bound)
        if number is not None and value.spec.dtype.kind == "f" and number == 0:
            return Fused("Relu", (value,), {})
    return None


def _softmax(matcher: Matcher, node: Node) -> Fused | None:
    """e^(x - max x) / Σ e^(x - max x) along one axis."""
    top, bottom = node.inputs
    power = matcher.made(top, "exp")
    total = matcher.reduced(bottom, "reduce_sum")
    if power is None or total is None or total.inputs[0] is not top:
        return None
    shifted = matcher.made(power.inputs[0], "subtract")
    if shifted is None:
        return None
    x = shifted.inputs[0]
    largest = matcher.reduced(shifted.inputs[1], "reduce_max")
    axes = total.params["axes"]
    if largest is None or largest.inputs[0] is not x or largest.params["axes"] != axes:
        return None
    return Fused("Softmax", (x,), {"axis": axes[0]}) if len(axes) == 1 else None


PATTERNS = {"add": _product_with_bias, "maximum": _relu, "divide": _softmax}
"""By the primitive of the last node."""


def planned(graph: Graph) -> tuple[list[Node], dict[int, Fused]]:
    """The nodes to write in their order, and those to write as one operator, by their id."""
    matcher = Matcher(graph)
    fused: dict[int, Fused] = {}
    for node in graph.nodes:
        match = PATTERNS.get(node.primitive.name)
        found = None if match is None else match(matcher, node)
        if found is not None:
            fused[id(node)] = found
    needed = {id(value) for value in graph.outputs}
    kept = []
    for node in reversed(graph.nodes):
        if any(id(value) in needed for value in node.outputs):
            kept.append(node)
            own = fused.get(id(node))
            needed.update(map(id, node.inputs if own is None else own.inputs))
    return kept[::-1], fused
