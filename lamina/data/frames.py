"""Tables in memory, of whatever library, as named columns of arrays."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.dtypes import Array
from ..core.errors import InvalidArgumentError, nearest
from ..core.strings import is_missing
from .arrow import arrow

_LIBRARIES = ("pandas", "polars", "pyarrow", "modin", "cudf", "narwhals")
_STREAMS = "__arrow_c_stream__", "__arrow_c_array__"
_INTERCHANGE = "__dataframe__"
_BLOCK = 4096  # rows of a matrix that are filled at once: they stay in cache

NUMBER, TRUTH, TEXT, CATEGORY, TIME, COMPLEX, OTHER = (
    *("numbers", "truth values", "text", "categories", "dates or times", "complex numbers"),
    "other values",
)
NUMERIC = (NUMBER, TRUTH)
_KINDS = {"m": TIME, "M": TIME, "c": COMPLEX}  # of arrays that hold neither numbers nor texts


class Column(NamedTuple):
    """A column: what it holds, its values (NaN or None where one is missing), its library's type.

    Numbers are in arrays of numbers, texts and categories in arrays of objects.
    """

    label: str
    kind: str
    values: Array
    dtype: str

    def missing(self) -> int:
        """How many values are missing."""
        if self.values.dtype.kind == "f":
            return int(np.count_nonzero(np.isnan(self.values)))
        if self.values.dtype.kind != "O":
            return 0
        return sum(map(is_missing, self.values.tolist()))


class Frame:
    """Columns of equally many rows; `names` is None where they are not all different texts."""

    def __init__(
        self,
        labels: Sequence[Any],
        count: int,
        read: Callable[[int], Column],
        native: Any = None,
    ) -> None:
        self.labels = [str(label) for label in labels]
        named = all(isinstance(label, str) for label in labels) and bool(labels)
        self.names = tuple(self.labels) if named and len(set(labels)) == len(labels) else None
        self.numbered = list(labels) == list(range(len(labels)))  # as where nobody named them
        self.where = "the table"
        self.native = native  # what narwhals takes; None of a structured array
        self._count, self._read = count, read

    def __len__(self) -> int:
        return self._count

    def column(self, place: int | str) -> Column:
        """The column of that name or at that place."""
        return self._read(place if isinstance(place, int) else self.labels.index(place))

    def only(self, names: Sequence[str]) -> Frame:
        """Some of the columns."""
        if self.native is None:
            places = [self.labels.index(name) for name in names]
            return Frame(names, len(self), lambda place: self._read(places[place]))
        import narwhals.stable.v2 as frames

        chosen = frames.from_native(self.native, eager_only=True).select(*names)
        found = frame_of(chosen.to_native())
        assert found is not None
        return found

    def whole(self, names: Sequence[str] | None = None) -> Array | None:
        """Columns (by default all) as a matrix that shares memory; None where that cannot be."""
        native = self.native
        if not hasattr(native, "iloc"):
            return None
        if names is not None and self.names != names:
            native = native[list(names)]
        dtypes = set(native.dtypes)
        if len(dtypes) != 1 or not isinstance(dtype := dtypes.pop(), np.dtype):
            return None
        return np.asarray(native.to_numpy()) if dtype.kind in "fiub" else None


def frame_of(data: Any) -> Frame | None:
    """A table that somebody has in memory; None where `data` is none (a series is none)."""
    if isinstance(data, np.ndarray):
        return None if data.dtype.names is None else _structured(data)
    native, labels = _with_distinct_names(data)
    frame = _eager(native)
    if frame is None:
        return None
    names: list[str] = frame.columns

    def read(place: int) -> Column:
        return column_of(frame.get_column(names[place]), str((labels or names)[place]))

    return Frame(labels or names, len(frame), read, frame.to_native() if labels is None else data)


def may_be_table(data: Any) -> bool:
    """Whether `data` is of a library of tables (a frame, a series, an array), or speaks as one."""
    return _is_known(data) or any(hasattr(type(data), name) for name in (*_STREAMS, _INTERCHANGE))


def _is_known(data: Any) -> bool:
    return type(data).__module__.split(".")[0] in _LIBRARIES


def frame_values(data: Any) -> Array | None:
    """The values of a frame (rows, columns) or a series (rows,); None where it is neither."""
    if not _is_known(data):
        return None
    series = series_of(data)
    if series is not None:
        return series.values
    frame = frame_of(data)
    if frame is None:
        return None
    whole = frame.whole()
    if whole is not None:
        return whole
    columns = [frame.column(place).values for place in range(len(frame.labels))]
    if not columns:
        return np.empty((len(frame), 0), np.float32)
    kinds = {column.dtype.kind for column in columns}
    same = len({column.dtype for column in columns}) == 1
    common = np.result_type(*columns) if kinds <= set("fiub") or same else np.dtype(object)
    return matrix(columns, common)


def matrix(columns: Sequence[Array], dtype: Any) -> Array:
    """Columns side by side, (rows, columns), in rows one after the other."""
    rows = len(columns[0])
    found = np.empty((rows, len(columns)), dtype)
    for start in range(0, rows, _BLOCK):
        part = slice(start, start + _BLOCK)
        for place, column in enumerate(columns):
            found[part, place] = column[part]
    return found


def series_of(data: Any) -> Column | None:
    """A series of pandas, Polars or PyArrow; None where `data` is none."""
    if not _is_known(data):
        return None
    import narwhals.stable.v2 as frames

    if hasattr(type(data), "buffers"):  # an array of PyArrow: one chunk of a series
        data = arrow("an array of PyArrow").chunked_array([data])
    elif hasattr(type(data), "isna") and not hasattr(type(data), "iloc"):  # array, index of pandas
        data = sys.modules["pandas"].Series(data)
    try:
        series = frames.from_native(data, series_only=True)
    except TypeError:
        return None
    label = getattr(data, "name", None)
    return column_of(series, "" if label is None else str(label))


def lazy_frame(data: Any) -> Any:
    """The narwhals frame of a query that has not run; None where `data` is none."""
    names = "collect", "execute", "to_arrow_reader", "__narwhals_lazyframe__"
    if not any(hasattr(type(data), name) for name in names):
        return None
    import narwhals.stable.v2 as frames

    found = frames.from_native(data, pass_through=True)
    return found if isinstance(found, frames.LazyFrame) else None


def _with_distinct_names(data: Any) -> tuple[Any, list[Any] | None]:
    """A frame whose columns are numbered, and their names, where two of them are equal."""
    library = type(data).__module__.split(".")[0]
    columns: Any = getattr(data, "columns", None)
    if library == "pandas" and not getattr(columns, "is_unique", True):
        return data.set_axis(range(len(columns)), axis=1), list(columns)
    names: list[Any] = getattr(data, "column_names", [])
    if library == "pyarrow" and len(set(names)) < len(names):
        return data.rename_columns([str(place) for place in range(len(names))]), names
    return data, None


def _eager(data: Any) -> Any:
    """The narwhals frame of a table; Arrow's other tables become one of PyArrow."""
    kind = type(data)
    if not may_be_table(data):
        return None
    import narwhals.stable.v2 as frames

    if _is_known(data):
        found = frames.from_native(data, pass_through=True, allow_series=True)
        if isinstance(found, (frames.DataFrame, frames.LazyFrame, frames.Series)):
            return found if isinstance(found, frames.DataFrame) else None
    native = None
    if any(hasattr(kind, name) for name in _STREAMS):
        pyarrow = arrow("a table that speaks Arrow's protocol")
        try:
            native = pyarrow.table(data)
        except (TypeError, ValueError, pyarrow.ArrowException):
            return None  # an array
    elif hasattr(kind, _INTERCHANGE):
        arrow("a table that speaks the interchange protocol")
        from pyarrow import interchange

        native = interchange.from_dataframe(data)
    return None if native is None else frames.from_native(native, eager_only=True)


