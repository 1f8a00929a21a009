"""Random numbers as Keras hands them out: seeds as state that moves on with each draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import UINT32
from ..core.errors import InvalidArgumentError
from ..data.order import draw_seed
from ..ops import random
from ..tensor.variable import Variable
from .configurable import Configurable, register
from .naming import unique_name
from .settings import floatx

_STEP = np.array([0, 1], UINT32)


@register("keras.random")
class SeedGenerator(Configurable):
    """A source of seeds: [seed, number of draws so far], both uint32, kept in a variable.

    Without `seed`, the global generator gives one. Inside a traced program every run draws
    anew, for the state is read and written through the graph.

    Example: `tf.keras.random.SeedGenerator(1).uniform((2, 3))`.
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and not _is_integer(seed):
            raise InvalidArgumentError(f"the seed of a SeedGenerator is an integer; got {seed!r}")
        self.name = name or unique_name("seed_generator")
        start = draw_seed() if seed is None else int(seed)
        self.state = Variable(
            np.array([start % 2**32, 0], UINT32), trainable=False, name="seed_generator_state"
        )

    def next(self) -> Any:
        """A fresh seed: a uint32 tensor of shape (2,) for the stateless functions."""
        seed = self.state.read_value()
        self.state.assign(seed + _STEP)
        return seed

    def uniform(
        self, shape: Any, dtype: Any = None, minval: float = 0.0, maxval: float = 1.0
    ) -> Any:
        """Numbers spread evenly over [minval, maxval)."""
        dtype = dtype or floatx()
        return random.stateless_uniform(shape, self.next(), minval, maxval, dtype=dtype)

    def normal(self, shape: Any, dtype: Any = None, mean: float = 0.0, stddev: float = 1.0) -> Any:
        """Normally distributed numbers."""
        return random.stateless_normal(shape, self.next(), mean, stddev, dtype=dtype or floatx())

    def truncated_normal(
        self, shape: Any, dtype: Any = None, mean: float = 0.0, stddev: float = 1.0
    ) -> Any:
        """Normally distributed numbers, those beyond two standard deviations drawn again."""
        return random.stateless_truncated_normal(
            shape, self.next(), mean, stddev, dtype=dtype or floatx()
        )

    def get_config(self) -> dict[str, Any]:
        """The seed it was made with, and the name."""
        return {"seed": self._arguments["seed"], "name": self.name}


def _is_integer(seed: Any) -> bool:
    return isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)


def checked_seed(seed: Any) -> Any:
    """`seed` itself, or an error where it is neither None, an integer nor a SeedGenerator."""
    if seed is None or isinstance(seed, SeedGenerator) or _is_integer(seed):
        return seed
    raise InvalidArgumentError(
        f"a seed is None, an integer or a keras.random.SeedGenerator; got {seed!r:.80}"
    )


def as_pair(seed: Any) -> Any:
    """A checked seed as a pair for the stateless functions.

    An integer gives the same pair, and so the same numbers, every time.
    """
    if isinstance(seed, SeedGenerator):
        return seed.next()
    return np.array([draw_seed() if seed is None else int(seed) % 2**32, 0], UINT32)
