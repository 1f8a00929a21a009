"""Data for pictures, and what must hold after each: nothing global has changed."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def settings_stay_as_they_were() -> Iterator[None]:
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before


@pytest.fixture
def binary() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    values = random.beta(2, 4, size=400)
    return (random.random(400) < values).astype(int), values


@pytest.fixture
def several() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    true = random.integers(0, 3, size=200)
    logits = 2 * np.eye(3)[true] + random.normal(size=(200, 3))
    return true, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def relu() -> None:
    """Stands for an activation: only its name is drawn."""


def sigmoid() -> None:
    """Stands for an activation: only its name is drawn."""


@pytest.fixture
def model() -> Any:
    """As much of a Keras model as a picture of it needs: 4 inputs, 3 units, 1 unit."""
    random = np.random.default_rng(2)
    return SimpleNamespace(
        layers=[
            SimpleNamespace(name="scaling", get_weights=lambda: [np.zeros(4), np.ones(4)]),
            SimpleNamespace(name="hidden", kernel=random.normal(size=(4, 3)), activation=relu),
            SimpleNamespace(name="dropout", get_weights=list),
            SimpleNamespace(name="risk", kernel=random.normal(size=(3, 1)), activation=sigmoid),
        ]
    )
