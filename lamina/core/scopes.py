"""The name scope in force: what names of new variables begin with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Scope(threading.local):
    prefix = ""  # "outer/inner/", or nothing


_SCOPE = _Scope()


def current_prefix() -> str:
    """What a new name begins with: "outer/inner/", or nothing."""
    return _SCOPE.prefix


@contextmanager
def entered(name: str) -> Iterator[str]:
    """Let names begin with `name` below the scope in force; "a/" starts from the top again."""
    before = _SCOPE.prefix
    _SCOPE.prefix = name if name.endswith("/") else f"{before}{name}/" if name else ""
    try:
        yield _SCOPE.prefix
    finally:
        _SCOPE.prefix = before
