"""Files that are whole or not there at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from lamina.core import files
from lamina.core.config import config
from lamina.core.errors import (
    AlreadyExistsError,
    FileWriteError,
    InvalidArgumentError,
    NotFoundError,
)
from lamina.core.files import check_file, replacing, write_bytes


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_at_the_end(tmp_path):
    with replacing(tmp_path / "file") as file:
        file.write(b"half")
        assert not (tmp_path / "file").exists()
        file.write(b" and half")
    assert (tmp_path / "file").read_bytes() == b"half and half"
    assert names(tmp_path) == ["file"]


def test_permissions_stay_and_links_are_followed(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    mode = path.stat().st_mode
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("links can't be made here")
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode == mode


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_what_was_there_stays_when_the_system_refuses(tmp_path, monkeypatch, failing):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    write_bytes(tmp_path / "file", b"old")
    monkeypatch.setattr(os, failing, refuse)
    with pytest.raises(FileWriteError, match="cannot be written: No space left on device"):
        write_bytes(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_what_was_there_stays_when_the_writer_fails(tmp_path):
    write_bytes(tmp_path / "file", b"old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file") as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_places_that_can_not_be_written(tmp_path):
    write_bytes(tmp_path / "file", b"old")
    with pytest.raises(InvalidArgumentError, match="is a folder"):
        check_file(tmp_path)
    with pytest.raises(NotFoundError, match=r"no folder .*none"):
        check_file(tmp_path / "none" / "file")
    with pytest.raises(AlreadyExistsError, match="exists already"):
        check_file(tmp_path / "file", overwrite=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no devices in folders")
@pytest.mark.parametrize("held", [2, 100])
def test_a_file_that_windows_holds_for_a_moment_is_waited_for(held, tmp_path, monkeypatch):
    replace, calls = os.replace, []

    def replace_later(*paths):
        calls.append(paths)
        if len(calls) <= held:
            raise PermissionError(13, "Access is denied")
        replace(*paths)

    monkeypatch.setattr(os, "replace", replace_later)
    monkeypatch.setattr(files.time, "sleep", lambda seconds: None)
    with pytest.raises(FileWriteError):
        write_bytes(tmp_path / "file", b"elsewhere, this is no moment")
    calls.clear()
    monkeypatch.setattr(sys, "platform", "win32")
    if held == 2:
        write_bytes(tmp_path / "file", b"whole")
        assert (tmp_path / "file").read_bytes() == b"whole"
    else:
        with pytest.raises(FileWriteError, match="Access is denied"):
            write_bytes(tmp_path / "file", b"never")
        assert names(tmp_path) == []


def test_a_device_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidArgumentError, match="not a regular file"):
        write_bytes(tmp_path / "pipe", b"")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/somewhere"}, Path("/somewhere/lamina")),
        ("linux", {"XDG_CACHE_HOME": ""}, Path.home() / ".cache" / "lamina"),
        ("darwin", {}, Path.home() / "Library" / "Caches" / "lamina"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/lamina/Cache")),
        ("win32", {"LOCALAPPDATA": ""}, Path.home() / "AppData" / "Local" / "lamina" / "Cache"),
    ],
)
def test_the_cache_folder_follows_the_platform(monkeypatch, platform, environment, expected):
    monkeypatch.setattr(config, "cache", "")
    monkeypatch.setattr(files.sys, "platform", platform)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert files.cache_folder() == expected
