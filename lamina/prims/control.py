"""Programs inside programs (call, cond, while_loop), gradients made by hand, checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..core.dtypes import BOOL, Array
from ..core.errors import InvalidArgumentError, UnimplementedError
from ..ir.bind import STATE, bind
from ..ir.graph import Graph
from ..ir.interpret import interpreter
from ..ir.primitive import NO_GRADIENT, Primitive
from ..ir.reverse import differentiate, is_differentiable
from ..ir.rewrite import inline
from ..ir.value import Spec, Value
from .broadcast import fill_like
from .rules import check_kind


def _check_arguments(graph: Graph, specs: Sequence[Spec]) -> None:
    expected = graph.input_specs
    if len(specs) != len(expected) or any(
        a.dtype != b.dtype or len(a.shape) != len(b.shape)
        for a, b in zip(specs, expected, strict=True)
    ):
        raise InvalidArgumentError(f"{graph.name} expects {expected}; got {tuple(specs)}")


def _flowing(g: Sequence[Any]) -> tuple[int, ...]:
    """Which results have a cotangent."""
    return tuple(index for index, value in enumerate(g) if value is not None)


def _differentiable_inputs(specs: Sequence[Spec]) -> tuple[int, ...]:
    return tuple(index for index, spec in enumerate(specs) if is_differentiable(spec))


# call -------------------------------------------------------------------------------------------


def _infer_call(*specs: Spec, graph: Graph) -> tuple[Spec, ...]:
    _check_arguments(graph, specs)
    return graph.output_specs


def _call_rule(index: int) -> Any:
    def rule(g: Any, out: Any, *xs: Any, graph: Graph) -> Any:
        if not is_differentiable(graph.inputs[index].spec):
            return None
        given = _flowing(g)
        derivative = differentiate(graph, (index,), given)
        values = [*xs, *(g[i] for i in given)]
        return inline(derivative, values)[0] if STATE.trace else call(derivative, values)[0]

    return rule


call_p = Primitive(
    "call",
    infer=_infer_call,
    evaluate=lambda *xs, graph: interpreter(graph)(xs),
    vjp=_call_rule,
    multiple=True,
)


def call(graph: Graph, values: Sequence[Value]) -> tuple[Any, ...]:
    """The results of `graph` on `values`."""
    results: tuple[Any, ...] = bind(call_p, *values, graph=graph)
    return results


# cond -------------------------------------------------------------------------------------------


def _infer_cond(condition: Spec, *specs: Spec, then: Graph, otherwise: Graph) -> tuple[Spec, ...]:
    if condition != Spec((), BOOL):
        raise InvalidArgumentError(f"cond expects a boolean scalar; got {condition!r}")
    _check_arguments(then, specs)
    _check_arguments(otherwise, specs)
    if then.output_specs != otherwise.output_specs:
        raise InvalidArgumentError(
            f"both branches must return the same types; got {then.output_specs} and "
            f"{otherwise.output_specs}"
        )
    return then.output_specs


def _cond_rule(index: int) -> Any:
    if index == 0:
        return None

    def rule(g: Any, out: Any, condition: Any, *xs: Any, then: Graph, otherwise: Graph) -> Any:
        if not is_differentiable(xs[index - 1].spec):
            return None
        given = _flowing(g)
        values = [*xs, *(g[i] for i in given)]
        yes, no = (differentiate(graph, (index - 1,), given) for graph in (then, otherwise))
        return cond(condition, yes, no, values)[0]

    return rule


cond_p = Primitive(
    "cond",
    infer=_infer_cond,
    evaluate=lambda condition, *xs, then, otherwise: interpreter(then if condition else otherwise)(
        xs
    ),
    vjp=_cond_rule,
    multiple=True,
)


def cond(
    condition: Value, then: Graph, otherwise: Graph, values: Sequence[Value]
) -> tuple[Any, ...]:
    """The results of one of two graphs on `values`."""
    results: tuple[Any, ...] = bind(cond_p, condition, *values, then=then, otherwise=otherwise)
    return results


# while_loop -------------------------------------------------------------------------------------


def _infer_while(*specs: Spec, condition: Graph, body: Graph, limit: int | None) -> Any:
    _check_arguments(condition, specs)
    _check_arguments(body, specs)
    if tuple(specs[: len(body.outputs)]) != body.output_specs:
        raise InvalidArgumentError(
            "the body of while_loop must return the types of the loop variables; got "
            f"{body.output_specs} for {tuple(specs[: len(body.outputs)])}"
        )
    return body.output_specs


def _states(xs: Sequence[Array], condition: Graph, body: Graph, limit: int | None) -> list[Any]:
    """The arguments before each pass of the loop, and after the last one."""
    test, step = interpreter(condition), interpreter(body)
    count = len(body.outputs)
    history = [tuple(xs)]
    while (limit is None or len(history) <= limit) and test(history[-1])[0]:
        history.append((*step(history[-1]), *xs[count:]))
    return history


def _while(*xs: Array, condition: Graph, body: Graph, limit: int | None) -> tuple[Array, ...]:
    test, step = interpreter(condition), interpreter(body)
    count, passes = len(body.outputs), 0
    state: Sequence[Array] = xs
    while (limit is None or passes < limit) and test(state)[0]:
        state = (*step(state), *xs[count:])
        passes += 1
    return tuple(state[:count])


def _while_rule(index: int) -> Any:
    def rule(g: Any, out: Any, *xs: Any, **loop: Any) -> Any:
        if not is_differentiable(xs[index].spec):
            return None
        given = _flowing(g)
        incoming = [g[i] for i in given]
        found = bind(while_gradient_p, *xs, *incoming, given=given, **loop)
        # One node for all inputs: passes merge those of the same loop.
        return found[_differentiable_inputs([x.spec for x in xs]).index(index)]

    return rule


while_loop_p = Primitive(
    "while_loop", infer=_infer_while, evaluate=_while, vjp=_while_rule, multiple=True
)


def while_loop(
    condition: Graph, body: Graph, values: Sequence[Value], limit: int | None
) -> tuple[Any, ...]:
    """`body` again and again on the leading `values` while `condition` holds.

    The values after those that the body returns are constants of the loop.
    """
    results: tuple[Any, ...] = bind(
        while_loop_p, *values, condition=condition, body=body, limit=limit
    )
    return results


# iterate ----------------------------------------------------------------------------------------


def _infer_iterate(
    *specs: Spec, body: Graph, elements: Callable[[], Any], lead: int, stop: int | None
) -> Any:
    _check_arguments(body, [*body.input_specs[:lead], *specs])
    if tuple(specs[: len(body.outputs)]) != body.output_specs:
        raise InvalidArgumentError(
            "the body of a loop must return the types of the loop variables; got "
            f"{body.output_specs} for {tuple(specs[: len(body.outputs)])}"
        )
    return body.output_specs


def _iterate(
    *xs: Array, body: Graph, elements: Callable[[], Any], lead: int, stop: int | None
) -> tuple[Array, ...]:
    step = interpreter(body)
    count = len(body.outputs)
    state: Sequence[Array] = xs[:count]
    for element in elements():
        state = step([*element, *state, *xs[count:]])
        if stop is not None and state[stop]:
            break
    return tuple(state)


def _no_gradient_of_iterate(g: Any, *_: Any, **__: Any) -> Any:
    raise UnimplementedError(
        "gradients through a traced loop over a dataset are not implemented. Open the tape inside "
        "of the loop, or run the function eagerly."
    )


iterate_p = Primitive(
    "iterate",
    infer=_infer_iterate,
    evaluate=_iterate,
    vjp=lambda index: _no_gradient_of_iterate,
    multiple=True,
    shows=True,
)


def iterate(
    body: Graph, values: Sequence[Value], elements: Callable[[], Any], lead: int, stop: int | None
) -> tuple[Any, ...]:
    """`body` on the arrays of each element and on `values`, the leading ones carried.

    The loop ends early where the carried value number `stop` is not 0.
    """
    results: tuple[Any, ...] = bind(
        iterate_p, *values, body=body, elements=elements, lead=lead, stop=stop
    )
    return results


produce_p = Primitive(
    "produce",
    infer=lambda *, specs, producer: specs,
    evaluate=lambda *, specs, producer: producer(),
    vjp=NO_GRADIENT,
    multiple=True,
    effect=True,
    shows=True,
)


def produce(specs: tuple[Spec, ...], producer: Callable[[], Sequence[Array]]) -> tuple[Any, ...]:
    """What `producer` gives each time that the program runs: arrays of types `specs`."""
    produced: tuple[Any, ...] = bind(produce_p, specs=specs, producer=producer)
    return produced


def _while_gradient(
    *arguments: Array, condition: Graph, body: Graph, limit: int | None, given: Any
) -> tuple[Array, ...]:
    """Backwards over the stored states, the body's vjp once a pass."""
    size = len(arguments) - len(given)
    xs, incoming = arguments[:size], arguments[size:]
    count = len(body.outputs)
    flows = _differentiable_inputs(body.input_specs)
    outs = tuple(i for i in range(count) if is_differentiable(body.outputs[i].spec))
    step = interpreter(differentiate(body, flows, outs))
    totals = [np.zeros_like(x) for x in xs]
    for place, g in zip(given, incoming, strict=True):
        totals[place] = g
    for state in reversed(_states(xs, condition, body, limit)[:-1]):
        found = dict(zip(flows, step([*state, *(totals[i] for i in outs)]), strict=True))
        for place in flows:
            totals[place] = found[place] if place < count else totals[place] + found[place]
    return tuple(totals[place] for place in flows)


