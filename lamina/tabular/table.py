"""A table: named columns of numbers or texts, and where each row stood in its file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NotFoundError,
    describe,
    nearest,
)
from ..data import tables
from ..data.frames import column_of, is_index

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))
BOOLEANS = {"true": 1.0, "false": 0.0}
TEXT = np.dtypes.StringDType()

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


def to_number(text: str) -> float | None:
    """The number that `text` spells, NaN where it says "missing", None where it is another text."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return math.nan if text.lower() in MISSING else None


def to_text(number: float) -> str:
    """`number` as one would write it into a table: 3 for 3.0, "" for NaN."""
    if math.isnan(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(float(number))


class Column:
    """One named column: float64 numbers (NaN where missing) or texts (see `MISSING`)."""

    __slots__ = ("name", "values")

    def __init__(self, name: str, values: npt.NDArray[Any]) -> None:
        self.name = name
        self.values = values

    @property
    def is_number(self) -> bool:
        return bool(self.values.dtype == np.float64)

    def texts(self) -> list[str]:
        """One text per row; every spelling of "missing" becomes the empty text."""
        if self.is_number:
            return [to_text(value) for value in self.values.tolist()]
        return ["" if text.lower() in MISSING else text for text in self.values.tolist()]

    def numbers(self) -> tuple[Numbers, int | None]:
        """One number per row (NaN where missing), and the first row that is another text."""
        if self.is_number:
            return self.values, None
        numbers = [to_number(text) for text in self.values.tolist()]
        if None in numbers:
            return np.array([np.nan if number is None else number for number in numbers]), (
                numbers.index(None)
            )
        return np.array(numbers, np.float64), None

    def booleans(self) -> tuple[Numbers, int | None]:
        """As `numbers`, with true as 1 and false as 0."""
        if self.is_number:
            bad = np.flatnonzero(~np.isnan(self.values) & ~np.isin(self.values, (0.0, 1.0)))
            return self.values, (int(bad[0]) if bad.size else None)
        flags = []
        for row, text in enumerate(self.values.tolist()):
            flag = BOOLEANS.get(text.lower())
            flag = to_number(text) if flag is None else flag
            if flag is None or not (math.isnan(flag) or flag in (0.0, 1.0)):
                return np.empty(0), row
            flags.append(flag)
        return np.array(flags, np.float64), None


class Table:
    """Columns of equal length under distinct names.

    `lines` holds each row's line in the file that the table was read from (None for a table from
    memory); `place` uses it to name a row in an error message.
    """

    def __init__(
        self, columns: Sequence[Column], lines: Rows | None = None, source: str = "the table"
    ) -> None:
        self.columns = {column.name: column for column in columns}
        self.lines = lines
        self.source = source
        self.rows = len(columns[0].values) if columns else 0
        for column in columns:
            if len(column.values) != self.rows:
                raise InvalidArgumentError(
                    f"The columns of {source} have different lengths: {columns[0].name!r} has "
                    f"{self.rows} rows, {column.name!r} has {len(column.values)}. "
                    "Give every column the same number of rows."
                )
        if not self.rows:
            raise InvalidArgumentError(f"{source} has no rows. Give it at least one.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def column(self, name: str) -> Column:
        """The column called `name`; NotFoundError names the nearest one where there is none."""
        if name not in self.columns:
            shown = ", ".join(self.names[:12]) + (", …" if len(self.names) > 12 else "")
            within = [
                known for known in self.names if len(name) > 2 and name.lower() in known.lower()
            ]
            hint = nearest(name, self.names) or (f" Did you mean {within[0]!r}?" if within else "")
            raise NotFoundError(
                f"{self.source} has no column {name!r}.{hint} Its columns are: {shown}."
            )
        return self.columns[name]

    def place(self, row: int) -> str:
        """Where `row` is, in the user's words: "line 18" of a file, "row 16" of a frame."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"

    def take(self, rows: npt.NDArray[Any]) -> Table:
        """The table of these rows only (positions or a mask)."""
        columns = [Column(name, column.values[rows]) for name, column in self.columns.items()]
        if self.lines is None:
            return Table(columns, source=self.source)
        return Table(columns, self.lines[rows], self.source)


def check_names(names: Sequence[str], source: str) -> None:
    """Raise where two columns share a name."""
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if name in seen:
            raise InvalidArgumentError(
                f"{source} has two columns called {name!r} (columns {seen[name]} and {position}). "
                "Rename one of them."
            )
        seen[name] = position


def as_table(data: Any, source: str = "the table") -> Table:
    """A table from a mapping of names to columns, or from a data frame of any library.

    Missing values are None and NaN in frames, and the texts of `MISSING` in columns of texts.
    `source` is what error messages call it.
    """
    if isinstance(data, Table):
        return data
    given = type(data).__name__
    found = None if isinstance(data, Mapping) else tables.table_of(data)
    frame = None if found is None else tables.read(found, None)
    if frame is not None and frame.native is None:
        data = {name: frame.column(name).values for name in frame.labels}
    if isinstance(data, Mapping):
        columns = [_from_values(str(name), values) for name, values in data.items()]
    else:
        columns = [_from_series(series) for series in _series_of(frame and frame.native, given)]
    if not columns:
        raise InvalidArgumentError("The table has no columns. Give it a target and a feature.")
    return Table(columns, source=source)


def _series_of(data: Any, given: str) -> Iterable[Any]:
    import narwhals.stable.v2 as frames

    try:
        frame = frames.from_native(data, eager_only=True)
    except TypeError:
        raise ArgumentTypeError(
            "A table is the path of a file (CSV, Parquet, Arrow), a dict of columns, or a data "
            f"frame of pandas, Polars or PyArrow; got {given}."
        ) from None
    except frames.exceptions.DuplicateError:
        names = getattr(data, "column_names", None) or data.columns  # PyArrow, pandas
        check_names([str(name) for name in names], "The frame")
        raise
    check_names([str(name) for name in frame.columns], "The frame")  # 1 and "1" are one name
    return [frame.get_column(name) for name in frame.columns if not is_index(str(name))]


def _from_series(series: Any) -> Column:
    """A narwhals series as numbers where its type is numeric, else as texts."""
    if series.dtype.is_numeric():
        numbers = column_of(series, str(series.name)).values
        return Column(str(series.name), numbers.astype(np.float64))
    missing = series.is_null().to_list()
    cells = zip(series.to_list(), missing, strict=True)
    texts = ["" if absent else _cell(value) for value, absent in cells]
    return Column(str(series.name), np.array(texts, TEXT))


def _from_values(name: str, values: Any) -> Column:
    """A list or an array as numbers where NumPy sees numbers, else as texts."""
    try:
        array = np.asarray(values)
    except ValueError:  # a list of lists of different lengths
        array = np.empty((0, 0))
    if array.ndim != 1:
        raise InvalidArgumentError(
            f"Column {name!r} must have one value per row; got {describe(values)}."
        )
    if array.dtype.kind in "fiu":
        return Column(name, array.astype(np.float64))
    return Column(name, np.array([_cell(item) for item in list(values)], TEXT))


def _cell(item: Any) -> str:
    if item is None or item != item:
        return ""
    if isinstance(item, (float, np.floating)):
        return to_text(float(item))
    return str(item).strip()
