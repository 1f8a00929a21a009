"""Options of datasets: they are kept and can be read back."""

from __future__ import annotations

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
