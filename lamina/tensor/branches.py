"""Branches and loops as programs inside the program that is traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..core.dtypes import BOOL
from ..core.errors import InvalidArgumentError
from ..core.shapes import B, element_count
from ..ir.bind import STATE, new_value
from ..ir.graph import Graph, Trace, tracing
from ..ir.value import Spec, Value
from ..prims import control
from ..prims import elementwise as prim
from ..prims.broadcast import fill, reshape
from .convert import to_tensor
from .variable import Variable


class Part:
    """Code traced into a graph of its own; what it returns is chosen after it ran."""

    def __init__(self, name: str, specs: Sequence[Spec] = ()) -> None:
        self.trace = Trace(name)
        self.symbols = [self.trace.input(spec) for spec in specs]
        self.count = 0

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function` returns in this trace."""
        with tracing(self.trace):
            return function(*arguments)

    def finish(self, outputs: Sequence[Value]) -> None:
        """Let the graph return `outputs`, and the last values of the variables written."""
        self.count = len(outputs)
        finals = [value for _, value in self.trace.writes.values()]
        self.graph = self.trace.graph([*outputs, *finals])

    @property
    def written(self) -> list[Any]:
        """The variables that the code assigns."""
        return [variable for variable, _ in self.trace.writes.values()]

    def inputs_for(self, sources: Sequence[Any]) -> tuple[list[Value], dict[int, Value]]:
        """Inputs for `sources` after the part's own, and what each source became."""
        own = len(self.symbols)
        known = dict(zip(map(id, self.trace.sources), self.graph.inputs[own:], strict=True))
        for source in sources:
            if id(source) not in known:
                known[id(source)] = new_value(None, source.spec)
        places = {id(source): known[id(source)] for source in sources}
        return [*self.graph.inputs[:own], *places.values()], places

    def finals(self, written: Sequence[Any], places: dict[int, Value]) -> list[Value]:
        """The last values of `written`; one that the part leaves alone keeps its input."""
        last = dict(zip(map(id, self.written), self.graph.outputs[self.count :], strict=True))
        return [last.get(id(variable), places[id(variable)]) for variable in written]


def union(*groups: Iterable[Any]) -> list[Any]:
    """Distinct things by identity, in order."""
    return list({id(item): item for group in groups for item in group}.values())


def _with_batch(sources: list[Any], own: Sequence[Any] = ()) -> list[Any]:
    """`sources` and, where none of them tells the batch size, an input of the trace that does."""
    if any(B in value.spec.shape for value in (*own, *sources)):
        return sources
    inputs = [] if STATE.trace is None else STATE.trace.inputs
    return [*sources, *[value for value in inputs if B in value.spec.shape][:1]]


def present(sources: Sequence[Any]) -> list[Any]:
    """The values of variables and outer symbols where the caller is."""
    return [Variable.read_value(s) if isinstance(s, Variable) else s for s in sources]


def truth(pred: Any) -> Any:
    """A condition as a boolean scalar: anything but zero holds."""
    pred = to_tensor(pred)
    shape = pred.spec.shape
    if shape != ():
        if B in shape or element_count(shape) != 1:
            raise InvalidArgumentError(f"a condition is a scalar; got shape {shape}")
        pred = reshape(pred, ())
    if pred.spec.dtype != BOOL:
        zero = fill((), 0, pred.spec.dtype)
        pred = prim.logical_not(prim.equal(pred, zero))
    return pred


def bind_cond(pred: Any, parts: Sequence[Part], outputs: Sequence[Sequence[Value]]) -> list[Any]:
    """The outputs of one of two parts, which have equal types; variables are assigned."""
    for part, values in zip(parts, outputs, strict=True):
        part.finish(values)
    written = union(*(part.written for part in parts))
    sources = _with_batch(union(*(part.trace.sources for part in parts), written))
    graphs = []
    for part in parts:
        inputs, places = part.inputs_for(sources)
        results = [*part.graph.outputs[: part.count], *part.finals(written, places)]
        graphs.append(Graph(part.graph.name, inputs, part.graph.nodes, results))
    found = control.cond(pred, graphs[0], graphs[1], present(sources))
    count = parts[0].count
    for variable, value in zip(written, found[count:], strict=True):
        variable.assign(value)
    return list(found[:count])


def bind_dataset_loop(
    body: Part,
    outputs: Sequence[Value],
    leaves: Sequence[Any],
    elements: Callable[[], Any],
    lead: int,
    stop: int | None,
) -> list[Any]:
    """`body` for each of `elements`, whose arrays are its first `lead` inputs."""
    body.finish(outputs)
    written = body.written
    sources = union(written, body.trace.sources)
    graph_inputs, places = body.inputs_for(sources)
    if any(B in spec.shape for spec in (value.spec for value in (*leaves, *sources))):
        raise InvalidArgumentError(
            "a loop over a dataset reads rows of the function's own batch; there is one symbolic "
            "size only"
        )
    results = [*body.graph.outputs[: body.count], *body.finals(written, places)]
    graph = Graph(body.graph.name, graph_inputs, body.graph.nodes, results)
    found = control.iterate(graph, [*leaves, *present(sources)], elements, lead, stop)
    count = len(leaves)
    for variable, value in zip(written, found[count:], strict=True):
        variable.assign(value)
    return list(found[:count])


def bind_loop(
    test: Part, body: Part, outputs: Sequence[Sequence[Value]], leaves: Sequence[Any], limit: Any
) -> list[Any]:
    """`body` again and again on `leaves` while `test` holds; variables are assigned."""
    for part, values in zip((test, body), outputs, strict=True):
        part.finish(values)
    if test.written:
        raise InvalidArgumentError("the condition of while_loop must not assign to variables")
    written = body.written
    sources = _with_batch(union(written, test.trace.sources, body.trace.sources), leaves)
    graphs = []
    for part in (test, body):
        inputs, places = part.inputs_for(sources)
        results = list(part.graph.outputs[: part.count])
        if part is body:
            results += body.finals(written, places)
        graphs.append(Graph(part.graph.name, inputs, part.graph.nodes, results))
    found = control.while_loop(graphs[0], graphs[1], [*leaves, *present(sources)], limit)
    count = len(leaves)
    for variable, value in zip(written, found[count:], strict=True):
        variable.assign(value)
    return list(found[:count])
