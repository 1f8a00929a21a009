"""What is measured: a list of jobs for one round, and how one job is run in its own process."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.cases import CASES, Case, with_rows, with_width
from bench.contestants import CONTESTANTS, GROW, MANY, ONE, START, TRAIN, Contestant
from bench.environments import install, interpreter
from bench.machine import ROOT, Meter, load, wait_for_quiet

SECTIONS = TRAIN, ONE, MANY, START, "import", GROW
WORKER_JOBS = {TRAIN: "train", GROW: "train", ONE: "predict_one", MANY: "predict_many"}
MANY_ROWS = {"borrower": 1_000_000, "mnist": 20_000}
ROWS = 10**3, 10**4, 10**5, 10**6
MAPPED_ROWS = 10**7
WIDTHS = 16, 32, 64, 128, 256, 512, 1024, 2048
TIMEOUT = 1200  # seconds

# Set where old processors need it; it would hold the others' BLAS back, or leave no byte code.
_DROPPED = "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("LAMINA_THREADS", "NPROC"),  # XLA reads NPROC
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the command line asks for."""

    sections: tuple[str, ...] = SECTIONS
    cases: tuple[str, ...] = tuple(CASES)
    contestants: tuple[str, ...] = tuple(CONTESTANTS)
    threads: tuple[int, ...] = (1,)
    epochs: int = 3
    quick: bool = False
    mapped: bool = False


@dataclasses.dataclass(frozen=True)
class Job:
    """One measurement of one contestant. `label` tells jobs of a section apart: a size, a cache."""

    section: str
    contestant: Contestant
    case: Case
    threads: int
    label: str = ""
    epochs: int = 3
    mapped: bool = False

    @property
    def names(self) -> dict[str, Any]:
        """What a record says of it."""
        return {
            "section": self.section,
            "case": self.case.name,
            "contestant": self.contestant.name,
            "threads": self.threads,
            "label": self.label,
        }


class Failed(Exception):
    """A worker ended without a result; the reason is what it said last."""


def jobs(plan: Plan) -> list[Job]:
    """All jobs of a round: within each case the contestants take turns."""
    makers = {TRAIN: _train, ONE: _one, MANY: _many, START: _start, GROW: _growth}
    return [
        job
        for section in plan.sections
        if section in makers
        for job in makers[section](plan)
        if job.contestant.name in plan.contestants and job.contestant.can(section, job.case)
    ]


def _train(plan: Plan) -> Iterator[Job]:
    for name in plan.cases:
        case = _shortened(CASES[name]) if plan.quick else CASES[name]
        for contestant in CONTESTANTS.values():
            for threads in plan.threads:
                yield Job(TRAIN, contestant, case, threads, epochs=plan.epochs)


def _one(plan: Plan) -> Iterator[Job]:
    for contestant in CONTESTANTS.values():
        yield Job(ONE, contestant, dataclasses.replace(CASES["borrower"], rows=100), 1)


def _many(plan: Plan) -> Iterator[Job]:
    for name in plan.cases:
        if name not in MANY_ROWS:
            continue
        rows = MANY_ROWS[name] // 10 if plan.quick else MANY_ROWS[name]
        case = dataclasses.replace(CASES[name], rows=rows)
        for contestant in CONTESTANTS.values():
            for threads in plan.threads:
                yield Job(MANY, contestant, case, threads)


def _start(plan: Plan) -> Iterator[Job]:
    for contestant in CONTESTANTS.values():
        for cache in ("empty", "warm"):
            yield Job(START, contestant, CASES["borrower"], 1, f"{cache} cache")


def _growth(plan: Plan) -> Iterator[Job]:
    threads = max(plan.threads)
    for rows in ROWS[:2] if plan.quick else ROWS:
        for contestant in CONTESTANTS.values():
            epochs = 1 if rows > 10**5 else 3
            yield Job(GROW, contestant, with_rows(rows), threads, f"{rows} rows", epochs)
    if plan.mapped:
        lamina, case = CONTESTANTS["lamina"], with_rows(MAPPED_ROWS)
        yield Job(GROW, lamina, case, threads, f"{MAPPED_ROWS} rows", 1, mapped=True)
    for width in WIDTHS[:4] if plan.quick else WIDTHS:
        for contestant in CONTESTANTS.values():
            yield Job(GROW, contestant, with_width(width), threads, f"width {width}", plan.epochs)


def _shortened(case: Case) -> Case:
    return dataclasses.replace(case, rows=max(case.batch * 4, case.rows // 20))


class Runner:
    """Runs jobs. Compiled code is kept in `folder`, which all runs share but for those of START."""

    def __init__(self, folder: Path, patience: float = 0.0) -> None:
        self.folder = folder
        self.patience = patience

    def run(self, job: Job) -> dict[str, Any]:
        """What the worker found, and how busy the machine was meanwhile. Raises Failed."""
        python = interpreter(job.contestant.peer) or install(job.contestant.peer)
        with contextlib.ExitStack() as stack:
            arguments = []
            if job.mapped:
                folder = stack.enter_context(tempfile.TemporaryDirectory(dir=self.folder))
                write_mapped(job.case, Path(folder))
                arguments = ["--mapped", folder]
            cache = self.folder / "cache"
            if job.section == START:
                # No blanks or commas: compilers that peers call do not take them.
                cache = self.folder / re.sub(r"\W+", "-", job.contestant.name)
                if job.label == "empty cache":
                    cache = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self.folder)))
                elif not cache.exists():
                    self._measure(python, job, cache, arguments)
            wait_for_quiet(self.patience)
            meter = Meter()
            found = self._measure(python, job, cache, arguments)
            return {"load": load(), "others": meter.others(), **found}

    def _measure(self, python: str, job: Job, cache: Path, arguments: list[str]) -> dict[str, Any]:
        command = [
            *(python, "-m", f"bench.workers.{job.contestant.worker}"),
            *(WORKER_JOBS.get(job.section, job.section), job.case.to_json()),
            *("--variant", job.contestant.variant, "--threads", str(job.threads)),
            *("--epochs", str(job.epochs), *arguments, "--started", str(time.time())),
        ]
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                cwd=ROOT,
                env=environment(job.threads, cache),
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"it took more than {TIMEOUT} seconds") from error
        if done.returncode:
            raise Failed(_reason(done.stderr))
        return dict(json.loads(done.stdout.splitlines()[-1]))


def _reason(text: str) -> str:
    """The last line that names an error, or the last at all."""
    lines = [line for line in text.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (named or lines or ["it failed"])[-1].strip()


def environment(threads: int, cache: Path) -> dict[str, str]:
    """The variables of a worker: how many threads, and where compiled code is kept."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        **dict.fromkeys(_THREADS, str(threads)),
        "LAMINA_OBJECT_CACHE": str(cache / "lamina"),
        "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"),
    }


def write_mapped(case: Case, folder: Path) -> None:
    """The rows of `case` as files that can be mapped into memory, written block by block."""
    opened: dict[str, Any] = {}
    first = 0
    for features, targets in case.blocks():
        for name, values in (("features", features), ("targets", targets)):
            if name not in opened:
                shape = (case.rows, *values.shape[1:])
                path = str(folder / f"{name}.npy")
                opened[name] = np.lib.format.open_memmap(path, "w+", values.dtype, shape)
            opened[name][first : first + len(values)] = values
        first += len(features)
    for array in opened.values():
        array.flush()
