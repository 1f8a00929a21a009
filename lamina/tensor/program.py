"""A Python function traced once: its graph, what feeds it, what it returns and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backends.base import Steps, compile_graph, compile_steps, interpret_graph
from ..core import nest
from ..core.config import config
from ..core.dtypes import STRING, Array
from ..core.shapes import B
from ..ir.bind import STATE, new_value, record
from ..ir.graph import Graph, Trace, tracing
from ..ir.value import Spec, Value
from ..passes.parting import Parts, part
from ..passes.pipeline import optimize
from ..prims.control import call_p
from .variable import Variable, locks_of

_TAKING = frozenset(("iterate", "produce"))  # primitives that ask for elements of datasets


class Static:
    """A leaf of a result that is no tensor: the same in every call."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Program:
    """`function` traced on inputs of types `specs`.

    `function` takes as many tensors and returns a structure of tensors. Variables that it reads
    and outer symbols become further inputs (`sources`); variables that it writes, further
    outputs. `eager`: it runs between eager operations, on the interpreter.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        specs: Sequence[Spec],
        *,
        eager: bool = False,
    ) -> None:
        self._compile = interpret_graph if eager else compile_graph
        self._ready: tuple[Any, Any] = (None, None)  # the backend in force when it was compiled
        self.arguments: Any = None
        trace = Trace(name)
        with tracing(trace):
            symbols = [trace.input(spec) for spec in specs]
            result = function(*symbols)
            self.structure = result
            leaves = [_leaf(item) for item in nest.flatten(result)]
        self.leaves = leaves
        self._is_one_tensor = not nest.is_nested(result) and isinstance(leaves[0], Value)
        tensors = [leaf for leaf in leaves if isinstance(leaf, Value)]
        self.tensor_count = len(tensors)
        self.written = [variable for variable, _ in trace.writes.values()]
        finals = [value for _, value in trace.writes.values()]
        self.graph: Graph = trace.graph([*tensors, *finals])
        # Elements may come from threads that write variables, too: they are not to wait for us.
        self._locks = [] if _takes_elements(self.graph) else locks_of(self.written)
        self.sources = list(trace.sources)

    def source_values(self) -> list[Value]:
        """The present values of variables and outer symbols, recorded as read."""
        return [Variable.read_value(s) if isinstance(s, Variable) else s for s in self.sources]

    def run(self, arguments: Sequence[Value]) -> Any:
        """The result on `arguments`; variables are written. Outside of traces."""
        for lock in self._locks:  # no other thread writes them between reading and writing
            lock.acquire()
        try:
            return self._run(arguments)
        finally:
            for lock in self._locks:
                lock.release()

    def _run(self, arguments: Sequence[Value]) -> Any:
        if STATE.recorders:
            values = (*arguments, *self.source_values())
            arrays = self._program()([value.array for value in values])
            outputs = tuple([new_value(array) for array in arrays])
            record(call_p, values, {"graph": self.graph}, outputs)
            tensors: Sequence[Any] = outputs
        else:
            sources = [s._value if isinstance(s, Variable) else s for s in self.sources]
            inputs = [value.array for value in (*arguments, *sources)]
            arrays = self._program()(inputs)
            if self._is_one_tensor and not self.written:
                return new_value(arrays[0])
            tensors = [new_value(array) for array in arrays[: self.tensor_count]]
        for variable, array in zip(self.written, arrays[self.tensor_count :], strict=True):
            variable.commit(array)
        return None if self.structure is None else self.rebuild(tensors[: self.tensor_count])

    def _program(self) -> Callable[..., list[Array]]:
        """The graph compiled by the backend in force."""
        force = config.backend, config.lanes
        if self._ready[0] != force:
            self._ready = force, self._compile(self.graph)
        program: Callable[..., list[Array]] = self._ready[1]
        return program

    def run_with(self, arrays: Sequence[Array], sources: Sequence[Array]) -> Any:
        """The result on other arrays than those of variables; nothing is written."""
        found = self._program()([*arrays, *sources])
        return self.rebuild([new_value(array) for array in found[: self.tensor_count]])

    def steps(self, arrays: Sequence[Array], rows: int, batch: int) -> ProgramSteps | None:
        """The program for `batch` rows of `arrays` at a time; None where the backend cannot."""
        specs = self.graph.input_specs[: len(arrays)]
        if any(B not in spec.shape for spec in specs):
            return None
        compiled = self._compiled()
        if compiled is not None:
            return ProgramSteps(self, compiled, arrays, rows, batch)
        parts = self._parts(len(arrays))
        if parts is None:
            return None
        compiled = compile_steps(parts.rest, self._carried_in(parts.rest))
        first = Prepared(parts)
        return (
            None if compiled is None else ProgramSteps(self, compiled, arrays, rows, batch, first)
        )

    def _parts(self, data: int) -> Parts | None:
        """What is done with strings once for all rows, and the rest."""
        found: Parts | None = self.graph.derived(
            ("parts", data), lambda: part(optimize(self.graph), data)
        )
        return found

    def carried(self) -> list[tuple[int, int]]:
        """Which results become which inputs of the next step: variables read and written."""
        return self._carried_in(self.graph)

    def _carried_in(self, graph: Graph) -> list[tuple[int, int]]:
        first = len(graph.inputs) - len(self.sources)
        places = {id(source): first + n for n, source in enumerate(self.sources)}
        return [
            (self.tensor_count + number, places[id(variable)])
            for number, variable in enumerate(self.written)
            if id(variable) in places
        ]

    def _compiled(self) -> Steps | None:
        """The program for many steps."""
        return compile_steps(self.graph, self.carried())

    def by_rows(self) -> bool:
        """Whether many rows may be worked on in one run, whatever a batch was meant to be."""
        if self.written or not any(B in spec.shape for spec in self.graph.input_specs):
            return False
        compiled = self._compiled()
        if compiled is None:
            parts = self._parts(len(self.graph.inputs) - len(self.sources))
            compiled = None if parts is None else compile_steps(parts.rest, [])
        return compiled is not None and compiled.by_rows

    def predictor(self, other: Callable[[Any], Any]) -> Any:
        """A function of compiled code from rows to rows, with the variables as they are now.

        None where the backend has no such form. What is no array of rows of the input's dtype and
        width, or too much for one thread, goes to `other`.
        """
        if not self.by_rows():
            return None
        compiled = self._compiled()
        if compiled is None:  # strings become numbers first
            return None
        sources = [s._value if isinstance(s, Variable) else s for s in self.sources]
        first = self.graph.input_specs[: len(self.graph.inputs) - len(sources)]
        shapes = [[1 if size is B else size for size in spec.shape] for spec in first]
        arrays = [np.zeros(shape, s.dtype) for shape, s in zip(shapes, first, strict=True)]
        return compiled.predictor([*arrays, *(value.array for value in sources)], other)  # type: ignore[list-item]

    def rebuild(self, tensors: Sequence[Any]) -> Any:
        """The structure of the result with `tensors` in it."""
        fresh = iter(tensors)
        leaves = [leaf.value if isinstance(leaf, Static) else next(fresh) for leaf in self.leaves]
        return nest.pack_sequence_as(self.structure, leaves)


class Prepared:
    """The data as a program without strings takes them."""

    def __init__(self, parts: Parts) -> None:
        self._kept = parts.kept
        self._first = interpret_graph(parts.first)
        read = {id(value) for node in parts.first.nodes for value in node.inputs}
        data = [value for value in parts.first.inputs if id(value) in read]
        # Strings are copies that nobody writes to; numbers may be a buffer that is filled anew.
        self._remembers = all(value.spec.dtype == STRING for value in data)
        self._last: tuple[Any, Any, list[Array]] = (None, None, [])

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """The data of `arrays`; of strings worked out once for the same memory."""
        place = [(array.ctypes.data, array.shape, array.strides) for array in arrays]
        if not self._remembers or self._last[0] != place:
            found = [*(arrays[number] for number in self._kept), *self._first(arrays)]
            self._last = place, arrays, found  # what lives keeps its place in memory
        return self._last[2]


class ProgramSteps:
    """A program run for many batches in native code; variables are read and written at will."""

    def __init__(
        self,
        program: Program,
        compiled: Steps,
        arrays: Sequence[Array],
        rows: int,
        batch: int,
        first: Callable[[Sequence[Array]], Sequence[Array]] | None = None,
    ) -> None:
        self._program, self._compiled = program, compiled
        self._first = first or (lambda data: data)
        self._arrays, self._rows, self._batch = self._first(arrays), rows, batch
        self._session = compiled.take(min(batch, rows))
        self._results: list[Array] = []
        self._grow = any(B in spec.shape for spec in program.graph.output_specs)

    def begin(self, order: Array | None = None) -> None:
        """Take variables as they are now, and rows in `order`: as many as were given before."""
        sources = [s._value if isinstance(s, Variable) else s for s in self._program.sources]
        inputs = [*self._arrays, *(value.array for value in sources)]
        self._session.feed(inputs, self._rows, self._batch)  # type: ignore[arg-type]
        self._session.order(order)
        if not self._results or self._grow:
            self._results = self._session.make_results()

    def replace(self, arrays: Sequence[Array], rows: int) -> None:
        """Let `begin` take other rows."""
        self._arrays, self._rows = self._first(arrays), rows

    def go_on(self, arrays: Sequence[Array], rows: int, order: Array | None) -> None:
        """Take other rows; variables stay what they are after the last step."""
        self.replace(arrays, rows)
        if self._session.exchange(self._arrays, rows):
            self._session.order(order)
        else:
            self.commit()
            self.begin(order)

    def run(self, first: int, last: int) -> None:
        """Steps `first` to `last`, the last one left out."""
        self._session.run(first, last)

    def commit(self) -> Any:
        """Write the variables; the result, that of the last step where it has no batch."""
        program = self._program
        arrays = [np.array(array) for array in self._session.collect(self._results)]
        for variable, array in zip(program.written, arrays[program.tensor_count :], strict=True):
            variable.commit(array)
        tensors = [new_value(array) for array in arrays[: program.tensor_count]]
        return None if program.structure is None else program.rebuild(tensors)

    def close(self) -> None:
        """Give the memory back."""
        self._compiled.give(self._session)


def _takes_elements(graph: Graph) -> bool:
    """Whether the program asks for elements of a dataset while it runs."""
    inner = [each for node in graph.nodes for each in node.params.values()]
    return any(node.primitive.name in _TAKING for node in graph.nodes) or any(
        isinstance(each, Graph) and _takes_elements(each) for each in inner
    )


def _leaf(item: Any) -> Any:
    if isinstance(item, Variable):
        return item.read_value()
    if not isinstance(item, Value):
        return Static(item)
    is_known_text = item.array is not None and item.spec.dtype == STRING
    return Static(item) if is_known_text else item  # text would keep a program from being native
