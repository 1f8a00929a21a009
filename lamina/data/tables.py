"""Whatever has rows and named columns: in memory, lazy, or in files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import InvalidArgumentError
from .frames import Frame, frame_of, lazy_frame


class Lazy:
    """A query that runs when its columns are read (a LazyFrame and its like)."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names: tuple[str, ...] = tuple(frame.collect_schema().names())
        self.where = "the table"

    def read(self, names: Sequence[str]) -> Frame:
        """The named columns, in memory."""
        found = frame_of(self._frame.select(*names).collect().to_native())
        assert found is not None
        return found


Table = Frame | Lazy


def table_of(data: Any) -> Table | None:
    """The table that `data` is; None where it is something else."""
    if isinstance(data, np.ndarray) and data.dtype.names is None:
        return None
    lazy = lazy_frame(data)
    return frame_of(data) if lazy is None else Lazy(lazy)


def read(table: Table, names: Sequence[str] | None) -> Frame:
    """A table in memory, with at least the named columns."""
    if isinstance(table, Frame):
        frame = table
    else:
        frame = table.read(table.names if names is None else names)
    if not len(frame):
        raise InvalidArgumentError(f"{table.where} has no rows")
    return frame
