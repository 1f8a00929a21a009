"""Stages of compilation, printed as they happen: LAMINA_DEBUG=plan,times."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .config import config
from .errors import InvalidArgumentError, nearest

STAGES = "graph", "passes", "plan", "ir", "assembly", "times"


def shows(stage: str) -> bool:
    """Whether `config.debug` asks for this stage; it names stages, with commas between them."""
    if not config.debug:
        return False
    chosen = [name.strip() for name in config.debug.split(",") if name.strip()]
    for name in chosen:
        if name not in STAGES:
            raise InvalidArgumentError(
                f"config.debug expects some of {', '.join(STAGES)}; got {name!r}."
                f"{nearest(name, STAGES)}"
            )
    return stage in chosen


def show(stage: str, text: Callable[[], str]) -> None:
    """Print `text()` to standard error, if this stage is asked for."""
    if shows(stage):
        sys.stderr.write(f"== {stage}\n{text()}\n")


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the code inside took, if times are asked for."""
    begin = time.perf_counter()
    yield
    spent = time.perf_counter() - begin
    show("times", lambda: f"{what}: {1e3 * spent:.2f} ms")
