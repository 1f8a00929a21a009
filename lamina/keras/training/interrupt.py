"""Ctrl-C between steps, never inside of one: weights are always those of a whole step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def terminations(standing: Any) -> Iterator[None]:
    """Inside, SIGTERM waits for the end of a step, and for callbacks that save before it.

    `standing.leaves` is then called between steps, and between epochs: not where an epoch has begun
    and no step of it is done, for no file says that. The signal is what it was before after that:
    by default, the process ends by it. Only where a callback asks for that (as
    `save_before_preemption` does), and only in the main thread.
    """
    savers = [c for c in standing.callbacks if getattr(c, "save_before_preemption", False)]
    if not savers or threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM) or signal.SIG_DFL
    told = False

    def remember(number: int, frame: Any) -> None:
        nonlocal told
        told = True

    def leave() -> None:
        if told:
            for saver in savers:
                saver.save()
            signal.signal(signal.SIGTERM, former)
            signal.raise_signal(signal.SIGTERM)
            raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, remember)
    standing.leaves = leave
    try:
        yield
    finally:
        standing.leaves = None
        signal.signal(signal.SIGTERM, former)
    if told:  # in the last epoch, after its last step
        signal.raise_signal(signal.SIGTERM)


@contextmanager
def interrupts_between_steps(
    leaves: Callable[[], None] | None = None,
) -> Iterator[Callable[[], None]]:
    """Gives a function that raises KeyboardInterrupt if Ctrl-C was pressed since.

    It calls `leaves` as well, between steps only. A second Ctrl-C interrupts at once. Another
    handler than Python's own stays in charge, and so does Python where this is not the main thread.
    """
    own = signal.default_int_handler
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not own:
        yield leaves or (lambda: None)
        return
    pressed = False

    def remember(number: int, frame: Any) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, own)

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt
        if leaves is not None:
            leaves()

    signal.signal(signal.SIGINT, remember)
    try:
        yield check
        if pressed:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, own)
