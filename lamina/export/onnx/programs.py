"""Branches, loops and look-ups of strings, as operators of ONNX; the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.dtypes import BOOL, INT64, STRING
from ...core.errors import UnimplementedError
from ...ir.graph import Graph
from ...ir.value import Node, Spec
from ...prims.text import LookUp
from . import arrays, elementwise
from .patterns import planned
from .writer import Writer

Rule = Callable[[Writer, Node], Any]


def write_nodes(writer: Writer, graph: Graph) -> list[str]:
    """Write all that the outputs of a graph need; the names of the outputs."""
    nodes, fused = planned(graph)
    for node in nodes:
        own = fused.get(id(node))
        if own is None:
            found = _rule(node)(writer, node)
        else:
            inputs = [writer.name(value) for value in own.inputs[:2]]
            inputs += [writer.loose(value).name for value in own.inputs[2:]]
            dtype = node.outputs[0].spec.dtype
            found = writer.compute(own.operator, dtype, *inputs, **own.attributes)
        several = found if isinstance(found, list) else [found]
        for value, result in zip(node.outputs, several, strict=True):
            writer.put(value, result)
    return [writer.name(value) for value in graph.outputs]


def _rule(node: Node) -> Rule:
    name = node.primitive.name
    if name in RULES:
        return RULES[name]
    raise UnimplementedError(f"ONNX has nothing for the primitive {name!r}: {REASONS[name]}")


def _call(writer: Writer, node: Node) -> list[str]:
    writer.bind(node.params["graph"], [writer.name(value) for value in node.inputs])
    return write_nodes(writer, node.params["graph"])


def _part(writer: Writer, graph: Graph, names: Sequence[str]) -> tuple[list[Any], list[str]]:
    """The nodes of a graph on known tensors, and new names of its outputs."""
    with writer.scope() as nodes:
        writer.bind(graph, names)
        results = [writer.node("Identity", name) for name in write_nodes(writer, graph)]
    return nodes, results


def _types(writer: Writer, names: Sequence[str], specs: Sequence[Spec]) -> list[Any]:
    return [writer.information(name, spec) for name, spec in zip(names, specs, strict=True)]


def _cond(writer: Writer, node: Node) -> list[str]:
    condition, *names = [writer.name(value) for value in node.inputs]
    branches = {}
    for key, attribute in (("then", "then_branch"), ("otherwise", "else_branch")):
        graph = node.params[key]
        nodes, results = _part(writer, graph, names)
        outputs = _types(writer, results, graph.output_specs)
        branches[attribute] = writer.graph(graph.name, nodes, [], outputs)
    return writer.several("If", [condition], len(node.outputs), **branches)


def _while_loop(writer: Writer, node: Node) -> list[str]:
    """The condition is computed before the loop and at the end of each turn."""
    condition, body, limit = (node.params[key] for key in ("condition", "body", "limit"))
    names = [writer.name(value) for value in node.inputs]
    count = len(body.outputs)
    start = _condition(writer, condition, names)
    turn, going = writer.fresh("turn"), writer.fresh("going")
    own = [writer.fresh("carried") for _ in range(count)]
    with writer.scope() as nodes:
        writer.bind(body, [*own, *names[count:]])
        after = [writer.node("Identity", name) for name in write_nodes(writer, body)]
        goes_on = writer.node("Identity", _condition(writer, condition, [*after, *names[count:]]))
    flag = Spec((), BOOL)
    specs = body.output_specs
    inputs = [writer.information(turn, Spec((), INT64)), writer.information(going, flag)]
    outputs = [writer.information(goes_on, flag), *_types(writer, after, specs)]
    graph = writer.graph(body.name, nodes, [*inputs, *_types(writer, own, specs)], outputs)
    most = "" if limit is None else writer.scalar(limit, INT64)
    return writer.several("Loop", [most, start, *names[:count]], count, body=graph)


def _condition(writer: Writer, condition: Graph, names: Sequence[str]) -> str:
    writer.bind(condition, names)
    return write_nodes(writer, condition)[0]


def _map_text(writer: Writer, node: Node) -> str:
    """A table from strings or integers to strings or integers."""
    function, dtype = node.params["function"], node.params["dtype"]
    if not isinstance(function, LookUp):
        raise UnimplementedError(
            "ONNX has nothing for this work on strings: only look-ups in a vocabulary with one "
            "index for what is unknown are exported (StringLookup, IntegerLookup). Do the rest "
            "before the model, and export the model behind it."
        )
    (x,) = node.inputs
    name = writer.name(x)
    if x.spec.dtype not in (STRING, INT64):
        name = writer.cast(name, INT64)
    keys, values = list(function.table), list(function.table.values())
    kind, to = ("strings" if each == STRING else "int64s" for each in (x.spec.dtype, dtype))
    default = {f"default_{to.removesuffix('s')}": function.other}
    table = {f"keys_{kind}": keys, f"values_{to}": values, **default}
    (found,) = writer.several("LabelEncoder", [name], 1, domain="ai.onnx.ml", **table)
    return found if dtype in (STRING, INT64) else writer.cast(found, dtype)


RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **arrays.RULES,
    "call": _call,
    "cond": _cond,
    "while_loop": _while_loop,
    "map_text": _map_text,
}
"""By primitive the operators that do its work: a name, or what repeats to it, or several."""

_NO_OPERATOR = "there is no such operator"
_TRAINING = "it belongs to gradients, which no inference has"
_DATA = "it reads a dataset while it runs"
_GONE = "inference_graph leaves it out"
REASONS = {
    "erf_inverse": _NO_OPERATOR,
    "bitcast": f"{_NO_OPERATOR} (tf.bitcast)",
    "random_bits": "random numbers of lamina are its own; leave them out of call(training=False)",
    **dict.fromkeys(
        ("inverse", "solve", "cholesky", "eigh", "svd", "qr", "lu", "slogdet", "pinv"),
        "there are no operators of linear algebra but the determinant",
    ),
    "while_gradient": _TRAINING,
    "iterate": _DATA,
    "produce": _DATA,
    **dict.fromkeys(("attach_gradient", "check", "observe", "stop_gradient"), _GONE),
}
"""Why a primitive has no rule."""
