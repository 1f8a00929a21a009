"""What `import lamina` costs beside `import numpy`: fresh interpreters in turn, medians.

python -m bench.startup [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

MODULES = ("numpy", "lamina", "lamina.keras")
CODE = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def seconds(module: str) -> float:
    """The time of importing `module` in a fresh interpreter."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # byte code is kept, as for users
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(module)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return float(done.stdout)


def main(rounds: int = 15) -> None:
    """Print the median times and their ratios to NumPy's."""
    for module in MODULES:
        seconds(module)  # byte code is written, files are warm
    times: dict[str, list[float]] = {module: [] for module in MODULES}
    for _ in range(rounds):
        for module in MODULES:
            times[module].append(seconds(module))
    base = statistics.median(times["numpy"])
    for module in MODULES:
        median = statistics.median(times[module])
        print(f"{module:14} {1000 * median:7.1f} ms  {median / base:5.2f} x numpy")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
