"""Applying primitives: the interpreter stack of a thread.

Eager: the NumPy definition runs. Under a trace: a node joins its graph. Recorders (tapes) see
every application whose inputs they follow.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np

from ..core.config import config
from ..core.dtypes import as_array
from ..core.errors import OutOfScopeError
from ..core.shapes import B
from .primitive import Primitive
from .value import Node, Spec, Value


class Recorder(Protocol):
    """What a tape is to this room."""

    watched: dict[int, Any]
    """By their ids, the values that it follows."""

    def record(self, node: Node) -> None: ...


class _State(threading.local):
    """What this thread is doing: the innermost trace, the recording tapes, the error state."""

    trace: Any = None
    recorders: tuple[Recorder, ...] = ()
    quiet: bool = False
    made: int = 0  # variables, by the function that is traced


STATE = _State()
_make: type[Value] = Value
_keeper: Any = None  # takes what has a symbolic batch outside of any trace


def use_value_class(value_class: type[Value]) -> None:
    """Let `bind` return instances of `value_class` (the room above has operators to add)."""
    global _make  # noqa: PLW0603 (set once, when the room above is imported)
    _make = value_class


def use_keeper(keeper: Any) -> None:
    """Let `keeper.add` take constants of a symbolic batch that are made outside of traces."""
    global _keeper  # noqa: PLW0603 (set once, when the room above is imported)
    _keeper = keeper


def new_value(array: Any, spec: Spec | None = None, trace: Any = None) -> Any:
    """A value of the class in use."""
    return _make(array, spec, trace)


def bind(primitive: Primitive, *inputs: Any, **params: Any) -> Any:
    """Apply `primitive`; one value, or a tuple of them where it has several results."""
    state = STATE
    trace = state.trace
    if trace is None or not _must_trace(primitive, inputs, params):
        arrays = []
        for value in inputs:
            array = value.array
            if array is None:
                return _bind_symbol(value.trace, primitive, inputs, params)
            arrays.append(array)
        if "shape" in params and B in params["shape"]:
            return _bind_symbol(_keeper, primitive, inputs, params)
        if config.verify:
            primitive.infer(*[value.spec for value in inputs], **params)
        try:
            if primitive.may_warn and not state.quiet:
                with np.errstate(all="ignore"):
                    result = primitive.evaluate(*arrays, **params)
            else:
                result = primitive.evaluate(*arrays, **params)
        except (TypeError, ValueError):
            primitive.infer(*[value.spec for value in inputs], **params)  # its message is clearer
            raise
        if primitive.multiple:
            outputs = tuple([_wrap(array) for array in result])
            returned: Any = outputs
        else:
            returned = _wrap(result)
            outputs = (returned,)
    else:
        outputs = trace.add(primitive, inputs, params)
        returned = outputs if primitive.multiple else outputs[0]
    if state.recorders:
        record(primitive, inputs, params, outputs)
    return returned


def record(
    primitive: Primitive,
    inputs: tuple[Value, ...],
    params: dict[str, Any],
    outputs: tuple[Value, ...],
) -> None:
    """Tell the tapes that follow an input of an application that was computed."""
    for recorder in STATE.recorders:
        watched = recorder.watched
        for value in inputs:
            if id(value) in watched:
                recorder.record(Node(primitive, inputs, params, outputs))
                break


def _wrap(array: Any) -> Value:
    return _make(as_array(array))


def _must_trace(primitive: Primitive, inputs: tuple[Value, ...], params: dict[str, Any]) -> bool:
    """Known values are computed while tracing; what depends on an input joins the graph."""
    for value in inputs:
        if value.array is None:
            return True
    if "shape" in params and B in params["shape"]:
        return True
    return primitive.multiple and _shows(primitive, params)


def _shows(primitive: Primitive, params: dict[str, Any]) -> bool:
    """Whether the operation, or a program inside of it, shows something in each run."""
    inner = [node for each in params.values() for node in getattr(each, "nodes", ())]
    return primitive.shows or any(_shows(node.primitive, node.params) for node in inner)


def _bind_symbol(
    keeper: Any, primitive: Primitive, inputs: tuple[Value, ...], params: dict[str, Any]
) -> Any:
    """Outside a trace a symbol may have a keeper of its own (Keras's functional models)."""
    if keeper is None or keeper.closed:
        raise OutOfScopeError(
            f"{primitive!r} of a symbolic tensor was asked for after the function that it "
            "belongs to was traced. Return it from the function instead of storing it outside."
        )
    outputs = keeper.add(primitive, inputs, params)
    return outputs if primitive.multiple else outputs[0]


class quiet:
    """Many primitives in a row with floating-point warnings off, switched once.

    Example:
        with quiet():
            ...
    """

    __slots__ = ("_before", "_errors")

    def __enter__(self) -> None:
        self._before = STATE.quiet
        if not self._before:
            STATE.quiet = True
            self._errors = np.errstate(all="ignore")
            self._errors.__enter__()

    def __exit__(self, *error: Any) -> None:
        if not self._before:
            STATE.quiet = False
            self._errors.__exit__(*error)
