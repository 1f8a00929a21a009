"""The look: themes, the canvas, and text that is safe to draw."""

from __future__ import annotations

import gc
import itertools
import os
import pickle
import subprocess
import sys
import weakref
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lamina import plot
from lamina.core.errors import InvalidArgumentError, MissingPackageError
from lamina.plot.theme import THEMES, Theme, canvas, plain

# Machado, Oliveira & Fernandes 2009: how colours look without one kind of cone (linear RGB).
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def _linear(color: str) -> np.ndarray:
    values = np.array(to_rgb(color))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _contrast(first: str, second: str) -> float:
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted(float(weights @ _linear(color)) for color in (first, second))
    return (high + 0.05) / (low + 0.05)


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, in which a distance of 10 is seen at a glance."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratio = np.array(to_xyz) @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_and_lines_stand_out(theme: Theme) -> None:
    assert _contrast(theme.ink, theme.background) > 7
    assert _contrast(theme.muted, theme.background) > 4.5
    assert all(_contrast(color, theme.background) > 3 for color in theme.series)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("sight", BLINDNESS)
def test_colors_differ_for_the_color_blind(theme: Theme, sight: str) -> None:
    seen = [_lab(BLINDNESS[sight] @ _linear(color)) for color in theme.series]
    gaps = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(gaps) > 10
    assert np.linalg.norm(seen[0] - seen[1]) > 40  # signs of weights; training and validation


def test_a_picture_needs_neither_pyplot_nor_a_display() -> None:
    code = (
        "import sys; from lamina import plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "ax = plot.roc([0, 1], [0.2, 0.8])\n"
        "assert ax._repr_png_().startswith(b'\\x89PNG')\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = os.environ | {"MPLBACKEND": "svg"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_nothing_keeps_a_picture_alive() -> None:
    ax = plot.roc([0, 1], [0.2, 0.8])
    figure = weakref.ref(ax.figure)
    del ax
    gc.collect()
    assert figure() is None


def test_notebooks_show_the_picture_and_it_survives_pickling() -> None:
    ax = plot.roc([0, 1], [0.2, 0.8])
    copy = pickle.loads(pickle.dumps(ax))
    for shown in (ax, ax.figure, copy):
        assert shown._repr_png_().startswith(b"\x89PNG")


def test_given_axes_are_used_and_keep_their_background() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    right.set_facecolor("#101010")
    assert plot.history({"loss": [1, 2]}, ax=left) is left
    assert plot.history({"loss": [1, 2]}, ax=right) is right
    assert left.lines[0].get_color() == THEMES["light"].series[0]
    assert right.lines[0].get_color() == THEMES["dark"].series[0]
    assert to_rgb(right.get_facecolor()) == to_rgb("#101010")


def test_transparent_axes_go_by_their_figure() -> None:
    ax = Figure(facecolor="black").add_subplot(facecolor="none")
    assert canvas(ax, None)[1] is THEMES["dark"]


def test_a_style_sets_the_background() -> None:
    own = plot.history({"loss": [1, 2]}, style="dark")
    given = plot.history({"loss": [1, 2]}, style="dark", ax=Figure().add_subplot())
    background = to_rgb(THEMES["dark"].background)
    assert to_rgb(own.get_facecolor()) == to_rgb(own.figure.get_facecolor()) == background
    assert to_rgb(given.get_facecolor()) == background


def test_an_unknown_style_or_axes_says_what_is_meant() -> None:
    with pytest.raises(InvalidArgumentError, match="Did you mean 'dark'"):
        plot.history({"loss": [1]}, style="drak")
    with pytest.raises(InvalidArgumentError, match="must be a matplotlib Axes"):
        plot.history({"loss": [1]}, ax=Figure())  # type: ignore[arg-type]


def test_without_matplotlib_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match=r'pip install "lamina\[plot\]"') as caught:
        plot.roc([0, 1], [0.2, 0.8])
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("age", "age"),
        ("two\nlines\tand more", "two lines and more"),
        ("\x00\x1b[31m\x85", "�"[0] + "�[31m "),
        ("\ud800\ufffe\U0001ffff\ufdd0", "����"),
        ("收入 é 🙂", "收入 é 🙂"),
        (3.5, "3.5"),
        ("abcdefghijk", "abcdefghi…"),
    ],
)
def test_plain_text(text: object, shown: str) -> None:
    assert plain(text, 10 if text == "abcdefghijk" else 200) == shown


HOSTILE = "$x_{ \x00 \\frac$"  # as mathematics, an error


def test_names_that_begin_with_an_underscore_and_many_of_them_stand_in_the_legend() -> None:
    scores = np.eye(3)[[0, 1, 2]]
    names = ["_a", "b", "c"]
    few: Any = plot.roc([0, 1, 2], scores, class_names=names).get_legend()
    assert [text.get_text()[:3].strip() for text in few.get_texts()] == ["cha", "_a", "b (", "c ("]
    kinds = ("relu", "elu", "selu", "gelu", "silu", "tanh")
    many, some = (plot.activations(*kinds[:count]) for count in (6, 3))
    for ax, beside in ((many, True), (some, False)):
        FigureCanvasAgg(ax.figure).draw()
        drawn: Any = ax.get_legend()
        assert (drawn.get_window_extent().x0 >= ax.get_window_extent().x1) == beside


@pytest.mark.parametrize("style", ["light", "dark"])
def test_text_from_data_is_drawn_as_it_is(style: str) -> None:
    names = [HOSTILE, "$a$ & $b$", "c"]
    drawn: list[Axes] = [
        plot.confusion_matrix([0, 1, 2], [0, 1, 1], class_names=names, style=style),
        plot.roc([0, 1, 2], np.full((3, 3), 1 / 3), class_names=names, style=style),
        plot.network([np.ones((3, 2))], feature_names=names, style=style),
        plot.history({HOSTILE: [1.0, 2.0]}, HOSTILE, style=style),
    ]
    for ax in drawn:
        FigureCanvasAgg(ax.figure).draw()
