"""Threads that enter native code together, and how a waiting one lets others run."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Any

MOST = 64
"""How many threads there may be besides the callers'."""


class _Pool:
    """Threads that wait for work; those of one run wait for each other, so it gets all or none."""

    def __init__(self) -> None:
        import threading
        from concurrent.futures import ThreadPoolExecutor

        self.process = os.getpid()
        self.gate: Any = threading.Event
        self._executor = ThreadPoolExecutor(MOST, "lamina")
        self._lock = threading.Lock()
        self._free = MOST

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

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Let a thread call `function`."""
        return self._executor.submit(function, *arguments)


_pool: _Pool | None = None
_crowded_until = 0.0
_SHARE = 0.8  # of the time that a thread must have a processor for
LONG_ENOUGH = 5e-3
"""Seconds from which on a run tells that: waiting for the GIL at its end counts, too."""
# Seconds until threads are tried again; new threads may share a processor for a moment.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.03, 2.0
_pause = _FIRST_PAUSE


def is_crowded() -> bool:
    """Whether other work kept a thread from its processor lately.

    Then its partners wait for it at each meeting, and one thread alone is faster by far.
    """
    return time.monotonic() < _crowded_until


def was_crowded() -> bool:
    """Whether that was ever so: then a few steps tell whether it still is."""
    return _crowded_until > 0.0


def together(steps: Callable[[int, int], Any], context: int, threads: int) -> bool:
    """steps(context, number) for every number below `threads`, at the same time.

    False, and nothing done, where there are not as many threads.
    """
    global _pool  # noqa: PLW0603 (one pool a process)
    if _pool is None or _pool.process != os.getpid():  # a fork has none of its parent's threads
        _pool = _Pool()
    pool, others, taken = _pool, threads - 1, False
    try:
        taken = pool.take(others)
        if taken:
            _run(pool, steps, context, threads)
    finally:
        if taken:
            pool.give(others)
    return taken


def _run(pool: _Pool, steps: Callable[[int, int], Any], context: int, threads: int) -> None:
    """Nobody enters native code before all are there: alone, a thread would wait for ever."""
    gate, all_there = pool.gate(), False
    waiting: list[Any] = []

    shares: list[float] = []  # of its time that each thread had a processor for

    def work(number: int) -> None:
        begin, own = time.perf_counter(), time.thread_time()
        steps(context, number)
        seconds = time.perf_counter() - begin
        if seconds > LONG_ENOUGH:
            shares.append((time.thread_time() - own) / seconds)

    places = _places()

    def enter(number: int) -> None:
        gate.wait()
        if all_there:
            if places:
                _move(places[(number - 1) % len(places)])
            work(number)

    try:
        waiting.extend(pool.submit(enter, number) for number in range(1, threads))
        all_there = True
        gate.set()
        work(0)
    finally:
        gate.set()
        _wait(waiting)
        if shares:
            _judge(min(shares))


def _places() -> list[int]:
    """Processors other than the one that this thread is on, where the system tells."""
    if not hasattr(os, "sched_setaffinity"):
        return []
    here = ctypes.CDLL(None).sched_getcpu()
    return sorted(os.sched_getaffinity(0) - {here})


def _move(processor: int) -> None:
    """Go to a processor, and stay free to leave it.

    A thread wakes up on the processor of the one that woke it, and both seem busy while they wait
    for each other: the system takes long to part them.
    """
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    os.sched_setaffinity(0, allowed)


def _judge(share: float) -> None:
    """Remember where a thread did not have its processor: for longer, the more often in a row."""
    global _pause  # noqa: PLW0603 (a state of the machine)
    if share >= _SHARE:
        _pause = _FIRST_PAUSE
    else:
        rest()


def rest() -> None:
    """Let threads work alone for a while."""
    global _crowded_until, _pause  # noqa: PLW0603 (a state of the machine)
    _crowded_until = time.monotonic() + _pause
    _pause = min(2 * _pause, _LONGEST_PAUSE)


def _wait(waiting: list[Any]) -> None:
    """Until all are done, also where Ctrl-C comes: they work on memory of the caller's."""
    interrupt: KeyboardInterrupt | None = None
    for each in waiting:
        while not each.done():
            try:
                each.exception()
            except KeyboardInterrupt as error:
                interrupt = error
    if interrupt is not None:
        raise interrupt


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
