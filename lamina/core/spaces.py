"""Namespaces that are no modules of their own, and what they say of names they lack."""

from __future__ import annotations

from typing import Any

from .outside import lacking


class Space:
    """Names below `place` ("lamina.config.threading"); others raise as `lacking` says."""

    def __init__(self, place: str, **members: Any) -> None:
        self._place = place
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:  # only for names that are not there
        lacking(f"tf{self._place.removeprefix('lamina')}", dir(self))(name)

    def __dir__(self) -> list[str]:
        return [name for name in vars(self) if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<namespace {self._place}>"
