"""Names that layers, models, optimizers and metrics get by themselves: `dense`, `dense_1` …"""

from __future__ import annotations

from .configurable import snake_case

_COUNTS: dict[str, int] = {}
_UIDS: dict[str, int] = {}


def unique_name(kind: str) -> str:
    """`kind` in snake case, with a number from its second use on."""
    name = snake_case(kind)
    count = _COUNTS.get(name, 0)
    _COUNTS[name] = count + 1
    return f"{name}_{count}" if count else name


def reset_names() -> None:
    """Start counting again."""
    _COUNTS.clear()


def clear_session(free_memory: bool = True) -> None:
    """Count names from the start again; memory is given back by itself."""
    reset_names()
    _UIDS.clear()


def get_uid(prefix: str = "") -> int:
    """How often this was asked for `prefix`: 1, 2 …"""
    _UIDS[prefix] = _UIDS.get(prefix, 0) + 1
    return _UIDS[prefix]
