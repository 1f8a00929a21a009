"""Branches and loops: Python decides which program runs; the programs are native.

A loop whose variables have no batch runs in one call, turn after turn, as a program that carries
its variables and says after each turn whether there is another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.graph import Graph, trace_graph
from ...ir.interpret import Program, interpreter
from ...ir.reverse import differentiate, is_differentiable
from ...ir.rewrite import inline
from ...passes.dead_code import has_effect
from ...passes.pipeline import optimize
from .kernels import Unsupported
from .program import NativeProgram
from .session import count_rows

Compile = Callable[[Graph], Program]
Driver = Callable[[Graph, Compile], Program]

_SLICE = 0.05  # seconds of turns between two looks at Ctrl-C
_MOST = 1 << 40  # turns of a loop without a limit


class _Later:
    """A program that is compiled when it first runs: most branches never do."""

    def __init__(self, graph: Graph, compiled: Compile) -> None:
        self._graph, self._compile = graph, compiled
        self._program: Program | None = None

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        if self._program is None:
            self._program = self._compile(self._graph)
        return self._program(arrays)


def _arguments(part: Graph) -> Callable[[Sequence[Array]], list[Array]]:
    """From the inputs of a graph with one node to the inputs of the node."""
    (node,) = part.nodes
    places = {id(value): place for place, value in enumerate(part.inputs)}
    found = [(places.get(id(value)), value.array) for value in node.inputs]

    def read(arrays: Sequence[Array]) -> list[Array]:
        return [array if place is None else arrays[place] for place, array in found]  # type: ignore[misc]

    return read


def _results(part: Graph) -> Callable[[Sequence[Array]], list[Array]]:
    """From the results of the node to those of the graph."""
    (node,) = part.nodes
    places = {id(value): place for place, value in enumerate(node.outputs)}
    wanted = [places[id(value)] for value in part.outputs]
    return lambda arrays: [arrays[place] for place in wanted]


def _around(part: Graph, run: Program) -> Program:
    read, give = _arguments(part), _results(part)
    return lambda arrays: give(run(read(arrays)))


def _call(part: Graph, compiled: Compile) -> Program:
    return _around(part, _Later(part.nodes[0].params["graph"], compiled))


def _cond(part: Graph, compiled: Compile) -> Program:
    params = part.nodes[0].params
    then, otherwise = (_Later(params[name], compiled) for name in ("then", "otherwise"))

    def run(arrays: Sequence[Array]) -> list[Array]:
        return (then if arrays[0] else otherwise)(arrays[1:])

    return _around(part, run)


def _while_loop(part: Graph, compiled: Compile) -> Program:
    params = part.nodes[0].params
    condition, body, limit = params["condition"], params["body"], params["limit"]
    try:
        return _around(part, _NativeLoop(condition, body, limit))
    except Unsupported:
        return _around(part, _Loop(condition, body, limit, compiled))


def _turn(condition: Graph, body: Graph) -> Graph:
    """One turn: the variables after it, and whether there is another one."""
    count = len(body.outputs)

    def turn(*values: Any) -> list[Any]:
        state = inline(body, values)
        return [*state, *inline(condition, [*state, *values[count:]])]

    return optimize(trace_graph(body.name, turn, body.input_specs)[0])


class _Loop:
    """Turn by turn, each of them a program."""

    def __init__(self, condition: Graph, body: Graph, limit: int | None, compiled: Compile) -> None:
        self._first = interpreter(condition)
        self._turn = _Later(_turn(condition, body), compiled)
        self._count, self._limit = len(body.outputs), limit

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        count, passes = self._count, 0
        state, constants = list(arrays[:count]), arrays[count:]
        goes_on = self._first(arrays)[0]
        while goes_on and (self._limit is None or passes < self._limit):
            *state, goes_on = self._turn([*state, *constants])
            passes += 1
        return state


class _NativeLoop:
    """All turns in one call of native code."""

    def __init__(self, condition: Graph, body: Graph, limit: int | None) -> None:
        count = len(body.outputs)
        if not count or any(B in spec.shape for spec in body.output_specs):
            raise Unsupported(None, "a loop that carries rows")
        turn = _turn(condition, body)
        if any(has_effect(node) for node in turn.nodes):
            raise Unsupported(None, "a loop that prints or checks")
        flag = trace_graph("flag", lambda x: [x], [turn.output_specs[-1]])[0].inputs[0]
        graph = Graph(turn.name, [*turn.inputs, flag], turn.nodes, turn.outputs)
        guard = len(turn.inputs)
        carried = [*[(place, place) for place in range(count)], (count, guard)]
        self._program = NativeProgram(graph, carried, guard)
        self._first = interpreter(condition)
        self._limit = _MOST if limit is None else limit

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        program, count = self._program, len(self._program.output_specs) - 1
        goes_on = self._first(arrays)[0]
        rows = count_rows(program.name, program.input_specs, [*arrays, goes_on])
        if not goes_on or not self._limit:
            return list(arrays[:count])
        session = program.take(max(rows, 1))
        try:
            session.feed([*arrays, np.asarray(goes_on)], rows, rows)
            session.order(None)
            results = session.make_results()
            done, size = 0, 1
            while done < self._limit and session.goes_on():
                stop = min(done + size, self._limit)
                begin = time.perf_counter()
                session.run(done, stop)
                pace = (stop - done) / max(time.perf_counter() - begin, 1e-7)
                done, size = stop, max(1, min(8 * size, int(pace * _SLICE)))
            return session.collect(results)[:count]
        finally:
            program.give(session)


def _while_gradient(part: Graph, compiled: Compile) -> Program:
    """Backwards over the stored states, the derivative of the body once a turn."""
    params = part.nodes[0].params
    condition, body, given = params["condition"], params["body"], params["given"]
    limit, count = params["limit"], len(body.outputs)
    flows = tuple(i for i, spec in enumerate(body.input_specs) if is_differentiable(spec))
    outs = tuple(i for i in range(count) if is_differentiable(body.outputs[i].spec))
    forward = _Later(_turn(condition, body), compiled)
    backward = _Later(optimize(differentiate(body, flows, outs)), compiled)
    first = interpreter(condition)

    def run(arguments: Sequence[Array]) -> list[Array]:
        size = len(arguments) - len(given)
        xs, incoming = arguments[:size], arguments[size:]
        states: list[list[Array]] = []
        state, goes_on = list(xs), first(xs)[0]
        while goes_on and (limit is None or len(states) < limit):
            states.append(state)
            *state, goes_on = forward(state)
            state += xs[count:]
        totals = [np.zeros_like(x) for x in xs]
        for place, g in zip(given, incoming, strict=True):
            totals[place] = g
        for state in reversed(states):
            results = backward([*state, *(totals[i] for i in outs)])
            for place, found in zip(flows, results, strict=True):
                # An array in any case: NumPy's sum of two numbers is none, and has no address.
                totals[place] = found if place < count else np.asarray(totals[place] + found)
        return [totals[place] for place in flows]

    return _around(part, run)


def _iterate(part: Graph, compiled: Compile) -> Program:
    """Python takes the elements; a program works on each, and carries the variables."""
    params = part.nodes[0].params
    body, elements, lead, stop = (params[name] for name in ("body", "elements", "lead", "stop"))
    count = len(body.outputs)
    turn = _Later(body, compiled)
    rows = [spec.shape[:1] == (B,) for spec in body.input_specs]
    steps = None
    if stop is None and all(rows[:lead]) and lead and count and not any(rows[lead:]):
        with suppress(Unsupported):
            steps = NativeProgram(body, [(place, lead + place) for place in range(count)])

    def run(arrays: Sequence[Array]) -> list[Array]:
        state, constants = list(arrays[:count]), arrays[count:]
        given = elements()
        if steps is not None:
            return _natively(steps, given, state, constants)
        for element in given:
            state = turn([*element, *state, *constants])
            if stop is not None and state[stop]:
                break
        return state

    return _around(part, run)


def _natively(
    program: NativeProgram, given: Any, state: list[Array], constants: Sequence[Array]
) -> list[Array]:
    """The variables stay in native memory from element to element."""
    session: Any = None
    results: list[Array] = []
    try:
        for element in given:
            rows = count_rows(program.name, program.input_specs[: len(element)], element)
            if rows == 0:  # an element without rows: its turn is for the interpreter
                state = _collected(program, session, results, state)
                session = None
                state = interpreter(program.graph)([*element, *state, *constants])
                continue
            if session is None or rows > session.capacity:
                state = _collected(program, session, results, state)
                session = program.take(rows)
                session.feed([*element, *state, *constants], rows, rows)
                session.order(None)
                results = session.make_results()
            else:
                session.feed_rows(element, rows)
            session.run(0, 1)
        state = _collected(program, session, results, state)
        session = None
        return state
    finally:
        if session is not None:
            program.give(session)


def _collected(
    program: NativeProgram, session: Any, results: list[Array], state: list[Array]
) -> list[Array]:
    """The variables out of native memory; they are as before where no turn was made there."""
    if session is None:
        return state
    found: list[Array] = session.collect(results)
    program.give(session)
    return found


DRIVERS: dict[str, Driver] = {
    "call": _call,
    "cond": _cond,
    "iterate": _iterate,
    "while_loop": _while_loop,
    "while_gradient": _while_gradient,
}
"""By the names of primitives that hold programs: what makes a program of a graph with one."""
