"""Telling of functions that are traced again and again."""

from __future__ import annotations

from typing import Any

_HISTORY = 10  # calls that are looked back on
_MANY = 5  # traces among them
_WARNINGS = 2  # for each function


class _Calls:
    """The last calls of a function, by the traces that they ran."""

    def __init__(self) -> None:
        self.per_trace: list[int] = []
        self.total = 0
        self.warnings = 0


_KNOWN: dict[Any, _Calls] = {}


def calls_of(function: Any) -> _Calls:
    """The record of a function: those that one line of Python makes again and again share it."""
    code = getattr(function, "__code__", None) or getattr(
        getattr(function, "__func__", None), "__code__", None
    )
    key = id(function) if code is None else (code.co_filename, code.co_firstlineno, code.co_name)
    return _KNOWN.setdefault(key, _Calls())


def count_call(calls: _Calls) -> None:
    """A call that ran what was traced before."""
    if calls.per_trace:
        calls.per_trace[-1] += 1
        calls.total += 1


def count_trace(calls: _Calls, name: str) -> None:
    """A call that was traced; a line on the log where that happens often."""
    calls.per_trace.append(1)
    calls.total += 1
    while calls.total - calls.per_trace[0] > _HISTORY:
        calls.total -= calls.per_trace.pop(0)
    if len(calls.per_trace) < _MANY or calls.warnings >= _WARNINGS:
        return
    calls.warnings += 1
    import logging

    logging.getLogger("lamina").warning(
        "%d out of the last %d calls to %s triggered tf.function retracing, which takes long. "
        "Define the tf.function outside of the loop; give tensors in place of Python numbers and "
        "objects; for tensors of many shapes use reduce_retracing=True or an input_signature with "
        "None in its shapes.",
        len(calls.per_trace),
        calls.total,
        name,
    )
