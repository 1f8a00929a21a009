"""`lamina tour`: the course as short lessons, in the terminal or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..core.errors import InvalidArgumentError
from ..tour import lessons, read_lesson, show, write_page
from .screen import make_console, printable


def tour(
    lesson: Annotated[
        str | None, typer.Argument(help="One lesson, in the terminal; by default, a page of all.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page; tour.html by default."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the lessons.")] = False,
) -> int:
    """Dense layers, activations, optimizers, training: short lessons on real borrowers.

    Each is text, code that runs here and now, its output and its pictures (extra `plot`). The page
    needs nothing beside itself.
    """
    console = make_console()
    if listed:
        for each in lessons():
            console.print(f"{each.name.replace('_', '-'):<14} {each.title}")
        return 0
    if lesson is not None and output is None:
        show(read_lesson(lesson), Console())
        return 0
    path = output or Path("tour.html")
    if path.suffix != ".html":
        raise InvalidArgumentError(f"the page is an .html file; got {str(path)!r}")
    chosen = lessons() if lesson is None else [read_lesson(lesson)]
    write_page(path, chosen, lambda each: console.print(f"running: {each.title}"))
    console.print(f"Open {printable(str(path))} in a browser.")
    return 0
