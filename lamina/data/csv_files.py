"""Tables in CSV files as elements: columns are read once, when they are first needed."""

from __future__ import annotations

import glob
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, INT32, INT64, STRING, Array, as_dtype, type_name
from ..core.errors import ArgumentTypeError, DataLossError, InvalidArgumentError, nearest
from ..tensor.spec import TensorSpec
from .node import Node
from .rows import UNKNOWN, Rows, whole
from .sources import checked_compression, open_binary
from .structure import normalize

_BOUNDS: dict[np.dtype[Any], int] = {INT32: 2**31, INT64: 2**63}


class CsvFormat:
    """How the fields of a file are told apart."""

    def __init__(
        self, delimiter: str, *, quotes: bool, header: bool, compression: str | None, encoding: str
    ) -> None:
        self.delimiter, self.quotes, self.header = delimiter, quotes, header
        self.compression = checked_compression(compression)
        marked = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        self.encoding = "utf-8-sig" if marked else encoding  # Excel begins files with a mark

    def records(self, path: str) -> Iterator[list[str]]:
        """The records of a file, the header among them; blank lines are left out."""
        import csv

        with open_binary(path, self.compression) as file:
            text = io.TextIOWrapper(file, self.encoding, newline="")
            quoting: Any = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
            reader = csv.reader(text, delimiter=self.delimiter, quoting=quoting)
            try:
                yield from filter(None, reader)
            except (csv.Error, UnicodeDecodeError) as error:
                raise DataLossError(f"{path} cannot be read as CSV: {error}") from None

    def rows(self, path: str) -> Iterator[list[str]]:
        """The records below the header."""
        records = self.records(path)
        if self.header:
            next(records, None)
        return records


class Field:
    """A column: its place, its dtype, and what stands for a missing value (None: an error)."""

    def __init__(self, place: int, dtype: np.dtype[Any], default: Any) -> None:
        self.place, self.dtype, self.default = place, dtype, default


def field(place: int, given: Any) -> Field:
    """A column from a dtype, which asks for a value in every row, or from a default value."""
    try:
        return Field(place, as_dtype(given).dtype, None)
    except (ArgumentTypeError, TypeError):
        array = normalize(given)
        array = array.ravel()
        return Field(place, array.dtype, array[0] if array.size else None)


def fields_of(given: list[Any], chosen: list[int], count: int) -> list[Field]:
    """The chosen columns of `count` with what is given for each of them, or for all columns."""
    if len(given) == count != len(chosen):
        given = [given[place] for place in chosen]
    if len(given) != len(chosen):
        raise InvalidArgumentError(
            f"there are {len(given)} column_defaults for {len(chosen)} columns"
        )
    return [field(*pair) for pair in zip(chosen, given, strict=True)]


class CsvTable(Node):
    """The rows of files; `combine` makes an element of their columns.

    Each row has `width` fields; where that is None, those that are read, and any others.
    """

    def __init__(
        self,
        paths: Sequence[str],
        form: CsvFormat,
        fields: Sequence[Field],
        combine: Any,
        na_value: str = "",
        skip_bad: bool = False,
        width: int | None = None,
    ) -> None:
        self.paths, self.form, self.fields = list(paths), form, list(fields)
        self.width = width
        self.na_value, self.skip_bad, self.combine = na_value, skip_bad, combine
        super().__init__(combine([TensorSpec((), item.dtype) for item in fields]))
        self._rows: Rows | None = None

    def length(self) -> int:
        return UNKNOWN if self._rows is None else self._rows.length

    def rows(self) -> Rows:
        if self._rows is None:
            parts = [self._columns(path) for path in self.paths]
            columns = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
            self._rows = whole(self.combine(columns), len(columns[0]) if columns else 0)
        return self._rows

    def _columns(self, path: str) -> list[Array]:
        rows = list(self.form.rows(path))
        least = self.width or max((item.place for item in self.fields), default=0) + 1
        most = self.width or math.inf
        odd = [number for number, row in enumerate(rows) if not least <= len(row) <= most]
        if odd and not self.skip_bad:
            raise InvalidArgumentError(
                f"{path}: row {odd[0] + 1} has {len(rows[odd[0]])} fields; {least} are expected"
            )
        texts = [row for row in rows if least <= len(row) <= most] if odd else rows
        if self.skip_bad:
            texts = [row for row in texts if self._is_good(row, path)]
        return [
            self._values([row[item.place] for row in texts], item, path) for item in self.fields
        ]

    def _is_good(self, row: list[str], path: str) -> bool:
        try:
            for item in self.fields:
                self._values([row[item.place]], item, path)
        except InvalidArgumentError:
            return False
        return True

    def _values(self, texts: list[str], item: Field, path: str) -> Array:
        if item.dtype == STRING:
            encoded = [text.encode() for text in texts]
            missing = [text in ("", self.na_value) for text in texts]
            found = np.empty(len(texts), STRING)
            found[:] = encoded
        else:
            cells = np.array(texts, np.str_)
            missing = ((cells == "") | (cells == self.na_value)).tolist()
            found = _numbers(np.where(missing, "0", cells), item.dtype, path)
        if any(missing):
            if item.default is None:
                row = missing.index(True)
                raise InvalidArgumentError(
                    f"{path}: row {row + 1} has no value in column {item.place}, which has no "
                    "default; give one instead of a dtype"
                )
            found[np.array(missing)] = item.default
        return found


