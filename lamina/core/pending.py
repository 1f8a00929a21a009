"""Work that waits until more variables exist: a checkpoint restored before a layer is built."""

from __future__ import annotations

from collections.abc import Callable

WAITING: list[Callable[[], bool]] = []
"""What is tried again when something made variables; it answers whether it is done."""


def resume() -> None:
    """Something has new variables: let those that wait for some go on."""
    for work in list(WAITING):
        if work() and work in WAITING:
            WAITING.remove(work)
