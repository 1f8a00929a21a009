"""Stages of compilation, printed when they are asked for."""

from __future__ import annotations

import pytest

from lamina.core import debug
from lamina.core.config import config
from lamina.core.errors import InvalidArgumentError


def test_nothing_is_printed_or_even_made_by_default(capsys):
    with debug.timed("work"):
        debug.show("ir", lambda: pytest.fail("made"))
    assert capsys.readouterr() == ("", "")


def test_what_is_asked_for_goes_to_standard_error(monkeypatch, capsys):
    monkeypatch.setattr(config, "debug", "plan, times")
    with debug.timed("work"):
        debug.show("plan", lambda: "first this")
    debug.show("ir", lambda: pytest.fail("made"))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("== plan\nfirst this\n== times\nwork: ")


def test_unknown_stages_are_named(monkeypatch):
    monkeypatch.setattr(config, "debug", "ir,tims")
    with pytest.raises(InvalidArgumentError, match=r"'tims'.*times"):
        debug.shows("ir")
