"""The building blocks of a page: everything that is shown passes through `escape`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .svg import variables
from .theme import THEMES, plain

_STYLE = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--background);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--grid);
padding-bottom:.25rem}
p{margin:.5rem 0;max-width:45rem}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(45%,12rem),1fr));gap:.6rem;
margin:1.2rem 0;padding:0}
.figures div{border:1px solid var(--grid);border-radius:.5rem;padding:.6rem .75rem}
.figures dt{color:var(--muted);font-size:.875rem}
.figures dd{margin:0;font-size:1.5rem;line-height:1.25;font-variant-numeric:tabular-nums}
.figures .note{font-size:.8125rem;line-height:1.3;color:var(--muted)}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));
gap:1.5rem;align-items:start;margin-top:1.2rem}
figure{margin:0;min-width:0}
figcaption,caption,.note{color:var(--muted);font-size:.875rem}
svg{display:block;width:100%;height:auto}
svg *{stroke-linejoin:round;stroke-linecap:butt}
.scroll{overflow-x:auto}
.wide svg{min-width:min(34rem,var(--width))}
table{border-collapse:collapse;margin:.5rem 0;overflow-wrap:normal;
font-variant-numeric:tabular-nums}
caption{text-align:left;padding-bottom:.35rem}
th,td{padding:.3rem .7rem;text-align:left;vertical-align:top;
border-bottom:1px solid var(--grid)}
th{font-weight:600}
thead th{color:var(--muted);font-weight:400}
.numbers td,.numbers thead th:not(:first-child){text-align:right}
.numbers td{white-space:nowrap}
td[style]{background:color-mix(in srgb,var(--series-0) calc(var(--share)*50%),transparent)}
td small{display:block;color:inherit}
.plain th{width:12rem}
.plain td{min-width:9rem;overflow-wrap:anywhere}
footer{margin-top:2.5rem;color:var(--muted);font-size:.875rem}
@media (max-width:30rem){table{font-size:.9rem}.plain th{width:auto}th,td{padding:.3rem .35rem}}
@media print{body{max-width:none;font-size:10pt}figure,tr,.figures div{break-inside:avoid}
h2{break-after:avoid}.pictures{grid-template-columns:1fr 1fr}.scroll{overflow:visible}
.wide svg{min-width:0}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def escape(value: Any) -> str:
    """Text for a page: nothing in it can become markup."""
    import html

    return html.escape(plain(value, 2000))


def plain_lines(text: str) -> str:
    """Lines of text for a `<pre>` of a page, as many as there are."""
    return "\n".join(escape(line) if line else "" for line in text.splitlines())


def number(value: Any) -> str:
    """A figure as people read it: 30,000, 0.7731, 12,345.6; NaN is "undefined", None a dash."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    if np.isnan(value):
        return "undefined"
    size = abs(value)
    if size != 0 and not 1e-3 <= size < 1e9:
        return f"{value:.4g}"
    return f"{value:,.4f}" if size < 10 else f"{value:,.1f}"


def document(title: str, parts: Iterable[str], footer: str = "") -> str:
    """A whole page that needs nothing from elsewhere, and is not allowed to ask for it."""
    body = "\n".join(part for part in parts if part)
    foot = f"<footer><p>{escape(footer)}</p></footer>\n" if footer else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_colors()}{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n{foot}</body>\n</html>\n"
    )


def section(heading: str, *parts: str) -> str:
    """A heading and what stands below it; nothing where nothing stands."""
    inside = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(heading)}</h2>\n{inside}\n</section>" if inside else ""


def paragraph(text: str) -> str:
    """A paragraph; nothing for an empty text."""
    return f"<p>{escape(text)}</p>" if text else ""


def figures(entries: Iterable[tuple[str, Any, str]]) -> str:
    """Headline figures: (label, value, note)."""
    cells = [
        f"<div><dt>{escape(label)}</dt><dd>{escape(number(value))}</dd>"
        + (f'<dd class="note">{escape(note)}</dd>' if note else "")
        + "</div>"
        for label, value, note in entries
    ]
    return f'<dl class="figures">\n{chr(10).join(cells)}\n</dl>' if cells else ""


def picture(svg: str, caption: str, wide: bool = False) -> str:
    """A picture and its caption, if any; a wide one may be scrolled sideways on a small screen."""
    if wide:
        svg = f'<div class="scroll wide" tabindex="0" role="group" aria-label="picture">{svg}</div>'
    below = f"<figcaption>{escape(caption)}</figcaption>\n" if caption else ""
    return f"<figure>\n{svg}\n{below}</figure>"


def pictures(*parts: str) -> str:
    """Pictures side by side where there is room."""
    inside = "\n".join(part for part in parts if part)
    return f'<div class="pictures">\n{inside}\n</div>' if inside else ""


def facts(caption: str, entries: Sequence[tuple[str, Any]], exact: bool = False) -> str:
    """A table of two columns, name and value; `exact` writes numbers without separators."""
    rows = [
        f'<tr><th scope="row">{escape(label)}</th>'
        f"<td>{escape(value if exact and value is not None else number(value))}</td></tr>"
        for label, value in entries
    ]
    return _table("plain", caption, "", rows) if rows else ""


def table(caption: str, head: Sequence[Any], rows: Iterable[tuple[Any, Sequence[str]]]) -> str:
    """A table of numbers: column heads, and per row its head and its cells (made by `cell`)."""
    top = "".join(f'<th scope="col">{escape(label)}</th>' for label in head)
    body = [
        f'<tr><th scope="row">{escape(label)}</th>{"".join(cells)}</tr>' for label, cells in rows
    ]
    return _table("numbers", caption, f"<thead><tr>{top}</tr></thead>\n", body)


def cell(value: Any, share: float | None = None) -> str:
    """A cell of a table; with a share of its row, that share too, as text and shade."""
    if share is None:
        return f"<td>{escape(number(value))}</td>"
    shown = "–" if np.isnan(share) else f"{share:.1%}"
    shade = 0.0 if np.isnan(share) else share
    return f'<td style="--share:{shade:.3f}">{escape(number(value))}<small>{shown}</small></td>'


def _table(kind: str, caption: str, head: str, rows: Sequence[str]) -> str:
    body = "\n".join(rows)
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(caption)}">'
        f'<table class="{kind}">\n<caption>{escape(caption)}</caption>\n'
        f"{head}<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _colors() -> str:
    light, dark = (
        ";".join(f"{name}:{color}" for name, color in variables(THEMES[style]).items())
        for style in ("light", "dark")
    )
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
