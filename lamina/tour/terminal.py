"""A lesson in the terminal."""

from __future__ import annotations

from typing import Any

from .lesson import Lesson
from .running import run


def show(lesson: Lesson, console: Any) -> None:
    """Run a lesson and print its text, code and output to a rich console as they come."""
    from rich.markdown import Markdown
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.text import Text

    for cell, output in run(lesson):
        if not cell.is_code:
            console.print(Markdown(cell.source))
        else:
            code = Syntax(cell.source, "python", theme="ansi_dark", word_wrap=True)
            console.print(Padding(code, (0, 2)))
        if output.text:
            console.print(Padding(Text(output.text, style="dim"), (0, 4)))
        if output.picture is not None:
            title = output.picture.get_title("left") or "a picture"
            console.print(Padding(Text(f"[picture: {title}]", style="italic"), (0, 4)))
        console.print()
