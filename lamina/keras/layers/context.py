"""What a call of a layer knows of the calls around it: training or not, the losses added."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...core.errors import InvalidArgumentError


class Frame:
    """One call of a layer that is going on."""

    __slots__ = ("losses", "training")

    def __init__(self, training: Any) -> None:
        self.training = training
        self.losses: list[Any] = []


class _Calls(threading.local):
    frames: tuple[Frame, ...] = ()


CALLS = _Calls()

CHANGES = [0]
"""How often attributes of layers were set: what was traced before may be another network."""


class _Budget(threading.local):
    bytes_left: int | None = None


_BUDGET = _Budget()


@contextmanager
def weight_budget(limit: int) -> Iterator[None]:
    """Inside, layers may not make weights of more than `limit` bytes in all."""
    _BUDGET.bytes_left = limit
    try:
        yield
    finally:
        _BUDGET.bytes_left = None


def spend(shape: tuple[int, ...], itemsize: int) -> None:
    """Count a weight that is about to be made."""
    if _BUDGET.bytes_left is not None:
        _BUDGET.bytes_left -= math.prod(shape) * itemsize
        if _BUDGET.bytes_left < 0:
            raise InvalidArgumentError(f"a weight of shape {shape} is more than the file can hold")
