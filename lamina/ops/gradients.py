"""Gradients made by hand, and gradients that are stopped."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..core import nest
from ..core.errors import ArgumentTypeError, FailedPreconditionError, InvalidArgumentError
from ..ir.bind import STATE
from ..ir.graph import Trace
from ..ir.primitive import PRIMITIVES
from ..ir.reverse import is_differentiable
from ..ir.value import Node, Value
from ..prims import elementwise as prim
from ..prims.control import attach_gradient, call
from ..tensor.convert import to_tensor
from ..tensor.program import Program
from ..tensor.tape import GradientTape, UnconnectedGradients
from ..tensor.variable import Variable
from .common import owned


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """`input`, as a constant for derivatives."""
    return prim.stop_gradient(owned(input))


class _Readers:
    """Notes which trainable variables are read."""

    def __init__(self) -> None:
        self.variables: dict[int, Variable] = {}
        self.watched: dict[int, Value] = {}  # operations do not matter here

    def record(self, node: Node) -> None:
        """Never called: nothing is watched."""

    def read(self, variable: Variable, value: Value) -> None:
        if variable._trainable:
            self.variables[id(variable)] = variable


@contextmanager
def _noting_reads() -> Iterator[dict[int, Variable]]:
    readers = _Readers()
    STATE.recorders = (*STATE.recorders, readers)
    try:
        yield readers.variables
    finally:
        STATE.recorders = tuple(item for item in STATE.recorders if item is not readers)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for a function that returns its result and the function of its gradient.

    That one takes the gradients of the results and returns those of the tensor arguments. If `f`
    reads trainable variables, it also takes `variables=` and returns a pair: the gradients of the
    arguments and the list of those of the variables.

    Example:
        @tf.custom_gradient
        def log1pexp(x):
            e = tf.exp(x)
            return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    """

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        tensors = [_argument(leaf) for leaf in nest.flatten(args)]
        with _noting_reads() as reads:
            result, gradient = f(*nest.pack_sequence_as(args, tensors), **kwargs)
        results = [to_tensor(leaf) for leaf in nest.flatten(result)]
        variables = list(reads.values())
        inputs = [leaf for leaf in tensors if isinstance(leaf, Value)]
        values = [*inputs, *(variable.read_value() for variable in variables)]
        rule = _rule(f, gradient, len(inputs), variables)
        attached = _attach(results, values, rule)
        if nest.is_nested(result):
            return nest.pack_sequence_as(result, attached)
        return attached[0]

    return wrapper


def _argument(leaf: Any) -> Any:
    """Arguments arrive as tensors; what is none (None, text) as it is."""
    if leaf is None or isinstance(leaf, (str, bytes)) or callable(leaf):
        return leaf
    return to_tensor(leaf)


Rule = Callable[[Sequence[Any]], list[Any]]


def _rule(
    f: Callable[..., Any], gradient: Callable[..., Any], count: int, variables: list[Variable]
) -> Rule:
    """Cotangents of the results to those of the arguments and variables, checked for number."""

    def rule(cotangents: Sequence[Any]) -> list[Any]:
        own: list[Any] = []
        if variables:
            try:
                found, own = gradient(*cotangents, variables=variables)
            except TypeError as error:
                if "variables" not in str(error):
                    raise
                raise ArgumentTypeError(
                    f"{f.__name__} reads trainable variables, so its gradient function must take "
                    "variables= and return (gradients of arguments, gradients of variables)"
                ) from None
        else:
            found = gradient(*cotangents)
        gradients = nest.flatten(found) if nest.is_nested(found) else [found]
        if len(gradients) != count or len(own) != len(variables):
            raise InvalidArgumentError(
                f"the gradient function of {f.__name__} must return {count} gradients of "
                f"arguments and {len(variables)} of variables; got {len(gradients)} and {len(own)}"
            )
        return [*gradients, *own]

    return rule


