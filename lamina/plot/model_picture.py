"""Pictures of models as Keras draws them: a box a layer, without Graphviz."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from ..core.errors import ArgumentTypeError, InvalidArgumentError, describe
from ..core.files import write_bytes
from .boxes import Box, Diagram, Options, diagram
from .layered import Places, Point, place
from .theme import THEMES, require_matplotlib

_TITLE, _TEXT, _LINE, _PAD = 13.0, 11.5, 17.0, 9.0  # font sizes, height of a line, margin
_MARGIN, _ARROW = 12.0, 7.0
_DIRECTIONS = ("TB", "BT", "LR", "RL")
_SPLINES = ("ortho", "polyline", "line", "spline", "curved")
_LOOK = THEMES["light"]
_STATES = {True: ("Trainable", "#1a7f37"), False: ("Non-trainable", "#b3261e")}


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | None = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **former: Any,
) -> Any:
    """Draw a model's layers to a file: .svg, or .png and .pdf with the extra `plot`.

    `rankdir` is the direction of the arrows: TB (downwards), BT, LR or RL. `expand_nested` draws
    models inside as frames around their layers. `splines` says how arrows run: "ortho",
    "polyline", "line", "spline" or "curved". In a notebook, the picture is returned, too.
    """
    if former:
        raise ArgumentTypeError(f"plot_model does not know the argument {min(former)!r}")
    for what, value, known in (("rankdir", rankdir, _DIRECTIONS), ("splines", splines, _SPLINES)):
        if value not in known:
            raise InvalidArgumentError(
                f"{what} is one of {', '.join(known)}; got {describe(value)}"
            )
    path = os.fspath(to_file)
    ending = os.path.splitext(path)[1].lower() or ".png"
    path = path if os.path.splitext(path)[1] else f"{path}.png"
    if ending not in (".svg", ".png", ".pdf"):
        raise InvalidArgumentError(
            f"a picture of a model is a .svg, .png or .pdf file; got {path!r}"
        )
    options = Options(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    picture = _Picture(diagram(model, options), rankdir, splines)
    if ending == ".svg":
        write_bytes(path, picture.svg().encode())
    else:
        write_bytes(path, picture.rendered(ending[1:], dpi or 96))
    return _shown(path, ending)


def _shown(path: str, ending: str) -> Any:
    """What a notebook displays; None elsewhere."""
    display = sys.modules.get("IPython.display")
    if display is None or ending == ".pdf":
        return None
    return display.SVG(filename=path) if ending == ".svg" else display.Image(filename=path)


class _Rectangle(NamedTuple):
    corner: Point
    size: Point
    fill: str
    dashed: bool = False


class _Text(NamedTuple):
    place: Point  # the middle of its line
    text: str
    size: float
    color: str
    bold: bool = False


class _Arrow(NamedTuple):
    points: tuple[Point, ...]
    curved: bool
    sideways: bool  # it runs from left to right, or back


_Shape = _Rectangle | _Text | _Arrow


class _Picture:
    """Shapes in points, from the upper left."""

    def __init__(self, content: Diagram, direction: str, splines: str) -> None:
        self._sideways = direction in ("LR", "RL")
        self._backwards = direction in ("BT", "RL")
        self._splines = splines
        shapes, (width, height) = self._drawn(content)
        self.size = width + 2 * _MARGIN, height + 2 * _MARGIN
        self.shapes = [_moved(shape, _MARGIN, _MARGIN) for shape in shapes]

    def _drawn(self, content: Diagram) -> tuple[list[_Shape], Point]:
        """The shapes of a diagram and their size; models inside are drawn first."""
        inner = {box.key: self._box(box) for box in content.boxes}
        sizes = {key: self._turned(size) for key, (_, size) in inner.items()}
        places = place(sizes, content.arrows)
        shapes: list[_Shape] = [self._arrow(way, places) for way in places.ways.values()]
        for key, (drawn, (width, height)) in inner.items():
            x, y = self._point(places, places.centres[key])
            shapes += [_moved(shape, x - width / 2, y - height / 2) for shape in drawn]
        return shapes, self._turned((places.across, places.along))

    def _turned(self, pair: Point) -> Point:
        """(across, along) as (x, y), and the other way round."""
        return (pair[1], pair[0]) if self._sideways else pair

    def _point(self, places: Places, point: Point) -> Point:
        across, along = point
        return self._turned((across, places.along - along if self._backwards else along))

    def _arrow(self, way: list[Point], places: Places) -> _Arrow:
        if self._splines == "ortho":
            way = list(_right_angles(way))
        elif self._splines == "line":
            way = [way[0], way[-1]]
        turned = tuple(self._point(places, point) for point in way)
        return _Arrow(turned, self._splines in ("spline", "curved"), self._sideways)

    def _box(self, box: Box) -> tuple[list[_Shape], Point]:
        if box.inside is not None:
            return self._frame(box, box.inside)
        kind = f" ({box.kind})" if box.kind else ""
        lines = [(line, _LOOK.ink, False) for line in box.lines]
        if box.trainable is not None:
            lines.append((*_STATES[box.trainable], True))
        width = max(
            _width(box.title + kind, _TITLE, bold=True),
            *(_width(text, _TEXT, bold=bold) for text, _, bold in lines),
            40.0,
        )
        width, head = width + 2 * _PAD, _LINE + _PAD
        height = head + (len(lines) * _LINE + _PAD if lines else 0)
        shapes: list[_Shape] = [
            _Rectangle((0, 0), (width, height), _LOOK.background),
            _Rectangle((0, 0), (width, head), _LOOK.ink),
            _Text((width / 2, head / 2), box.title + kind, _TITLE, _LOOK.background, bold=True),
        ]
        for number, (text, color, bold) in enumerate(lines):
            y = head + _PAD / 2 + (number + 0.5) * _LINE
            shapes.append(_Text((width / 2, y), text, _TEXT, color, bold))
        return shapes, (width, height)

    def _frame(self, box: Box, inside: Diagram) -> tuple[list[_Shape], Point]:
        """A dashed frame with the name of a model around its layers."""
        shapes, (width, height) = self._drawn(inside)
        label = _width(inside.name, _TEXT, bold=True)
        whole = max(width, label) + 2 * _MARGIN, height + _LINE + 2 * _MARGIN
        left = (whole[0] - width) / 2
        return [
            _Rectangle((0, 0), whole, _LOOK.background, dashed=True),
            _Text((whole[0] / 2, _LINE / 2 + 3), inside.name, _TEXT, _LOOK.muted, bold=True),
            *(_moved(shape, left, _LINE + _MARGIN) for shape in shapes),
        ], whole

    def svg(self) -> str:
        """The picture as text, which any browser draws."""
        from html import escape

        width, height = self.size
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.1f}pt" '
            f'height="{height:.1f}pt" viewBox="0 0 {width:.1f} {height:.1f}" '
            'font-family="Helvetica, Arial, sans-serif" text-anchor="middle">',
            f'<defs><marker id="tip" viewBox="0 0 10 8" refX="10" refY="4" markerWidth="{_ARROW}" '
            f'markerHeight="{_ARROW}" markerUnits="userSpaceOnUse" orient="auto">'
            f'<path d="M0 0L10 4L0 8z" fill="{_LOOK.ink}"/></marker></defs>',
            f'<rect width="100%" height="100%" fill="{_LOOK.background}"/>',
        ]
        for shape in self.shapes:
            if isinstance(shape, _Rectangle):
                (x, y), (w, h) = shape.corner, shape.size
                dash = ' stroke-dasharray="5 4"' if shape.dashed else ""
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" '
                    f'fill="{shape.fill}" stroke="{_LOOK.ink}"{dash}/>'
                )
            elif isinstance(shape, _Text):
                (x, y), bold = shape.place, ' font-weight="bold"' if shape.bold else ""
                parts.append(
                    f'<text x="{x:.1f}" y="{y + 0.35 * shape.size:.1f}" font-size="{shape.size}" '
                    f'fill="{shape.color}"{bold}>{escape(shape.text)}</text>'
                )
            else:
                parts.append(
                    f'<path d="{_path(shape)}" fill="none" stroke="{_LOOK.ink}" '
                    'stroke-width="1.4" marker-end="url(#tip)"/>'
                )
        return "\n".join([*parts, "</svg>\n"])

    def rendered(self, kind: str, dpi: float) -> bytes:
        """The picture as matplotlib draws it, `dpi` dots an inch."""
        require_matplotlib()
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        width, height = self.size
        figure = Figure(figsize=(width / 72, height / 72), facecolor=_LOOK.background)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        for order, shape in enumerate(self.shapes, start=1):
            _draw(axes, shape, order)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=dpi, facecolor=_LOOK.background)
        return buffer.getvalue()


def _draw(axes: Any, shape: _Shape, order: int) -> None:
    from matplotlib.patches import FancyArrowPatch, Rectangle

    if isinstance(shape, _Rectangle):
        line = "--" if shape.dashed else "-"
        look: dict[str, Any] = {"facecolor": shape.fill, "edgecolor": _LOOK.ink, "linewidth": 1.0}
        axes.add_patch(Rectangle(shape.corner, *shape.size, linestyle=line, zorder=order, **look))
    elif isinstance(shape, _Text):
        axes.text(
            *shape.place, shape.text, ha="center", va="center", color=shape.color, zorder=order,
            fontsize=0.84 * shape.size, fontweight="bold" if shape.bold else "normal",
            parse_math=False,
        )  # fmt: skip
    else:
        axes.add_patch(
            FancyArrowPatch(
                path=_matplotlib_path(shape), arrowstyle="-|>", mutation_scale=9, shrinkA=0,
                shrinkB=0, color=_LOOK.ink, linewidth=1.2, zorder=order,
            )
        )  # fmt: skip


def _matplotlib_path(arrow: _Arrow) -> Any:
    from matplotlib.path import Path

    points, codes = [arrow.points[0]], [Path.MOVETO]
    for controls in _pieces(arrow):
        points += controls
        codes += [Path.CURVE4] * 3 if len(controls) == 3 else [Path.LINETO]
    return Path(points, codes)


def _path(arrow: _Arrow) -> str:
    text = "M{:.1f} {:.1f}".format(*arrow.points[0])
    for controls in _pieces(arrow):
        letter = "C" if len(controls) == 3 else "L"
        text += letter + " ".join(f"{x:.1f} {y:.1f}" for x, y in controls)
    return text


def _pieces(arrow: _Arrow) -> Iterator[list[Point]]:
    """Each piece of an arrow: where it leads, after two control points where it is a curve."""
    for (x0, y0), (x1, y1) in pairwise(arrow.points):
        if not arrow.curved:
            yield [(x1, y1)]
        elif arrow.sideways:
            yield [((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        else:
            yield [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)]


def _right_angles(points: list[Point]) -> Iterator[Point]:
    """The same way, along and across by turns; it turns half way."""
    yield points[0]
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x0 - x1) > 0.5:
            middle = (y0 + y1) / 2
            yield x0, middle
            yield x1, middle
        yield x1, y1


def _moved(shape: _Shape, x: float, y: float) -> _Shape:
    def move(point: Point) -> Point:
        return point[0] + x, point[1] + y

    if isinstance(shape, _Rectangle):
        return shape._replace(corner=move(shape.corner))
    if isinstance(shape, _Text):
        return shape._replace(place=move(shape.place))
    return shape._replace(points=tuple(move(point) for point in shape.points))


def _width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a line is in Helvetica."""
    narrow, wide = set("fijlrtI.,:;|!'()[] "), set("mwMW@%")
    total = sum(0.32 if c in narrow else 0.88 if c in wide else 0.58 for c in text)
    total += sum(0.42 for c in text if ord(c) > 0x2E7F)  # letters of East Asia are square
    return total * size * (1.06 if bold else 1.0)
