"""The look of every picture: two themes, the canvas, and text that is safe to draw.

Nothing here changes matplotlib's global settings or pyplot's state: a picture that gets no axes is
drawn on a figure of its own, which works without a display and is freed like any other object.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.errors import InvalidArgumentError, describe, nearest
from ..core.packages import needed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Theme(NamedTuple):
    """Colours of a look. `series` stays distinguishable for colour-blind readers, in this order."""

    background: str
    ink: str
    muted: str
    grid: str
    series: tuple[str, ...]


# Series after Okabe & Ito 2002 (Color Universal Design), lightened for the dark look.
THEMES = {
    "light": Theme(
        background="#ffffff",
        ink="#1f2328",
        muted="#59636e",
        grid="#dde2e7",
        series=("#0072b2", "#d55e00", "#009e73", "#b8578c", "#332288", "#6e5a00"),
    ),
    "dark": Theme(
        background="#15181c",
        ink="#e8ebee",
        muted="#a3adb8",
        grid="#363d45",
        series=("#56b4e9", "#ff9550", "#37c796", "#e79bc4", "#a5d8f5", "#f0c649"),
    ),
}

SMALL, NORMAL, LARGE = 8.5, 9.5, 11.0  # font sizes in points
_HAIR_SPACE = "\u200a"
_MANY = 6  # entries of a legend; more stand beside the axes
_LONG = 46  # characters of a title; more don't fit the width of a picture in the large size


def require_matplotlib() -> None:
    """Import matplotlib, or say how to install it."""
    with needed("pictures", "matplotlib", extra="plot"):
        import matplotlib.figure  # noqa: F401


def canvas(
    ax: Axes | None,
    style: str | None,
    size: tuple[float, float] = (4.8, 3.4),
    projection: str | None = None,
) -> tuple[Axes, Theme]:
    """The axes to draw on and the theme: those given, or a new figure of `size` inches.

    Without a style, given axes get the theme that suits their background and keep that background.
    With `projection` "3d", axes that are given must have three dimensions.
    """
    require_matplotlib()
    from matplotlib.axes import Axes as AxesClass

    if style is not None and style not in THEMES:
        raise InvalidArgumentError(
            f"style must be 'light' or 'dark'; got {describe(style)}.{nearest(str(style), THEMES)}"
        )
    if ax is None:
        ax, theme = _new_axes(size, projection), THEMES[style or "light"]
        ax.figure.set_facecolor(theme.background)
        ax.set_facecolor(theme.background)
        return ax, theme
    if not isinstance(ax, AxesClass):
        raise InvalidArgumentError(f"ax must be a matplotlib Axes; got {describe(ax)}.")
    if (ax.name == "3d") != (projection == "3d"):
        raise InvalidArgumentError(
            f"this picture needs axes with projection {projection or 'rectilinear'!r}; got "
            f"{ax.name!r}. Leave ax out, or make them with add_subplot(projection=…)."
        )
    if style is None:
        return ax, THEMES["dark" if _is_dark(ax) else "light"]
    ax.set_facecolor(THEMES[style].background)
    return ax, THEMES[style]


def frame(ax: Axes, theme: Theme, x_label: str, y_label: str, title: str = "") -> None:
    """Axis labels, a title at the left, and quiet lines that leave the stage to the data."""
    ax.set_axisbelow(True)
    ax.grid(True, color=theme.grid, linewidth=0.7)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.muted)
    ax.tick_params(which="both", color=theme.muted, labelcolor=theme.muted, labelsize=SMALL)
    ax.set_xlabel(plain(x_label), color=theme.ink, fontsize=NORMAL, parse_math=False)
    ax.set_ylabel(plain(y_label), color=theme.ink, fontsize=NORMAL, parse_math=False)
    headline(ax, theme, title)


def headline(ax: Axes, theme: Theme, title: str, pad: float = 8) -> None:
    """The title, at the left, `pad` points above the axes."""
    size = LARGE if len(title) <= _LONG else SMALL
    look: dict[str, Any] = {"color": theme.ink, "fontsize": size, "parse_math": False}
    ax.set_title(plain(title), loc="left", pad=pad, **look)


def legend(ax: Axes, theme: Theme, **options: Any) -> None:
    """A legend on a veil of the background, in the theme's ink; labels are never mathematics.

    "best" is beside the axes where there are many entries.
    """
    if options.get("loc") == "best" and len(ax.get_legend_handles_labels()[0]) > _MANY:
        options.update(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    look: dict[str, Any] = {"facecolor": theme.background, "edgecolor": "none", "framealpha": 0.75}
    drawn = ax.legend(fontsize=SMALL, labelcolor=theme.ink, **look, **options)
    for text in drawn.get_texts():
        text.set_parse_math(False)


def plain(text: Any, limit: int = 200) -> str:
    """`text` as one printable line of at most `limit` characters.

    Control characters, lone surrogates and noncharacters can't stand in an SVG file: they become �.
    """
    line = "".join(_printable(character) for character in str(text))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def entry(name: Any, limit: int = 200) -> str:
    """`name` for a legend, where matplotlib leaves out what begins with an underscore."""
    text = plain(name, limit)
    return f"{_HAIR_SPACE}{text}" if text.startswith("_") else text


def _printable(character: str) -> str:
    if character.isspace():
        return " "
    code = ord(character)
    broken = code < 32 or 127 <= code < 160 or 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE
    return "�" if broken or 0xFDD0 <= code <= 0xFDEF else character


def _new_axes(size: tuple[float, float], projection: str | None) -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as FigureClass
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = FigureClass(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    FigureCanvasAgg(figure)
    ax = figure.add_subplot(projection=projection)
    for shown in (figure, ax):  # the name by which a notebook asks an object for its picture
        shown.__dict__["_repr_png_"] = partial(_png, figure)
    return ax


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def _is_dark(ax: Axes) -> bool:
    from matplotlib.colors import to_rgba

    red, green, blue, alpha = to_rgba(ax.get_facecolor())
    if alpha < 0.5:
        red, green, blue, _ = to_rgba(ax.figure.get_facecolor())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
