"""The table of a model: what it says, and how it looks."""

from __future__ import annotations

import html.parser
import io
import re
import subprocess
import sys
import types

import keras as theirs
import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError

ours = tf.keras
X = np.ones((4, 4), np.float32)


def text_of(model, **options):
    """The table as `print_fn` gets it."""
    found = []
    model.summary(print_fn=found.append, **options)
    assert len(found) == 1
    return found[0]


def cells(text):
    """The table's texts: rows of cells, continuation lines joined."""
    rows, fresh = [], True
    for line in text.splitlines():
        if line[:1] not in "│┃":
            fresh = True
            continue
        parts = [part.strip() for part in re.split("[│┃]", line)[1:-1]]
        if fresh:
            rows.append(parts)
        else:
            rows[-1] = [f"{a} {b}".strip() for a, b in zip(rows[-1], parts, strict=True)]
        fresh = False
    return rows


def sequential(k):
    stack = [
        k.layers.Normalization(name="scale"),
        k.layers.Dense(300, activation="relu", name="first"),
        k.layers.Dropout(0.5, name="drop"),
        k.layers.Dense(1, name="last"),
    ]
    return k.Sequential([k.Input((4,)), *stack], name="net")


def branched(k):
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    shared = k.layers.Dense(3, name="shared")
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="deep")], name="inner")
    return k.Model([a, b], [inner(shared(a)), shared(b)], name="two")


def unbuilt(k):
    return k.Sequential([k.layers.Dense(2, name="first"), k.layers.Flatten(name="flat")], name="s")


def trained(k):
    model = sequential(k)
    model.layers[1].trainable = False
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    return model


def subclassed(k):
    class Net(k.Model):
        def __init__(self):
            super().__init__(name="own")
            self.top = k.layers.Dense(3, name="top")

        def call(self, x):
            return self.top(x)

    model = Net()
    model(X)
    return model


def with_operations(k):
    a = k.Input((4,), name="a")
    left, right = k.layers.Dense(4, name="left")(a), k.layers.Dense(4, name="right")(a)
    return k.Model(a, k.layers.Dense(1, name="out")(k.ops.relu(left * 2) + right), name="ops")


def in_a_row(k):
    a = k.Input((4,), name="a")
    return k.Model(a, k.ops.exp(k.layers.Dense(4, name="d")(a) + 1), name="row")


@pytest.mark.parametrize("build", [sequential, branched, unbuilt, trained, subclassed])
@pytest.mark.parametrize("options", [{}, {"show_trainable": True}, {"expand_nested": True}])
def test_the_table_says_what_keras_says(build, options, monkeypatch):
    monkeypatch.setenv("COLUMNS", "150")  # Keras cuts tables that the terminal has no room for
    mine, other = (text_of(build(k), line_length=120, **options) for k in (ours, theirs))
    expected = cells(other.replace("(4, 3)   ", "(None, 3)"))  # Keras shows a batch of data
    assert cells(mine) == expected
    assert mine.splitlines()[0] == other.splitlines()[0] == f'Model: "{build(ours).name}"'
    totals = [line for line in other.splitlines() if "params:" in line]
    assert [line for line in mine.splitlines() if "params:" in line] == totals


@pytest.mark.parametrize(
    "build", [sequential, branched, unbuilt, trained, with_operations, in_a_row]
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"line_length": 64},
        {"line_length": 132, "show_trainable": True},
        {"show_trainable": True, "expand_nested": True},
        {"positions": [0.3, 0.6, 0.8, 1.0]},
    ],
)
@pytest.mark.parametrize("columns", ["80", "150"])
def test_the_table_is_that_of_keras(build, options, columns, monkeypatch):
    if options.get("line_length", 0) > int(columns):
        columns = "200"  # Keras cuts what the terminal has no room for
    monkeypatch.setenv("COLUMNS", columns)
    if build not in (branched, with_operations) and "positions" in options:
        options = {"positions": options["positions"][1:]}
    for library in (ours, theirs):
        library.utils.clear_session()  # names of operations are counted
    mine, other = (text_of(build(k), **options).splitlines() for k in (ours, theirs))
    assert [line.rstrip() for line in mine] == [line.rstrip() for line in other]


def test_a_line_may_be_too_short():
    with pytest.raises(InvalidArgumentError, match="too short for 4 columns"):
        text_of(branched(ours), line_length=12)


def test_columns_end_where_positions_say():
    model = sequential(ours)
    for positions in ([0.5, 0.75, 1.0], [40, 60, 80]):
        edge = text_of(model, line_length=80, positions=positions).splitlines()[1]
        assert [i for i, sign in enumerate(edge) if sign in "┳┓"] == [40, 59, 79]
    for wrong in ([0.5, 1.0], [0.5, 0.4, 1.0]):
        with pytest.raises(InvalidArgumentError, match="where each of the 3 columns ends"):
            text_of(model, positions=wrong)


