"""Folders of results: complete or not there at all."""

from __future__ import annotations

import os
import sys

import pytest

from lamina.core.errors import InvalidArgumentError
from lamina.tabular import output
from lamina.tabular.output import HISTORY, MODEL, REPORT, check_folder, staged


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_at_the_end(tmp_path):
    folder = tmp_path / "deep" / "results"
    with staged(folder) as stage:
        (stage / MODEL).write_text("new")
        assert not folder.exists()
    assert (folder / MODEL).read_text() == "new"
    assert names(folder.parent) == ["results"]


def test_old_results_are_replaced_and_other_files_stay(tmp_path):
    for name in (MODEL, HISTORY, REPORT, "notes.txt"):
        (tmp_path / name).write_text("old")
    with staged(tmp_path) as stage:
        (stage / MODEL).write_text("new")
        (stage / HISTORY).write_text("new")
    found = {name: (tmp_path / name).read_text() for name in names(tmp_path)}
    assert found == {MODEL: "new", HISTORY: "new", "notes.txt": "old"}


def test_strangers_files_of_our_names_stay_where_there_was_no_model(tmp_path):
    (tmp_path / REPORT).write_text("theirs")
    with staged(tmp_path) as stage:
        (stage / MODEL).write_text("new")
    assert names(tmp_path) == [MODEL, REPORT]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_everything_is_as_before(tmp_path, error):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MODEL).write_text("old")

    def fail_in(folder):
        with staged(folder) as stage:
            (stage / MODEL).write_text("new")
            raise error

    for folder in (tmp_path / "out", tmp_path / "new"):
        with pytest.raises(error):
            fail_in(folder)
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / MODEL).read_text() == "old"


def test_a_folder_that_another_run_has_just_made(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    monkeypatch.setattr(output.Path, "exists", lambda path: path != folder and os.path.exists(path))
    with staged(folder) as stage:
        (stage / MODEL).write_text("ours")
        folder.mkdir()
        (folder / MODEL).write_text("theirs")
    assert (folder / MODEL).read_text() == "ours"
    assert os.listdir(tmp_path) == ["out"]


def test_no_folder_where_a_file_is(tmp_path):
    (tmp_path / "taken").write_text("")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "deeper"):
        with pytest.raises(InvalidArgumentError, match="taken is a file, not a folder"):
            check_folder(folder)
    assert check_folder(tmp_path / "free") == tmp_path / "free"


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no such permission on Windows")
def test_no_folder_where_nothing_can_be_written(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(InvalidArgumentError, match="can't be written"):
        check_folder(tmp_path / "new")


def test_no_folder_where_the_system_refuses(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(InvalidArgumentError, match=r"can't be written to \(Read-only file system"):
        check_folder(tmp_path / "new")