def _structured(data: Array) -> Frame:
    """The fields of a structured array."""
    if data.size != (len(data) if data.ndim else 1):
        raise InvalidArgumentError(
            f"a structured array has one record for each row; got one of shape {data.shape}"
        )
    data = data.ravel()
    names: Any = data.dtype.names

    def read(place: int) -> Column:
        return _of_array(data[names[place]], names[place])

    return Frame(names, len(data), read)


def _of_array(values: Array, label: str) -> Column:
    kind = values.dtype.kind
    if values.ndim != 1:
        return Column(label, OTHER, values, f"{values.dtype}, {values.ndim - 1} more axes")
    if kind in "fiu":
        return Column(label, NUMBER, values, str(values.dtype))
    if kind == "b":
        return Column(label, TRUTH, values, "bool")
    if kind in "UST":
        return Column(label, TEXT, values.astype(object), "text")
    if kind == "O":
        return _of_objects(values, label)
    return Column(label, _KINDS.get(kind, OTHER), values, str(values.dtype))


def _of_objects(values: Array, label: str) -> Column:
    """A column of Python objects: what they are is seen by looking at them."""
    known = [value for value in values.tolist() if not is_missing(value)]
    if all(isinstance(value, (str, bytes)) for value in known) and known:
        return Column(label, TEXT, values, "text")
    try:
        numbers = np.array(
            [np.nan if is_missing(value) else float(value) for value in values.tolist()]
        )
    except (TypeError, ValueError, OverflowError):
        odd = next((value for value in known if not isinstance(value, (int, float))), known[0])
        kind = TIME if isinstance(odd, (dt.date, dt.time)) else OTHER
        return Column(label, kind, values, f"objects such as {type(odd).__name__} {odd!r:.40}")
    if len(known) == len(values):
        truths = all(isinstance(value, (bool, np.bool_)) for value in known)
        whole = all(isinstance(value, (int, np.integer)) for value in known)
        whole = whole and bool(np.all(np.abs(numbers) < 2.0**63))
        numbers = values.astype(bool) if truths else values.astype(np.int64) if whole else numbers
    return Column(label, NUMBER, numbers, "objects")


