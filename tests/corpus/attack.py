"""One hostile file: who found such files dangerous, what reads it, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lamina.core.errors import DataLossError, OpError


class Attack(NamedTuple):
    """`reader`: the target of `tests.fuzz.targets` that reads it; `refused`: what it must say."""

    origin: str
    reader: str
    make: Callable[[], bytes]
    refused: str
    error: type[OpError] = DataLossError

    @property
    def name(self) -> str:
        return f"{self.origin}:{self.make.__name__.strip('_')}"
