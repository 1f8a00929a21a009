"""keras.datasets: the data of Keras's examples, downloaded once and checked."""

from __future__ import annotations

from typing import Any

from ...core.errors import UnknownNameError, nearest
from . import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)

__all__ = [
    "boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb",
    "mnist", "reuters",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    raise UnknownNameError(f"keras.datasets has no {name!r}.{nearest(name, __all__)}")
