"""Choices that make no sense are refused before anything is read."""

from __future__ import annotations

import math

import pytest

from lamina.core.errors import InvalidArgumentError
from lamina.tabular.settings import Settings

GOOD = {
    "layers": (16, 8),
    "activation": ("relu",),
    "dropout": 0.0,
    "optimizer": "adam",
    "learning_rate": None,
    "epochs": 1,
    "batch_size": 1,
    "patience": 1,
    "validation_share": 0.1,
    "test_share": 0.0,
    "seed": 0,
}


def test_one_activation_serves_all_layers():
    assert Settings(**GOOD).hidden == [(16, "relu"), (8, "relu")]
    assert Settings(**GOOD | {"activation": ("relu", "tanh")}).hidden == [(16, "relu"), (8, "tanh")]
    assert Settings(**GOOD | {"layers": ()}).hidden == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layers", (16, 0)),
        ("layers", ("1", "6")),
        ("layers", (16, 2.5)),
        ("dropout", "0.5"),
        ("epochs", 2.5),
        ("epochs", "2"),
        ("batch_size", True),
        ("seed", 1.0),
        ("activation", ("relu", "relu", "relu")),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", math.nan),
        ("learning_rate", 0.0),
        ("learning_rate", math.inf),
        ("epochs", 0),
        ("batch_size", 0),
        ("patience", 0),
        ("validation_share", 0.0),
        ("validation_share", 1.0),
        ("validation_share", 0.95),
        ("test_share", -0.1),
        ("test_share", 1.0),
        ("seed", -1),
        ("seed", 2**32),
        ("threshold", 0),
        ("threshold", 1.0),
        ("threshold", math.nan),
        ("threshold", "0.5"),
    ],
)
def test_a_senseless_choice_is_named(name, value):
    with pytest.raises(InvalidArgumentError, match=name):
        Settings(**GOOD | {name: value})
