"""What the results say: tables in Markdown, which are readable in a terminal, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.cases import CASES, Case, with_rows, with_width
from bench.contestants import GROW, MANY, ONE, START, TRAIN
from bench.floor import bytes_moved, floor, flops
from bench.results import Figure, Record, Results, figure
from bench.text import number, table

ONE_WANTED = {"predict": 2.0, "call": 2.0, "predictor": 0.4}  # microseconds
MANY_WANTED = 1.2  # times ONNX Runtime's rows per second
START_WANTED = {"empty cache": 0.6, "warm cache": 0.3}  # seconds
IMPORT_WANTED = 1.5  # times NumPy's
MEMORY_WANTED = 1 / 3  # of PyTorch's


def tables(results: Results) -> str:
    """All tables that the results have something for."""
    parts = (
        *(training(results), *(training_of(results, name) for name in CASES)),
        *(one_row(results), many_rows(results), start(results), imports(results)),
        *(memory(results), growth(results)),
    )
    return "\n\n".join(part for part in parts if part)


def training(results: Results) -> str:
    """lamina beside the best peer and the floor, a row for each case."""
    rows = []
    for case in CASES.values():
        ours = results.best(TRAIN, "microseconds", case=case.name, contestant="lamina")
        ratios = results.ratios(TRAIN, "microseconds", case=case.name)
        peers = {name: ratio for name, ratio in ratios.items() if name != "lamina"}
        if ours is None or not peers:
            continue
        best = min(peers, key=peers.__getitem__)
        least = _floor(results, case)
        cells = [case.name, number(ours.median), best, number(ours.median * peers[best])]
        cells += [f"{number(peers[best])} ×", f"{number(case.wanted or 1)} ×"]
        if least is not None:
            cells += [number(least), f"{number(ours.median / least)} ×"]
        rows.append(cells)
    if not rows:
        return ""
    head = ("case", "lamina, µs", "best peer", "its µs", "lamina is faster by", "wanted")
    return f"""## Training, per step

Adam, float32, `fit` with its shuffling; the time of an epoch by its steps, after a first epoch with
all compilation. The floor is the larger of arithmetic against peak and memory against bandwidth
(`bench/floor.py`), with all threads.

{table((*head, "floor, µs", "lamina / floor"), rows)}"""


def training_of(results: Results, name: str) -> str:
    """Everyone's time per step in one case."""
    case = CASES[name]
    ratios = results.ratios(TRAIN, "microseconds", case=name)
    rows = []
    for contestant in results.contestants(TRAIN, case=name):
        names = {"case": name, "contestant": contestant}
        time = results.best(TRAIN, "microseconds", **names)
        if time is None:
            continue
        ratio = f"{number(ratios[contestant])} ×" if contestant in ratios else "–"
        rows.append((time.median, (contestant, *_times(time), ratio, str(time.threads))))
    if not rows:
        return ""
    widths = "-".join(map(str, (case.features, *(layer.units for layer in case.layers))))
    work = f"{number(flops(case) / 1e6)} MFLOP and {number(bytes_moved(case) / 1e6)} MB a step"
    return f"""### {name}

{case.rows:,} × {case.features}, {widths}, batch {case.batch}: {work}.

{table(("library", "µs", "least", "to lamina", "threads"), _sorted(rows))}"""


def one_row(results: Results) -> str:
    """Microseconds for one row of borrower, by way of calling."""
    base = None
    rows = []
    for contestant in results.contestants(ONE):
        records = results.select(ONE, contestant=contestant)
        for way in records[0]["microseconds"]:
            medians = [record["microseconds"][way]["median"] for record in records]
            least = min(record["microseconds"][way]["least"] for record in records)
            time = figure(medians)._replace(least=least)
            if (contestant, way) == ("lamina", "predict"):
                base = time.median
            wanted = number(ONE_WANTED[way]) if contestant == "lamina" else ""
            rows.append((time.median, (f"{contestant}: `{way}`", *_times(time), wanted)))
    if not rows:
        return ""
    cells = [
        (name, median, least, f"{number(time / base)} ×" if base else "–", wanted)
        for time, (name, median, least, wanted) in sorted(rows)
    ]
    head = ("library: way", "µs", "least", "to lamina's predict", "wanted at most")
    return f"## Predicting one row of borrower\n\n{table(head, cells)}"


def many_rows(results: Results) -> str:
    """Rows a second where many are predicted."""
    parts = []
    for name in CASES:
        rates: dict[str, tuple[float, int]] = {}
        for contestant in results.contestants(MANY, case=name):
            records = results.select(MANY, case=name, contestant=contestant)
            rates[contestant] = max(
                (figure(_of(records, "rows_per_second", threads)).median, threads)
                for threads in {record["threads"] for record in records}
            )
        if not rates:
            continue
        base = rates.get("lamina", (None, 0))[0]
        rows = [
            (
                *(contestant, number(rate / 1e6), f"{base / rate:.2f} ×" if base else "–"),
                *(str(threads), f"{MANY_WANTED} ×" if contestant == "ONNX Runtime" else ""),
            )
            for contestant, (rate, threads) in sorted(rates.items(), key=lambda item: -item[1][0])
        ]
        head = ("library", "million rows/s", "lamina is faster by", "threads", "wanted")
        parts.append(f"### {name}\n\n{table(head, rows)}")
    return "## Predicting many rows\n\n" + "\n\n".join(parts) if parts else ""


