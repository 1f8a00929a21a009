"""What a call of a layer knows of the calls around it: training or not, the losses added."""

from __future__ import annotations

import threading
from typing import Any


class Frame:
    """One call of a layer that is going on."""

    __slots__ = ("losses", "training")

    def __init__(self, training: Any) -> None:
        self.training = training
        self.losses: list[Any] = []


class _Calls(threading.local):
    frames: tuple[Frame, ...] = ()


CALLS = _Calls()
