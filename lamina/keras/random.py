"""Random numbers as Keras hands them out: seeds as state that moves on with each draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, UINT32, UINT64, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..core.outside import lacking
from ..data.order import draw_seed
from ..ops import random
from ..ops.common import as_shape, as_size, axis_of, floats, integer, move_axis, typed
from ..ops.distributions import beta_from, binomial_from, gamma_from
from ..ops.generator import (
    categorical_from,
    integers_from,
    normal_from,
    permuted,
    truncated_normal_from,
    uniform_from,
)
from ..prims.broadcast import broadcast, fill_like
from ..prims.elementwise import cast, less_equal, multiply, select
from ..tensor.convert import to_tensor
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

    def next(self, ordered: bool = True) -> Any:
        """A fresh seed: a uint32 tensor of shape (2,) for the stateless functions.

        Draws are always in the order of the code, whether `ordered` or not.
        """
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


# Functions ---------------------------------------------------------------------------------------


def _source(seed: Any) -> tuple[Any, Any]:
    """Key and number of one draw: those of the seed, or the global generator's next."""
    if checked_seed(seed) is None:
        return random.get_global_generator().next()
    words = cast(to_tensor(as_pair(seed)), UINT64)
    return words[0], words[1]


def _float(dtype: Any, name: str) -> np.dtype[Any]:
    wanted = numpy_dtype(dtype or floatx())
    if wanted.kind != "f":
        raise InvalidArgumentError(f"keras.random.{name} gives floats; got dtype={wanted.name!r}")
    return wanted


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What numbers of a dtype are computed with."""
    return FLOAT64 if dtype == FLOAT64 else FLOAT32


def _parameter(value: Any, shape: Any, dtype: np.dtype[Any]) -> Any:
    return broadcast(typed(value, dtype), as_shape(shape))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal numbers.

    The words that all functions here are made of are lamina's (Philox4x32-10): a seed gives the
    same numbers on every machine, and others than it gives in Keras.
    """
    return normal_from(*_source(seed), as_shape(shape), mean, stddev, _float(dtype, "normal"))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal numbers within two standard deviations of the mean."""
    wanted = _float(dtype, "truncated_normal")
    return truncated_normal_from(*_source(seed), as_shape(shape), mean, stddev, wanted)


def uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers spread evenly over [minval, maxval)."""
    low, high = (float(end) if isinstance(end, int) else end for end in (minval, maxval))
    return uniform_from(*_source(seed), as_shape(shape), low, high, _float(dtype, "uniform"))


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Integers spread evenly over [minval, maxval)."""
    wanted = numpy_dtype(dtype or "int32")
    if wanted.kind not in "iu":
        raise InvalidArgumentError(f"keras.random.randint gives integers; got dtype={dtype!r}")
    return integers_from(*_source(seed), as_shape(shape), minval, maxval, wanted)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """`num_samples` classes a row of `logits` (rows, classes), with probabilities softmax."""
    x = floats(logits)
    if len(x.spec.shape) != 2:
        raise InvalidArgumentError(
            f"categorical expects logits of shape (rows, classes); got {x.spec.shape}"
        )
    count = integer(num_samples, "num_samples")
    return categorical_from(*_source(seed), x, count, dtype or "int32")


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """`x` with its slices along `axis` in random order."""
    x = to_tensor(x)
    place = axis_of(axis, len(x.spec.shape))
    return move_axis(permuted(*_source(seed), move_axis(x, place, 0)), 0, place)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """0 with probability `rate`, else `inputs` / (1 - rate).

    `noise_shape` has 1 where the elements along an axis fall together, None where each on its own.
    """
    x = floats(inputs)
    if not 0 <= rate <= 1:
        raise InvalidArgumentError(f"dropout expects 0 ≤ rate ≤ 1; got {rate}")
    if rate == 0:
        return x
    given = [None] * len(x.spec.shape) if noise_shape is None else list(noise_shape)
    if len(given) != len(x.spec.shape):
        raise InvalidArgumentError(
            f"dropout: noise_shape {noise_shape} does not fit a tensor of shape {x.spec.shape}"
        )
    sizes = tuple(
        have if size is None else as_size(size)
        for size, have in zip(given, x.spec.shape, strict=True)
    )
    noise = uniform_from(*_source(seed), sizes, dtype=_wide(x.spec.dtype))
    kept = broadcast(less_equal(fill_like(noise, rate), noise), x.spec.shape)
    scaled = multiply(x, fill_like(x, 1 / (1 - rate) if rate < 1 else 0.0))
    return select(kept, scaled, fill_like(x, 0))


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Gamma numbers of the shape parameter `alpha` (broadcast) and scale 1."""
    wanted = _float(dtype, "gamma")
    alpha = _parameter(alpha, shape, _wide(wanted))
    return cast(gamma_from(*_source(seed), alpha), wanted)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Beta numbers in (0, 1) of the parameters `alpha` and `beta` (broadcast)."""
    wanted = _float(dtype, "beta")
    first, second = (_parameter(value, shape, _wide(wanted)) for value in (alpha, beta))
    return cast(beta_from(*_source(seed), first, second), wanted)


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """How many of `counts` decisions fall with `probabilities` (broadcast), as floats."""
    wanted = _float(dtype, "binomial")
    total, p = (_parameter(value, shape, FLOAT64) for value in (counts, probabilities))
    return cast(binomial_from(*_source(seed), total, p), wanted)


__all__ = [
    "SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint",
    "shuffle", "truncated_normal", "uniform",
]  # fmt: skip

__getattr__ = lacking("keras.random", __all__)
