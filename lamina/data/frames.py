"""Data frames and series of pandas, Polars and PyArrow as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import Array

_LIBRARIES = ("pandas", "polars", "pyarrow", "modin", "cudf")


def frame_values(data: Any) -> Array | None:
    """The values of a frame (rows, columns) or a series (rows,); None where it is neither."""
    if type(data).__module__.split(".")[0] not in _LIBRARIES:
        return None
    import narwhals.stable.v2 as frames

    try:
        frame = frames.from_native(data, eager_only=True, allow_series=True)
    except TypeError:
        return None
    if isinstance(frame, frames.Series):
        return _column(frame)
    columns = [_column(frame.get_column(name)) for name in frame.columns]
    if not columns:
        return np.empty((len(frame), 0), np.float32)
    if len({column.dtype for column in columns}) > 1:
        kinds = {column.dtype.kind for column in columns}
        common = np.result_type(*columns) if kinds <= set("fiub") else np.dtype(object)
        columns = [column.astype(common) for column in columns]
    return np.stack(columns, axis=1)


def _column(series: Any) -> Array:
    """A series as an array: numbers with NaN where one is missing, dates and texts as objects."""
    if series.dtype.is_numeric() and series.null_count():
        return np.array(series.cast(_float64()).fill_null(float("nan")).to_list(), np.float64)
    array: Array = series.to_numpy()
    return array


def _float64() -> Any:
    import narwhals.stable.v2 as frames

    return frames.Float64
