"""What the footer of a Parquet file says of nulls, before anything is read.

PyArrow ends the whole process at the statistics of some damaged footers, so these are read here:
Thrift's compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md), with the fields of
Parquet's `FileMetaData`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

_DEEPEST = 16
_LARGEST = 1 << 22  # bytes of a footer; of larger ones, reading the rows tells sooner
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = (4, 5, 6)
_ROW_GROUPS, _COLUMNS, _COLUMN, _PATH, _STATISTICS, _NULLS = 4, 1, 3, 3, 12, 3  # fields


def null_counts(path: str) -> dict[str, int]:
    """How many nulls columns have, as far as statistics say; {} of odd or large footers."""
    try:
        fields = _Reader(_footer(path)).struct(0)
        counts: Counter[str] = Counter()
        for group in fields[_ROW_GROUPS]:
            for chunk in group[_COLUMNS]:
                column = chunk[_COLUMN]
                name = b".".join(column[_PATH]).decode()
                counts[name] += column.get(_STATISTICS, {}).get(_NULLS, 0)
    except (LookupError, TypeError, ValueError, AttributeError):
        return {}
    return dict(counts)


def _footer(path: str) -> bytes:
    """The bytes of the footer, which the last eight bytes of the file measure."""
    with open(path, "rb") as file:
        end = file.seek(0, 2) - 8
        file.seek(max(0, end))
        tail = file.read(8)
        start = end - int.from_bytes(tail[:4], "little")
        if start < 0 or tail[4:] != b"PAR1" or end - start > _LARGEST:
            raise ValueError("no footer")
        file.seek(start)
        return file.read(end - start)


class _Reader:
    """Values of the compact protocol: structs as dicts by the number of the field.

    Every value takes a byte at least, so what is read is bounded by what is there.
    """

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    def struct(self, depth: int) -> dict[int, Any]:
        """The fields of a struct."""
        found: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self._integer()
            kind = header & 15
            found[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
        if kind in _INTEGERS:
            return self._integer()
        if kind in (_TRUE, _FALSE, _BYTE):  # of a list, truth values are bytes
            return self._byte()
        if kind == _BINARY:
            return self._bytes(self._natural())
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind in (_LIST, _SET):
            header = self._byte()
            size = header >> 4 if header >> 4 != 15 else self._natural()
            return [self._value(header & 15, depth + 1) for _ in range(size)]
        if kind == _MAP:
            size = self._natural()
            kinds = self._byte() if size else 0
            pair = kinds >> 4, kinds & 15
            return [[self._value(each, depth + 1) for each in pair] for _ in range(size)]
        if kind == _STRUCT:
            return self.struct(depth + 1)
        raise ValueError(f"there is no type {kind}")

    def _byte(self) -> int:
        self._place += 1
        return self._content[self._place - 1]

    def _bytes(self, size: int) -> bytes:
        if size > len(self._content) - self._place:
            raise ValueError("the footer ends within a value")
        self._place += size
        return self._content[self._place - size : self._place]

    def _natural(self) -> int:
        """A number without sign, seven bits to a byte."""
        byte = self._content[self._place]
        self._place += 1
        if byte < 128:  # fast: most of them
            return byte
        found, shift = byte & 127, 7
        while (byte := self._byte()) & 128:
            found |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")
        return found | byte << shift

    def _integer(self) -> int:
        """A number with sign, which is its last bit."""
        number = self._natural()
        return number >> 1 ^ -(number & 1)
