"""Tables in files (Parquet, Arrow IPC, CSV), read part by part, and only the columns asked for.

A part is what can be read by itself: a row group of Parquet, a record batch of Arrow, a CSV file.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DataLossError, InvalidArgumentError, MissingFileError, nearest
from .arrow import arrow, reading
from .parquet_footer import null_counts

MOST = 1 << 14  # rows that are decoded at once
_BLOCK = 1 << 20  # bytes of text that are read at once
_FIELD = 64  # of these, at least so many for each column
_BUFFERS: dict[str, Any] = {"buffer_size": 1 << 16, "pre_buffer": False}  # no row group as a whole
PARQUET, IPC, CSV = "Parquet", "Arrow IPC", "CSV"
ENDINGS = {
    **dict.fromkeys((".parquet", ".pq"), PARQUET),
    **dict.fromkeys((".arrow", ".arrows", ".feather", ".ipc"), IPC),
    **dict.fromkeys((".csv", ".tsv", ".csv.gz", ".tsv.gz"), CSV),
}


Read = Callable[[Sequence[str], int], Iterator[Any]]


class Part:
    """Rows that are read one after the other; `rows` is None where only reading tells.

    `read(names, size)` gives record batches, of up to `size` rows where that saves memory.
    """

    def __init__(self, rows: int | None, read: Read, where: str) -> None:
        self.rows, self.read, self.where = rows, read, where

    def cut(self, start: int, stop: int) -> Part:
        """Some of the rows."""

        def read(names: Sequence[str], size: int) -> Iterator[Any]:
            done = 0
            for batch in self.read(names, size):
                first, last = max(start - done, 0), min(stop - done, batch.num_rows)
                if first < last:
                    yield batch.slice(first, last - first)
                done += batch.num_rows
                if done >= stop:
                    return

        return Part(stop - start, read, self.where)


class File:
    """One file: the types of its columns (PyArrow's, by name) and its parts.

    `missing(names)`: how many values these columns lack, as far as the file says by itself.
    """

    def __init__(
        self,
        path: str,
        fields: Iterable[Any],
        parts: list[Part],
        missing: Callable[[Sequence[str]], dict[str, int]] = lambda names: {},
    ) -> None:
        self.path, self.parts, self.missing = path, parts, missing
        self.types: dict[str, Any] = {}
        for field in fields:
            if field.name in self.types:
                raise InvalidArgumentError(
                    f"{path} has two columns called {field.name!r}; rename one of them"
                )
            self.types[field.name] = field.type


def is_path(data: Any) -> bool:
    """Whether `data` names files: a path, a pattern, a folder, or a list of them."""
    if isinstance(data, (str, os.PathLike)):
        return True
    if not isinstance(data, (list, tuple)) or not data:
        return False
    return all(
        isinstance(item, os.PathLike) or (isinstance(item, str) and kind_of(item) is not None)
        for item in data
    )


def is_pattern(path: str | os.PathLike[str]) -> bool:
    """Whether a path may stand for several files."""
    return any(mark in os.fspath(path) for mark in "*?[")


def kind_of(path: str | os.PathLike[str]) -> str | None:
    """What a file holds, by its ending; None for other files."""
    name = os.fspath(path).lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)


def paths_of(data: Any) -> list[str]:
    """The files that a path, a pattern, a folder or a list of them names, sorted."""
    if isinstance(data, (list, tuple)):
        return [path for item in data for path in paths_of(item)]
    text = os.path.expanduser(data)
    if os.path.isdir(text):
        files = sorted(path for path in Path(text).rglob("*") if path.is_file())
        files = [path for path in files if not _is_hidden(path.relative_to(text))]
        found = [str(path) for path in files if kind_of(path)]
        if any("=" in path.parent.name for path in files):
            raise InvalidArgumentError(
                f"{text} is parted by folders named column=value; to have them as columns, pass "
                f"pyarrow.dataset.dataset({text!r}, partitioning='hive')"
            )
        if not found:
            raise MissingFileError(f"{text} holds no file that ends in {', '.join(ENDINGS)}")
        return found
    if os.path.isfile(text):
        return [text]
    found = sorted(glob.glob(text, recursive=True))
    if not found:
        folder = os.path.dirname(text) or "."
        near = nearest(os.path.basename(text), os.listdir(folder)) if os.path.isdir(folder) else ""
        raise MissingFileError(f"there is no file {text!r}.{near}")
    return found


def _is_hidden(path: Path) -> bool:
    """Whether programs put a file there for themselves: checkpoints of notebooks, logs of Spark."""
    return any(part[0] in "._" for part in path.parts)


def open_file(path: str) -> File:
    """A file, opened and looked at; DataLossError where it is damaged."""
    kind = kind_of(path)
    if kind is None:
        raise InvalidArgumentError(
            f"{path} is no table: the name of one ends in {', '.join(ENDINGS)}"
        )
    with reading(path, kind):
        if os.path.getsize(path) == 0:
            raise DataLossError(f"{path} is empty")
        return _OPENERS[kind](path)


def _parquet(path: str) -> File:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
        counts = [metadata.row_group(i).num_rows for i in range(file.num_row_groups)]

    def part(group: int) -> Part:
        def read(names: Sequence[str], size: int) -> Iterator[Any]:
            options = {"metadata": metadata, **_BUFFERS}
            with reading(path, PARQUET), parquet.ParquetFile(path, **options) as file:
                for batch in file.iter_batches(
                    batch_size=size, row_groups=[group], columns=list(names)
                ):
                    yield _validated(batch)

        return Part(counts[group], read, path)

    def missing(names: Sequence[str]) -> dict[str, int]:
        counts = null_counts(path)
        return {name: counts.get(name, 0) for name in names}

    return File(path, schema, [part(group) for group in range(len(counts))], missing)


def _ipc(path: str) -> File:
    from pyarrow import ipc, memory_map

    with memory_map(path) as source:
        if source.read(6) != b"ARROW1":
            return _ipc_stream(path)
        source.seek(0)
        file = ipc.open_file(source)
        schema = file.schema
    with memory_map(path) as source:  # one column tells how many rows there are
        only = ipc.IpcReadOptions(included_fields=[0])
        file = ipc.open_file(source, options=only)
        counts = [file.get_batch(i).num_rows for i in range(file.num_record_batches)]

    def part(number: int) -> Part:
        def read(names: Sequence[str], size: int) -> Iterator[Any]:
            fields = sorted(schema.get_field_index(name) for name in names)
            with reading(path, IPC), memory_map(path) as source:
                chosen = ipc.IpcReadOptions(included_fields=fields)
                yield _validated(ipc.open_file(source, options=chosen).get_batch(number))

        return Part(counts[number], read, path)

    return File(path, schema, [part(number) for number in range(len(counts))])


def _ipc_stream(path: str) -> File:
    from pyarrow import ipc, memory_map

    with memory_map(path) as source:
        schema = ipc.open_stream(source).schema

    def read(names: Sequence[str], size: int) -> Iterator[Any]:
        with reading(path, IPC), memory_map(path) as source:
            for batch in ipc.open_stream(source):
                yield _validated(batch.select(list(names)))

    return File(path, schema, [Part(None, read, path)])


def _validated(batch: Any) -> Any:
    """A record batch of sound offsets, indices and texts: nothing else checks them."""
    batch.validate(full=True)
    return batch


def _csv(path: str) -> File:
    pyarrow = arrow(path)
    types = pyarrow.types
    from pyarrow import csv

    delimiter, count = _header(path)
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    block = csv.ReadOptions(block_size=max(_BLOCK, _FIELD * count))  # it holds more than a row

    def opened(**options: Any) -> Any:
        convert = csv.ConvertOptions(**options)
        return csv.open_csv(path, parse_options=parse, read_options=block, convert_options=convert)

    def schema(decimal_point: str) -> Any:
        with opened(decimal_point=decimal_point) as file:
            return file.schema

    found, point = schema("."), "."
    if parse.delimiter != "," and _texts(found):  # decimal commas, where they read more numbers
        other = schema(",")
        found, point = (other, ",") if _texts(other) < _texts(found) else (found, ".")

    def wanted(kind: Any) -> Any:
        """Whole numbers, or nothing, at the start of a column may be followed by fractions."""
        return pyarrow.float64() if types.is_null(kind) or types.is_integer(kind) else kind

    fields = [field.with_type(wanted(field.type)) for field in found]
    kinds = {field.name: field.type for field in fields}

    def read(names: Sequence[str], size: int) -> Iterator[Any]:
        chosen = {name: kinds[name] for name in names}
        options = {"column_types": chosen, "include_columns": list(names), "decimal_point": point}
        with reading(path, CSV), opened(**options) as file:
            yield from file

    return File(path, fields, [Part(None, read, path)])


def _texts(schema: Any) -> int:
    """How many columns hold text."""
    return sum(str(kind) == "string" for kind in schema.types)


def _header(path: str) -> tuple[str, int]:
    """Which of comma, semicolon, tab and bar a header has most of outside of quotes, how many."""
    with arrow(path).input_stream(path) as source:
        text = source.read(_BLOCK).decode("utf-8", "replace")
    header = next(filter(None, re.sub('"[^"]*"', "", text).splitlines()), "")
    delimiter = max(",;\t|", key=header.count)
    return delimiter, header.count(delimiter)


_OPENERS = {PARQUET: _parquet, IPC: _ipc, CSV: _csv}


def common_type(first: Any, second: Any) -> Any:
    """The type of PyArrow that holds the values of two others; None where none does."""
    pyarrow = arrow("a table")
    types = pyarrow.types
    if first.equals(second) or types.is_null(second):
        return first
    if types.is_null(first):
        return second
    kinds = [kind.value_type if types.is_dictionary(kind) else kind for kind in (first, second)]

    def are(*tests: Any) -> bool:
        return all(any(test(kind) for test in tests) for kind in kinds)

    numbers = types.is_integer, types.is_floating, types.is_boolean
    if are(*numbers):
        found = np.result_type(*(kind.to_pandas_dtype() for kind in kinds))
        return pyarrow.from_numpy_dtype(found)
    if are(*numbers, types.is_decimal):
        return pyarrow.float64()
    if are(types.is_string, types.is_large_string, types.is_string_view):
        return pyarrow.large_string()
    return kinds[0] if kinds[0].equals(kinds[1]) else None


def of_dataset(dataset: Any) -> File:
    """A dataset of PyArrow: row groups of Parquet, or its fragments; all of it where it filters."""
    try:
        fragments = list(dataset.get_fragments())
    except ValueError:  # of a filtered one, PyArrow gives none
        return File("the dataset", dataset.schema, [_scan(dataset, None, "the dataset")])
    parts = []
    for fragment in fragments:
        where = getattr(fragment, "path", None) or "the dataset"
        with reading(where, "a dataset"):
            split = getattr(fragment, "split_by_row_group", None)
            pieces = [fragment] if split is None else split()
            parts += [_scan(piece, dataset.schema, where) for piece in pieces]
    return File("the dataset", dataset.schema, parts)


def _scan(source: Any, schema: Any, where: str) -> Part:
    """A dataset or one of its fragments; the fragment of a dataset has its `schema`."""
    options: dict[str, Any] = {} if schema is None else {"schema": schema}

    def read(names: Sequence[str], size: int) -> Iterator[Any]:
        with reading(where, "a dataset"):
            for batch in source.to_batches(
                columns=list(names),
                batch_size=size,
                batch_readahead=2,
                fragment_readahead=1,
                **options,
            ):
                yield _validated(batch)

    return Part(source.count_rows(), read, where)