def _numbers(cells: Array, dtype: np.dtype[Any], path: str) -> Array:
    if not len(cells):
        return np.empty(0, dtype)
    try:
        return cells.astype(dtype)
    except (ValueError, OverflowError):
        for number, cell in enumerate(cells.tolist()):
            try:
                np.array(cell).astype(dtype)
            except (ValueError, OverflowError):
                raise InvalidArgumentError(
                    f"{path}: row {number + 1} holds {cell[:40]!r}, which is no {type_name(dtype)}"
                ) from None
        raise


# What people leave out --------------------------------------------------------------------------


def matching(pattern: Any, names: list[str]) -> list[str]:
    """The files that patterns name."""
    found = sorted({path for name in names for path in glob.glob(name)})
    if not found:
        raise InvalidArgumentError(f"no file matches {pattern!r}")
    return found


def column_names(paths: list[str], form: CsvFormat) -> list[str]:
    """The names in the headers of files, which all have the same."""
    if not form.header:
        raise InvalidArgumentError("files without a header need column_names=")
    names = next(form.records(paths[0]), [])
    if not names:
        raise InvalidArgumentError(f"{paths[0]} is empty: it has no header")
    for path in paths[1:]:
        other = next(form.records(path), [])
        if other != names:
            raise InvalidArgumentError(
                f"the files have different columns: {paths[0]} {names[:8]}, {path} {other[:8]}"
            )
    return names


def places(names: list[str], chosen: Any) -> list[int]:
    """The places of chosen columns, given by name or number."""
    if chosen is None:
        return list(range(len(names)))
    found = []
    for item in chosen:
        if isinstance(item, str) and item not in names:
            raise InvalidArgumentError(f"there is no column {item!r}.{nearest(item, names)}")
        number = names.index(item) if isinstance(item, str) else int(item)
        if not 0 <= number < len(names):
            raise InvalidArgumentError(f"there is no column {number}; there are {len(names)}")
        found.append(number)
    return sorted(found)


def inferred(
    paths: list[str], form: CsvFormat, chosen: list[int], rows: int | None, na_value: str
) -> list[Field]:
    """Columns with the narrowest of int32, int64, float32, float64, string that fits."""
    seen: list[list[str]] = [[] for _ in chosen]
    left = rows
    for path in paths:
        for row in form.rows(path):
            if left == 0:
                break
            left = None if left is None else left - 1
            for values, place in zip(seen, chosen, strict=True):
                if place < len(row) and row[place] not in ("", na_value):
                    values.append(row[place])
    kinds = [_kind(values) for values in seen]
    return [
        Field(place, kind, b"" if kind == STRING else 0)
        for place, kind in zip(chosen, kinds, strict=True)
    ]


def _kind(values: list[str]) -> np.dtype[Any]:
    if not values:
        return STRING
    try:
        numbers = [int(value) for value in values]
    except ValueError:
        pass
    else:
        for dtype, bound in _BOUNDS.items():
            if all(-bound <= number < bound for number in numbers):
                return dtype
    try:
        most = max(abs(float(value)) for value in values)
    except ValueError:
        return STRING
    return FLOAT32 if most <= np.finfo(FLOAT32).max or most == np.inf else FLOAT64
