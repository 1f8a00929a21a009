"""A coverage-guided fuzzer of everything that reads a file.

`python -m tests.fuzz.files --seconds 600 [--target json] [--folder DIR]` fuzzes each kind of file
in turn, in a process of its own: one that crashes, hangs or eats memory is recorded and begun
anew. In DIR are, for each target, the inputs that reach new code, `findings/` and the log.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

_NAMES = "archive json objects hdf5 npz trainings weights edited shards named safetensors tabular"
NAMES = tuple(_NAMES.split())
_TURN = 120  # seconds of one process; a fresh one has forgotten what leaked in
_START = 600  # seconds that a process may take besides, to import and to end
_MEMORY = 3072  # megabytes
_LONGEST = 10  # seconds that one file may take
_LARGEST = 1 << 17  # bytes of an input


def main() -> int:
    """Fuzz; the exit status is the number of findings, at most 100."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.files", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--target", choices=NAMES, action="append")
    parser.add_argument("--folder", default="fuzz", type=Path)
    parser.add_argument("--turn", default=_TURN, type=float, help="seconds of one process")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _work(options.worker, options.folder, options.seconds)
        return 0
    chosen = options.target or list(NAMES)
    end, found, number = time.monotonic() + options.seconds, 0, 0
    while (left := end - time.monotonic()) > 1:
        found += _turn(chosen[number % len(chosen)], options.folder, min(left, options.turn))
        number += 1
    print(f"{found} findings in {options.folder}")
    return min(found, 100)


def _turn(target: str, folder: Path, seconds: float) -> int:
    """Fuzz one target in a process of its own for a while; how many findings there were."""
    home = folder / target
    (home / "findings").mkdir(parents=True, exist_ok=True)
    (home / "inputs").mkdir(exist_ok=True)
    before = set((home / "findings").iterdir())
    for name in ("now", "runs"):
        (home / name).unlink(missing_ok=True)
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.files"]
    command += ["--worker", target, "--folder", str(folder), "--seconds", str(int(seconds) or 1)]
    started = time.monotonic()
    with open(home / "log.txt", "ab") as log:
        try:
            code = subprocess.run(
                command, stdout=log, stderr=log, timeout=seconds + _START, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            code = -9
    found = sorted(set((home / "findings").iterdir()) - before)
    if code and not found:  # it died before it could say of what: the input under way is kept
        kept = home / "findings" / f"died{code}-{time.time_ns()}"
        if (home / "now").exists():
            kept.write_bytes((home / "now").read_bytes())
            found = [kept]
    took = round(time.monotonic() - started, 1)
    entry = {"target": target, "seconds": took, "runs": _runs(home), "code": code}
    with open(folder / "turns.jsonl", "a", encoding="utf-8") as turns:
        turns.write(json.dumps({**entry, "findings": [path.name for path in found]}) + "\n")
    return len(found)


def _runs(home: Path) -> int:
    try:
        return int((home / "runs").read_text())
    except (OSError, ValueError):
        return 0


def _work(target: str, folder: Path, seconds: float) -> None:
    """One process of libFuzzer; it ends at the first finding."""
    import atheris

    home = folder / target
    with atheris.instrument_imports(include=["lamina.keras", "lamina.train", "lamina.tabular"]):
        from . import targets
    from . import watching

    fuzzed = targets.TARGETS[target]
    for name, seed in _seeds(target):
        (home / "inputs" / name).write_bytes(seed)
        targets.is_refused(target, seed)  # what is imported late is imported now
    watching.install()
    count = 0

    def test(data: bytes) -> None:
        nonlocal count
        count += 1
        (home / "now").write_bytes(data)
        if count % 16 == 0:
            (home / "runs").write_text(str(count))
        with watching.Watch():
            targets.is_refused(target, data)

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        changed = fuzzed.mutate(data, random.Random(seed))
        return changed if len(changed) <= largest else atheris.Mutate(data, largest)

    arguments = [
        sys.argv[0],
        f"-max_total_time={int(seconds)}",
        f"-timeout={_LONGEST}",
        f"-rss_limit_mb={_MEMORY}",
        f"-max_len={_LARGEST}",
        f"-artifact_prefix={home}/findings/",
        "-print_final_stats=1",
        str(home / "inputs"),
    ]
    atheris.Setup(arguments, test, custom_mutator=mutate, internal_libfuzzer=True)
    atheris.Fuzz()


def _seeds(target: str) -> list[tuple[str, bytes]]:
    from tests.corpus import all_attacks

    from .targets import TARGETS

    found = [(f"seed{number}", seed) for number, seed in enumerate(TARGETS[target].seeds())]
    for attack in all_attacks():
        content = attack.make() if attack.reader == target else b""
        if 0 < len(content) <= _LARGEST:
            found.append((attack.name.replace(":", "-"), content))
    return found


if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "jax")
    sys.exit(main())
