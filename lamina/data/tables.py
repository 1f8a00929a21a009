"""Whatever has rows and named columns: in memory, lazy, or in files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ..ir.value import Value
from . import table_files
from .arrow import arrow
from .frames import Frame, frame_of, lazy_frame, unknown_columns
from .order import shuffled
from .table_files import MOST, File, Part, common_type

OPEN = 4  # parts that are read in turn where rows are shuffled


class Lazy:
    """A query that runs when its columns are read (a LazyFrame and its like)."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names: tuple[str, ...] = tuple(frame.collect_schema().names())
        self.where = "the table"

    def only(self, names: Sequence[str]) -> Lazy:
        """Some of the columns."""
        return Lazy(self._frame.select(*names))

    def read(self, names: Sequence[str]) -> Frame:
        """The named columns, in memory."""
        found = frame_of(self._frame.select(*names).collect().to_native())
        assert found is not None
        return found


class Stored:
    """Rows of one or more files with the same columns."""

    def __init__(
        self,
        files: Sequence[File],
        parts: Sequence[Part],
        where: str,
        names: Sequence[str] | None = None,
    ) -> None:
        first = files[0]
        self.names, self.where = tuple(first.types if names is None else names), where
        self._files, self._parts = files, parts
        self._schemas: dict[Sequence[str], Any] = {}  # of the columns that were asked for
        for other in files[1:]:
            if set(other.types) != set(first.types):
                odd = sorted(set(other.types) ^ set(first.types))
                raise InvalidArgumentError(
                    f"the files have different columns: {', '.join(map(repr, odd[:8]))} stands in "
                    f"only one of {first.path} and {other.path}"
                )

    def only(self, names: Sequence[str]) -> Stored:
        """Some of the columns."""
        return Stored(self._files, self._parts, self.where, names)

    def missing(self, names: Sequence[str]) -> dict[str, int]:
        """The columns with values that are missing, as far as the files say without being read."""
        counts: Counter[str] = Counter()
        for file in self._files:
            counts.update(file.missing(names))
        return {name: count for name, count in counts.items() if count}

    def rows(self) -> int | None:
        """How many rows there are; None where only reading tells."""
        counts = [part.rows for part in self._parts]
        return None if None in counts else sum(count or 0 for count in counts)

    def size(self, names: Sequence[str]) -> int:
        """About how many bytes the named columns take in memory."""
        rows = self.rows()
        if rows is not None:
            return rows * len(names) * 8
        files = {part.where for part in self._parts if os.path.isfile(part.where)}
        return sum(map(_unpacked_size, files))

    def counted(self) -> Stored:
        """The same, with the number of rows known: those that are not are read for it."""
        parts = [
            part
            if part.rows is not None
            else Part(
                sum(b.num_rows for b in part.read(self.names[:1], MOST)), part.read, part.where
            )
            for part in self._parts
        ]
        return Stored(self._files, parts, self.where, self.names)

    def cut(self, start: int, stop: int) -> Stored:
        """Some of the rows, of which the number must be known."""
        parts, done = [], 0
        for part in self._parts:
            rows = part.rows or 0
            first, last = max(start - done, 0), min(stop - done, rows)
            if first < last:
                parts.append(part if last - first == rows else part.cut(first, last))
            done += rows
        return Stored(self._files, parts, self.where, self.names)

    def read(self, names: Sequence[str]) -> Frame:
        """The named columns, in memory."""
        batches = [batch for part in self._parts for batch in part.read(names, MOST)]
        return self._frame(batches, names)

    def empty(self, names: Sequence[str]) -> Frame:
        """A table of no rows, which shows what the columns hold."""
        return self._frame([], names)

    def frames(self, names: Sequence[str], size: int, seed: int | None = None) -> Iterator[Frame]:
        """The rows, up to `size` at a time, in the order of the files.

        With a seed, parts come in random order, and the rows of `OPEN` of them take turns.
        """
        parts = self._parts
        if seed is not None:
            parts = [parts[place] for place in shuffled(len(parts), seed).tolist()]
        waiting = iter(parts)
        running: list[Iterator[Any]] = []
        while True:
            while len(running) < (1 if seed is None else OPEN):
                part = next(waiting, None)
                if part is None:
                    break
                running.append(_slices(part.read(names, size), size))
            if not running:
                return
            current = running.pop(0)
            batch = next(current, None)
            if batch is not None:
                running.append(current)
                yield self._frame([batch], names)

    def _frame(self, batches: list[Any], names: Sequence[str]) -> Frame:
        pyarrow = arrow(self.where)
        if names not in self._schemas:
            self._schemas[names] = pyarrow.schema([(name, self._type(name)) for name in names])
        schema = self._schemas[names]
        tables = [pyarrow.Table.from_batches([batch]).select(names) for batch in batches]
        cast = [table.cast(schema, safe=False) for table in tables]
        table = pyarrow.concat_tables(cast) if cast else schema.empty_table()
        found = frame_of(table)
        assert found is not None
        found.where = self.where
        return found

    def _type(self, name: str) -> Any:
        """The type of a column in all files together."""
        first = self._files[0]
        found = first.types[name]
        for other in self._files[1:]:
            common = common_type(found, other.types[name])
            if common is None:
                raise InvalidArgumentError(
                    f"the column {name!r} holds {found} in {first.path} and {other.types[name]} in "
                    f"{other.path}. Write both files with one type"
                )
            found = common
        return found