def _infer_while_gradient(
    *specs: Spec, condition: Graph, body: Graph, limit: int | None, given: Any
) -> tuple[Spec, ...]:
    own = specs[: len(specs) - len(given)]
    _check_arguments(body, own)
    return tuple(own[place] for place in _differentiable_inputs(own))


def _no_second_order(g: Any, *_: Any, **__: Any) -> Any:
    raise UnimplementedError(
        "second derivatives through a traced while_loop are not implemented. Run the function "
        "eagerly (tf.config.run_functions_eagerly(True)), or unroll the loop."
    )


while_gradient_p = Primitive(
    "while_gradient",
    infer=_infer_while_gradient,
    evaluate=_while_gradient,
    vjp=lambda index: _no_second_order,
    multiple=True,
)

# Gradients made by hand, checks -----------------------------------------------------------------


def _attached_rule(index: int) -> Any:
    def rule(g: Any, out: Any, *values: Any, count: int, rule: Callable[..., Any]) -> Any:
        if index < count:
            return None  # the results' own history is replaced by `rule`
        filled = tuple(
            fill_like(value, 0) if part is None else part
            for part, value in zip(g, out, strict=True)
        )
        return rule(filled, values[count:])[index - count]

    return rule


attach_gradient_p = Primitive(
    "attach_gradient",
    infer=lambda *specs, count, rule: tuple(specs[:count]),
    evaluate=lambda *arrays, count, rule: tuple(array.view() for array in arrays[:count]),
    vjp=_attached_rule,
    multiple=True,
)


