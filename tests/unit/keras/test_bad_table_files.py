"""Tables in files that are damaged, foreign, or not what the model takes: errors name them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import dataset, feather, ipc, parquet

import lamina as tf
from lamina.core.errors import (
    ArgumentTypeError,
    DataLossError,
    InvalidArgumentError,
    MissingFileError,
    MissingPackageError,
)
from lamina.data import tables
from tests.unit.keras.stored_tables import (
    FRAME,
    GROUP,
    RANDOM,
    ROWS,
    TABLE,
    new_model,
    table_memory,
)

BAD: dict[str, tuple[str, Callable[[Path, Path], Any], type[Exception], str]] = {
    "cut Parquet": (
        "odd.parquet",
        lambda path, good: path.write_bytes((good / "rows.parquet").read_bytes()[:5000]),
        DataLossError,
        "odd.parquet cannot be read as Parquet",
    ),
    "random bytes": (
        "odd.parquet",
        lambda path, good: path.write_bytes(b"PAR1" + RANDOM.bytes(2000) + b"PAR1"),
        DataLossError,
        "odd.parquet cannot be read as Parquet",
    ),
    "no bytes": (
        "odd.parquet",
        lambda path, good: path.write_bytes(b""),
        DataLossError,
        "odd.parquet is empty",
    ),
    "cut Arrow": (
        "odd.arrow",
        lambda path, good: path.write_bytes((good / "rows.feather").read_bytes()[:5000]),
        DataLossError,
        "odd.arrow cannot be read as Arrow IPC",
    ),
    "a short line": (
        "odd.csv",
        lambda path, good: path.write_text("a,b,t,number,w\n1,2,1,1,1\n3\n"),
        DataLossError,
        "odd.csv cannot be read as CSV",
    ),
    "text far down in numbers": (
        "odd.csv",
        lambda path, good: path.write_text(
            "a,b,t,number,w\n" + "1,2,1,1,1\n" * 110_000 + "x,2,1,1,1\n"
        ),
        DataLossError,
        "odd.csv cannot be read as CSV: In CSV column #0",
    ),
    "no rows": (
        "odd.csv",
        lambda path, good: path.write_text("a,b,t,number\n"),
        InvalidArgumentError,
        "odd.csv has no rows",
    ),
    "another ending": (
        "odd.xlsx",
        lambda path, good: path.write_bytes(b"PK"),
        InvalidArgumentError,
        "odd.xlsx is no table: the name of one ends in .parquet",
    ),
    "no file": (
        "rows.parqet",
        lambda path, good: (path.parent / "rows.parquet").write_bytes(b""),
        MissingFileError,
        "Did you mean 'rows.parquet'?",
    ),
    "a folder without tables": (
        "folder",
        lambda path, good: path.mkdir(),
        MissingFileError,
        "folder holds no file that ends in .parquet",
    ),
    "a folder parted by a column": (
        "folder",
        lambda path, good: dataset.write_dataset(
            TABLE, path, format="parquet", partitioning=["b"], partitioning_flavor="hive"
        ),
        InvalidArgumentError,
        "partitioning='hive'",
    ),
    "other columns in another file": (
        "folder",
        lambda path, good: [
            path.mkdir(),
            parquet.write_table(TABLE, path / "1.parquet"),
            parquet.write_table(TABLE.drop_columns(["a"]), path / "2.parquet"),
        ],
        InvalidArgumentError,
        "the files have different columns: 'a'",
    ),
    "text in another file": (
        "folder",
        lambda path, good: [
            path.mkdir(),
            parquet.write_table(TABLE, path / "1.parquet"),
            parquet.write_table(
                TABLE.set_column(0, "a", pa.array(["x"] * ROWS)), path / "2.parquet"
            ),
        ],
        InvalidArgumentError,
        "the column 'a' holds double in",
    ),
    "a decimal comma": (
        "odd.csv",
        lambda path, good: path.write_text('a,b,t,number\n"1,5",1,1,1\n'),
        ArgumentTypeError,
        "'a' (string, as '1,5'). Text that spells numbers becomes numbers by",
    ),
    "a mark for what is missing": (
        "odd.csv",
        lambda path, good: path.write_text("a,b,t,number\n1.5,1,1,1\n?,1,1,1\n"),
        ArgumentTypeError,
        "'a' (string, as '?'). Text that spells numbers",
    ),
    "equal names": (
        "odd.csv",
        lambda path, good: path.write_text("a,b,t,number,a\n1,2,1,1,1\n"),
        InvalidArgumentError,
        "odd.csv has two columns called 'a'",
    ),
    "a text column": (
        "odd.parquet",
        lambda path, good: parquet.write_table(
            TABLE.set_column(0, "a", pa.array(["x"] * ROWS)), path
        ),
        ArgumentTypeError,
        "odd.parquet, these columns hold none: 'a' (string",
    ),
}


@pytest.mark.parametrize("memory", [100_000, 1 << 28])
@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_named(name: str, memory: int, folder: Path, tmp_path: Path) -> None:
    file, write, error, message = BAD[name]
    write(tmp_path / file, folder)
    model = new_model()
    model.fit(FRAME.drop(columns="w"), y="default", verbose=0)
    with table_memory(memory), pytest.raises(error) as caught:
        model.predict(str(tmp_path / file), verbose=0)
    assert message in str(caught.value)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("absent", [None, np.nan])
def test_missing_values_far_down_are_refused_by_name(absent: Any, tmp_path: Path) -> None:
    values = pa.array([*FRAME.a[:-3], *[absent] * 3], from_pandas=False)
    table = TABLE.set_column(0, "a", values)
    parquet.write_table(table, tmp_path / "rows.parquet", row_group_size=GROUP)
    model = new_model()
    with pytest.raises(InvalidArgumentError, match=r"missing in .*rows.parquet: 'a' \(3 of"):
        model.fit(str(tmp_path / "rows.parquet"), y="default", verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert model.built is not (absent is None)  # what the file itself says is told before training


def test_what_is_no_table_is_told() -> None:
    with pytest.raises(ArgumentTypeError, match="a table is a file"):
        tf.data.table(3)


def test_a_missing_package_is_told(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r'pip install "lamina\[arrow\]"'):
        tables.table_of(str(folder / "rows.csv"))


FLIPPED = """
import random, sys
import pathlib
from lamina.core.errors import OpError
from lamina.data import tables

