"""Threads that enter native code together, and how a waiting one lets others run."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Any

_MOST = 64  # threads besides the callers'


class _Pool:
    """Threads that wait for work; those of one run wait for each other, so it gets all or none."""

    def __init__(self) -> None:
        import threading
        from concurrent.futures import ThreadPoolExecutor

        self.process = os.getpid()
        self._executor = ThreadPoolExecutor(_MOST, "lamina")
        self._lock = threading.Lock()
        self._free = _MOST

    def take(self, count: int) -> bool:
        """Whether `count` threads are free; then they are the caller's."""
        with self._lock:
            if count > self._free:
                return False
            self._free -= count
            return True

    def give(self, count: int) -> None:
        """Take threads back."""
        with self._lock:
            self._free += count

    def submit(self, function: Callable[[int, int], Any], context: int, number: int) -> Any:
        """Let a thread call function(context, number)."""
        return self._executor.submit(function, context, number)


_pool: _Pool | None = None


def together(steps: Callable[[int, int], Any], context: int, threads: int) -> bool:
    """steps(context, number) for every number below `threads`, at the same time.

    False, and nothing done, where there are not as many threads.
    """
    global _pool  # noqa: PLW0603 (one pool a process)
    if _pool is None or _pool.process != os.getpid():  # a fork has none of its parent's threads
        _pool = _Pool()
    pool, others = _pool, threads - 1
    if not pool.take(others):
        return False
    waiting = [pool.submit(steps, context, number) for number in range(1, threads)]
    try:
        steps(context, 0)
    finally:
        for each in waiting:
            each.result()
        pool.give(others)
    return True


def yield_address() -> int:
    """The address of the system's function that gives the processor to another thread."""
    if sys.platform == "win32":
        function: Any = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