def column_of(series: Any, label: str) -> Column:
    """A narwhals series as a column."""
    import narwhals.stable.v2 as frames

    dtype = series.dtype
    shown = str(dtype).split("(")[0].lower()
    if dtype.is_numeric() or dtype == frames.Boolean:
        kind = TRUTH if dtype == frames.Boolean else NUMBER
        if dtype.is_decimal() or (not dtype.is_float() and series.null_count()):
            series = series.cast(frames.Float64)
        values = series.to_numpy()
        if values.dtype.kind not in "fiub":
            values = series.cast(frames.Float64).to_numpy()
        return Column(label, kind, values, shown)
    if dtype == frames.Unknown and series.null_count() == len(series):
        return Column(label, NUMBER, np.full(len(series), np.nan), "null")
    if dtype == frames.Object:
        return _of_objects(_objects(series), label)
    if dtype == frames.Unknown:  # pandas's sparse columns are among these
        return _of_array(series.to_numpy(), label)
    if dtype in (frames.Categorical, frames.Enum):
        found = _of_objects(_objects(series), label)
        return found if found.kind in NUMERIC else found._replace(kind=CATEGORY, dtype=shown)
    if dtype == frames.String:
        return Column(label, TEXT, _objects(series), shown)
    moments = (frames.Date, frames.Datetime, frames.Duration, frames.Time)
    return Column(label, TIME if dtype in moments else OTHER, series.to_numpy(), shown)


def _objects(series: Any) -> Array:
    """Values as Python's objects; None where one is missing, which libraries say in five ways."""
    values = np.empty(len(series), object)
    values[:] = series.to_list()
    if series.null_count():
        values[series.is_null().to_numpy()] = None
    return values


def is_index(name: str) -> bool:
    """Whether a column is the index of pandas, which nobody named, written beside the others."""
    return re.fullmatch(r"(__index_level_\d+__)?", name) is not None  # no name at all in CSV


def unknown_columns(names: Sequence[str], wanted: Sequence[str], where: str) -> str:
    """Which of the `wanted` columns are not there, with the nearest names; "" for none."""
    absent = [name for name in wanted if name not in names]
    if not absent:
        return ""
    left = [name for name in names if name not in wanted]
    shown = "; ".join(f"{name!r:.80}.{nearest(name, left)}".rstrip(".") for name in absent[:8])
    more = f"; and {len(absent) - 8} more" if len(absent) > 8 else ""
    end = "" if f"{shown}{more}".endswith("?") else "."
    known = ", ".join(map(_plain, names[:12])) + (", …" if len(names) > 12 else "")
    noun = "no column" if len(absent) == 1 else f"{len(absent)} columns missing:"
    return f"{where} has {noun} {shown}{more}{end} Its columns are: {known}"


def _plain(name: str) -> str:
    """A name that steers no terminal and fills none: files of strangers have names, too."""
    shown = name if name.isprintable() else repr(name)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"
