"""`lamina inspect`: exit statuses, screens, and texts that would steer a terminal."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.inspection import files


@pytest.fixture
def sound(here):
    return files.write(here / "model.keras")


def test_a_sound_file(run, sound):
    status, out, err = run("inspect", sound)
    assert (status, err) == (0, "")
    for words in ("hidden (Dense)", "Adam(learning_rate=0.001)", "Nothing suspicious was found."):
        assert words in out


def test_statistics(run, sound):
    assert "Greatest" in run("inspect", sound, "--statistics").out
    assert "Greatest" not in run("inspect", sound).out


def test_the_state_of_the_optimizer_is_told_in_a_line(run, sound):
    assert "optimizer/vars/3" not in run("inspect", sound).out
    assert "optimizer/vars/3" in run("inspect", sound, "--all").out


@pytest.mark.parametrize("case", ["lambda", "not finite"])
def test_a_suspicious_file(run, here, case):
    what, severity, make = files.SUSPICIOUS[case]
    make(here / "model.keras")
    status, out, err = run("inspect", "model.keras", "-s")
    assert (status, err) == (3, "") and re.search(rf"(?m)^{severity} +{what}", out)
    assert f"Suspicious: 1 {severity}" in out


def test_json(run, here):
    files.SUSPICIOUS["bomb"][2](here / "model.keras")
    status, out, _ = run("inspect", "model.keras", "--json")
    found = json.loads(out)
    assert status == 3 and found["suspicious"] and found["kind"] == "keras"
    assert found["findings"][0]["severity"] == "danger" and out.isascii()


def test_no_such_file(run, here):
    status, out, err = run("inspect", "nothing.keras")
    assert (status, out) == (2, "") and "there is no file 'nothing.keras'" in err


@pytest.mark.parametrize("width", [40, 60, 200])
def test_hostile_texts_are_shown_as_escapes(run, here, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    name = "\x1b]0;title\x07\u202e[bold red]x\r\n\u2066"
    entry = {"class_name": name, "config": {"name": name, "activation": name}}
    files.write(here / "model.keras", [(f"assets/{name}", b"")], config=files.layer_config(entry))
    out = run("inspect", "model.keras").out
    assert not {"\x1b", "\x07", "\u202e", "\u2066", "\r"} & set(out)
    assert "[bold" in out and "\\u202e" in out.replace("\n", "").replace("│", "").replace(" ", "")
    assert max(map(len, out.splitlines())) <= width
