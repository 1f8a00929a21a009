"""A race of optimizers as a moving picture."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from typing import Any

from ..core.errors import InvalidArgumentError, describe
from ..core.files import check_file, write_bytes
from .racing import DEFAULT, Race, race
from .surface import surface
from .theme import THEMES

_RATE = 20  # pictures a second
_DPI = 90
_COLORS = 64  # beside those of the look


def animate_optimizers(
    problem: Any,
    path: str | os.PathLike[str],
    optimizers: Any = DEFAULT,
    *,
    seconds: float = 6.0,
    style: str | None = None,
    **options: Any,
) -> None:
    """Write the ways of optimizers over a function as they grow: `path` ends in .gif or .html.

    `problem` is what `race` gave for a function, or what it takes, with its `options`. The page
    needs nothing beside itself, and has buttons to pause and to go step by step. `style` is
    "light" or "dark".
    """
    target = os.fspath(path)
    if not target.endswith((".gif", ".html")):
        raise InvalidArgumentError(f"an animation ends in .gif or .html; got {describe(target)}.")
    if not 0 < seconds <= 60:
        raise InvalidArgumentError(
            f"seconds must be positive, at most 60; got {describe(seconds)}."
        )
    check_file(target)
    found = problem if isinstance(problem, Race) else race(problem, optimizers, **options)
    ways = {name: run.path for name, run in found.runs.items() if run.path is not None}
    if not ways:
        raise InvalidArgumentError(
            "the ways of a model's weights cannot be drawn; race a function."
        )
    ax = surface(found.function, found.bounds, paths=ways, style=style)
    frames = _reduced(list(_frames(ax, max(2, round(seconds * _RATE)))), len(ways))
    content = _gif(frames) if target.endswith(".gif") else _page(frames).encode()
    write_bytes(target, content)


def _frames(ax: Any, count: int) -> Iterator[Any]:
    """Pictures in which the ways of `ax` grow from their first point to their last."""
    from PIL import Image  # comes with matplotlib

    ends = [line for line in ax.get_lines() if line.get_gid() == "end"]
    ways = [line for line in ax.get_lines() if line.get_gid() == "way"]
    points = [line.get_xydata().copy() for line in ways]
    for frame in range(count):
        for line, end, path in zip(ways, ends, points, strict=True):
            shown = path[: 1 + round((len(path) - 1) * frame / (count - 1))]
            line.set_data(*shown.T)
            end.set_data(*shown[-1:].T)
        picture = io.BytesIO()
        ax.figure.savefig(picture, format="png", dpi=_DPI, facecolor=ax.figure.get_facecolor())
        yield Image.open(picture).convert("RGB")


def _reduced(frames: list[Any], ways: int) -> list[Any]:
    """Pictures of few colours, the same in all; those of the ways, thin as they are, among them."""
    from PIL import Image

    found = frames[-1].quantize(_COLORS)
    colors = found.getpalette()[: 3 * _COLORS]
    for theme in THEMES.values():
        for color in (theme.background, theme.ink, theme.muted, *theme.series[:ways]):
            colors += bytes.fromhex(color[1:])
    palette = Image.new("P", (1, 1))
    palette.putpalette(colors)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]


def _gif(frames: list[Any]) -> bytes:
    content = io.BytesIO()
    frames[0].save(
        content,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=round(1000 / _RATE),
        loop=0,
    )
    return content.getvalue()


def _page(frames: list[Any]) -> str:
    pictures = ",".join(f'"{base64.b64encode(_picture(frame)).decode()}"' for frame in frames)
    return _PAGE.replace("PICTURES", pictures).replace("INTERVAL", str(round(1000 / _RATE)))


def _picture(frame: Any) -> bytes:
    content = io.BytesIO()
    frame.save(content, "PNG", optimize=True)
    return content.getvalue()


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Optimizers on their way</title>
<style>
body { margin: 1rem; font: 1rem system-ui, sans-serif; color-scheme: light dark; }
img { display: block; max-width: 100%; height: auto; }
form { display: flex; gap: 0.5rem; max-width: 34rem; }
input { flex: 1; }
</style>
</head>
<body>
<img alt="The ways of optimizers over a loss function">
<form>
<button type="button">Pause</button>
<input type="range" min="0" value="0" aria-label="Step">
</form>
<script>
const pictures = [PICTURES];
const image = document.querySelector("img");
const button = document.querySelector("button");
const slider = document.querySelector("input");
let runs = !matchMedia("(prefers-reduced-motion: reduce)").matches;
slider.max = pictures.length - 1;
function show(place) {
  slider.value = place;
  image.src = "data:image/png;base64," + pictures[place];
}
function play(on) {
  runs = on;
  button.textContent = on ? "Pause" : "Play";
}
button.addEventListener("click", () => play(!runs));
slider.addEventListener("input", () => { play(false); show(Number(slider.value)); });
setInterval(() => { if (runs) show((Number(slider.value) + 1) % pictures.length); }, INTERVAL);
play(runs);
show(0);
</script>
</body>
</html>
"""
