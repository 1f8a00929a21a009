"""The place in a training at which a model was saved, for `fit(initial_epoch=…)` to go on there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..core.errors import DataLossError

MEMBER = "lamina_place.json"
_LIMIT = 1 << 20  # bytes
_WORD = 1 << 64


@dataclass(frozen=True)
class Place:
    """The epoch that comes next, and what lamina's random numbers depend on at its begin.

    `layers`: seed and count of each generator in the model, which Keras's weights do not hold;
    `data`: what each part of the datasets of training and validation remembers.
    """

    epoch: int
    seed: int
    branches: int
    generator: list[int]
    of_seeds: dict[str, list[int]]
    layers: list[list[int]]
    data: list[list[list[int]]]

    def to_bytes(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()

    @property
    def process(self) -> dict[str, Any]:
        """As `restart_process` takes it."""
        names = ("seed", "branches", "generator", "of_seeds")
        return {name: getattr(self, name) for name in names}


def read_place(content: bytes, where: str) -> Place:
    """What `to_bytes` wrote; DataLossError says that the file `where` is damaged."""
    try:
        if len(content) > _LIMIT:
            raise ValueError(f"it is larger than {_LIMIT:,} bytes")
        place = Place(**json.loads(content))
        seeds = place.of_seeds.items()
        numbers = [place.epoch, place.branches, *place.generator, *(n for _, s in seeds for n in s)]
        pairs = [*place.layers, *(pair for feed in place.data for pair in feed)]
        numbers += [number for pair in pairs for number in pair]
        whole = all(type(n) is int and 0 <= n < _WORD for n in numbers) and type(place.seed) is int
        sized = all(len(pair) == 2 for pair in (place.generator, *(s for _, s in seeds), *pairs))
        if not (whole and sized and all(str(int(name)) == name for name, _ in seeds)):
            raise ValueError("it does not hold the numbers that it should")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataLossError(f"{where}: its {MEMBER} is damaged: {error}") from None
    return place