path = pathlib.Path(sys.argv[1])
good, generator = path.read_bytes(), random.Random(0)
for number in range(100):
    content = bytearray(good)
    if number == 0:  # of Parquet, the type of a column in its statistics
        content = content.replace(b"\\x15\\x0a\\x19", b"\\x15\\x02\\x19")
    if number == 1:  # no text
        content = content.replace(b"yyy", b"\\xff\\xffy")
    for _ in range(generator.choice([1, 2, 20]) if number > 1 else 0):
        content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    cut = generator.choice([None, generator.randrange(len(content))]) if number > 1 else None
    path.write_bytes(content[:cut])
    try:
        table = tables.table_of(str(path))
        table.missing(table.names)
        frame = tables.read(table, None)
        for place in range(len(frame.labels)):
            frame.column(place).missing()
    except OpError:
        pass
"""


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow", "t.arrows", "t.csv"])
def test_damaged_files_are_told_and_end_no_process(
    name: str, tmp_path: Path, checkout: Path
) -> None:
    frame = FRAME.head(300).assign(s=["x", "yyy", None] * 100, c=pd.Categorical(["u", "v"] * 150))
    table = pa.Table.from_pandas(frame)
    path = tmp_path / name
    if name in ("t.arrow", "t.arrows"):
        make = ipc.new_file if name == "t.arrow" else ipc.new_stream
        with make(path, table.schema) as file:
            file.write_table(table, max_chunksize=100)
    elif name == "t.csv":
        frame.to_csv(path, index=False)
    else:
        write = parquet.write_table if name == "t.parquet" else feather.write_feather
        write(table, path)
    done = subprocess.run(
        [sys.executable, "-c", FLIPPED, str(path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=checkout,
    )
    assert done.returncode == 0, done.stderr
