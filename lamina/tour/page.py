"""The lessons as one page that needs nothing beside itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from ..core.files import check_file, write_bytes
from ..plot import page
from ..plot.svg import page_style, to_svg
from .lesson import Lesson
from .running import Output, run

TITLE = "A tour of dense neural networks"
_STYLE = """
.code,.output{overflow-x:auto;padding:.6rem .75rem;border-radius:.4rem;font-size:.875rem;
line-height:1.45;margin:.7rem 0}
.code{border:1px solid var(--grid)}
.output{border-left:3px solid var(--grid);color:var(--muted);border-radius:0}
.code .k,.code .kn,.code .ow{color:var(--series-0);font-weight:600}
.code .s1,.code .s2,.code .sa{color:var(--series-2)}
.code .mi,.code .mf{color:var(--series-1)}
.code .c1{color:var(--muted);font-style:italic}
nav ol{padding-left:1.2rem}
h3{font-size:1.05rem;margin:1.6rem 0 .4rem}
"""


def write_page(
    path: str | os.PathLike[str],
    chosen: Iterable[Lesson],
    begun: Callable[[Lesson], None] = lambda lesson: None,
) -> None:
    """Run lessons and write them, with what they gave, to one HTML file; whole, or not at all.

    `begun` is called with each lesson before it runs.
    """
    check_file(path)
    chosen = list(chosen)
    parts = [f"<style>{_STYLE}</style>", _contents(chosen)]
    with page_style():
        for lesson in chosen:
            begun(lesson)
            parts.append(_section(lesson))
    content = page.document(
        TITLE, parts, "Made by lamina tour: every number and picture was computed."
    )
    write_bytes(path, content.encode())


def _contents(chosen: list[Lesson]) -> str:
    entries = "".join(
        f'<li><a href="#{lesson.name}">{page.escape(lesson.title)}</a></li>' for lesson in chosen
    )
    return f'<nav aria-label="Lessons"><ol>{entries}</ol></nav>'


def _section(lesson: Lesson) -> str:
    parts = []
    for place, (cell, output) in enumerate(run(lesson)):
        if not cell.is_code:
            parts.append(_markdown(cell.source))
            continue
        parts.append(
            f'<pre class="code" tabindex="0"><code>{_highlighted(cell.source)}</code></pre>'
        )
        parts.extend(_shown(output, f"{lesson.name}-{place}"))
    return f'<section id="{lesson.name}">\n' + "\n".join(parts) + "\n</section>"


def _shown(output: Output, prefix: str) -> Iterable[str]:
    if output.text:
        text = page.plain_lines(output.text)
        yield f'<pre class="output" tabindex="0">{text}</pre>'
    if output.picture is not None:
        title = output.picture.get_title("left") or "picture"
        drawing = to_svg(output.picture.figure, prefix, title, title)
        yield page.pictures(page.picture(drawing, ""))


def _markdown(text: str) -> str:
    """CommonMark as HTML, without markup of its own, a level below the page's heading."""
    from markdown_it import MarkdownIt

    lowered = "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())
    return str(MarkdownIt("commonmark", {"html": False}).render(lowered))


def _highlighted(code: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return str(highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)))
