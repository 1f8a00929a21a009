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

    columns = getattr(data, "columns", None)
    if not getattr(columns, "is_unique", True):  # in pandas, names may be equal
        data = data.set_axis(range(len(columns)), axis=1)  # type: ignore[arg-type]
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
    import narwhals.stable.v2 as frames

    is_number = series.dtype.is_numeric() or series.dtype == frames.Boolean
    if is_number and series.null_count():
        series = series.cast(frames.Float64)
    array: Array = series.to_numpy()
    return array
