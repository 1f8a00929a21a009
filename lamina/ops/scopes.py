"""Scopes: names of variables, the order of operations, what runs at once inside a trace."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.errors import ArgumentTypeError, UnimplementedError
from ..core.scopes import current_prefix, entered
from ..ir.bind import STATE, new_value
from ..ir.graph import eagerly
from ..tensor.convert import is_tensor_like, to_tensor


@contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Let the names of variables begin with `name`; operations have none."""
    with entered(name) as prefix:
        yield prefix


def get_current_name_scope() -> str:
    """The name scope in force, "" outside of any."""
    return current_prefix().removesuffix("/")


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Operations that come after others: they do so anyway, in the order of the program."""
    yield


@contextmanager
def init_scope() -> Iterator[None]:
    """Run at once what is inside, also while a function is traced."""
    with eagerly():
        yield


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether `tensor` has no value yet: it belongs to a function that is being traced."""
    if not is_tensor_like(tensor):
        raise ArgumentTypeError(f"expected a tensor; got {type(tensor).__name__}")
    return to_tensor(tensor).array is None


def tuple(tensors: Sequence[Any], control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """The tensors, all of which are computed before any is used, as they always are here."""
    return [None if item is None else to_tensor(item) for item in tensors]


def timestamp(name: str | None = None) -> Any:
    """Seconds since 1970 (float64); not in traced functions, where time would stand still."""
    if STATE.trace is not None:
        raise UnimplementedError(
            "timestamp in a traced function would always be the time of tracing; call "
            "time.time() outside of it"
        )
    return new_value(np.array(time.time()))


__all__ = [
    "control_dependencies", "get_current_name_scope", "init_scope", "is_symbolic_tensor",
    "name_scope", "timestamp", "tuple",
]  # fmt: skip
