"""lamina beside other libraries: training, prediction, start, memory, growth.

    python -m bench                                        everything, an hour or two
    python -m bench --cases borrower,mnist --peers jax,torch --rounds 3 --quick
    python -m bench --render docs/benchmarks.json          the page again, from a result file

Peers are installed on their first use, each in an environment of its own (bench/environments.py).
Results go into a JSON file after every measurement (--output, then --append to add rounds); the
page and its picture are made from it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import machine, page, peak, picture, startup
from bench.cases import CASES
from bench.contestants import CONTESTANTS
from bench.environments import PEERS, install
from bench.jobs import SECTIONS, Failed, Job, Plan, Runner, jobs
from bench.results import Record, Results, figure
from bench.tables import tables
from bench.text import number

DOCS = machine.ROOT / "docs"
IMPORTS = 5  # measurements a round


def main() -> int:
    """Measure, or render what was measured."""
    options = _options()
    if options.render is not None:
        _render(Results.read(options.render), options.page or DOCS / "benchmarks.md")
        return 0
    for peer in options.peers:
        install(peer)
    plan = Plan(
        sections=options.sections,
        cases=options.cases,
        contestants=tuple(name for name, one in CONTESTANTS.items() if one.peer in options.peers),
        threads=options.threads,
        epochs=1 if options.quick else options.epochs,
        quick=options.quick,
        mapped=options.mapped,
    )
    results = Results(_head(options))
    if options.append:
        results.join(Results.read(options.output))
    with tempfile.TemporaryDirectory(prefix="lamina-bench-") as folder:
        runner = Runner(Path(folder), options.patience)
        for turn in range(options.rounds):
            _round(turn, plan, runner, results, options.output)
    print("\n" + tables(results))
    if options.page is not None:
        _render(results, options.page)
    return 0


def _round(turn: int, plan: Plan, runner: Runner, results: Results, output: Path) -> None:
    """Every measurement once; in every second round backwards, so that nobody is always first."""
    results.records += _peaks(turn, plan)
    if "import" in plan.sections:
        results.records += _imports(turn, plan)
    todo = jobs(plan)
    for job in reversed(todo) if turn % 2 else todo:
        if not results.settled(job.names):
            results.records.append(_record(job, turn, runner))
            results.write(output)


def _record(job: Job, turn: int, runner: Runner) -> Record:
    """What the job found, or why it failed."""
    label = ", ".join(str(value) for value in job.names.values() if value != "")
    try:
        record = {**job.names, "round": turn, **runner.run(job)}
    except Failed as error:
        print(f"{label}: left out, {error}", flush=True)
        return {**job.names, "round": turn, "error": str(error)}
    print(f"{label}: {_brief(record)}", flush=True)
    return record


def _brief(record: Record) -> str:
    """The main result in a few words."""
    if "rows_per_second" in record:
        return f"{number(record['rows_per_second'] / 1e6)} million rows/s ({record['way']})"
    if "seconds" in record:
        return f"{record['seconds']:.2f} s"
    found = record["microseconds"]
    if isinstance(found, dict):
        return ", ".join(f"{way} {number(time['median'])} µs" for way, time in found.items())
    return f"{number(figure([found]).median)} µs"


def _peaks(turn: int, plan: Plan) -> list[Record]:
    """The machine's peak with each number of threads."""
    records = []
    for threads in plan.threads:
        found = peak.measure(threads)
        values = {"flops": found.flops, "bandwidth": list(found.bandwidth)}
        records.append({"section": "peak", "threads": threads, "round": turn, **values})
        print(f"peak, {threads}: {number(found.flops / 1e9)} GFLOP/s", flush=True)
    return records


def _imports(turn: int, plan: Plan) -> list[Record]:
    """The seconds of `import numpy` and `import lamina`, in turn."""
    modules = ["numpy", *(["lamina"] if "lamina" in plan.contestants else [])]
    for module in modules:
        startup.seconds(module)  # files are warm
    return [
        {
            "section": "import",
            "contestant": module,
            "threads": 1,
            "round": turn,
            "seconds": startup.seconds(module),
        }
        for _ in range(IMPORTS)
        for module in modules
    ]


def _head(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "commit": machine.commit(),
        "machine": machine.facts(),
        "threads": list(options.threads),
        "quick": options.quick,
    }


def _render(results: Results, path: Path) -> None:
    """The page at `path`, its picture beside it."""
    drawn = path.with_suffix(".svg")
    picture.draw(results, drawn)
    page.write(results, path, drawn.name)
    print(f"wrote {path} and {drawn.name}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cores = machine.cores()

    def several(known: tuple[str, ...]) -> Any:
        return lambda text: _names(text, known)

    def listed(name: str, known: tuple[str, ...], text: str) -> None:
        parser.add_argument(
            name,
            type=several(known),
            default=known,
            metavar="A,B",
            help=f"{text}: {', '.join(known)}",
        )

    listed("--cases", tuple(CASES), "networks")
    listed("--peers", PEERS, "libraries")
    listed("--sections", SECTIONS, "what to measure")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="counted in a round, after the first")
    parser.add_argument(
        "--threads",
        type=lambda text: tuple(int(word) for word in text.split(",")),
        help=f"settings to try; default 1,{cores}, or 1 with --quick",
    )
    parser.add_argument("--quick", action="store_true", help="few rows and steps, to try it out")
    parser.add_argument(
        "--mapped", action="store_true", help="10 million rows of a mapped file too"
    )
    parser.add_argument(
        "--patience", type=float, default=0, help="seconds to wait for others to be quiet"
    )
    parser.add_argument("--output", type=Path, default=Path("benchmarks.json"))
    parser.add_argument("--append", action="store_true", help="keep what --output already has")
    parser.add_argument("--page", type=Path, help="write the page here, too")
    parser.add_argument(
        "--render", type=Path, metavar="JSON", help="only write the page of a result"
    )
    options = parser.parse_args()
    if options.threads is None:
        options.threads = (1,) if options.quick else tuple(dict.fromkeys((1, cores)))
    return options


def _names(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names in `text`, in the order of `known`."""
    named = [word.strip() for word in text.split(",")]
    for name in named:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
    return tuple(name for name in known if name in named)


if __name__ == "__main__":
    sys.exit(main())
