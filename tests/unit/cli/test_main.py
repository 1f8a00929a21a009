"""The program as a whole: help, versions, exit statuses, errors in one line."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lamina.cli import main as program
from lamina.core.errors import InvalidArgumentError
from lamina.core.release import VERSION


def test_version(run):
    assert run("--version") == (0, f"lamina {VERSION}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["train", "--help"], ["predict", "-h"]])
def test_help(run, words):
    status, out, err = run(*words)
    assert (status, err) == (0, "")
    assert "Usage: lamina" in out


@pytest.mark.parametrize("command", ["export", "inspect", "play", "tour", "train"])
def test_help_fills_its_lines(run, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    status, out, _ = run(command, "--help")
    described = out.partition("Usage")[2].partition("╭")[0]
    lines = [line.strip() for line in described.splitlines()]
    for line, following in pairwise(lines):
        word = following.partition(" ")[0]
        assert not word or not line or len(line) + 1 + len(word) > 58, (line, following)
    assert status == 0


def test_without_a_command_there_is_help(run):
    assert "Usage: lamina" in "".join(run()[1:])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["train", "credit", "--layer", "3"], "--layers"),
        (["train", "credit", "--epochs", "many"], "--epochs"),
        (["predict", "model.keras"], "Missing argument"),
        (["train", "nothing.csv", "--target", "a"], "There is no file 'nothing.csv'"),
        (["train", "credti"], "Did you mean 'credit'?"),
        (
            ["train", "clients.csv"],
            "--target COLUMN. clients.csv has: id, debt, town, paid, grade.",
        ),
        (["train", "clients.csv", "--target", "payd"], "Did you mean 'paid'?"),
        (["train", "clients.csv", "--target", "town", "--full"], "lamina train credit --full"),
        (["train", "clients.csv", "--target", "paid", "--layers", "8,x"], "got '8,x'"),
        (["train", "clients.csv", "--target", "paid", "--layers", "0"], "layers"),
        (["train", "clients.csv", "--target", "paid", "--activation", "relu,relu,relu"], "3 names"),
        (["train", "clients.csv", "--target", "paid", "--task", "regression"], "line 2"),
        (["train", "clients.csv", "--target", "paid", "--dropout", "2"], "dropout"),
        (["train", "clients.csv", "--target", "paid", "--ignore", "twon"], "'town'"),
        (["train", "clients.csv", "--target", "paid", "-o", "clients.csv"], "is a file"),
        (["train", "clients.csv", "--target", "paid", "--activation", "rleu"], "mean 'relu'?"),
        (["train", "clients.csv", "--target", "paid", "--optimizer", "adan"], "mean 'adam'?"),
        (["train", "clients.csv", "--target", "paid", "--threshold", "1"], "threshold"),
        (["predict", "nothing.keras", "clients.csv"], "no model 'nothing.keras'"),
        (["predict", "clients.csv", "clients.csv"], "not a .keras file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(run, here, words, message):
    status, out, err = run(*words)
    assert status == 2
    assert err.startswith("lamina: ")
    assert err.count("\n") == 1
    assert len(err) < 300
    assert message in err
    assert out == ""
    assert [path.name for path in here.iterdir()] == ["clients.csv"]


@pytest.fixture
def failing(monkeypatch, here):
    """`lamina train …` raises what it is given."""

    def fail(error):
        def raising(*_, **__):
            raise error

        monkeypatch.setattr("lamina.cli.train.find_source", raising)

    return fail


def test_errors_of_lamina_itself_are_one_line_too(run, failing):
    failing(ZeroDivisionError("division\nby zero"))
    status, out, err = run("train", "credit")
    assert (status, out) == (1, "")
    assert err.startswith("lamina: internal error: ZeroDivisionError: division by zero (")
    assert err.count("\n") == 1


def test_debug_shows_where(run, failing):
    failing(InvalidArgumentError("no"))
    status, _, err = run("--debug", "train", "credit")
    assert status == 2
    assert "Traceback (most recent call last)" in err
    assert err.endswith("lamina: no\n")
    assert "Traceback" not in run("train", "credit").err


def test_a_full_disk_is_one_line(run, failing):
    failing(OSError(28, "No space left on device", "out/model.keras"))
    expected = "lamina: out/model.keras: No space left on device\n"
    assert run("train", "credit") == (program.BAD_INPUT, "", expected)


def test_too_little_memory_is_one_line(run, failing):
    failing(MemoryError("Unable to allocate 1 EiB"))
    expected = "lamina: the memory is too small for this table and network\n"
    assert run("train", "credit") == (program.BAD_INPUT, "", expected)


def test_ctrl_c_is_status_130(run, failing):
    failing(KeyboardInterrupt())
    assert run("train", "credit") == (130, "", "lamina: stopped; nothing was saved\n")
