"""What a room offers to rooms above which it stands, by name.

The package's `__init__` says where each offer is kept; it is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import UnknownNameError, nearest

_PLACES: dict[str, str] = {}


def offer(name: str, place: str) -> None:
    """Let `offered(name)` be `place`, written as "package.module:attribute"."""
    _PLACES[name] = place


def offered(name: str) -> Any:
    """The function that is offered as `name`."""
    if name not in _PLACES:
        raise UnknownNameError(f"nothing is offered as {name!r}.{nearest(name, _PLACES)}")
    module, _, attribute = _PLACES[name].partition(":")
    return getattr(import_module(module), attribute)
