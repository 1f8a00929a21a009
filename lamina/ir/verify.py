"""The verifier: a graph is well formed and its types are what the primitives say."""

from __future__ import annotations

from ..core.errors import FailedPreconditionError
from .graph import Graph
from .value import Spec


def verify(graph: Graph) -> Graph:
    """`graph` itself, or an error that names the first node that is wrong."""
    known = {id(value) for value in graph.inputs}
    if len(known) != len(graph.inputs):
        raise FailedPreconditionError(f"{graph.name}: an input stands twice")
    for number, node in enumerate(graph.nodes):
        place = f"{graph.name}, node {number} ({node.primitive.name})"
        for value in node.inputs:
            if value.array is None and id(value) not in known:
                raise FailedPreconditionError(f"{place}: an input is not defined before")
        specs = node.primitive.infer(*[value.spec for value in node.inputs], **node.params)
        specs = (specs,) if isinstance(specs, Spec) else specs
        found = tuple(value.spec for value in node.outputs)
        if tuple(specs) != found:
            raise FailedPreconditionError(f"{place}: results are {found}, the rule says {specs}")
        for value in node.outputs:
            if id(value) in known:
                raise FailedPreconditionError(f"{place}: a result is defined twice")
            known.add(id(value))
        for parameter in node.params.values():
            if isinstance(parameter, Graph):
                verify(parameter)
    for value in graph.outputs:
        if value.array is None and id(value) not in known:
            raise FailedPreconditionError(f"{graph.name}: an output is never computed")
    return graph
