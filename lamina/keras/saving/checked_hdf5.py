"""HDF5 files of strangers: everything in them is looked at before anything is read.

HDF5 can point to other files, claim numbers that are nowhere, name code to be loaded as a filter,
and unpack to a thousand times its size. A file of weights needs none of that: groups, attributes
and datasets of numbers that lie in the file, plain or deflated.
"""

from __future__ import annotations

import itertools
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from ...core.archives import EXPANSION, LARGE
from ...core.errors import DataLossError, OpError
from ...core.showing import shown
from .heaps import check_heaps

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_CHUNK = 2**20  # bytes that a compressed block may take, if it is larger than its dataset
_DEEPEST = 100  # groups in one another
_MOST = 200_000  # groups, datasets and attributes
_LONGEST = 2**16  # bytes of one text in a dataset
_DEFLATE, _SHUFFLE = 1, 2


@contextmanager
def checked_hdf5(file: IO[bytes], where: str, kind: str = "an HDF5 file") -> Iterator[Any]:
    """The HDF5 file (h5py's) in `file`, of which everything was checked.

    DataLossError says what is wrong with it, also with what is read of it inside the block.
    """
    import h5py

    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if file.read(len(SIGNATURE)) != SIGNATURE:
            raise DataLossError(f"{where} is not {kind}: it does not begin as one")
        check_heaps(file)
        file.seek(0)
        with h5py.File(file, "r") as h5:
            _Check(where, size).group(h5.id, "", ())
            yield h5
    except OpError:
        raise
    except (OSError, LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise DataLossError(f"{where} is not {kind}, or is damaged: {shown(error)}") from error
    except (MemoryError, OverflowError, SystemError) as error:
        raise DataLossError(f"{where} is damaged: it asks for too much") from error


class _Check:
    """One walk through a file, with what it has seen so far."""

    def __init__(self, where: str, size: int) -> None:
        import h5py

        self.where, self.size = where, size
        self.seen: set[int] = set()
        self.items = 0
        self.claimed = self.read = 0  # bytes of datasets, and of texts in attributes
        types = h5py.h5t
        self.numbers = (types.INTEGER, types.FLOAT, types.ENUM, types.OPAQUE)

    def group(self, group: Any, path: str, above: tuple[int, ...]) -> None:
        """A group, its attributes, and all below it; `above` are the groups around it."""
        import h5py

        address = h5py.h5o.get_info(group).addr
        if address in above:
            self.refuse(path, "is a group inside of itself")
        if len(above) >= _DEEPEST:
            self.refuse(path, f"lies more than {_DEEPEST} groups deep")
        if address in self.seen:
            return
        self.seen.add(address)
        self.attributes(group, path)
        self.count(group.get_num_objs(), path)
        for name in group:
            inner = f"{path}/{os.fsdecode(name)}"
            if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
                self.refuse(
                    inner, "is a link to another place or file; such links are not followed"
                )
            item = h5py.h5o.open(group, name)
            if isinstance(item, h5py.h5g.GroupID):
                self.group(item, inner, (*above, address))
            elif isinstance(item, h5py.h5d.DatasetID):
                self.dataset(item, inner)
            else:
                self.refuse(inner, "is neither a group nor numbers")

    def attributes(self, item: Any, path: str) -> None:
        """Attributes are numbers and texts, and not larger than the file."""
        import h5py

        number = h5py.h5a.get_num_attrs(item)
        self.count(number, path)
        for index in range(number):
            attribute = h5py.h5a.open(item, index=index)
            kind, place = attribute.get_type(), f"{path}@{os.fsdecode(attribute.name)}"
            points = max(attribute.get_space().get_simple_extent_npoints(), 0)
            text = kind.get_class() == h5py.h5t.STRING
            if not text and kind.get_class() not in self.numbers:
                self.refuse(place, "holds neither numbers nor text")
            if text and kind.is_variable_str():  # many may be one and the same text in the file
                most = max(LARGE, EXPANSION * self.size) // self.size
            else:
                most = self.size // max(kind.get_size(), 1)
            if points > most:
                self.refuse(place, f"claims {points:,} values")
            if text and kind.is_variable_str():
                self.texts(attribute, place)

    def texts(self, attribute: Any, path: str) -> None:
        """Texts of any length, which many attributes may have from one place in the file."""
        found = np.empty(attribute.shape, attribute.dtype)
        attribute.read(found)
        self.read += sum(len(text) for text in found.flat if text is not None)
        if self.read > max(LARGE, EXPANSION * self.size):
            self.refuse(path, f"and others before it have texts of {self.read:,} bytes")

    def dataset(self, dataset: Any, path: str) -> None:
        """Numbers (or texts of a fixed size) that lie in the file, and how they are packed."""
        import h5py

        address = h5py.h5o.get_info(dataset).addr
        if address in self.seen:
            return
        self.seen.add(address)
        self.attributes(dataset, path)
        kind = dataset.get_type()
        text = kind.get_class() == h5py.h5t.STRING and not kind.is_variable_str()
        if not text and kind.get_class() not in self.numbers:
            self.refuse(path, "holds neither numbers nor texts of one size")
        itemsize = kind.get_size()
        if itemsize > (_LONGEST if text else 16):
            self.refuse(path, f"holds values of {itemsize:,} bytes")
        settings = dataset.get_create_plist()
        if settings.get_layout() == h5py.h5d.VIRTUAL or settings.get_external_count():
            self.refuse(path, "has its numbers in another file; that is not read")
        shape = dataset.shape
        claimed = math.prod(shape) * itemsize
        self.claimed += claimed
        if self.claimed > max(LARGE, EXPANSION * self.size):
            self.refuse(
                path, f"claims {claimed:,} bytes (shape {shape}) in a file of {self.size:,}"
            )
        if settings.get_layout() == h5py.h5d.CHUNKED:
            self.blocks(dataset, settings, path, claimed)
        elif dataset.get_storage_size() != claimed:
            self.refuse(path, f"has shape {shape}, but its numbers are not in the file")

    def blocks(self, dataset: Any, settings: Any, path: str, claimed: int) -> None:
        """All blocks are there, none is absurdly large, and nothing but deflate packs them."""
        chunk, itemsize = settings.get_chunk(), dataset.get_type().get_size()
        if math.prod(chunk) * itemsize > max(_CHUNK, claimed):
            self.refuse(path, "is stored in blocks larger than itself")
        filters = [settings.get_filter(n)[0] for n in range(settings.get_nfilters())]
        if filters not in ([], [_DEFLATE], [_SHUFFLE, _DEFLATE]):
            self.refuse(
                path,
                f"is packed by the filters {filters}; only deflate (gzip) is read. Save the "
                "weights again without compression",
            )
        blocks = math.prod(-(-size // step) for size, step in zip(dataset.shape, chunk))
        self.count(blocks, path)
        if dataset.get_num_chunks() != blocks:
            self.refuse(path, f"has shape {dataset.shape}, but its numbers are not in the file")

    def count(self, more: int, path: str) -> None:
        """So much more there is in the file."""
        self.items += more
        if self.items > _MOST:
            self.refuse(path, f"has more than {_MOST:,} things in it or before it")

    def refuse(self, path: str, why: str) -> None:
        raise DataLossError(f"{self.where}: {shown(path, 80) or '/'} {why}")


# Reading ------------------------------------------------------------------------------------------


def numbers_of(dataset: Any, place: str) -> np.ndarray[Any, Any]:
    """The values of a dataset of a checked file; packed blocks are never more than they may be."""
    if not dataset.chunks or not dataset.id.get_create_plist().get_nfilters():
        return np.asarray(dataset[()])
    shuffled = dataset.id.get_create_plist().get_filter(0)[0] == _SHUFFLE
    found = np.empty(dataset.shape, dataset.dtype)
    starts = [range(0, size, step) for size, step in zip(dataset.shape, dataset.chunks)]
    for start in itertools.product(*starts):
        mask, packed = dataset.id.read_direct_chunk(start)
        if mask:
            raise DataLossError(f"{place} has a block that is not packed as the others are")
        block = _unpacked(packed, dataset.chunks, dataset.dtype, shuffled, place)
        where = tuple(slice(first, first + n) for first, n in zip(start, dataset.chunks))
        inside = found[where]
        inside[...] = block[tuple(slice(n) for n in inside.shape)]
    return found


def _unpacked(
    packed: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], shuffled: bool, place: str
) -> np.ndarray[Any, Any]:
    """One block: deflated, and before that perhaps byte 0 of all values, byte 1 of all …"""
    size = math.prod(shape) * dtype.itemsize
    try:
        content = zlib.decompressobj().decompress(packed, size + 1)
    except zlib.error as error:
        raise DataLossError(f"{place} has a damaged block: {error}") from error
    if len(content) != size:
        raise DataLossError(f"{place} has a block of another size than it claims")
    flat = np.frombuffer(content, np.uint8)
    if shuffled:
        flat = np.ascontiguousarray(flat.reshape(dtype.itemsize, -1).T).ravel()
    return flat.view(dtype).reshape(shape)
