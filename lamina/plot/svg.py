"""A matplotlib figure as SVG that stands inside a page: small, themed by the page, always the same.

Colours of the light theme become CSS variables, so one picture serves both looks. Identifiers
that nothing refers to are dropped and the rest are numbered behind a prefix, so that pictures on
one page don't collide.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .theme import THEMES, Theme, plain, require_matplotlib

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from matplotlib.figure import Figure

_FINE = re.compile(r"(\.\d\d)\d+")  # digits of a path that no screen shows
_COLOR = re.compile(r"(?<=: )#[0-9a-f]{6}(?=;|$)")
_REFERENCE = re.compile(r"^(?:url\()?#([\w.-]+)\)?$")
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def variables(theme: Theme) -> dict[str, str]:
    """The theme's colours by the name of their CSS variable."""
    named = {f"--{name}": getattr(theme, name) for name in ("background", "ink", "muted", "grid")}
    return named | {f"--series-{place}": color for place, color in enumerate(theme.series)}


@contextmanager
def page_style() -> Iterator[None]:
    """matplotlib's own defaults while a page is drawn, whatever its user has set; then as before.

    Text stays text, which the browser sets in a font that has the letters: matplotlib's warnings
    about letters missing in its own font don't matter.
    """
    require_matplotlib()
    import matplotlib.style

    settings = {"svg.fonttype": "none", "svg.hashsalt": "lamina"}
    with matplotlib.style.context(["default", settings]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def to_svg(figure: Figure, prefix: str, title: str, description: str) -> str:
    """The figure, drawn in the light style, as an `<svg>` element with a text alternative.

    `prefix` starts every identifier; it must be unique on the page. Call it inside `page_style`.
    """
    from xml.etree.ElementTree import Element, fromstring, tostring

    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    root = fromstring(buffer.getvalue())
    _strip(root)
    _number_identifiers(root, prefix)
    names = {color: f"var({name})" for name, color in variables(THEMES["light"]).items()}
    for element in root.iter():
        if "d" in element.attrib:
            element.set("d", _FINE.sub(r"\1", element.attrib["d"]))
        style = element.get("style")
        if style:
            style = re.sub(r"font-family: [^;]*;? ?", "", style)
            element.set("style", _COLOR.sub(lambda m: names.get(m[0], m[0]), style))
    width = root.get("width", "")
    root.attrib = {
        "viewBox": root.get("viewBox", ""),
        "style": f"--width: {width}; max-width: var(--width)",
        "role": "img",
        "aria-labelledby": f"{prefix}-title {prefix}-text",
    }
    for place, (tag, name, text) in enumerate(
        (("title", "title", title), ("desc", "text", description))
    ):
        element = Element(tag, {"id": f"{prefix}-{name}"})
        element.text = plain(text, 2000)
        root.insert(place, element)
    return tostring(root, encoding="unicode")


def _strip(root: Element) -> None:
    """Drop namespaces (a page needs none), metadata, style sheets and white space."""
    for parent in root.iter():
        parent.tag = parent.tag.rpartition("}")[2]
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
        parent.attrib = {
            name.rpartition("}")[2]: " ".join(value.split())
            for name, value in parent.attrib.items()
        }
        parent.tail = None
        if parent.tag not in ("text", "tspan"):
            parent.text = None


def _number_identifiers(root: Element, prefix: str) -> None:
    used = {
        match[1]
        for element in root.iter()
        for name, value in element.attrib.items()
        if name != "id" and (match := _REFERENCE.match(value))
    }
    found = [element.get("id", "") for element in root.iter() if element.get("id") in used]
    numbered = {old: f"{prefix}-{place}" for place, old in enumerate(dict.fromkeys(found))}
    for element in root.iter():
        identifier = element.attrib.pop("id", "")
        if identifier in numbered:
            element.set("id", numbered[identifier])
        for name, value in element.attrib.items():
            match = _REFERENCE.match(value)
            if match and name != "id":
                element.set(name, value.replace(match[1], numbered[match[1]]))
