"""The cache of compiled programs: believed only when sound, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.backends.llvm import cache
from lamina.backends.llvm.cache import Entry
from lamina.core.config import config
from lamina.core.errors import FileWriteError

ENTRY = Entry(b"\x7fELF machine code", '{"buffers": [["Straße", 3]]}')
LOAD = """
import ctypes
from lamina.backends.llvm import engine
text = "define i64 @double(i64 %x) {\\n %y = add i64 %x, %x\\n ret i64 %y\\n}"
library = engine.load("a program", lambda: (text, {"size": [1, 2]}), ["double"])
double = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(library.address("double"))
print(double(21), library.meta)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "object_cache", str(tmp_path / "some" / "programs"))
    return tmp_path / "some" / "programs"


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LOAD],
        env={**os.environ, "LAMINA_OBJECT_CACHE": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_an_entry_comes_back_as_it_was(folder):
    assert cache.read("name") is None
    cache.write("name", ENTRY)
    assert cache.read("name") == ENTRY
    assert [path.name for path in folder.iterdir()] == ["name"]


def test_only_the_user_can_enter_the_folder(folder):
    cache.write("name", ENTRY)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_folder_is_below_that_of_other_data_by_default(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "object_cache", "")
    monkeypatch.setattr(config, "cache", str(tmp_path))
    cache.write("name", ENTRY)
    assert (tmp_path / "programs" / "name").is_file()


def test_it_can_be_switched_off(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "cache", str(tmp_path))
    monkeypatch.setattr(config, "object_cache", "off")
    cache.write("name", ENTRY)
    assert cache.read("name") is None
    assert not list(tmp_path.iterdir())


def test_any_flipped_bit_is_noticed(folder):
    cache.write("name", ENTRY)
    sound = (folder / "name").read_bytes()
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= 1 << place % 8
        (folder / "name").write_bytes(damaged)
        assert cache.read("name") is None, place


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 36, 50, -1])
def test_an_entry_cut_short_is_ignored_and_replaced(folder, size):
    cache.write("name", ENTRY)
    sound = (folder / "name").read_bytes()
    (folder / "name").write_bytes(sound[:size])
    assert cache.read("name") is None
    cache.write("name", ENTRY)
    assert cache.read("name") == ENTRY


def test_the_entry_of_another_program_is_ignored(folder):
    cache.write("one", ENTRY)
    cache.write("other", ENTRY)
    os.replace(folder / "one", folder / "other")
    assert cache.read("other") is None


def test_a_folder_or_a_dangling_link_in_the_place_of_an_entry_is_left_alone(folder):
    folder.mkdir(parents=True, mode=0o700)
    (folder / "name").mkdir()
    (folder / "link").symlink_to(folder / "nowhere" / "at all")
    for name in ("name", "link"):
        cache.write(name, ENTRY)
        assert cache.read(name) is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners and modes of files")
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_used(folder, mode):
    cache.write("name", ENTRY)
    folder.chmod(mode)
    assert cache.read("name") is None
    cache.write("other", ENTRY)
    assert not (folder / "other").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners and modes of files")
def test_the_folder_of_another_user_is_not_used(folder, monkeypatch):
    cache.write("name", ENTRY)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert cache.read("name") is None
    cache.write("other", ENTRY)
    assert not (folder / "other").exists()


def test_without_a_place_to_write_nothing_is_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    for place in (
        tmp_path / "file" / "programs",
        tmp_path / "file",
        "/proc/programs",
        "~nobody0/x",
    ):
        monkeypatch.setattr(config, "object_cache", str(place))
        cache.write("name", ENTRY)
        assert cache.read("name") is None
    assert (tmp_path / "file").read_bytes() == b""


def test_a_full_disk_keeps_nothing(folder, monkeypatch):
    def full(path, content):
        raise FileWriteError("no space left")

    monkeypatch.setattr(cache, "write_bytes", full)
    cache.write("name", ENTRY)
    assert cache.read("name") is None


def test_entries_are_read_where_nothing_can_be_written(folder, monkeypatch):
    cache.write("name", ENTRY)

    def read_only(path):
        raise OSError("read-only file system")

    monkeypatch.setattr(os, "utime", read_only)
    assert cache.read("name") == ENTRY


def test_what_was_not_used_for_longest_goes_first(folder, monkeypatch):
    for number in range(8):
        cache.write(f"{number}", Entry(bytes(1000), "null"))
        os.utime(folder / f"{number}", (number, number))
    assert cache.read("0") is not None  # used again
    monkeypatch.setattr(cache, "LIMIT", 8000)
    cache.write("new", Entry(bytes(1000), "null"))
    left = sorted(path.name for path in folder.iterdir())
    assert left == ["0", "5", "6", "7", "new"]


def test_processes_at_once_all_get_their_program(folder):
    running = [start(folder) for _ in range(3)]
    results = [process.communicate(timeout=60)[0] for process in running]
    assert results == ["42 {'size': [1, 2]}\n"] * 3
    assert len(list(folder.iterdir())) == 1


def test_a_damaged_program_is_compiled_anew(folder):
    assert start(folder).communicate(timeout=60)[0] == "42 {'size': [1, 2]}\n"
    (entry,) = folder.iterdir()
    sound = entry.read_bytes()
    entry.write_bytes(sound[:100] + b"\xcc" * (len(sound) - 100))
    assert start(folder).communicate(timeout=60)[0] == "42 {'size': [1, 2]}\n"
    assert entry.read_bytes() == sound