def _slices(batches: Iterator[Any], size: int) -> Iterator[Any]:
    return (
        batch.slice(start, size) for batch in batches for start in range(0, batch.num_rows, size)
    )


Table = Frame | Lazy | Stored


def table_of(data: Any) -> Table | None:
    """The table that `data` is or names; None where it is something else."""
    if isinstance(data, Value) or (isinstance(data, np.ndarray) and data.dtype.names is None):
        return None  # fast: most of what comes
    if isinstance(data, (Frame, Lazy, Stored)):
        return data
    if table_files.is_path(data):
        files = [table_files.open_file(path) for path in table_files.paths_of(data)]
        where = files[0].path if len(files) == 1 else f"{files[0].path} and {len(files) - 1} more"
        return Stored(files, [part for file in files for part in file.parts], where)
    if type(data).__module__.startswith("pyarrow.") and hasattr(data, "get_fragments"):
        file = table_files.of_dataset(data)
        return Stored([file], file.parts, file.path)
    lazy = lazy_frame(data)
    return frame_of(data) if lazy is None else Lazy(lazy)


def table(data: Any, columns: Sequence[str] | None = None) -> Any:
    """A table for `fit`, `evaluate` and `predict`, with only the named columns of it.

    `data`: the path of a Parquet, Arrow or CSV file, a pattern, a folder or a list of them; a
    dataset of PyArrow; a lazy frame; a data frame. Files are opened and checked, and read when rows
    are needed. InvalidArgumentError names a column that is not there.

    Example:
        model.fit(tf.data.table("clients/*.parquet", ["age", "income", "default"]), y="default")
    """
    found = table_of(data)
    if found is None:
        raise ArgumentTypeError(
            f"a table is a file, a folder, a pattern, or a data frame; got {describe(data)}"
        )
    if columns is None:
        return found
    if found.names is None:
        raise InvalidArgumentError(f"the columns of {found.where} have no names to choose by")
    unknown = unknown_columns(found.names, columns, found.where)
    if unknown:
        raise InvalidArgumentError(unknown)
    return found.only(tuple(dict.fromkeys(columns)))


def read(table: Table, names: Sequence[str] | None) -> Frame:
    """A table in memory, with at least the named columns."""
    if isinstance(table, Frame):
        frame = table
    else:
        frame = table.read(table.names if names is None else names)
    if not len(frame):
        raise InvalidArgumentError(f"{table.where} has no rows")
    return frame


def _unpacked_size(path: str) -> int:
    """About how many bytes a file has; one of gzip says at its end how many it packs."""
    size = os.path.getsize(path)
    if not path.endswith(".gz"):
        return size
    with open(path, "rb") as file:
        file.seek(max(0, size - 4))
        return max(8 * size, int.from_bytes(file.read(4), "little"))
