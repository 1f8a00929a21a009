"""Threads that enter native code together, and how a waiting one lets others run."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Any

_pool: Any = None
_owner = 0  # the process that made the pool: a fork has none of its threads


def yield_address() -> int:
    """The address of the system's function that gives the processor to another thread."""
    if sys.platform == "win32":
        function: Any = ctypes.windll.kernel32.SwitchToThread
    else:
        function = ctypes.CDLL(None).sched_yield
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


def together(steps: Callable[[int, int], Any], context: int, threads: int) -> None:
    """steps(context, number) for every number below `threads`, at the same time."""
    pool = _shared_pool(threads)
    waiting = [pool.submit(steps, context, number) for number in range(1, threads)]
    steps(context, 0)
    for each in waiting:
        each.result()


def _shared_pool(threads: int) -> Any:
    """Enough threads for one program; several Python threads that train share processors anyway.

    A program's threads wait for each other, so a run must get all of its threads at once: each run has
    a pool of its own unless the shared one is idle.
    """
    global _pool, _owner  # noqa: PLW0603 (one pool a process)
    from concurrent.futures import ThreadPoolExecutor

    if _pool is None or _owner != os.getpid():
        _pool, _owner = ThreadPoolExecutor(64, "lamina"), os.getpid()
    return _pool


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
