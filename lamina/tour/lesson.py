"""Lessons, read from notebooks that are kept as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..core.errors import MissingFileError, UnknownNameError, nearest

NAMES = ("dense_layers", "activations", "optimizers", "training")
"""The lessons, in their order."""
_MARK = "# %%"


class Cell(NamedTuple):
    """A cell of a notebook; text is Markdown."""

    is_code: bool
    source: str
    line: int  # on which it begins, from 1


class Lesson(NamedTuple):
    """A notebook, and the heading with which it begins."""

    name: str
    title: str
    cells: tuple[Cell, ...]


def lessons() -> list[Lesson]:
    """All lessons, in their order."""
    return [read_lesson(name) for name in NAMES]


def read_lesson(name: str) -> Lesson:
    """The lesson of that name ("dense_layers" or "dense-layers")."""
    known = name.replace("-", "_")
    if known not in NAMES:
        names = [each.replace("_", "-") for each in NAMES]
        raise UnknownNameError(
            f"there is no lesson {name!r}.{nearest(known.replace('_', '-'), names)} Lessons are "
            f"{', '.join(names)}."
        )
    cells = tuple(_cells((_folder() / f"{known}.py").read_text("utf-8")))
    first = cells[0].source.splitlines()[0]
    return Lesson(known, first.removeprefix("# "), cells)


def _folder() -> Path:
    installed = Path(__file__).parent / "lessons"
    checkout = Path(__file__).parents[2] / "examples"
    for folder in (installed, checkout):
        if folder.is_dir():
            return folder
    raise MissingFileError(f"the lessons are not there: neither {installed} nor {checkout}")


def _cells(text: str) -> Iterator[Cell]:
    """The cells of a notebook in the percent format."""
    begins: list[int] = []
    lines = text.splitlines()
    begins = [place for place, line in enumerate(lines) if line.startswith(_MARK)]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        body = lines[begin + 1 : end]
        is_code = "[markdown]" not in lines[begin]
        if not is_code:
            body = [line.removeprefix("#").removeprefix(" ") for line in body]
        yield Cell(is_code, "\n".join(body).strip("\n"), begin + 2)
