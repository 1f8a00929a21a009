"""Reading a table from a CSV file, plain or gzip-compressed, with the line of every complaint."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..core.archives import EXPANSION, LARGE
from ..core.errors import DataLossError, InvalidArgumentError, MissingFileError, nearest
from ..data import table_files
from .table import MISSING, TEXT, Column, Table, as_table, check_names, to_number

DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 16384
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?([eE][+-]?\d+)?")
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


def table_of(data: Any) -> Table:
    """A table from a file, a dict of columns or a data frame.

    Parquet and Arrow files are known by their endings, and may be several (a folder, a pattern, a
    list of paths); any other file is one of CSV.
    """
    if not table_files.is_path(data):
        return as_table(data)
    single = isinstance(data, (str, os.PathLike)) and not os.path.isdir(data)
    kind = table_files.kind_of(data) if single else None
    several = not single or (not os.path.exists(data) and table_files.is_pattern(data))
    if several or kind in (table_files.PARQUET, table_files.IPC):
        return as_table(data, Path(data).name if single else "the table")
    return read_csv(data)


def read_csv(path: str | os.PathLike[str], *, delimiter: str | None = None) -> Table:
    """The table in a CSV file: a header with column names, then one row per line.

    UTF-8 (with or without a byte order mark), plain or gzip; fields may be quoted with `"`; blank
    lines are skipped. `delimiter` is found out where it is None: the one of comma, semicolon, tab
    and bar that splits the header and the first lines into equally many fields. Where it is not
    the comma, a column of numbers may have decimal commas, and points between thousands. An unnamed
    column is called "column N".
    Errors name the line: no file, no text, no rows, a row of another length, a name used twice.
    """
    path = Path(path)
    content = _content(path)
    text = _decode(content, path.name)
    if not text.strip():
        raise InvalidArgumentError(f"{path.name} is empty. Give it a header and rows.")
    delimiter = delimiter or sniff_delimiter(text)
    rows = _records(text, delimiter, path.name)
    _, header = next(rows, (0, []))
    names = _names(header, path.name)
    chunks, lines = _chunks(rows, len(names), path.name)
    if not lines:
        raise InvalidArgumentError(
            f"{path.name} has a header ({len(names)} column{'s' * (len(names) != 1)}) but no rows. "
            "Give it at least one."
        )
    columns = []
    for index, name in enumerate(names):
        values = np.concatenate([chunk[index] for chunk in chunks])
        columns.append(Column(name, values if delimiter == "," else _with_points(values)))
    return Table(columns, np.array(lines, np.intp), path.name)


def sniff_delimiter(text: str) -> str:
    """The delimiter that splits the first 20 lines into equally many fields, the most of them.

    Where none does, the one that the header has most of; the comma where there is none at all.
    """
    sample = text[:65536].split("\n")[:20]
    best, most = ",", (0, 1)
    for delimiter in DELIMITERS:
        try:
            records = [row for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        # The sample may end inside a record: its last one counts only where it is complete.
        lengths = {len(row) for row in records[: -1 if len(records) > 2 else None]}
        score = (int(len(lengths) == 1), len(records[0]) if records else 0)
        if score[1] > 1 and score > most:
            best, most = delimiter, score
    return best


def _content(path: Path) -> bytes:
    """The bytes of the file, unpacked."""
    if path.is_dir():
        raise InvalidArgumentError(f"{path} is a folder. Name a CSV file.")
    if not path.exists():
        folder = path.parent
        near = nearest(path.name, os.listdir(folder)) if folder.is_dir() else ""
        raise MissingFileError(f"There is no file {str(path)!r}.{near}")
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = _unpacked(content, path.name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataLossError(f"{path.name} is a damaged gzip file ({error}).") from None
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror or error}.") from None
    return content


def _unpacked(content: bytes, name: str) -> bytes:
    most = max(LARGE, EXPANSION * len(content))
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise DataLossError(
            f"{name} unpacks to more than {EXPANSION} times its size. If you trust it, unpack it "
            "first, and name the file that comes of it."
        )
    return found


def _decode(content: bytes, name: str) -> str:
    for start, kind in _FOREIGN.items():
        if content.startswith(start):
            raise InvalidArgumentError(f"{name} is {kind}. Save the table as CSV in UTF-8.")
    if b"\0" in content[:4096]:
        raise InvalidArgumentError(f"{name} is not a text file. Save the table as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidArgumentError(
            f"{name} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}. "
            "Save the table as CSV in UTF-8."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _records(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        message = str(error)
        if "expected after" in message:  # "',' expected after '"'"
            message = (
                "text follows a closing quote; quotes inside of a quoted field are written twice"
            )
        reason = {
            "unexpected end of data": "the quote that opens in it is never closed",
            "field larger than field limit (131072)": "its quote is probably never closed",
        }.get(message, message)
        raise InvalidArgumentError(f"{name}, line {line}: {reason}.") from None


def _names(header: list[str], source: str) -> list[str]:
    names = [text.strip() or f"column {index}" for index, text in enumerate(header, 1)]
    if len(names) > 1 and all(to_number(name) is not None for name in names):
        raise InvalidArgumentError(
            f"{source}: the first line holds only numbers ({', '.join(names[:5])} …). "
            "Put the names of the columns there."
        )
    check_names(names, source)
    return names


def _chunks(
    rows: Iterator[tuple[int, list[str]]], width: int, source: str
) -> tuple[list[list[np.ndarray]], list[int]]:
    """The cells, stripped, as arrays per column and chunk of rows; and each row's line."""
    chunks: list[list[np.ndarray]] = []
    lines: list[int] = []
    pending: list[list[str]] = []

    def pack() -> None:
        cells = zip(*pending, strict=True)
        chunks.append([np.array([cell.strip() for cell in column], TEXT) for column in cells])
        pending.clear()

    for line, row in rows:
        if len(row) != width:
            raise InvalidArgumentError(
                f"{source}, line {line}: {len(row)} field{'s' * (len(row) != 1)} where the header "
                f"has {width}. Mend the line, or quote fields that hold the delimiter."
            )
        lines.append(line)
        pending.append(row)
        if len(pending) == _CHUNK:
            pack()
    if pending:
        pack()
    return chunks, lines


def _with_points(values: np.ndarray) -> np.ndarray:
    """Numbers as in 1.234,5 rewritten as 1234.5; a column of anything else as it is."""
    texts = [text for text in values.tolist() if text.lower() not in MISSING]
    if not any("," in text for text in texts):
        return values
    if not all(_DECIMAL_COMMA.fullmatch(text) for text in texts):
        return values
    return np.array([text.replace(".", "").replace(",", ".") for text in values.tolist()], TEXT)
