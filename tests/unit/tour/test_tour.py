"""The lessons run, and the page and the terminal show what they gave."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from lamina import tour
from lamina.cli.main import main
from lamina.core.errors import UnknownNameError
from lamina.tour.lesson import NAMES, Cell, Lesson

SAID = {  # what a lesson must have printed, whatever the seed
    "dense_layers": "(6000, 4) of them defaulted: 22.4%",
    "activations": "young: 0.800 without, 0.163 with the sigmoid\nold: 0.800 without, 0.142",
    "optimizers": "lowest of all: -959.6407",
    "training": "1 different nodes",
}
SMALL = Lesson(
    "small",
    "Small",
    (
        Cell(False, "# Small\n\nText with <b>markup</b> & *stress*.", 1),
        Cell(True, 'print("<script>")\nx = 3\nx + 1  # a remark that is longer than screens\'', 5),
        Cell(True, "import lamina as tf\ntf.plot.activations('relu')", 9),
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_lessons_run_and_draw(name):
    lesson = tour.read_lesson(name)
    outputs = [output for _, output in tour.run(lesson)]
    assert SAID[name] in "\n".join(output.text for output in outputs)
    titles = [output.picture.get_title("left") for output in outputs if output.picture is not None]
    assert titles and all(titles)
    assert all("Axes" not in output.text for output in outputs), (
        "a notebook shows one picture a cell, its last value"
    )
    assert not lesson.cells[0].is_code and lesson.cells[0].source.startswith(f"# {lesson.title}")


class Reader(HTMLParser):
    """Which elements there are, and what refers to something outside of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        addresses = (value for name, value in attrs if name in ("href", "src") and value)
        self.outside += [value for value in addresses if not value.startswith(("#", "data:"))]


def test_page_holds_everything_and_asks_for_nothing(tmp_path):
    path = tmp_path / "tour.html"
    begun = []
    tour.write_page(path, [SMALL], begun.append)
    text = path.read_text("utf-8")
    reader = Reader()
    reader.feed(text)
    assert begun == [SMALL] and reader.outside == [] and "script" not in reader.tags
    assert reader.tags.count("svg") == 1 and "em" in reader.tags and "b" not in reader.tags
    output = re.search(r'<pre class="output"[^>]*>(.*?)</pre>', text, re.DOTALL)[1]
    assert output == "&lt;script&gt;\n4"
    assert '<a href="#small">Small</a>' in text and '<section id="small">' in text


def test_terminal_shows_text_code_and_output():
    screen = io.StringIO()
    tour.show(SMALL, Console(file=screen, width=40))
    text = screen.getvalue()
    for part in (
        'print("<script>")',
        "    <script>",
        "    4",
        "[picture: relu]",
        "markup",
        "screens'",
    ):
        assert part in text


def test_errors_of_a_lesson_pass_and_leave_the_page_as_it_was(tmp_path):
    path = tmp_path / "tour.html"
    path.write_text("before")
    broken = Lesson("broken", "Broken", (Cell(True, "1 / 0", 1),))
    with pytest.raises(ZeroDivisionError):
        tour.write_page(path, [broken])
    assert path.read_text() == "before"


def test_names():
    assert tour.read_lesson("dense-layers").name == "dense_layers"
    with pytest.raises(UnknownNameError, match="Did you mean 'optimizers'"):
        tour.read_lesson("optimisers")
    with pytest.raises(UnknownNameError, match="Did you mean 'dense-layers'"):
        tour.read_lesson("dense-layer")


def test_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["tour", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        name.replace("_", "-") for name in NAMES
    ]
    assert main(["tour", "dense-layers", "-o", "page.htm"]) == 2
    assert "page is an .html file" in capsys.readouterr().err
    assert main(["tour", "dense-layers", "-o", "page.html"]) == 0
    assert "Open page.html" in capsys.readouterr().out
    assert (tmp_path / "page.html").read_text("utf-8").count("<svg") == 1
