"""The screens of `lamina inspect`. Every text of the file is escaped before it is shown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.showing import escaped
from ..inspection import Inspection, Statistics
from ..inspection.architecture import describe
from ..inspection.reading import KINDS
from ..inspection.report import SEVERITIES

_STYLES = {"danger": "bold red", "warning": "yellow", "note": "cyan"}
_NARROW = 100  # columns; statistics take the place of types and bytes in less
_MOST = 40  # rows of a table, if not everything is asked for


def show(console: Console, found: Inspection, everything: bool) -> None:
    """All of an inspection, findings last: that is where the eye ends."""
    most = 10**9 if everything else _MOST
    _show_head(console, found)
    _show_layers(console, found, most)
    _show_weights(console, found, most)
    _show_members(console, found, most)
    _show_names(console, found)
    _show_findings(console, found)


def _safe(text: Any, longest: int = 300) -> str:
    return escaped(text, longest)


def bytes_of(size: int) -> str:
    """A number of bytes as people read it."""
    units = ("B", "KB", "MB", "GB", "TB", "PB")
    power = min(len(units) - 1, int(math.log(max(size, 1), 1024)))
    return f"{size:,} B" if not power else f"{size / 1024**power:,.1f} {units[power]}"


def _show_head(console: Console, found: Inspection) -> None:
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(style="dim", overflow="fold", max_width=18)
    grid.add_column(overflow="fold")
    grid.add_row("File", _safe(found.path))
    grid.add_row("Kind", f"{KINDS[found.kind]}, {bytes_of(found.size)}")
    labels = {"keras_version": "Keras", "date_saved": "Saved", "lamina_version": "lamina"}
    for key, value in (*found.about.items(), *found.training.items()):
        label = labels.get(key, key.replace("_", " "))
        grid.add_row(_safe(label[:1].upper() + label[1:] if key not in labels else label),
                     _safe(value))  # fmt: skip
    console.print(grid)


def _table(title: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> Table:
    """A table of texts; each column has a name and a justification. Empty ones are left out."""
    filled = list(rows)
    kept = [n for n in range(len(columns)) if not n or any(row[n] for row in filled)]
    table = Table(title=title, title_justify="left", title_style="bold", box=HEAVY_HEAD)
    for name, justify in (columns[place] for place in kept):
        whole = justify == "right"  # numbers stay in one line
        table.add_column(name, justify=justify, overflow="fold", no_wrap=whole)  # type: ignore[arg-type]
    for row in filled:
        table.add_row(*(Text(row[place]) for place in kept))
    return table


def _print_cut(console: Console, table: Table, shown: int, count: int, what: str) -> None:
    console.print()
    console.print(table)
    if count > shown:
        console.print(Text(f"{count - shown:,} {what} more (--all)", style="dim"))


def _show_layers(console: Console, found: Inspection, most: int) -> None:
    if not found.layers:
        return
    rows = []
    for layer in found.layers[:most]:
        indent = "  " * layer.depth
        settings = ", ".join(f"{k}={_setting(v)}" for k, v in layer.settings.items())
        count = "" if layer.parameters is None else f"{layer.parameters:,}"
        name = f"{indent}{_safe(layer.name, 60)} ({_safe(layer.kind, 60)})"
        rows.append([name, _safe(layer.shape or ""), count, _safe(settings, 120)])
    columns = [("Layer (type)", "left"), ("Output", "left"), ("Param #", "right"), ("Set", "left")]
    table = _table("Nodes" if found.kind == "onnx" else "Layers", columns, rows)
    _print_cut(console, table, len(rows), len(found.layers), "layers")
    total = sum(x.parameters or 0 for x in found.layers if not x.depth)
    if total:
        console.print(Text(f"Parameters: {total:,}", style="dim"))


def _show_weights(console: Console, found: Inspection, most: int) -> None:
    if not found.weights:
        return
    measured = any(weight.statistics is not None for weight in found.weights)
    narrow = measured and console.width < _NARROW
    columns = [("Name", "left"), ("Shape", "left")]
    columns += [] if narrow else [("Type", "left"), ("Bytes", "right")]
    if measured:
        columns += [("Least", "right"), ("Mean", "right"), ("Greatest", "right"), ("NaN", "right")]
    rows = []
    chosen = [w for w in found.weights if most > _MOST or not w.name.startswith("optimizer")]
    for weight in chosen[:most]:
        shape = " × ".join(map(str, weight.shape[:8])) or "–"
        row = [_safe(weight.name.removeprefix("model_weights/"), 120), shape]
        row += [] if narrow else [_safe(weight.dtype, 40), f"{weight.size:,}"]
        rows.append(row + (_numbers(weight.statistics) if measured else []))
    size = bytes_of(sum(weight.size for weight in found.weights))
    title = f"Weights: {len(found.weights):,} arrays, {size}"
    _print_cut(console, _table(title, columns, rows), len(rows), len(found.weights), "arrays")


def _numbers(statistics: Statistics | None) -> list[str]:
    if statistics is None:
        return [""] * 4
    values = (statistics.least, statistics.mean, statistics.greatest)
    shown = ["–" if value is None else f"{value:.4g}" for value in values]
    return [*shown, f"{statistics.not_finite:,}"]


def _setting(value: Any) -> str:
    return f"({describe(value)})" if isinstance(value, list) else describe(value)


def _show_members(console: Console, found: Inspection, most: int) -> None:
    arrays = found.kind in ("npz", "checkpoint") and most == _MOST  # the weights are the members
    if not found.members or arrays:
        return
    rows = [
        [_safe(m.name, 120), f"{m.size:,}", f"{m.stored:,}", _ratio(m.size, m.stored)]
        for m in found.members[:most]
    ]
    columns = [("Name", "left"), ("Bytes", "right"), ("Stored", "right"), ("Ratio", "right")]
    table = _table("Members", columns, rows)
    _print_cut(console, table, len(rows), len(found.members), "members")


def _ratio(size: int, stored: int) -> str:
    return "–" if not stored else f"{size / stored:,.1f}"


def _show_names(console: Console, found: Inspection) -> None:
    if not found.names:
        return
    console.print()
    console.print(Text("Imports that it asks for when it is loaded", style="bold"))
    for name in found.names[:_MOST]:
        console.print(Text(f"  {_safe(name)}"))


def _show_findings(console: Console, found: Inspection) -> None:
    """What is wrong, each with its reason beside it, and a verdict in one line."""
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for place in found.stopped[:_MOST]:
        grid.add_row(Text("not read", _STYLES["warning"]), Text(_safe(place)))
    for item in found.findings:
        text = Text.assemble((_safe(item.what), "bold"), "\n", (_safe(item.where), "dim"))
        if item.why:
            text.append(f"\n{_safe(item.why)}")
        grid.add_row(Text(item.severity, _STYLES[item.severity]), text)
    console.print()
    if grid.rows:
        console.print(grid)
        console.print()
    console.print(_verdict(found))


def _verdict(found: Inspection) -> Text:
    counts = Counter(item.severity for item in found.findings)
    parts = [
        f"{counts[severity]} {severity}{'s' * (counts[severity] != 1)}"
        for severity in SEVERITIES
        if counts[severity]
    ]
    unread = len(found.stopped)
    parts += [f"{unread:,} part{'s' * (unread != 1)} that cannot be read"] if unread else []
    if not found.suspicious:
        notes = f" ({parts[0]})" if parts else ""
        return Text(f"Nothing suspicious was found{notes}.", style="green")
    grave = counts["danger"] > 0
    advice = " Do not load it with anything that trusts it." if grave else ""
    return Text(
        f"Suspicious: {', '.join(parts)}.{advice}", style=_STYLES["danger" if grave else "warning"]
    )
