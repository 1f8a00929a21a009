"""Namespaces that are no modules of their own, and what they say of names they lack."""

from __future__ import annotations

from typing import Any

from .errors import UnknownNameError, nearest
from .outside import outside


class Space:
    """Names below `place` ("lamina.config.threading"); others raise UnknownNameError."""

    def __init__(self, place: str, **members: Any) -> None:
        self._place = place
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:  # only for names that are not there
        if name.startswith("__"):
            raise AttributeError(name)
        reason = outside(f"tf{self._place.removeprefix('lamina')}.{name}")
        if reason is not None:
            raise UnknownNameError(f"{self._place}.{name}: {reason}")
        raise UnknownNameError(f"{self._place} has no {name!r}.{nearest(name, dir(self))}")

    def __dir__(self) -> list[str]:
        return [name for name in vars(self) if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<namespace {self._place}>"
