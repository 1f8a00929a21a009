"""Training from a Parquet file that is larger than memory is allowed to be.

python -m bench.outofcore [--gigabytes 2] [--columns 20] [--group 250000] [--memory 256]

A file of random float32 is written once; then a process of its own trains a network on it for one
epoch, and another one only reads it. Each tells its peak of resident memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np


def write(path: Path, rows: int, columns: int, group: int) -> None:
    """A table of `columns` normal numbers, and a target that depends on the first two."""
    import pyarrow as pa
    from pyarrow import parquet

    names = [f"x{place}" for place in range(columns)]
    fields = [*((name, pa.float32()) for name in names), ("target", pa.int8())]
    schema = pa.schema(fields)
    random = np.random.default_rng(0)
    with parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as file:
        for start in range(0, rows, group):
            count = min(group, rows - start)
            block = random.standard_normal((columns, count), np.float32)
            target = (block[0] + block[1] > 0).astype(np.int8)
            file.write_table(pa.table([*block, target], schema=schema), row_group_size=group)


def peak() -> float:
    """The most resident memory that this process had, in MB."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def train(path: str, columns: int, memory: int) -> dict[str, Any]:
    """One epoch of a small network."""
    import lamina
    from lamina import keras

    lamina.config.table_memory = memory << 20
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(8, "relu")]
    model = keras.Sequential([keras.Input((columns,)), *layers, keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    begin = time.perf_counter()
    history = model.fit(path, y="target", batch_size=32, verbose=0)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "peak": peak(), "accuracy": history.history["accuracy"][0]}


def read(path: str, columns: int, memory: int) -> dict[str, Any]:
    """All rows in the order of the file, and nothing else."""
    from pyarrow import parquet

    begin = time.perf_counter()
    with parquet.ParquetFile(path, buffer_size=1 << 16, pre_buffer=False) as file:
        rows = sum(batch.num_rows for batch in file.iter_batches(batch_size=1 << 14))
    return {"seconds": time.perf_counter() - begin, "peak": peak(), "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--group", type=int, default=250_000, help="rows of a row group")
    parser.add_argument("--memory", type=int, default=256, help="config.table_memory in MiB")
    parser.add_argument("--work", choices=("train", "read"), help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work = {"train": train, "read": read}[given.work]
        print(json.dumps(work(given.file, given.columns, given.memory)))
        return
    rows = int(given.gigabytes * 1e9 / (4 * given.columns))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write(path, rows, given.columns, given.group)
        print(f"{path.stat().st_size / 1e9:.2f} GB, {rows:,} rows, groups of {given.group:,}")
        for name in ("read", "train"):
            command = [sys.executable, "-m", "bench.outofcore", *sys.argv[1:]]
            command += ["--work", name, "--file", str(path)]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            pace = rows / found["seconds"] / 1e6
            accuracy = f", accuracy {found['accuracy']:.4f}" if "accuracy" in found else ""
            print(f"{name}: {pace:.2f} million rows/s, peak {found['peak']:.0f} MB{accuracy}")


if __name__ == "__main__":
    main()