def attach_gradient(
    results: Sequence[Value],
    inputs: Sequence[Value],
    rule: Callable[[tuple[Any, ...], tuple[Any, ...]], Sequence[Any]],
) -> tuple[Any, ...]:
    """`results`, whose derivative by `inputs` is `rule(cotangents of the results, inputs)`."""
    attached: tuple[Any, ...] = bind(
        attach_gradient_p, *results, *inputs, count=len(results), rule=rule
    )
    return attached


def _infer_check(condition: Spec, *values: Spec, message: str) -> tuple[Spec, ...]:
    check_kind("check", condition, "b")
    return values


def _check(condition: Array, *values: Array, message: str) -> tuple[Array, ...]:
    if not condition.all():
        raise InvalidArgumentError(message)
    return tuple(value.view() for value in values)


def _check_rule(index: int) -> Any:
    return partial(_pass_through, index - 1) if index else None


def _pass_through(index: int, g: Any, *_: Any, **__: Any) -> Any:
    return g[index]


check_p = Primitive(
    "check", infer=_infer_check, evaluate=_check, vjp=_check_rule, multiple=True, effect=True
)


def check(condition: Value, values: Sequence[Value], message: str) -> tuple[Any, ...]:
    """`values`, or an InvalidArgumentError with `message` where the condition fails."""
    checked: tuple[Any, ...] = bind(check_p, condition, *values, message=message)
    return checked


def _observe(*arrays: Array, observer: Callable[..., None]) -> tuple[Array, ...]:
    observer(*arrays)
    return tuple(array.view() for array in arrays)


observe_p = Primitive(
    "observe",
    infer=lambda *specs, observer: specs,
    evaluate=_observe,
    vjp=lambda index: partial(_pass_through, index),
    multiple=True,
    effect=True,
    shows=True,
)


def observe(values: Sequence[Value], observer: Callable[..., None]) -> tuple[Any, ...]:
    """`values`, shown to `observer` as arrays each time that the program runs."""
    observed: tuple[Any, ...] = bind(observe_p, *values, observer=observer)
    return observed
