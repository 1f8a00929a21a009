"""Object files put into memory without LLVM, where that is simple: x86-64 Linux.

Code and constants go into one block; what is left to do is to fill in the places that refer to
others. Anything out of the ordinary is refused, and LLVM's linker takes over. The format: System V
Application Binary Interface, AMD64 Architecture Processor Supplement, chapter 4.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...core.dtypes import Array
from ...core.errors import FailedPreconditionError

_MAGIC = b"\x7fELF\x02\x01\x01"  # 64 bits, little-endian
_RELOCATABLE, _X86_64 = 1, 62
_CONTENT, _SYMBOLS, _LINKS, _UNWINDING = 1, 2, 4, 0x70000001  # kinds of sections
_WRITABLE, _LOADED, _PER_THREAD = 1, 2, 1024  # flags of sections
_ABSOLUTE, _RELATIVE, _CALL = 1, 2, 4  # kinds of links: S + A in 8 bytes; S + A - P in 4
_LINK = np.dtype([("offset", "<i8"), ("kind", "<u4"), ("symbol", "<u4"), ("addend", "<i8")])
_JUMP = b"\xff\x25\x00\x00\x00\x00"  # to the address that follows
_STUB = 16  # bytes of a jump and its address


class UnsupportedObject(Exception):
    """An object file that asks for more than this module does."""


class Placed(NamedTuple):
    """A program in memory, as long as `memory` lives."""

    memory: Array
    addresses: dict[str, int]


class _Section(NamedTuple):
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int


def can_place() -> bool:
    """Whether objects of this system are of the kind that `place` knows."""
    return sys.platform.startswith("linux") and os.uname().machine == "x86_64"


def check_memory() -> None:
    """FailedPreconditionError where the system does not let memory be executed."""
    _make_executable(_allocate(1))


def place(image: bytes, names: Sequence[str]) -> Placed:
    """The program in an object file, ready to be called, and where its functions `names` are."""
    program = _Object(image)
    memory = _allocate(program.size + _STUB * len(program.outside))
    for base, content in program.contents:
        _write(memory, base, content)
    for number, (symbol, name) in enumerate(program.outside.items()):
        stub = program.size + _STUB * number
        _write(memory, stub, _JUMP + struct.pack("<Q", _address_in_process(name)))
        program.places[symbol] = stub
    places = np.array(program.places)
    for base, links in program.links:
        _connect(memory, base, links, places)
    _make_executable(memory)
    start = memory.ctypes.data
    return Placed(memory, {name: start + program.functions[name] for name in names})


class _Object:
    """An object file, and where in the block everything goes."""

    def __init__(self, image: bytes) -> None:
        self._image = image
        self._sections = _sections(image)
        self._bases: dict[int, int] = {}
        self.size = 0
        self.contents: list[tuple[int, bytes]] = []
        for number, section in enumerate(self._sections):
            if section.flags & _LOADED and section.size and section.kind != _UNWINDING:
                self._load(number, section)
        self.links = [
            (self._bases[section.info], np.frombuffer(self._content(section), _LINK))
            for section in self._sections
            if section.kind == _LINKS and section.info in self._bases
        ]
        self.places: list[int] = []  # of symbols by number; -1 where it is not in the block
        self.functions: dict[str, int] = {}
        self.outside: dict[int, str] = {}  # symbols that the process must have
        self._read_symbols()

    def _content(self, section: _Section) -> bytes:
        return self._image[section.offset : section.offset + section.size]

    def _load(self, number: int, section: _Section) -> None:
        if section.kind != _CONTENT or section.flags & (_WRITABLE | _PER_THREAD):
            raise UnsupportedObject("memory that the program writes to")
        base = -(-self.size // section.align) * section.align
        self._bases[number] = base
        self.size = base + section.size
        self.contents.append((base, self._content(section)))

    def _read_symbols(self) -> None:
        (table,) = (section for section in self._sections if section.kind == _SYMBOLS)
        names = self._content(self._sections[table.link])
        used = {number for _, links in self.links for number in links["symbol"].tolist()}
        entries = struct.iter_unpack("<IBBHqQ", self._content(table))
        for number, (at, _, _, section, value, _) in enumerate(entries):
            name = names[at : names.index(b"\0", at)].decode()
            base = self._bases.get(section, -1)
            self.places.append(-1 if base < 0 else base + value)
            if base >= 0:
                self.functions[name] = base + value
            elif number in used:
                if section or not name:
                    raise UnsupportedObject(f"{name or 'something'} outside the program")
                self.outside[number] = name


def _sections(image: bytes) -> list[_Section]:
    kind = struct.unpack_from("<HH", image, 16) if image.startswith(_MAGIC) else None
    if kind != (_RELOCATABLE, _X86_64):
        raise UnsupportedObject("not an object file for x86-64")
    (start,), (count,) = struct.unpack_from("<Q", image, 40), struct.unpack_from("<H", image, 60)
    table = image[start : start + 64 * count]
    return [_Section(*fields) for fields in struct.iter_unpack("<IIQQQQIIQQ", table)]


def _write(memory: Array, base: int, content: bytes) -> None:
    memory[base : base + len(content)] = np.frombuffer(content, np.uint8)


def _address_in_process(name: str) -> int:
    """Of a function of the C library, which code calls for what has no instruction."""
    try:
        function = getattr(ctypes.CDLL(None), name)
    except AttributeError:
        raise UnsupportedObject(f"the function {name}, which the process does not have") from None
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _connect(memory: Array, base: int, links: Array, places: Array) -> None:
    """Write into each place of a section what it shall refer to."""
    start = memory.ctypes.data
    targets = start + places[links["symbol"]] + links["addend"]
    holes = base + links["offset"]
    known = 0
    for kinds, width, values in (
        ((_ABSOLUTE,), "<i8", targets),
        ((_RELATIVE, _CALL), "<i4", targets - (start + holes)),
    ):
        chosen = np.isin(links["kind"], kinds)
        content = values[chosen].astype(width)
        place = holes[chosen, None] + np.arange(content.itemsize)
        memory[place] = content.view(np.uint8).reshape(place.shape)
        known += len(content)
    if known != len(links):
        raise UnsupportedObject(f"links of the kinds {np.unique(links['kind']).tolist()}")


def _allocate(size: int) -> Array:
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    block = mmap.mmap(-1, max(size, 1), flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    return np.frombuffer(block, np.uint8)


def _make_executable(memory: Array) -> None:
    """From now on the block can be run, and not written to."""
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    if protect(memory.ctypes.data, memory.size, mmap.PROT_READ | mmap.PROT_EXEC):
        reason = os.strerror(ctypes.get_errno())
        raise FailedPreconditionError(
            f"This system does not let memory be executed ({reason}), which native code needs. "
            "Choose the interpreter: lamina.config.backend = 'interp'."
        )
