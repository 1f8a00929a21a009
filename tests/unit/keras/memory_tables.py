"""One table in memory, as many libraries have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {"a": RANDOM.normal(size=100), "b": RANDOM.integers(0, 5, 100), "t": RANDOM.random(100) > 0.5}
)
TABLE["default"] = (TABLE.a + TABLE.b > 2).astype(int)
TABLE["w"] = RANDOM.random(100)
INPUTS = TABLE[["a", "b", "t"]].to_numpy().astype(np.float32)


class _Stream:
    """What speaks Arrow's protocol and belongs to no library."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


class _Interchange:
    """What speaks the data frame interchange protocol only."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __dataframe__(self, **options: Any) -> Any:
        return self.table.__dataframe__(**options)


KINDS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas, nullable": lambda frame: frame.convert_dtypes(),
    "pandas, Arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "pandas, objects": lambda frame: frame.astype(object),
    "pandas, decimals": lambda frame: frame.assign(
        b=pd.array(frame.b, dtype=pd.ArrowDtype(pa.decimal128(25, 2)))
    ),
    "pandas, sparse": lambda frame: frame.astype({"a": "Sparse[float]", "b": "Sparse[int]"}),
    "polars": pl.from_pandas,
    "polars, lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "polars, chunks": lambda frame: pl.concat(
        [pl.from_pandas(frame.head(30)), pl.from_pandas(frame.tail(70))], rechunk=False
    ),
    "pyarrow": pa.Table.from_pandas,
    "record batch": pa.RecordBatch.from_pandas,
    "structured array": lambda frame: frame.to_records(index=False),
    "Arrow's stream": lambda frame: _Stream(pa.Table.from_pandas(frame)),
    "interchange": lambda frame: _Interchange(pa.Table.from_pandas(frame)),
}
