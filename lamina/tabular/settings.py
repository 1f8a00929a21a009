"""What can be chosen about a training run, checked in one place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.errors import InvalidArgumentError


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of `train`, which documents them; a wrong one raises InvalidArgumentError."""

    layers: tuple[int, ...]
    activation: tuple[str, ...]
    dropout: float
    optimizer: str
    learning_rate: float | None
    epochs: int
    batch_size: int
    patience: int
    validation_share: float
    test_share: float
    seed: int

    def __post_init__(self) -> None:
        for units in self.layers:
            _check("layers", units, units >= 1, "at least 1 unit in each layer")
        if len(self.activation) not in (1, len(self.layers)):
            raise InvalidArgumentError(
                f"activation has {len(self.activation)} names for {len(self.layers)} layers: "
                f"{', '.join(self.activation)}. Give one name for all layers, or one for each."
            )
        _check("dropout", self.dropout, 0 <= self.dropout < 1, "from 0 to below 1")
        rate = self.learning_rate
        fits = rate is None or 0 < rate < math.inf
        _check("learning_rate", rate, fits, "above 0")
        for name in ("epochs", "batch_size", "patience"):
            value = getattr(self, name)
            _check(name, value, value >= 1, "at least 1")
        validation, test = self.validation_share, self.test_share
        _check("validation_share", validation, 0 < validation < 1, "between 0 and 1")
        _check("test_share", test, 0 <= test < 1, "from 0 to below 1")
        if validation + test > 0.9:
            raise InvalidArgumentError(
                f"validation_share {validation:g} and test_share {test:g} leave less than a tenth "
                "of the rows to train on. Make them smaller."
            )
        _check("seed", self.seed, 0 <= self.seed < 2**32, "from 0 to 2**32 - 1")

    @property
    def hidden(self) -> list[tuple[int, str]]:
        """Units and activation of each hidden layer."""
        names = self.activation
        names = names * len(self.layers) if len(names) == 1 else names
        return list(zip(self.layers, names, strict=True))


def _check(name: str, value: object, fits: bool, wanted: str) -> None:
    if not fits:
        raise InvalidArgumentError(f"{name} must be {wanted}; got {value!r}.")


def names_of(activation: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as a tuple."""
    return (activation,) if isinstance(activation, str) else tuple(activation)
