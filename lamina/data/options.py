"""Options of datasets: they are kept and can be read back."""

from __future__ import annotations

import enum
from typing import Any


class Options:
    """Settings as attributes, nested ones made when they are first named.

    What they tune in TensorFlow (thread pools, rewriting of chains, sharding over machines) has
    no counterpart here; `deterministic` is heard by map and interleave.
    """

    def __init__(self) -> None:
        self.deterministic: bool | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = Options()
        object.__setattr__(self, name, found)
        return found

    @property
    def experimental_deterministic(self) -> bool | None:
        """The name of `deterministic` before TensorFlow 2.5."""
        return self.deterministic

    @experimental_deterministic.setter
    def experimental_deterministic(self, value: bool | None) -> None:
        self.deterministic = value

    def merge(self, other: Options) -> Options:
        """Both, `other` where they differ."""
        merged = Options()
        for options in (self, other):
            for name, value in vars(options).items():
                if value is None:
                    continue
                mine = vars(merged).get(name)
                both = isinstance(mine, Options) and isinstance(value, Options)
                object.__setattr__(merged, name, mine.merge(value) if both else value)  # type: ignore[union-attr]
        return merged


class AutoShardPolicy(enum.IntEnum):
    """How TensorFlow shares a dataset out to machines; here there is one."""

    OFF = -1
    AUTO = 0
    FILE = 1
    DATA = 2
    HINT = 3


class ExternalStatePolicy(enum.Enum):
    """What TensorFlow does about state outside of a chain when it is copied; here none is."""

    WARN = 0
    IGNORE = 1
    FAIL = 2


class ThreadingOptions(Options):
    """Settings of thread pools."""


class OptimizationOptions(Options):
    """Settings of how chains are rewritten."""


class AutotuneOptions(Options):
    """Settings of how much is done ahead."""


class DistributeOptions(Options):
    """Settings of how machines share a dataset."""
