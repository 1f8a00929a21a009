"""Which processor this is, as far as compiled code depends on it.

Where Linux says it, LLVM need not be asked: programs that are in the cache run without LLVM.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import NamedTuple

from . import compiler

_LINUX = "/proc/cpuinfo"
_FIELDS = "vendor_id", "cpu family", "model", "stepping", "flags"


class Processor(NamedTuple):
    """Processors of one `identity` get the same code. `flags`: what it can do, in lower case."""

    identity: str
    flags: frozenset[str]

    @property
    def lanes(self) -> int:
        """How many float32 its widest vectors hold, of those that can fuse multiply and add."""
        if "avx512f" in self.flags:
            return 16
        return 8 if {"avx2", "fma"} <= self.flags else 4


@functools.cache
def processor() -> Processor:
    """The one that this program runs on."""
    return _from_linux() or _from_llvm()


def _from_linux() -> Processor | None:
    """What the kernel says of the first processor; None where it does not name flags."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        return None
    found = {}
    try:
        with open(_LINUX, encoding="utf-8", errors="replace") as file:
            for line in file:
                name, colon, value = line.partition(":")
                if not colon:  # the first processor's part is over
                    break
                found[name.strip()] = value.strip()
    except OSError:
        return None
    if not all(name in found for name in _FIELDS):
        return None
    identity = "; ".join(found[name] for name in _FIELDS)
    return Processor(identity, frozenset(found["flags"].split()))


def _from_llvm() -> Processor:
    llvm = compiler.get()
    flags = frozenset(flag[1:] for flag in llvm.features.split(",") if flag.startswith("+"))
    return Processor(f"{llvm.triple}; {llvm.cpu}; {llvm.features}", flags)
