"""The page of results, docs/benchmarks.md: what ran where, the picture, the tables, and notes."""

from __future__ import annotations

from pathlib import Path

from bench.results import Results
from bench.tables import tables

NOTES = "<!-- What follows is written by hand; `python -m bench --render` leaves it as it is. -->"


def page(results: Results, picture: str, existing: str = "") -> str:
    """The whole page; what `existing` has below NOTES is kept."""
    _, marker, notes = existing.partition(NOTES)
    text = f"""# Benchmarks

{introduction(results)}

![Time per step by library, and time per epoch against rows and width]({picture})

{tables(results)}

{NOTES}
"""
    return text + (notes.lstrip("\n") if marker else "")


def introduction(results: Results) -> str:
    """What was measured, where, when and how."""
    head = results.head
    versions = ", ".join(f"{name} {version}" for name, version in results.versions().items())
    least, most = results.rounds()
    rounds = f"{most}" if least == most else f"{least} to {most}"
    settings = " and ".join(map(str, head["threads"]))
    quick = (
        "\n\n**A quick run: few rows and steps. It tries the harness and says little of speed.**"
    )
    return f"""Written by `python -m bench` on {head["date"]}, at commit {head["commit"]}:
{rounds} round{"s" * (most != 1)}, the libraries in turn within each, every measurement in a
process of its own. Numbers are medians over the rounds; *least* is the smallest single one.
Threads: {settings}; of a library's settings, the fastest is shown.{quick * head["quick"]}

{_machine(results)}

Libraries: {versions}."""


def write(results: Results, path: Path, picture: str) -> None:
    """Write the page; what is written by hand below NOTES stays."""
    existing = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(page(results, picture, existing), encoding="utf-8")


def _machine(results: Results) -> str:
    facts = results.head["machine"]
    named = f"{facts['processor']} (family and model {facts['family and model']})"
    rest = ", ".join(str(facts[name]) for name in ("vectors", "memory", "system"))
    lines = [f"Machine: {named}, {facts['cores']} cores, {rest}, Python {facts['python']}."]
    for threads in results.head["threads"]:
        peak = results.peak(threads)
        if peak is not None:
            rates = ", ".join(
                f"{rate / 1e9:.0f} in {size / 2**20:g} MiB" for size, rate in peak.bandwidth
            )
            plural = "thread" if threads == 1 else "threads"
            lines.append(
                f"Peak of {threads} {plural}: {peak.flops / 1e9:.0f} GFLOP/s; {rates} GB/s."
            )
    busy = results.others()
    if busy is not None:
        lines.append(
            f"Other programs kept {busy[0]:.2f} processors busy (median; {busy[1]:.2f} at most)."
        )
    return "\n".join(lines)
