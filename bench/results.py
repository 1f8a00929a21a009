"""From the records of a run to medians, the best settings and ratios."""

from __future__ import annotations

import collections
import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from bench.floor import Peak

Record = dict[str, Any]
HOPELESS = 2.0


class Figure(NamedTuple):
    """Several measurements of one thing, in one setting."""

    median: float
    least: float
    threads: int
    rounds: int


class Results:
    """A result file: what ran where, and a record of every measurement."""

    def __init__(self, head: dict[str, Any], records: Iterable[Record] = ()) -> None:
        self.head = head
        self.records: list[Record] = list(records)

    @classmethod
    def read(cls, path: Path) -> Results:
        """The results that `write` wrote."""
        head = json.loads(path.read_text(encoding="utf-8"))
        return cls(head, head.pop("records"))

    def join(self, earlier: Results) -> None:
        """Add what was measured `earlier`: its records come first."""
        self.records = earlier.records + self.records
        self.head["threads"] = sorted({*self.head["threads"], *earlier.head["threads"]})
        self.head["quick"] |= earlier.head["quick"]

    def write(self, path: Path) -> None:
        """One record a line, in a file that is whole at any time."""
        lines = ",\n".join(json.dumps(record, ensure_ascii=False) for record in self.records)
        head = json.dumps(self.head, indent=1, ensure_ascii=False).removesuffix("\n}")
        staged = path.with_name(path.name + ".new")
        staged.write_text(f'{head},\n "records": [\n{lines}\n]}}\n', encoding="utf-8")
        staged.replace(path)

    def select(self, section: str, **names: Any) -> list[Record]:
        """The records of `section` that succeeded and have these names."""
        wanted = {"section": section, **names}
        return [record for record in self.records if "error" not in record and _has(record, wanted)]

    def settled(self, names: dict[str, Any]) -> bool:
        """Whether the job of these names need not run again.

        That is where it failed, or where another number of threads was more than HOPELESS times as
        fast for the same library.
        """
        others = {name: value for name, value in names.items() if name != "threads"}
        failed = [r for r in self.records if "error" in r and _has(r, names)]
        costs = {
            threads: min(_cost(r) for r in records if r["threads"] == threads)
            for records in [self.select(**others)]
            for threads in {r["threads"] for r in records}
        }
        own = costs.get(names["threads"])
        return bool(failed) or (own is not None and own > HOPELESS * min(costs.values()))

    def contestants(self, section: str, **names: Any) -> list[str]:
        """Who has records there, in the order in which they first came."""
        return list(dict.fromkeys(record["contestant"] for record in self.select(section, **names)))

    def best(self, section: str, key: str, **names: Any) -> Figure | None:
        """The figure for `key` with the number of threads whose median is least."""
        figures = []
        records = self.select(section, **names)
        for threads in dict.fromkeys(record["threads"] for record in records):
            values = [record[key] for record in records if record["threads"] == threads]
            figures.append(figure(values, threads))
        return min(figures, default=None)

    def ratios(self, section: str, key: str, **names: Any) -> dict[str, float]:
        """Each contestant's median by lamina's, best setting against best setting."""
        base = self.best(section, key, contestant="lamina", **names)
        if base is None:
            return {}
        found = {}
        for name in self.contestants(section, **names):
            other = self.best(section, key, contestant=name, **names)
            if other is not None:
                found[name] = other.median / base.median
        return found

    def peak(self, threads: int) -> Peak | None:
        """The best of all rounds' measurements of the machine with so many threads."""
        records = self.select("peak", threads=threads)
        if not records:
            return None
        pairs: dict[float, float] = {}
        for record in records:
            for size, rate in record["bandwidth"]:
                pairs[size] = max(rate, pairs.get(size, 0.0))
        return Peak(max(record["flops"] for record in records), sorted(pairs.items()))

    def rounds(self) -> tuple[int, int]:
        """How often a job has run at least, and at most."""
        kinds = ("section", "case", "contestant", "threads", "label")
        counts = collections.Counter(
            tuple(record[kind] for kind in kinds) for record in self.records if "case" in record
        )
        return min(counts.values(), default=0), max(counts.values(), default=0)

    def versions(self) -> dict[str, str]:
        """The release of every library that was measured."""
        found: dict[str, str] = {}
        for record in self.records:
            found.update(record.get("versions", {}))
        found.pop("Python", None)
        return found

    def others(self) -> tuple[float, float] | None:
        """Median and greatest of how many processors others kept busy during a measurement."""
        values = [record["others"] for record in self.records if record.get("others") is not None]
        return (statistics.median(values), max(values)) if values else None


def _has(record: Record, names: dict[str, Any]) -> bool:
    return all(record.get(name) == value for name, value in names.items())


def _cost(record: Record) -> float:
    """The time of a record, or of a row; zero where settings are not compared."""
    if "rows_per_second" in record:
        return 1 / float(record["rows_per_second"])
    found = record.get("microseconds")
    return float(min(found)) if isinstance(found, list) else 0.0


def figure(values: Iterable[float | list[float]], threads: int = 1) -> Figure:
    """`values`: a number for each round, or a list, of which the median counts for the round."""
    rounds = [value if isinstance(value, list) else [value] for value in values]
    return Figure(
        median=statistics.median(statistics.median(numbers) for numbers in rounds),
        least=min(min(numbers) for numbers in rounds),
        threads=threads,
        rounds=len(rounds),
    )
