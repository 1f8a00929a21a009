"""What can be chosen about a training run, checked in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

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
    threshold: float | None = None

    def __post_init__(self) -> None:
        for units in self.layers:
            fits = _is_whole(units) and units >= 1
            _check("layers", units, fits, "whole numbers, at least 1 unit in each layer")
        if len(self.activation) not in (1, len(self.layers)):
            raise InvalidArgumentError(
                f"activation has {len(self.activation)} names for {len(self.layers)} layers: "
                f"{', '.join(self.activation)}. Give one name for all layers, or one for each."
            )
        self._check_number("dropout", lambda value: 0 <= value < 1, "from 0 to below 1")
        if self.learning_rate is not None:
            self._check_number("learning_rate", lambda value: 0 < value < math.inf, "above 0")
        if self.threshold is not None:
            self._check_number("threshold", lambda value: 0 < value < 1, "between 0 and 1")
        for name in ("epochs", "batch_size", "patience"):
            value = getattr(self, name)
            _check(name, value, _is_whole(value) and value >= 1, "a whole number, at least 1")
        self._check_number("validation_share", lambda value: 0 < value < 1, "between 0 and 1")
        self._check_number("test_share", lambda value: 0 <= value < 1, "from 0 to below 1")
        validation, test = self.validation_share, self.test_share
        if validation + test > 0.9:
            raise InvalidArgumentError(
                f"validation_share {validation:g} and test_share {test:g} leave less than a tenth "
                "of the rows to train on. Make them smaller."
            )
        fits = _is_whole(self.seed) and 0 <= self.seed < 2**32
        _check("seed", self.seed, fits, "a whole number from 0 to 2**32 - 1")

    def _check_number(self, name: str, fits: Callable[[float], bool], wanted: str) -> None:
        value = getattr(self, name)
        number = isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)
        _check(name, value, number and fits(value), f"a number {wanted}")

    @property
    def hidden(self) -> list[tuple[int, str]]:
        """Units and activation of each hidden layer."""
        names = self.activation
        names = names * len(self.layers) if len(names) == 1 else names
        return [(int(units), name) for units, name in zip(self.layers, names, strict=True)]


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _check(name: str, value: object, fits: bool, wanted: str) -> None:
    if not fits:
        raise InvalidArgumentError(f"{name} must be {wanted}; got {value!r}.")


def names_of(activation: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as a tuple."""
    return (activation,) if isinstance(activation, str) else tuple(activation)
