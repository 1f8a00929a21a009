"""The networks and the data that every library is measured on.

All peers run it, so it knows NumPy alone.

Data are drawn from a seed in blocks of rows, so that 10 million rows need no more memory than one
block, and the first rows are the same however many there are.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK = 10_000  # rows that are drawn at once
EPSILON = 1e-7  # Adam's, as in Keras


class Layer(NamedTuple):
    """A dense layer."""

    units: int
    activation: str  # relu, sigmoid, softmax or linear


@dataclasses.dataclass(frozen=True)
class Case:
    """A network with its loss, and how many rows it learns from, in batches of which size.

    Every hidden layer has the dropout and, on its weights, the L2 penalty l2 * sum(w ** 2).
    `wanted`: how many times as fast as the best peer lamina shall be.
    """

    name: str
    rows: int
    features: int
    layers: tuple[Layer, ...]
    batch: int
    loss: str
    dropout: float = 0.0
    l2: float = 0.0
    wanted: float | None = None

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return -(-self.rows // self.batch)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Inputs and units of each layer."""
        widths = [self.features, *(layer.units for layer in self.layers)]
        return list(itertools.pairwise(widths))

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum((inputs + 1) * units for inputs, units in self.sizes)

    def to_json(self) -> str:
        """What `from_json` reads."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Case:
        """The case that `to_json` wrote."""
        values = json.loads(text)
        values["layers"] = tuple(Layer(*layer) for layer in values["layers"])
        return cls(**values)

    def blocks(self) -> Iterator[tuple[Array, Array]]:
        """Features and targets, at most BLOCK rows at a time."""
        slopes = np.random.default_rng(0).normal(size=self.features).astype("float32")
        slopes /= np.sqrt(np.float32(self.features))
        for start in range(0, self.rows, BLOCK):
            draw = np.random.default_rng((1, start))
            features = draw.standard_normal((BLOCK, self.features), dtype="float32")
            signal = features @ slopes + draw.standard_normal(BLOCK, dtype="float32") / 2
            stop = min(BLOCK, self.rows - start)
            yield features[:stop], self._targets(signal)[:stop]

    def data(self) -> tuple[Array, Array]:
        """Features (rows, features) in float32, and targets."""
        features, targets = zip(*self.blocks())
        return np.concatenate(features), np.concatenate(targets)

    def weights(self) -> list[Array]:
        """Weights (inputs, units), drawn as by Glorot and Bengio (2010), and biases in turn."""
        draw = np.random.default_rng(2)
        found = []
        for inputs, units in self.sizes:
            limit = np.sqrt(6 / (inputs + units))
            found.append(draw.uniform(-limit, limit, (inputs, units)).astype("float32"))
            found.append(np.zeros(units, "float32"))
        return found

    def _targets(self, signal: Array) -> Array:
        if self.loss == "sparse_categorical_crossentropy":  # classes of about equal size
            classes = self.layers[-1].units
            rank = 1 / (1 + np.exp(-1.5 * signal))
            return np.minimum(rank * classes, classes - 1).astype("int32")
        if self.loss == "binary_crossentropy":
            return (signal > 0).astype("float32")[:, None]
        return signal[:, None]


def _network(*layers: tuple[int, str]) -> tuple[Layer, ...]:
    return tuple(Layer(*layer) for layer in layers)


CASES = {
    case.name: case
    for case in (
        Case(
            name="borrower",
            rows=30_000,
            features=23,
            layers=_network((16, "relu"), (8, "sigmoid"), (1, "sigmoid")),
            batch=32,
            loss="binary_crossentropy",
            wanted=20,
        ),
        Case(
            name="mnist",
            rows=20_000,
            features=784,
            layers=_network((128, "relu"), (10, "softmax")),
            batch=64,
            loss="sparse_categorical_crossentropy",
            wanted=2.5,
        ),
        Case(
            name="wide",
            rows=4_096,
            features=1024,
            layers=_network((2048, "relu"), (2048, "relu"), (10, "softmax")),
            batch=256,
            loss="sparse_categorical_crossentropy",
            wanted=1.4,
        ),
        Case(
            name="deep narrow",
            rows=100_000,
            features=50,
            layers=_network(*[(64, "relu")] * 8, (1, "linear")),
            batch=256,
            loss="mean_squared_error",
            dropout=0.1,
            l2=1e-4,
            wanted=4,
        ),
    )
}


def with_rows(rows: int) -> Case:
    """The borrower case on more or fewer rows."""
    return dataclasses.replace(CASES["borrower"], rows=rows, wanted=None)


def with_width(width: int) -> Case:
    """Two hidden layers of `width`, from as many features; one epoch has 16 steps of 256 rows."""
    return Case(
        name="width",
        rows=4_096,
        features=width,
        layers=_network((width, "relu"), (width, "relu"), (10, "softmax")),
        batch=256,
        loss="sparse_categorical_crossentropy",
    )
