"""Zip archives of strangers: checked as a whole before anything in them is read.

An archive is a list at its end and, before each member, a header that says the same again. Readers
that believe the one are fooled by the other; so both must agree, and nothing may lie in between.
"""

from __future__ import annotations

import io
import math
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from .errors import DataLossError, OpError
from .showing import shown

if TYPE_CHECKING:
    import zipfile

    import numpy as np

LARGE = 64 * 2**20
"""Bytes that all members may have in any case; more must be at most `EXPANSION` times the file."""
EXPANSION = 100
MOST = 20_000  # members

_ENCRYPTED = 0x1 | 0x40 | 0x2000  # bits of a member's flags
_COMPRESSIONS = (0, 8)  # stored and deflated
_HEADER = struct.Struct("<4s5H3L2H")  # a member's own header, before its name
_END = b"PK\5\6"


@contextmanager
def checked_archive(file: IO[bytes], where: Any, kind: str = "a zip archive") -> Iterator[Any]:
    """The zip archive in `file`, whose list of members was checked.

    DataLossError says what is wrong with it, also with what is read of it inside the block.
    """
    import zipfile
    import zlib

    damage = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, file, where)
            yield archive
    except (*damage, OSError, ValueError, struct.error) as error:
        if isinstance(error, OpError):
            raise
        raise DataLossError(f"{where} is not {kind}, or it is damaged: {shown(error)}") from error


def leads_out(name: str) -> bool:
    """Whether the path `name` may lead out of the folder that it is relative to, on any system."""
    parts = name.split("/")
    return name.startswith("/") or "\\" in name or ":" in parts[0] or ".." in parts


def _check(archive: zipfile.ZipFile, file: IO[bytes], where: Any) -> None:
    infos = archive.infolist()
    size = file.seek(0, os.SEEK_END)
    if len(infos) > MOST:
        raise DataLossError(f"{where} has {len(infos):,} members; {MOST:,} are read at most")
    end = size - 22 - len(archive.comment)
    file.seek(max(end, 0))
    if end < 0 or file.read(4) != _END:
        raise DataLossError(f"{where} has data after the end of its archive")
    names: set[str] = set()
    for info in infos:
        _check_member(info, where)
        if info.filename in names:
            count = sum(other.filename == info.filename for other in infos)
            raise DataLossError(f"{where} has {count} members named {shown(info.filename)!r}")
        names.add(info.filename)
    total = sum(info.file_size for info in infos)
    if total > max(LARGE, EXPANSION * size):
        biggest = max(infos, key=lambda info: info.file_size)
        raise DataLossError(
            f"{where}: its members claim {total:,} bytes in a file of {size:,}, most of them "
            f"{shown(biggest.filename)!r}; that is no model"
        )
    _check_places(infos, archive.start_dir, file, where)


def _check_member(info: zipfile.ZipInfo, where: Any) -> None:
    """What one entry of the list says of itself."""
    name, mode = info.orig_filename, info.external_attr >> 16
    wrong = ""
    if leads_out(name):
        wrong = "leads out of its folder"
    elif not name or not name.isprintable() or name != info.filename:
        wrong = "has no name that can be read"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        wrong = "is a link or a device"
    elif info.flag_bits & _ENCRYPTED:
        wrong = "is encrypted"
    elif info.compress_type not in _COMPRESSIONS:
        wrong = f"is packed by method {info.compress_type}; only deflate is read"
    elif info.compress_type == 0 and info.compress_size != info.file_size:
        wrong = "has two sizes"
    if wrong:
        raise DataLossError(f"{where}: its member {shown(name)!r} {wrong}. Nothing of it is read")


def _check_places(infos: list[zipfile.ZipInfo], end: int, file: IO[bytes], where: Any) -> None:
    """Members lie one after the other from the beginning on, and their headers say their names."""
    place = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < place:
            raise DataLossError(f"{where}: the member {shown(info.filename)!r} lies in another one")
        if place == 0 and info.header_offset:
            raise DataLossError(f"{where} has data before the beginning of its archive")
        file.seek(info.header_offset)
        header = _HEADER.unpack(file.read(_HEADER.size))
        name = file.read(header[9])
        encoding = "utf-8" if header[2] & 0x800 else "cp437"
        same = name.decode(encoding, "replace") == info.orig_filename
        if header[0] != b"PK\3\4" or not same or header[3] != info.compress_type:
            raise DataLossError(
                f"{where}: the member {shown(info.filename)!r} is another one in its own header, "
                f"{shown(name.decode(encoding, 'replace'))!r}"
            )
        place = info.header_offset + _HEADER.size + header[9] + header[10] + info.compress_size
    if place > end:
        raise DataLossError(f"{where}: the last member lies in the list of members")


# Arrays -------------------------------------------------------------------------------------------


def read_arrays(file: IO[bytes], where: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a NumPy archive (.npz), by name; none of them is an array of objects."""
    with checked_archive(file, where, "a NumPy archive") as archive:
        return {
            info.filename.removesuffix(".npy"): array_of(archive.read(info), where, info.filename)
            for info in archive.infolist()
        }


def array_of(content: bytes, where: Any, name: str) -> np.ndarray[Any, Any]:
    """The array in a file of NumPy (.npy), which must hold exactly what its header says."""
    import numpy as np

    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version} of the format")
        second = version == (2, 0)
        known = np.lib.format
        read = known.read_array_header_2_0 if second else known.read_array_header_1_0
        shape, fortran, dtype = read(stream)
        if dtype.hasobject or dtype.names or dtype.subdtype:
            raise ValueError(f"it holds {dtype}, which is not read")
        if min(shape, default=0) < 0 or len(shape) > 32:
            raise ValueError(f"its shape is {shape}")
        size = math.prod(shape) * dtype.itemsize
        if len(content) - stream.tell() != size:
            raise ValueError(f"shape {shape} of {dtype} takes {size} bytes; it is of another size")
        flat = np.frombuffer(content, np.uint8, offset=stream.tell()).copy()
        if not dtype.itemsize:
            return np.zeros(shape, dtype)
        return flat.view(dtype).reshape(shape, order="F" if fortran else "C")
    except Exception as error:  # NumPy's reader of headers has many ways to fail
        raise DataLossError(
            f"{where}: the array {shown(name)!r} is damaged: {shown(error)}"
        ) from error
