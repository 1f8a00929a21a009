"""What all workers share: the jobs, the clock, and how the result is printed.

A worker runs in a peer's environment, where neither lamina nor anything but NumPy need be.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.cases import Array, Case

Call = Callable[[Array], Any]
CHUNKS = 1024, 8192  # rows a call, besides all at once, where many rows are predicted
LOOPS = 9  # of at least LOOP_SECONDS each, where one call is timed
LOOP_SECONDS = 0.05
MANY_SECONDS = 2.0  # of one pass over many rows
PATIENCE = 10  # seconds of epochs that count, after which no other begins


class Worker:
    """One library, with one network. The constructor imports, `build` makes the network."""

    def __init__(self, variant: str, threads: int) -> None:
        self.variant = variant
        self.threads = threads

    def build(self, case: Case) -> None:
        """Make the network of `case` and all that its training needs."""
        raise NotImplementedError

    def begin_with(self, weights: list[Array]) -> None:
        """Take `weights`, where `build` has not done so, so that all begin alike."""

    def epochs(self, features: Array, targets: Array, count: int) -> tuple[list[float], float]:
        """Train; give the seconds of each epoch until `enough`, and the mean loss of the last."""
        raise NotImplementedError

    def calls(self) -> dict[str, Call]:
        """The ways to predict, by name: from an array of rows to an array of the library."""
        raise NotImplementedError

    def bulk_calls(self) -> dict[str, Call]:
        """Those of the ways that suit thousands of rows."""
        return self.calls()

    def versions(self) -> dict[str, str]:
        """Which releases are measured."""
        raise NotImplementedError


def timed_epochs(epoch: Callable[[], float], count: int) -> tuple[list[float], float]:
    """The seconds that each of `count` calls of `epoch` takes, and what the last returns.

    There are less calls where the time is up (`enough`).
    """
    seconds, loss = [], float("nan")
    for _ in range(count):
        start = time.perf_counter()
        loss = epoch()
        seconds.append(time.perf_counter() - start)
        if enough(seconds):
            break
    return seconds, loss


def enough(seconds: list[float]) -> bool:
    """Whether the epochs so far have taken so long that one more would tell little."""
    return len(seconds) > 1 and sum(seconds[1:]) > PATIENCE


def peak_memory() -> float:
    """The most memory that this process has had, in MB."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        import resource

        scale = 1 if platform.system() == "Darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6


def train(worker: Worker, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Microseconds per step in each epoch after the first, and the peak of memory."""
    if options.mapped:
        features = np.load(options.mapped + "/features.npy", mmap_mode="r")
        targets = np.load(options.mapped + "/targets.npy", mmap_mode="r")
    else:
        features, targets = case.data()
    worker.build(case)
    worker.begin_with(case.weights())
    seconds, loss = worker.epochs(features, targets, options.epochs + 1)
    return {
        "microseconds": [1e6 * second / case.steps for second in seconds[1:]],
        "first_epoch": seconds[0],
        "loss": loss,
        "memory": peak_memory(),
    }


def predict_one(worker: Worker, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Microseconds for one row, in each way: the median and the least of several loops."""
    worker.build(case)
    row = case.data()[0][:1].copy()
    found = {}
    for name, call in worker.calls().items():
        call(row)
        timer = timeit.Timer("call(row)", globals={"call": call, "row": row})
        number = max(1, round(LOOP_SECONDS / max(min(timer.repeat(5, 1)), 1e-8)))
        times = [1e6 * seconds / number for seconds in timer.repeat(LOOPS, number)]
        found[name] = {"median": statistics.median(times), "least": min(times)}
    return {"microseconds": found}


def predict_many(worker: Worker, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Rows per second in the best way and with the best size of a call."""
    worker.build(case)
    features = case.data()[0]
    rates = {}
    for name, call in worker.bulk_calls().items():
        for size in (*CHUNKS, len(features)):
            outputs = np.empty((len(features), case.layers[-1].units), "float32")
            found = [_rate(call, features, outputs, size) for _ in range(4)]
            rates[f"{name}, {size} rows a call"] = max(found[1:])
    way = max(rates, key=rates.__getitem__)
    return {"rows_per_second": rates[way], "way": way, "all": rates}


def _rate(call: Call, features: Array, outputs: Array, size: int) -> float:
    """Rows per second through `features`, or as far as MANY_SECONDS suffice."""
    start = time.perf_counter()
    for first in range(0, len(features), size):
        outputs[first : first + size] = call(features[first : first + size])
        seconds = time.perf_counter() - start
        if seconds > MANY_SECONDS:
            break
    return min(first + size, len(features)) / seconds


def start(worker: Worker, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """The seconds from the start of the process to the end of the first epoch, part by part."""
    features, targets = case.data()  # between the clocks: it is nobody's
    times = [time.perf_counter()]
    worker.build(case)
    times.append(time.perf_counter())
    worker.epochs(features, targets, 1)
    times.append(time.perf_counter())
    parts = {
        "import": options.imported - options.started,
        "build": times[1] - times[0],
        "first epoch": times[2] - times[1],
    }
    return {"seconds": sum(parts.values()), "parts": parts}


JOBS = {job.__name__: job for job in (train, predict_one, predict_many, start)}


def main(make: type[Worker]) -> None:
    """Do the job that the command line names; print its result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("case", type=Case.from_json)
    parser.add_argument("--variant", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3, help="that count, besides the first")
    parser.add_argument("--mapped", help="a folder with features.npy and targets.npy")
    parser.add_argument("--started", type=float, default=time.time(), help="when, by time.time()")
    options = parser.parse_args()
    worker = make(options.variant, options.threads)
    options.imported = time.time()
    found = JOBS[options.job](worker, options.case, options)
    versions = {"Python": platform.python_version(), **worker.versions()}
    print(json.dumps({**found, "versions": versions}))
