"""A published table of whole numbers: how its file reads and how its content is checked."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import NamedTuple

import numpy as np

from ..core.errors import DataLossError, nearest

# What people download by hand instead of the CSV, by its first bytes.
_OTHER_FORMS = {b"PK\x03\x04": "a zip archive", b"\xd0\xcf\x11\xe0": "an Excel workbook"}


class Published(NamedTuple):
    """A table as it was published.

    `checksum` is the SHA-256 of its numbers as little-endian int64, row by row, in the order of
    `columns`: it holds for every form of the file (line ends, 1 or 1.0, header, compression).
    `aliases` are other names of columns, in lower case.
    """

    columns: tuple[str, ...]
    rows: int
    checksum: str
    aliases: dict[str, str]

    def parse(self, content: bytes, origin: str) -> np.ndarray:
        """The int64 table of shape (rows, columns) in a CSV file's bytes, gzip or not.

        Anything but the published numbers raises DataLossError, which calls the file `origin`.
        """
        lines = [line for line in _text(content, origin).splitlines() if line.strip()]
        header = _header_lines(lines)
        positions = self._positions(lines[header - 1] if header else "", origin)
        body = lines[header:]
        if len(body) != self.rows:
            raise DataLossError(f"{origin} has {len(body)} rows; expected {self.rows}")
        try:
            numbers = np.loadtxt(
                body, delimiter=",", quotechar='"', comments=None, usecols=positions, ndmin=2
            )
        except ValueError as error:
            raise DataLossError(f"{origin} is no table of numbers: {error}") from None
        return self._verified(numbers, origin)

    def _positions(self, header: str, origin: str) -> list[int]:
        """Where each of `columns` stands in the file."""
        names = [name.strip().strip('"') for name in header.split(",")]
        names = [self.aliases.get(name.lower(), name) for name in names]
        missing = [name for name in self.columns if name not in names]
        if missing:
            raise DataLossError(
                f"{origin} lacks {len(missing)} of {len(self.columns)} columns: "
                f"{', '.join(missing[:8])}{', …' if len(missing) > 8 else ''}. "
                f"Its first line must name them, with commas between." + nearest(missing[0], names)
            )
        return [names.index(name) for name in self.columns]

    def _verified(self, numbers: np.ndarray, origin: str) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # NaN and infinity fail the checksum
            table = numbers.astype("<i8")
        digest = hashlib.sha256(table.tobytes()).hexdigest()
        if digest != self.checksum or not np.array_equal(table, numbers):
            raise DataLossError(
                f"the numbers in {origin} are not the published ones: SHA-256 {digest[:16]}…, "
                f"expected {self.checksum[:16]}…. Was a row changed or moved?"
            )
        return table.astype(np.int64, copy=False)


def _text(content: bytes, origin: str) -> str:
    for start, form in _OTHER_FORMS.items():
        if content.startswith(start):
            raise DataLossError(f"{origin} is {form}; expected its table as CSV (or CSV in gzip)")
    try:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise DataLossError(f"{origin} is a damaged gzip file: {error}") from None
    except UnicodeDecodeError:
        raise DataLossError(f"{origin} is no text; expected CSV (or CSV in gzip)") from None


def _header_lines(lines: list[str]) -> int:
    """How many lines stand before the first one that ends in a number (a sheet exports two)."""
    for count, line in enumerate(lines):
        last = line.rpartition(",")[2].strip().strip('"')
        if last.lstrip("-").replace(".", "", 1).isdigit():
            return count
    return len(lines)
