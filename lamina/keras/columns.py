"""The names of the columns that a model was trained on, and how they are kept in its file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..core.errors import DataLossError
from ..core.json_text import parsed

MEMBER = "columns.json"
"""Of a `.keras` archive; Keras leaves it alone."""


@dataclass(frozen=True)
class Columns:
    """Inputs in the order of the network's, targets, and the weight of rows ("" for none)."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...] = ()
    weight: str = ""

    @property
    def beside(self) -> tuple[str, ...]:
        """What stood in the table besides the inputs."""
        return (*self.targets, self.weight) if self.weight else self.targets

    def to_bytes(self) -> bytes:
        """As JSON."""
        content = {"inputs": self.inputs, "targets": self.targets, "weight": self.weight}
        return json.dumps(content).encode()


def read_columns(content: bytes, where: str) -> Columns:
    """What `to_bytes` wrote; DataLossError says what is wrong in the file `where`."""
    value = parsed(content, f"{where}: its {MEMBER}")
    parts: Any = value if isinstance(value, dict) else {}
    inputs, targets, weight = (parts.get(name) for name in ("inputs", "targets", "weight"))
    if not (_are_names(inputs) and inputs and _are_names(targets) and isinstance(weight, str)):
        raise DataLossError(f"{where}: its {MEMBER} does not name columns, each once")
    return Columns(tuple(inputs), tuple(targets), weight)


def _are_names(value: Any) -> bool:
    listed = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return listed and len(set(value)) == len(value)
