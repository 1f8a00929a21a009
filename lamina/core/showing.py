"""Texts of strangers made safe to show, and tables as HTML for notebooks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

_LINE = "1px solid rgba(128, 128, 128, 0.35)"  # seen on light and on dark
_CELL = f"padding: 0.25em 0.8em; border-bottom: {_LINE}; background: none; vertical-align: top; "
_LONG = "min-width: 12em; max-width: 28em; overflow-wrap: anywhere; white-space: normal; "
_SHORT = "white-space: nowrap; "
_WHOLE = 28  # characters that stay in one line
_CAPTION = (
    "caption-side: top; text-align: left; font-weight: 600; color: inherit; padding: 0.3em 0.8em"
)
_FONT = "font-variant-numeric: tabular-nums; font-size: 0.95em; line-height: 1.4; "


def escaped(text: Any, longest: int = 0) -> str:
    """`text` in one line; what would steer a terminal, or turn its direction, as an escape.

    More than `longest` characters (0: any number) end in an ellipsis.
    """
    source = str(text)
    cut = source[: longest + 1] if longest else source
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in cut
    )
    return f"{shown[: longest - 1]}…" if longest and len(shown) > longest else shown


def shown(text: object, most: int = 200) -> str:
    """Text of a file in a message: on one line, without characters that steer a terminal."""
    return escaped(text, most)


def html_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Iterable[str] = (),
    below: Sequence[str] = (),
) -> str:
    """A table as HTML of its own look, without scripts; every text is escaped.

    The columns named in `numbers` are set to the right. The first cell of a row is its heading.
    """
    sides = ["right" if name in numbers else "left" for name in columns]
    head = "".join(
        f'<th scope="col" style="{_CELL}{_SHORT}text-align: {side}; font-weight: 600">'
        f"{_safe(name)}</th>"
        for name, side in zip(columns, sides, strict=True)
    )
    lines = "".join(f"<tr>{_cells(row, sides)}</tr>" for row in rows)
    after = "".join(f"<div>{_safe(line)}</div>" for line in below)
    return (
        f'<div style="overflow-x: auto; max-width: 100%; color: inherit; {_FONT}">'
        '<table style="border-collapse: collapse; border: none; margin: 0; color: inherit">'
        f'<caption style="{_CAPTION}">{_safe(title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
        f'<div style="padding: 0.5em 0.8em; opacity: 0.8">{after}</div></div>'
    )


def _cells(row: Sequence[str], sides: Sequence[str]) -> str:
    """The cells of a row; leading spaces of its heading are kept as an indent."""
    first, *others = row
    indent = 0.8 + 0.5 * (len(first) - len(first.lstrip()))
    room = _LONG if len(first) > _WHOLE else _SHORT
    style = f"{_CELL}{room}padding-left: {indent:.1f}em; text-align: {sides[0]}; font-weight: 400"
    heading = f'<th scope="row" style="{style}">{_safe(first.strip())}</th>'
    return heading + "".join(
        f'<td style="{_CELL}{_LONG if len(cell) > _WHOLE else _SHORT}text-align: {side}">'
        f"{_safe(cell)}</td>"
        for cell, side in zip(others, sides[1:], strict=True)
    )


def _safe(text: str) -> str:
    from html import escape

    return escape(escaped(text))


def show_html(html: str, text: str) -> bool:
    """Show `html` (`text` where only that can be shown) in the notebook, if this runs in one."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it long since
    shell: Any = ipython.get_ipython() if ipython is not None else None
    if not hasattr(shell, "kernel"):
        return False
    shell.display_pub.publish({"text/html": html, "text/plain": text})
    return True
