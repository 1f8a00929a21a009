"""What a file may ask for while it is read: memory, patterns, names.

A configuration of a few bytes can name a layer of terabytes. While a file is read, what is made
must be in the file (weights), or be small; outside of that, nothing is limited.
"""

from __future__ import annotations

import math
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..core.errors import InvalidArgumentError
from ..core.showing import shown

_FREE = 64 * 2**20  # bytes of tables and of metrics' state, which no file holds
MOST_OBJECTS = 10_000  # making a layer takes about 3 ms
_UNKNOWN_MEMORY = 64 * 2.0**30
_LONGEST_NAME = 10_000
_LONGEST_PATTERN = 200
_MOST_REPEATS = 2  # in a pattern; matching takes at most about the cube of a path's length


class _Budget(threading.local):
    weights: float | None = None
    others: float = 0.0
    objects: int = 0


_BUDGET = _Budget()


@contextmanager
def weight_budget(limit: float) -> Iterator[None]:
    """Inside, a file is read: layers may not make weights of more than `limit` bytes in all."""
    before = _BUDGET.weights, _BUDGET.others, _BUDGET.objects
    _BUDGET.weights, _BUDGET.others, _BUDGET.objects = limit, _FREE, MOST_OBJECTS
    try:
        yield
    finally:
        _BUDGET.weights, _BUDGET.others, _BUDGET.objects = before


@contextmanager
def memory_budget() -> Iterator[None]:
    """Inside, a configuration without a file is read: the weights must fit this machine.

    Inside of a `weight_budget`, that one holds.
    """
    if _BUDGET.weights is not None:
        yield
        return
    try:
        memory = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # Windows
        memory = _UNKNOWN_MEMORY
    with weight_budget(memory):
        yield


def spend(shape: tuple[int, ...], itemsize: int) -> None:
    """Count a weight that is about to be made."""
    if _BUDGET.weights is not None:
        _BUDGET.weights -= abs(math.prod(shape)) * itemsize
        if _BUDGET.weights < 0:
            raise InvalidArgumentError(
                f"a weight of shape {shape} is more than the file can hold, or this machine"
            )


def spend_besides(shape: tuple[int, ...], what: str, itemsize: int = 8) -> None:
    """Count something that is about to be made and that no file holds: a table, a metric's state.

    Layers that were given such a size by a program are free to use it.
    """
    if _BUDGET.weights is not None:
        _BUDGET.others -= abs(math.prod(shape)) * itemsize
        if _BUDGET.others < 0:
            raise InvalidArgumentError(
                f"{what} of shape {shape} is more than a file may ask for. If you trust it, make "
                "the model in your program and call load_weights() on the file"
            )


def checked_pattern(pattern: str) -> str:
    """`pattern`, a regular expression; in a file, only one that is matched in little time.

    Repeats of repeats take exponential time; each further repeat, a power of the path's length.
    """
    if _BUDGET.weights is None or not isinstance(pattern, str):
        return pattern
    plain = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern[: _LONGEST_PATTERN + 1])
    repeats = len(re.findall(r"[*+{]", plain))
    nested = re.search(r"\)[*+?{]", plain)
    if len(pattern) > _LONGEST_PATTERN or nested or repeats > _MOST_REPEATS:
        raise InvalidArgumentError(
            f"the pattern {shown(pattern, 80)!r} is too intricate to be taken from a file: at most "
            f"{_LONGEST_PATTERN} characters and {_MOST_REPEATS} repeats, none of a group"
        )
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidArgumentError(
            f"the pattern {shown(pattern, 80)!r} is no regular expression: {shown(error)}"
        ) from error
    return pattern


def check_object(name: object) -> None:
    """In a file, objects are not too many, and their names are of one line and can be shown."""
    if _BUDGET.weights is None:
        return
    _BUDGET.objects -= 1
    if _BUDGET.objects < 0:
        raise InvalidArgumentError(f"a file may describe {MOST_OBJECTS:,} objects at most")
    if not isinstance(name, str):
        return
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidArgumentError(
            f"the name {shown(name, 60)!r} is longer than {_LONGEST_NAME} characters, or has some "
            "that cannot be shown"
        )
