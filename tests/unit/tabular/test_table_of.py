"""A table from whatever holds one gives the same columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from lamina import tabular
from lamina.cli.source import find_source
from lamina.core.errors import ArgumentTypeError, DataLossError, MissingFileError

FRAME = pd.DataFrame(
    {"count": [1.0, np.nan, 3.0, 4.0], "name": ["x", None, "y", "z"], "whole": [5, 6, 7, 8]}
)


def _parts(folder: Path) -> Path:
    parts = folder / "parts"
    parts.mkdir()
    for number in range(2):
        FRAME.iloc[2 * number : 2 * number + 2].to_parquet(parts / f"{number}.parquet")
    return parts


def _written(name: str, write: str, **options: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        getattr(FRAME, write)(folder / name, **options)
        return folder / name

    return make


SOURCES: dict[str, Callable[[Path], Any]] = {
    "Parquet": _written("t.parquet", "to_parquet"),
    "Feather": _written("t.feather", "to_feather"),
    "CSV": _written("t.csv", "to_csv", index=False),
    "compressed CSV": _written("t.csv.gz", "to_csv", index=False),
    "a folder": _parts,
    "a pattern": lambda folder: str(_parts(folder) / "*.parquet"),
    "a list": lambda folder: sorted(_parts(folder).iterdir()),
    "lazy": lambda folder: pl.from_pandas(FRAME).lazy(),
    "structured array": lambda folder: FRAME.to_records(index=False),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_same_columns_come_from_everywhere(name: str, tmp_path: Path) -> None:
    table = tabular.table_of(SOURCES[name](tmp_path))
    assert table.names == ("count", "name", "whole")
    for column, expected in (("count", [1, np.nan, 3, 4]), ("whole", [5, 6, 7, 8])):
        numbers, bad = table.column(column).numbers()
        assert bad is None
        np.testing.assert_array_equal(numbers, expected)
    assert table.column("name").texts() == ["x", "", "y", "z"]


def test_results_are_not_written_among_the_parts_of_a_table(tmp_path: Path) -> None:
    parts = _parts(tmp_path)
    assert find_source(str(parts), "whole", full=False).name == "parts-network"
    assert find_source(str(parts / "*.parquet"), "whole", full=False).name == "parts-network"
    FRAME.to_parquet(tmp_path / "clients.parquet")
    assert find_source(str(tmp_path / "clients.parquet"), "whole", full=False).name == "clients"


def test_files_that_are_no_tables_are_named(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "odd.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:500])
    with pytest.raises(DataLossError, match=r"odd\.parquet cannot be read as Parquet"):
        tabular.table_of(tmp_path / "odd.parquet")
    with pytest.raises(MissingFileError, match=r"Did you mean 't\.parquet'"):
        tabular.table_of(tmp_path / "tt.parquet")
    with pytest.raises(ArgumentTypeError, match="got int"):
        tabular.table_of(3)