def _attach(results: list[Any], values: list[Any], rule: Rule) -> Sequence[Any]:
    def fitted(cotangents: Sequence[Any], _: Any = ()) -> list[Any]:
        pairs = zip(rule(cotangents), values, strict=True)
        return [_fitted(gradient, value) for gradient, value in pairs]

    if all(value.array is not None for value in (*results, *values)):
        return attach_gradient(results, values, _remembering(fitted))
    # In a trace the gradient becomes a program at once: what it captures are then inputs of this
    # operation, which a derivative of the whole graph can reach.
    program = Program("gradient", lambda *g: fitted(g), [result.spec for result in results])
    present = program.source_values()
    places = [place for place, leaf in enumerate(program.leaves) if isinstance(leaf, Value)]

    def traced(cotangents: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
        found = call(program.graph, [*cotangents, *inputs[len(values) :]])
        gradients: list[Any] = [None] * (len(values) + len(present))
        for place, gradient in zip(places, found, strict=True):
            gradients[place] = gradient
        return gradients

    return attach_gradient(results, [*values, *present], _remembering(traced))


def _fitted(gradient: Any, value: Any) -> Any:
    """A gradient in the dtype of its value, with the shape checked."""
    if gradient is None or not is_differentiable(value.spec):
        return None
    gradient = prim.cast(to_tensor(gradient), value.spec.dtype)
    if gradient.spec.shape != value.spec.shape:
        raise InvalidArgumentError(
            f"a custom gradient has shape {gradient.spec.shape} for a value of shape "
            f"{value.spec.shape}"
        )
    return gradient


def _remembering(rule: Callable[..., Any]) -> Callable[..., Any]:
    """`rule` run once for cotangents that are asked about input by input."""
    known: list[Any] = []
    result: Any = None

    def remembered(*arguments: Any) -> Any:
        nonlocal known, result
        key = [STATE.trace, STATE.recorders, *(value for group in arguments for value in group)]
        if len(key) != len(known) or any(a is not b for a, b in zip(known, key, strict=True)):
            known, result = key, rule(*arguments)
        return result

    return remembered


def grad_pass_through(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`f` with the gradient of the identity (a straight-through estimator)."""

    @custom_gradient
    def passed(x: Any) -> Any:
        return f(x), lambda upstream: upstream

    return passed


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = "gradients",
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: str = UnconnectedGradients.NONE,
) -> list[Any]:
    """d(sum of ys) / d(each of xs), inside of a traced function; None where nothing depends on it.

    `grad_ys` weigh the elements of `ys` in place of ones; what is in `stop_gradients` counts as
    constant. Outside of traced functions use tf.GradientTape.
    """
    trace = STATE.trace
    if trace is None:
        raise FailedPreconditionError(
            "tf.gradients works in graphs, which tf.function makes; use tf.GradientTape here"
        )
    tape = GradientTape(watch_accessed_variables=False)
    leaves = nest.flatten(xs)
    tape.watch(leaves)
    stopped = {id(to_tensor(leaf)) for leaf in nest.flatten(stop_gradients or [])}
    for node in _nodes_of(trace, tape):
        if not any(id(output) in stopped for output in node.outputs):
            tape.record(node)
    found: list[Any] = tape.gradient(ys, leaves, grad_ys, unconnected_gradients)
    return found


def _nodes_of(trace: Trace, tape: GradientTape) -> list[Node]:
    """What was computed in a trace and in those around it; the tape is told of variables."""
    fed = list(
        zip(trace.inputs[len(trace.inputs) - len(trace.sources) :], trace.sources, strict=True)
    )
    nodes: list[Node] = []
    links = []
    for symbol, source in fed:
        if isinstance(source, Variable):
            tape.read(source, symbol)
        else:
            link = {"dtype": symbol.spec.dtype}
            links.append(Node(PRIMITIVES["cast"], (source,), link, (symbol,)))
    around = {id(source.trace): source.trace for _, source in fed if isinstance(source, Value)}
    for outer in around.values():
        if outer is not None:
            nodes += _nodes_of(outer, tape)
    for variable, value in trace.writes.values():
        tape.read(variable, value)
    return [*nodes, *links, *trace.nodes]


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`: results and gradients are those of `f`; intermediate values are kept, not recomputed."""
    return f


__all__ = [
    "custom_gradient", "grad_pass_through", "gradients", "recompute_grad", "stop_gradient",
]  # fmt: skip
