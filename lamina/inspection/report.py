"""What an inspection found, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

SEVERITIES = ("danger", "warning", "note")
"""Something that acts, or reaches beyond the file; something wrong; something to know."""
MOST_AXES = 64
"""Of an array, as in NumPy."""
REFUSED = "lamina refuses to load it"
"""What is said where the checks before loading fail."""


@dataclass(frozen=True)
class Finding:
    """One thing that a user should know, how grave it is, where it is, and why it matters."""

    severity: str
    what: str
    where: str
    why: str


@dataclass(frozen=True)
class Member:
    """One file in an archive or a folder, with its bytes unpacked and as they are stored."""

    name: str
    size: int
    stored: int


@dataclass(frozen=True)
class Statistics:
    """The numbers of one weight: of the finite ones least, greatest and mean; how many are not."""

    least: float | None
    greatest: float | None
    mean: float | None
    not_finite: int


@dataclass
class Weight:
    """One array; `statistics` where they were asked for and the array could be read."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    statistics: Statistics | None = None


@dataclass
class Layer:
    """One layer as the configuration states it; what it does not state is None."""

    name: str
    kind: str
    depth: int
    shape: str | None
    parameters: int | None
    settings: dict[str, Any]


@dataclass
class Inspection:
    """All that was seen of a file. `stopped` says what could not be read, and why."""

    path: str
    kind: str
    size: int
    about: dict[str, str] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    training: dict[str, str] = field(default_factory=dict)
    weights: list[Weight] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    @property
    def suspicious(self) -> bool:
        """Whether there is more than notes to say, or the file is not whole."""
        return bool(self.stopped) or any(found.severity != "note" for found in self.findings)

    def __post_init__(self) -> None:
        self._known: set[Finding] = set()
        self._counts: Counter[str] = Counter()

    def add(self, severity: str, what: str, where: str, why: str) -> None:
        """Take a finding down, once, and no more alike or as grave than anybody reads."""
        found = Finding(severity, what, where, why)
        if found in self._known:
            return
        if self._counts[what] >= _MOST_ALIKE:
            found = Finding(severity, what, _MORE, why)
        elif self._counts[severity] >= _MOST_AS_GRAVE:
            found = Finding(severity, "more of that", _MORE, f"{_MOST_AS_GRAVE} are listed")
        if found not in self._known:
            self._known.add(found)
            self._counts.update((what, severity))
            self.findings.append(found)

    def is_full(self, severity: str) -> bool:
        """Whether more of a severity would not be listed."""
        return self._counts[severity] > _MOST_AS_GRAVE

    def stop(self, where: str, error: BaseException | str) -> None:
        """Take down what could not be read, and why."""
        self.stopped.append(f"{where}: {error}" if str(error) else where)

    def sort(self) -> None:
        """Put the gravest findings first."""
        self.findings.sort(key=lambda found: SEVERITIES.index(found.severity))

    def to_json(self) -> dict[str, Any]:
        """As values that JSON has."""
        return {**asdict(self), "suspicious": self.suspicious}


_MOST_ALIKE, _MOST_AS_GRAVE = 20, 200
_MORE = "and at more places"