def test_a_range_of_layers():
    model = sequential(ours)
    names = [row[0] for row in cells(text_of(model, layer_range=("first", "la.*")))]
    assert names == ["Layer (type)", "first (Dense)", "drop (Dropout)", "last (Dense)"]
    assert "Total params: 1,810 " in text_of(model, layer_range=["drop", "drop"])
    with pytest.raises(InvalidArgumentError, match=r"named 'frist'\. Did you mean 'first'"):
        text_of(model, layer_range=("frist", "last"))
    with pytest.raises(InvalidArgumentError, match="pair of layer names"):
        text_of(model, layer_range="first")


def test_sizes_count_the_bytes_of_each_dtype():
    model = ours.Sequential([ours.Input((512,)), ours.layers.Dense(1024, dtype="float64")])
    assert "Total params: 525,312 (4.01 MB)" in text_of(model)


def test_a_pipe_gets_plain_text_of_80_columns():
    code = (
        "from lamina import keras\n"
        "keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)], name='net').summary()"
    )
    for encoding in ("utf-8", "ascii"):
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            check=True,
            env={**_environment(), "PYTHONIOENCODING": encoding},
        )
        text = run.stdout.decode(encoding)
        assert text.startswith('Model: "net"')
        assert "Total params: 10 (40.00 B)" in text
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) <= 80


def _environment():
    import os

    return {**os.environ, "PYTHONUTF8": "0"}


def test_a_terminal_gets_colours_and_its_own_width(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "64")
    monkeypatch.delenv("NO_COLOR", raising=False)
    sequential(ours).summary()
    text = screen.getvalue()
    assert "\x1b[" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert 60 <= max(map(len, plain.splitlines())) <= 64


HOSTILE = "evil\x1b[31m\u202e[bold]<img src=x>&amp;"


def hostile():
    return ours.Sequential([ours.Input((4,)), ours.layers.Dense(2, name=HOSTILE)], name=HOSTILE)


def test_names_steer_no_terminal():
    texts = (text_of(hostile()), repr(hostile()), repr(hostile().layers[0]))
    for text in texts:
        assert not {"\x1b", "\u202e"} & set(text) and "evil" in text


def test_no_number_is_cut_short_in_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    model = ours.Sequential([ours.Input((4,)), ours.layers.Dense(10**6, name="wide")])
    column = "".join(row[2].replace(" ", "") for row in cells(text_of(model)))
    assert "5,000,000" in column


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_output_that_lacks_characters_gets_escapes(encoding, monkeypatch):
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding=encoding))
    inner = ours.Sequential([ours.Input((4,)), ours.layers.Dense(2)], name="網")
    ours.Sequential([ours.Input((4,)), inner], name="網").summary(expand_nested=True)
    sys.stdout.flush()
    text = content.getvalue().decode(encoding)
    assert text.startswith('Model: "\\u7db2"') and "- dense" in text


def test_plain_text_is_plain_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in text_of(sequential(ours))


class Page(html.parser.HTMLParser):
    """The elements of a page, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def test_a_notebook_shows_a_model_as_a_table_that_escapes_its_names():
    page = Page(branched(ours)._repr_html_())
    headings = [attributes["scope"] for tag, attributes in page.elements if tag == "th"]
    assert headings.count("col") == 4 and headings.count("row") == 5  # the inner one is expanded
    assert 'Model: "two"' in page.texts and "deep (Dense)" in page.texts
    page = Page(hostile()._repr_html_())
    assert {tag for tag, _ in page.elements} <= {
        *("div", "table", "caption", "thead", "tbody", "tr", "th", "td")
    }
    shown = HOSTILE.encode("unicode_escape").decode()
    assert f"{shown} (Dense)" in page.texts and f'Model: "{shown}"' in page.texts


def test_summary_in_a_notebook_is_html(monkeypatch, capsys):
    published = []
    display = types.SimpleNamespace(publish=published.append)
    shell = types.SimpleNamespace(kernel=object(), display_pub=display)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    model = sequential(ours)
    model.summary()
    assert capsys.readouterr().out == ""
    assert published[0]["text/html"].count("<tr>") == 5
    assert published[0]["text/plain"] == text_of(model)
    del shell.kernel  # IPython in a terminal
    model.summary()
    assert 'Model: "net"' in capsys.readouterr().out and len(published) == 1


def test_a_notebook_shows_a_training_as_a_table():
    model = ours.Sequential([ours.Input((4,)), ours.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(X, X[:, :1], epochs=30, verbose=0)
    page = Page(history._repr_html_())
    assert "30 epochs" in page.texts and "loss" in page.texts
    assert [text for text in page.texts if text.isdigit()] == [
        str(epoch) for epoch in [*range(1, 6), *range(16, 31)]
    ]
    assert f"{history.history['loss'][-1]:.4g}" in page.texts
