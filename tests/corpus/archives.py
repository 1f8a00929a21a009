"""Archives that lie about what they hold, lead out of a folder, or unpack to too much."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

from lamina.keras.saving import model_members
from tests.fuzz.targets import network

from .attack import Attack

ZIP, SLIP = "CWE-409", "CWE-22"  # bombs; paths that lead out (CVE-2025-12060, CVE-2025-12638)
TWO = "CWE-436"  # two readers that see different things


def _members() -> dict[str, bytes]:
    return model_members(network())


def archive(change: Callable[[zipfile.ZipFile], Any] = lambda file: None) -> bytes:
    """A model's archive with something more in it."""
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(content, "w") as file:
            for name, member in _members().items():
                file.writestr(zipfile.ZipInfo(name), member)
            change(file)
    return content.getvalue()


def _with(name: str, content: bytes = b"x", mode: int = 0, packed: int = 0) -> bytes:
    info = zipfile.ZipInfo("placeholder")
    info.filename, info.external_attr = name, mode << 16
    return archive(lambda file: file.writestr(info, content, packed))


def parent_folder() -> bytes:
    return _with("assets/../../evil")


def absolute_path() -> bytes:
    return _with("/etc/evil")


def drive_letter() -> bytes:
    return _with("C:/evil")


def backslashes() -> bytes:
    return _with("assets\\..\\evil")


def symbolic_link() -> bytes:
    return _with("assets/link", b"/etc/passwd", stat.S_IFLNK | 0o777)


def device() -> bytes:
    return _with("assets/device", mode=stat.S_IFCHR | 0o600)


def steering_characters() -> bytes:
    return _with("\x1b[2J\x1b[31mevil")


def duplicate_member() -> bytes:
    return _with("config.json", b"{}")


def many_members() -> bytes:
    return archive(lambda file: [file.writestr(f"assets/{n}", b"") for n in range(20_001)])


def bomb() -> bytes:
    return _with("assets/zeros", bytes(70 * 2**20), packed=zipfile.ZIP_DEFLATED)


def bombs_in_small_pieces() -> bytes:
    def change(file: zipfile.ZipFile) -> None:
        for number in range(72):
            file.writestr(f"assets/{number}", bytes(2**20), zipfile.ZIP_DEFLATED)

    return archive(change)


def bomb_of_another_method() -> bytes:
    return _with("assets/zeros", bytes(2**22), packed=zipfile.ZIP_LZMA)


def _entry(data: bytes, name: bytes) -> int:
    """Where the list of members speaks of `name`."""
    place = data.rfind(b"PK\1\2")
    while data[place + 46 : place + 46 + len(name)] != name:
        place = data.rfind(b"PK\1\2", 0, place)
    return place


def _patched(data: bytes, place: int, kind: str, *values: int) -> bytes:
    packed = struct.pack(kind, *values)
    return data[:place] + packed + data[place + len(packed) :]


def another_name_in_the_header() -> bytes:
    data = archive()
    return data.replace(b"config.json", b"Xonfig.json", 1)


def overlapping_members() -> bytes:
    data = archive()
    config = _entry(data, b"config.json")
    first = struct.unpack_from("<L", data, _entry(data, b"metadata.json") + 42)[0]
    return _patched(data, config + 42, "<L", first)


def claims_more_than_it_has() -> bytes:
    data = archive()
    return _patched(data, _entry(data, b"config.json") + 24, "<L", 2**31)


def encrypted() -> bytes:
    data = archive()
    return _patched(data, _entry(data, b"config.json") + 8, "<H", 1)


def data_before() -> bytes:
    return b"#!/bin/sh\nexit\n" + archive()


def data_after() -> bytes:
    return archive() + b"\0" * 100


def ends_early() -> bytes:
    return archive()[:-40]


def member_over_the_end() -> bytes:
    data = archive()
    name = b"model.weights.h5"
    place = _entry(data, name)
    size = struct.unpack_from("<L", data, place + 20)[0] + 80
    return _patched(data, place + 20, "<2L", size, size)


_OUT = r"leads out of its folder"
ATTACKS = [
    Attack(SLIP, "archive", parent_folder, _OUT),
    Attack(SLIP, "archive", absolute_path, _OUT),
    Attack(SLIP, "archive", drive_letter, _OUT),
    Attack(SLIP, "archive", backslashes, _OUT),
    Attack("CWE-59", "archive", symbolic_link, "is a link or a device"),
    Attack("CWE-59", "archive", device, "is a link or a device"),
    Attack("CWE-150", "archive", steering_characters, r"'\\\\x1b\[2J\\\\x1b\[31mevil' has no name"),
    Attack(TWO, "archive", duplicate_member, r"has 2 members named 'config\.json'"),
    Attack(TWO, "archive", another_name_in_the_header, "is another one in its own header"),
    Attack(TWO, "archive", overlapping_members, "lies in another one"),
    Attack(TWO, "archive", data_before, "data before the beginning"),
    Attack(TWO, "archive", data_after, "data after the end"),
    Attack(TWO, "archive", member_over_the_end, "lies in the list of members"),
    Attack(ZIP, "archive", many_members, "20,000 are read at most"),
    Attack(ZIP, "archive", bomb, "claim 73,.* that is no model"),
    Attack(ZIP, "archive", bombs_in_small_pieces, "claim 75,.* that is no model"),
    Attack(ZIP, "archive", bomb_of_another_method, "only deflate is read"),
    Attack(ZIP, "archive", claims_more_than_it_has, "has two sizes"),
    Attack("CWE-311", "archive", encrypted, "is encrypted"),
    Attack("truncated", "archive", ends_early, "is not a zip archive.* or it is damaged"),
    Attack(SLIP, "tabular", parent_folder, _OUT),
    Attack(ZIP, "tabular", bomb, "that is no model"),
]
