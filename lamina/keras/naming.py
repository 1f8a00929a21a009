"""Names that layers, models, optimizers and metrics get by themselves: `dense`, `dense_1` …"""

from __future__ import annotations

from .configurable import snake_case

_COUNTS: dict[str, int] = {}


def unique_name(kind: str) -> str:
    """`kind` in snake case, with a number from its second use on."""
    name = snake_case(kind)
    count = _COUNTS.get(name, 0)
    _COUNTS[name] = count + 1
    return f"{name}_{count}" if count else name


def reset_names() -> None:
    """Start counting again."""
    _COUNTS.clear()