def start(results: Results) -> str:
    """Seconds of a fresh process, with and without a cache of compiled code."""
    rows = []
    for contestant in results.contestants(START):
        cells, first = [contestant], 0.0
        for label in START_WANTED:
            records = results.select(START, contestant=contestant, label=label)
            if not records:
                cells += ["–", "–"]
                continue
            time = figure(record["seconds"] for record in records)
            parts = [
                figure(r["parts"][name] for r in records).median for name in records[0]["parts"]
            ]
            cells += [f"{time.median:.2f}", " + ".join(f"{part:.2f}" for part in parts)]
            first = first or time.median
        rows.append((first, cells))
    if not rows:
        return ""
    empty, warm = START_WANTED.values()
    parts_of = "its import + build + epoch"
    return f"""## Cold start

A fresh process until the end of the first epoch of borrower, in seconds: import, build, then
compile and train. Wanted of lamina: at most {empty} with an empty cache of compiled code, {warm}
with a warm one.

{table(("library", "empty cache", parts_of, "warm cache", parts_of), _sorted(rows))}"""


def imports(results: Results) -> str:
    """The times of `import lamina` and `import numpy`."""
    times = {
        name: figure(_of(results.select("import", contestant=name), "seconds"))
        for name in results.contestants("import")
    }
    if "numpy" not in times:
        return ""
    base = times["numpy"].median
    rows = [
        (
            *(f"`import {name}`", f"{1000 * time.median:.0f}", f"{1000 * time.least:.0f}"),
            f"{time.median / base:.2f} ×",
        )
        for name, time in times.items()
    ]
    head = ("", "ms", "least", "to NumPy")
    return f"## Import\n\nWanted: at most {IMPORT_WANTED} × NumPy's.\n\n{table(head, rows)}"


def memory(results: Results) -> str:
    """The peak of memory of training borrower."""
    peaks = {}
    for contestant in results.contestants(TRAIN, case="borrower"):
        peak = results.best(TRAIN, "memory", case="borrower", contestant=contestant)
        if peak is not None:
            peaks[contestant] = peak.median
    if not peaks:
        return ""
    base = peaks.get("PyTorch")
    rows = [
        (contestant, f"{peak:.0f}", f"{peak / base:.2f} ×" if base else "–")
        for contestant, peak in sorted(peaks.items(), key=lambda item: item[1])
    ]
    return f"""## Memory

The most that a process which trains borrower has had, in MB, data included. Wanted: at most
{MEMORY_WANTED:.2f} × PyTorch's.

{table(("library", "MB", "to PyTorch"), rows)}"""


def growth(results: Results) -> str:
    """Time per epoch against rows and against width."""
    parts = [
        _growth_table(results, "rows", "borrower on more rows, ms per epoch (ns per row)"),
        _growth_table(results, "width", "two hidden layers of one width, 4,096 rows: ms per epoch"),
    ]
    parts = [part for part in parts if part]
    return "## Growth\n\n" + "\n\n".join(parts) if parts else ""


def curve(results: Results, contestant: str, kind: str) -> list[tuple[int, float]]:
    """Pairs of a size (rows, or width) and milliseconds per epoch, in order."""
    points = {}
    for record in results.select(GROW, contestant=contestant):
        if kind in record["label"].split():
            size = int(record["label"].replace(kind, ""))
            times = results.select(GROW, contestant=contestant, label=record["label"])
            steps = (with_rows if kind == "rows" else with_width)(size).steps
            points[size] = figure(_of(times, "microseconds")).median * steps / 1000
    return sorted(points.items())


def _growth_table(results: Results, kind: str, title: str) -> str:
    curves = {name: dict(curve(results, name, kind)) for name in results.contestants(GROW)}
    sizes = sorted({size for points in curves.values() for size in points})
    if not sizes:
        return ""
    rows = []
    for name, points in curves.items():
        cells = [name]
        for size in sizes:
            text = number(points[size]) if size in points else "–"
            if kind == "rows" and size in points:
                text += f" ({number(1e6 * points[size] / size)})"
            cells.append(text)
        rows.append(cells)
    return (
        f"{title[0].upper()}{title[1:]}:\n\n{table((kind, *(f'{size:,}' for size in sizes)), rows)}"
    )


def _times(time: Figure) -> tuple[str, str]:
    return number(time.median), number(time.least)


def _of(records: Iterable[Record], key: str, threads: int | None = None) -> list[Any]:
    return [record[key] for record in records if threads in (None, record["threads"])]


def _sorted(rows: Iterable[tuple[float, Sequence[str]]]) -> list[Sequence[str]]:
    return [cells for _, cells in sorted(rows, key=lambda row: row[0])]


def _floor(results: Results, case: Case) -> float | None:
    """The least time of a step, with the number of threads that makes it least."""
    peaks = [results.peak(threads) for threads in results.head["threads"]]
    return min((floor(case, peak).microseconds for peak in peaks if peak), default=None)
