"""The parameters of the dense estimators, checked before training."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import InvalidArgumentError, describe

Check = Callable[[Any], bool]


def _whole(least: int) -> Check:
    return lambda value: is_whole(value) and value >= least


def is_whole(value: Any) -> bool:
    """Whether `value` is an integer, NumPy's included, and no boolean."""
    return isinstance(value, numbers.Integral) and not _flag(value)


def _number(holds: Check) -> Check:
    return lambda value: not _flag(value) and isinstance(value, numbers.Real) and holds(value)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _flag(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


CHECKS: dict[str, tuple[Check, str]] = {
    "layers": (
        lambda value: all(_whole(1)(units) for units in value),
        "whole numbers of at least 1, one for each hidden layer",
    ),
    "dropout": (
        lambda value: all(_number(lambda rate: 0 <= rate < 1)(rate) for rate in value),
        "a number from 0 to below 1, or one for each hidden layer",
    ),
    "l1": (_number(lambda value: 0 <= value < math.inf), "a number of at least 0"),
    "l2": (_number(lambda value: 0 <= value < math.inf), "a number of at least 0"),
    "learning_rate": (
        _or_none(lambda value: callable(value) or _number(lambda v: 0 < v < math.inf)(value)),
        "a number above 0, a schedule, or None for the optimizer's own",
    ),
    "batch_size": (
        lambda value: value == "auto" or _whole(1)(value),
        "a whole number of at least 1, or 'auto'",
    ),
    "epochs": (_whole(1), "a whole number of at least 1"),
    "patience": (_whole(1), "a whole number of at least 1"),
    "validation_fraction": (_number(lambda value: 0 < value < 1), "a number between 0 and 1"),
    "tol": (_or_none(_number(lambda value: value >= 0)), "a number of at least 0, or None"),
    "standardize_target": (
        lambda value: _flag(value) or (isinstance(value, str) and value == "auto"),
        "True, False or 'auto'",
    ),
    "loss": (lambda value: value is not None, "a name, a Loss or a function"),
    **dict.fromkeys(
        ("batch_normalization", "standardize", "early_stopping", "warm_start"),
        (_flag, "True or False"),
    ),
}
"""What each parameter may be."""


def check(values: dict[str, Any], kind: str) -> None:
    """Raise for the first of `values` that is none of what it may be."""
    for name, value in values.items():
        fits, wanted = CHECKS.get(name, (None, ""))
        if fits is not None and not fits(value):
            raise InvalidArgumentError(
                f"The {name!r} parameter of {kind} must be {wanted}. Got {describe(value)}."
            )


def listed(given: Any) -> list[Any]:
    """What is given as a list: None is none, and one thing a list of it."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def for_each(value: Any, count: int, name: str) -> list[Any]:
    """`value` for each of `count` hidden layers: a list or tuple of so many, or one for all."""
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise InvalidArgumentError(
            f"{name} has {len(value)} entries for {count} hidden layers. Give one for all layers, "
            "or one for each."
        )
    return list(value)
