"""Progress on outputs that lack characters, or colours."""

import io
import itertools
import sys

import numpy as np
import pytest
import rich.console

from lamina import keras
from lamina.core.output import encodable
from lamina.keras.callbacks.progress import ProgressLine


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        (None, "3µs – 網"),
        ("utf-8", "3µs – 網"),
        ("cp1252", "3µs – \\u7db2"),
        ("gbk", "3us – 網"),
        ("ascii", "3us - \\u7db2"),
    ],
)
def test_what_an_output_lacks_is_shown_otherwise(encoding, shown):
    assert encodable("3µs – 網", encoding) == shown


@pytest.mark.parametrize("is_terminal", [False, True])
def test_training_is_shown_where_only_ascii_is(is_terminal, monkeypatch):
    content = io.BytesIO()
    screen = io.TextIOWrapper(content, encoding="ascii")
    monkeypatch.setattr(screen, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr("time.perf_counter", itertools.count(0, 1e-6).__next__)
    monkeypatch.setenv("TERM", "xterm")
    bar = keras.utils.Progbar(3)
    for _ in range(3):
        bar.add(1, [("verlässlich", 0.5)])
    screen.flush()
    text = content.getvalue().decode()
    assert "us/step" in text and r"verl\xe4sslich" in text
    assert ("-" * 20 in text) == is_terminal


class Copying:
    """What scripts put in place of standard output to have it in a file, too."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.mark.parametrize("stdout", [Copying(), None], ids=["written", "none"])
def test_training_is_shown_to_what_is_no_file(stdout, monkeypatch):
    monkeypatch.setattr(sys, "stdout", stdout)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 1)), np.ones(4))
    keras.utils.Progbar(1).add(1)
    if stdout is not None:
        assert stdout.text.startswith("Epoch 1/1 - 1/1 - ") and stdout.text.count("\n") == 2


@pytest.mark.parametrize(("setting", "drawn"), [("NO_COLOR", 15), ("FORCE_COLOR", 30)])
def test_without_colours_the_rest_of_a_bar_is_blank(setting, drawn, monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(setting, "1")
    monkeypatch.setenv("TERM", "xterm")
    screen = rich.console.Console(file=io.StringIO(), width=60)
    screen.print(ProgressLine("Epoch 1/2", "1/2", 1, 2, "2ms/step", {}))
    assert screen.file.getvalue().count("━") == drawn
