"""What the numbers depend on besides the libraries: the machine, its load, the state of lamina."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_VECTORS = "avx512f", "avx2", "asimd"  # the first that there is says how wide vectors are


def facts() -> dict[str, Any]:
    """The processor, its cores, memory and system. No names of hosts or people."""
    processor = _processor()
    return {
        "processor": processor.get("model name") or platform.processor() or platform.machine(),
        "family and model": " ".join(
            processor[name] for name in ("cpu family", "model") if name in processor
        ),
        "vectors": next(
            (name for name in _VECTORS if name in _flags(processor)), platform.machine()
        ),
        "cores": cores(),
        "memory": _memory(),
        "system": platform.system() + " " + platform.release().split("-")[0],
        "python": platform.python_version(),
    }


def cores() -> int:
    """How many processors this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit() -> str:
    """The commit of the source, with a plus sign where files have changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


class Meter:
    """How busy others keep the processors while a child of this process runs."""

    def __init__(self) -> None:
        self._begin = self._read()

    def others(self) -> float | None:
        """Processors that others have kept busy on average since the start; None if unknown."""
        begin, end = self._begin, self._read()
        if begin is None or end is None or end[0] <= begin[0]:
            return None
        wall, busy, own = (now - then for now, then in zip(end, begin))
        return max(0.0, (busy - own) / wall)

    @staticmethod
    def _read() -> tuple[float, float, float] | None:
        """Seconds on the clock, of all processors' work, and of this process and its children."""
        try:
            line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
        except OSError:
            return None
        ticks = [int(word) for word in line.split()[1:9]]
        times = os.times()
        busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
        own = times.user + times.system + times.children_user + times.children_system
        return times.elapsed, busy, own


def wait_for_quiet(patience: float, limit: float = 0.15) -> None:
    """Return when others keep less than `limit` processors busy, or after `patience` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        meter = Meter()
        time.sleep(1)
        busy = meter.others()
        if busy is None or busy < limit:
            return


def load() -> float | None:
    """How many programs have wanted to run, on average over the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _processor() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _flags(processor: dict[str, str]) -> set[str]:
    return set((processor.get("flags") or processor.get("Features") or "").split())


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):
        return "unknown"
    return f"{size / 2**30:.0f} GiB"
