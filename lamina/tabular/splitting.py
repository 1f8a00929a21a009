"""Which rows train, which tell when to stop, and which stay unseen for the test."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InvalidArgumentError
from .table import Rows

MIN_ROWS = 10
MIN_CLASS_ROWS = 3


class Split(NamedTuple):
    """Row positions, sorted; together every row once."""

    training: Rows
    validation: Rows
    test: Rows


def split(
    target: npt.NDArray[np.generic],
    classes: tuple[str, ...],
    *,
    validation_share: float,
    test_share: float,
    seed: int,
) -> Split:
    """Divide rows at random, each class in the same shares (`classes` empty: rows at large).

    Every row gets the place (i + u) / n, where it is the i-th of the n shuffled rows of its class
    and u in [0, 1) is the class's own; any stretch of the rows in this order holds each class in
    its share, to within one row. The order is cut into test, validation and training.
    """
    rows = len(target)
    if rows < MIN_ROWS:
        raise InvalidArgumentError(
            f"{rows} rows with a target are too few to train, validate and test on. "
            f"Give at least {MIN_ROWS}."
        )
    generator = np.random.Generator(np.random.PCG64(seed))
    place = np.empty(rows)
    groups = [np.flatnonzero(target == code) for code in range(len(classes))] or [np.arange(rows)]
    for code, group in enumerate(groups):
        if len(group) < MIN_CLASS_ROWS:
            raise InvalidArgumentError(
                f"The class {classes[code]!r} has {len(group)} of {rows:,} rows; "
                f"at least {MIN_CLASS_ROWS} are needed to train and test. Merge rare "
                "classes, leave their rows out, or train for a number (task regression)."
            )
        place[generator.permutation(group)] = (np.arange(len(group)) + generator.random()) / len(
            group
        )
    order = np.argsort(place, kind="stable")
    first = max(1, round(test_share * rows)) if test_share else 0
    second = first + max(1, round(validation_share * rows))
    return Split(np.sort(order[second:]), np.sort(order[first:second]), np.sort(order[:first]))
