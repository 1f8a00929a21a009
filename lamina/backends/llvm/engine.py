"""From the text of a program to functions that can be called: compiled once, kept on disk.

A program that is kept is loaded without LLVM where the system allows it (elf.py).
"""

from __future__ import annotations

import functools
import hashlib
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ...core.config import config
from ...core.debug import show, timed
from ...core.errors import OpError
from . import cache, compiler, elf
from .processor import processor

Made = str | tuple[str, Any]


class Library:
    """A loaded program. Its functions are there as long as this object lives."""

    def __init__(self, memory: Any, addresses: dict[str, int], meta: Any) -> None:
        self._memory = memory
        self._addresses = addresses
        self.meta = meta

    def address(self, name: str) -> int:
        """Where the function `name` begins."""
        return self._addresses[name]


def available() -> bool:
    """Whether programs can be compiled and run here."""
    try:
        with _LOCK:
            compiler.version()
        if elf.can_place():
            elf.check_memory()
    except OpError:
        return False
    return True


def lanes() -> int:
    """V, how many rows one vector holds: `config.lanes`, or what suits this processor."""
    if config.lanes == 0:
        with _LOCK:
            return processor().lanes
    return int(config.lanes)


def load(key: str, make: Callable[[], Made], names: Sequence[str]) -> Library:
    """The program that `key` describes in full, with the functions `names`.

    `make` gives its text, or its text and what `Library.meta` shall be (anything that JSON has).
    It is called only where the program is neither in memory nor in the cache.
    """
    with _LOCK:
        parts = (compiler.version(), _sources(), processor().identity, *names, key)
        name = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        library = _LIBRARIES.get(name)
        if library is None:
            library = _LIBRARIES[name] = _load(name, make, names)
        return library


@functools.cache
def _sources() -> str:
    """Which state the modules that write and compile programs are in."""
    states = []
    for folder, _, files in os.walk(os.path.dirname(__file__)):
        for file in files:
            if file.endswith(".py"):
                status = os.stat(os.path.join(folder, file))
                states.append(f"{file} {status.st_size} {status.st_mtime_ns}")
    return " ".join(sorted(states))


_LIBRARIES: weakref.WeakValueDictionary[str, Library] = weakref.WeakValueDictionary()
# One thread at a time, imports included. A fork waits for it: a child must inherit neither a lock
# that nobody will release nor half an import.
_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release
    )


def _load(name: str, make: Callable[[], Made], names: Sequence[str]) -> Library:
    import json

    with timed("look into the cache"):
        entry = cache.read(name)
    if entry is None:
        made = make()
        text, meta = (made, None) if isinstance(made, str) else made
        entry = cache.Entry(_compile(text), json.dumps(meta))
        cache.write(name, entry)
    with timed("load"):
        memory, addresses = _link(entry.image, names)
    return Library(memory, addresses, json.loads(entry.meta))


def _compile(text: str) -> bytes:
    show("ir", lambda: text)
    with timed("start LLVM"):
        llvm = compiler.get()
    show("assembly", lambda: llvm.assembly(text))
    with timed("compile"):
        return llvm.compile(text)


def _link(image: bytes, names: Sequence[str]) -> tuple[Any, dict[str, int]]:
    if elf.can_place():
        with suppress(elf.UnsupportedObject):
            return elf.place(image, names)
    return compiler.get().link(image, names)
