"""Tables in files, and a model that is trained on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import dataset, feather, ipc, parquet

from lamina import keras
from lamina.core.config import config

ROWS, GROUP = 5000, 700
RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "a": RANDOM.normal(size=ROWS),
        "b": RANDOM.integers(0, 5, ROWS),
        "t": RANDOM.random(ROWS) > 0.5,
        "number": np.arange(ROWS, dtype=np.float64),
    }
)
FRAME["default"] = (FRAME.a + FRAME.b > 2).astype(int)
FRAME["w"] = RANDOM.random(ROWS)
TABLE = pa.Table.from_pandas(FRAME)


def _stream(path: Path) -> None:
    with ipc.new_stream(path, TABLE.schema) as file:
        file.write_table(TABLE, max_chunksize=GROUP)


def _parts(path: Path) -> None:
    path.mkdir()
    for number, start in enumerate(range(0, ROWS, 2000)):
        part = TABLE.slice(start, 2000)
        parquet.write_table(part, path / f"{number}.parquet", row_group_size=GROUP)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "rows.parquet": lambda path: parquet.write_table(TABLE, path, row_group_size=GROUP),
    "rows.feather": lambda path: feather.write_feather(TABLE, path, chunksize=GROUP),
    "rows.arrows": _stream,
    "rows.csv": lambda path: FRAME.to_csv(path, index=False),
    "rows.tsv.gz": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "parts": _parts,
}
SOURCES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    **{name: (name, str) for name in WRITERS},
    "a Path": ("rows.parquet", lambda path: path),
    "a pattern": ("parts", lambda path: f"{path}/*.parquet"),
    "a list": ("parts", lambda path: sorted(path.iterdir())),
    "a dataset": ("parts", dataset.dataset),
    "a filtered dataset": (
        "rows.parquet",
        lambda path: dataset.dataset(path).filter(dataset.field("number") >= 0),
    ),
}


def write_all(folder: Path) -> Path:
    """The same table in each kind of file."""
    for name, write in WRITERS.items():
        write(folder / name)
    return folder


@contextmanager
def table_memory(size: int) -> Iterator[None]:
    """Larger tables are read piece by piece, inside."""
    before, config.table_memory = config.table_memory, size
    try:
        yield
    finally:
        config.table_memory = before


def new_model() -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model
