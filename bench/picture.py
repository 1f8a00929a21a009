"""The picture of the results: time per step by case, time per epoch against rows and width."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.cases import CASES
from bench.contestants import CONTESTANTS, GROW, TRAIN
from bench.results import Results
from bench.tables import curve

# Colours that people with any colour vision can tell apart, after Okabe and Ito (2008).
_COLOURS = dict(
    zip(
        CONTESTANTS,
        ("#d55e00", "#0072b2", "#56b4e9", "#222222", "#888888", "#009e73", "#8fd0b5", "#cc79a7"),
    )
)
_MARKERS = dict(zip(CONTESTANTS, "oss^^DDv"))
_SIZE = 9.6, 6.4  # inches


def draw(results: Results, path: Path) -> None:
    """Write the picture; the end of the name says in which format."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(
        {
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "svg.hashsalt": "0",
            "svg.fonttype": "none",  # text stays text: a small file
        }
    )
    from matplotlib import pyplot as plt

    grown = bool(results.select(GROW))
    figure, axes = plt.subplot_mosaic(
        [["steps", "steps"], ["rows", "width"]] if grown else [["steps"]],
        figsize=_SIZE if grown else (_SIZE[0], _SIZE[1] / 2),
        layout="constrained",
    )
    _steps(axes["steps"], results)
    if grown:
        _curves(axes["rows"], results, "rows", "rows (borrower)")
        _curves(axes["width"], results, "width", "width of two hidden layers (4,096 rows)")
    handles, labels = axes["steps"].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _steps(axes: Any, results: Results) -> None:
    """A line for each case, on it a mark for each library."""
    cases = [name for name in CASES if results.select(TRAIN, case=name)]
    for contestant in results.contestants(TRAIN):
        points = []
        for line, name in enumerate(cases):
            time = results.best(TRAIN, "microseconds", case=name, contestant=contestant)
            if time is not None:
                points.append((time.median, line))
        size = 80 if contestant == "lamina" else 34
        style = {"color": _COLOURS[contestant], "marker": _MARKERS[contestant], "zorder": 3}
        axes.scatter(*zip(*points), s=size, label=contestant, **style)
    axes.set_xscale("log")
    axes.set_yticks(range(len(cases)), cases)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.set_xlabel("µs per training step")
    axes.grid(axis="x", which="major", color="#dddddd")
    axes.hlines(range(len(cases)), *axes.get_xlim(), color="#eeeeee", zorder=0)


def _curves(axes: Any, results: Results, kind: str, label: str) -> None:
    """Milliseconds per epoch against `kind`, both in powers of ten."""
    for contestant in CONTESTANTS:
        points = curve(results, contestant, kind)
        if points:
            style = {"color": _COLOURS[contestant], "marker": _MARKERS[contestant]}
            axes.plot(*zip(*points), markersize=4, label=contestant, **style)
    axes.set_xscale("log", base=10 if kind == "rows" else 2)
    if kind == "width":
        axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("ms per epoch")
    axes.grid(color="#dddddd")
