"""keras.datasets: the data of Keras's examples, downloaded once and checked."""

from __future__ import annotations

from ...core.outside import lacking
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

__getattr__ = lacking("keras.datasets", __all__)
