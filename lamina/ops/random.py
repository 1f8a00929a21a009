"""tf.random: generators with state, the global one, and pure functions of a seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, INT32, INT64, UINT64
from ..core.spaces import Space
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill_like
from ..prims.random import random_bits
from ..tensor.convert import to_tensor
from .common import as_shape, floats, integer
from .drawing import (
    behind,
    binomial_of,
    categorical_of,
    gamma_of,
    parameters,
    poisson_of,
    uniform_of,
)
from .elementwise import erfc
from .generator import normal_from, permuted, truncated_normal_from, uniform_from
from .names import namespace
from .random_state import (
    Algorithm,
    Generator,
    check_algorithm,
    get_global_generator,
    pure,
    set_global_generator,
    set_seed,
    source,
)
from .special import ndtri


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers."""
    return normal_from(*source(seed), as_shape(shape), mean, stddev, dtype)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers within two standard deviations of the mean."""
    return truncated_normal_from(*source(seed), as_shape(shape), mean, stddev, dtype)


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Uniform numbers in [minval, maxval); integers need a maxval."""
    return uniform_of(source(seed), shape, minval, maxval, dtype)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The rows of `value` in random order."""
    return permuted(*source(seed), to_tensor(value))


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = INT64,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """`num_samples` classes a row, drawn with probabilities softmax(logits)."""
    return categorical_of(source(seed), logits, num_samples, dtype)


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Gamma numbers of shape `alpha` and rate `beta` (1), `shape` of them for each parameter."""
    full = behind(shape, alpha, 1.0 if beta is None else beta)
    return gamma_of(source(seed), full, alpha, beta, dtype)


def poisson(
    shape: Any, lam: Any, dtype: Any = FLOAT32, seed: int | None = None, name: str | None = None
) -> Any:
    """Counts with the mean `lam`, `shape` of them for each parameter."""
    return poisson_of(source(seed), behind(shape, lam), lam, dtype)


# Pure functions of a seed ------------------------------------------------------------------------


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Normal numbers that the two integers `seed` determine."""
    check_algorithm(alg)
    return normal_from(*pure(seed), as_shape(shape), mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Normal numbers within two standard deviations that `seed` determines."""
    check_algorithm(alg)
    return truncated_normal_from(*pure(seed), as_shape(shape), mean, stddev, dtype)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = FLOAT32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """Uniform numbers in [minval, maxval) that the two integers `seed` determine."""
    check_algorithm(alg)
    return uniform_of(pure(seed), shape, minval, maxval, dtype)


def stateless_gamma(
    shape: Any,
    seed: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = FLOAT32,
    name: str | None = None,
) -> Any:
    """Gamma numbers of the whole `shape`, to which the parameters broadcast."""
    return gamma_of(pure(seed), as_shape(shape), alpha, beta, dtype)


def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = INT32, name: str | None = None
) -> Any:
    """Counts of the whole `shape`, to which the mean `lam` broadcasts."""
    return poisson_of(pure(seed), as_shape(shape), lam, dtype)


def stateless_binomial(
    shape: Any,
    seed: Any,
    counts: Any,
    probs: Any,
    output_dtype: Any = INT32,
    name: str | None = None,
) -> Any:
    """How many of `counts` decisions fall with `probs`, which broadcast to `shape`."""
    return binomial_of(pure(seed), shape, counts, probs, output_dtype)


def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: str | None = None,
) -> Any:
    """Normal numbers between two bounds, by the inverse of their distribution.

    They have the dtype of the means; all parameters broadcast to `shape`.
    """
    full, dtype = as_shape(shape), floats(means).spec.dtype
    mean, deviation, low, high = (
        broadcast(part, full) for part in parameters(means, stddevs, minvals, maxvals)
    )
    first, last = (prim.divide(prim.subtract(x, mean), deviation) for x in (low, high))
    # In the tail that both bounds lie in, the complement keeps the digits.
    turned = prim.less(fill_like(first, 0), prim.add(first, last))
    a = prim.select(turned, prim.negative(last), first)
    b = prim.select(turned, prim.negative(first), last)
    below, until = (0.5 * erfc(x * -math.sqrt(0.5)) for x in (a, b))
    u = uniform_from(*pure(seed), full, dtype=FLOAT64)
    x = ndtri(below + u * (until - below))
    x = prim.select(turned, prim.negative(x), x)
    held = prim.minimum(prim.maximum(mean + deviation * x, low), high)
    return prim.cast(held, dtype)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = INT64, name: str | None = None
) -> Any:
    """`num_samples` classes a row that the two integers `seed` determine."""
    return categorical_of(pure(seed), logits, num_samples, dtype)


def experimental_stateless_shuffle(
    value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None
) -> Any:
    """The rows of `value` in the order that the two integers `seed` determine."""
    check_algorithm(alg)
    return permuted(*pure(seed), to_tensor(value))


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Any:
    """`num` new stateless seeds from one, int32 of shape (num, 2)."""
    check_algorithm(alg)
    return prim.cast(random_bits(*pure(seed), (integer(num, "num"), 2)), INT32)


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Any:
    """A new stateless seed from one and an integer, of int32 and shape (2,)."""
    check_algorithm(alg)
    key, draw = pure(seed)
    number = prim.cast(to_tensor(data), UINT64)
    return prim.cast(random_bits(key, prim.bitwise_xor(draw, _spread(number)), (2,)), INT32)


def _spread(number: Any) -> Any:
    """`number` mixed by the multiplier 2⁶⁴ / φ, so that small ones do not meet small draws."""
    return prim.multiply(number, new_value(np.array(0x9E3779B97F4A7C15, UINT64)))


def create_rng_state(seed: Any, alg: Any) -> Any:
    """The state of a generator that `seed` determines: key and number of the next draw."""
    check_algorithm(alg)
    return Generator.from_seed(seed).state


experimental = Space(
    "lamina.random.experimental",
    Algorithm=Algorithm,
    Generator=Generator,
    create_rng_state=create_rng_state,
    get_global_generator=get_global_generator,
    set_global_generator=set_global_generator,
    stateless_fold_in=fold_in,
    stateless_shuffle=experimental_stateless_shuffle,
    stateless_split=split,
)

__all__ = [
    "Algorithm", "Generator", "categorical", "create_rng_state", "experimental",
    "experimental_stateless_shuffle", "fold_in", "gamma", "get_global_generator", "normal",
    "poisson", "set_global_generator", "set_seed", "shuffle", "split", "stateless_binomial",
    "stateless_categorical", "stateless_gamma", "stateless_normal",
    "stateless_parameterized_truncated_normal", "stateless_poisson", "stateless_truncated_normal",
    "stateless_uniform", "truncated_normal", "uniform",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
