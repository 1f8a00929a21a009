"""tf.random: generators with state, the global one, and pure functions of a seed."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, INT32, INT64, UINT64, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..ir.bind import new_value
from ..prims import elementwise as prim
from ..prims.broadcast import fill_like, reshape
from ..prims.layout import concatenate
from ..prims.random import random_bits
from ..tensor.convert import constant_value, to_tensor
from ..tensor.variable import Variable
from .common import as_shape, floats, integer
from .generator import (
    categorical_from,
    derive_key,
    integers_from,
    normal_from,
    permuted,
    truncated_normal_from,
    uniform_from,
)
from .names import namespace


class Generator:
    """Random numbers with a state: a key, and the number of the next draw.

    Both live in variables, so that a traced function draws new numbers in every run.

    Example:
        tf.random.Generator.from_seed(1).normal([2, 3])
    """

    def __init__(self, key: int, draw: int = 0) -> None:
        self._key = Variable(np.array(key, UINT64), trainable=False, name="key")
        self._draw = Variable(np.array(draw, UINT64), trainable=False, name="draw")

    @classmethod
    def from_seed(cls, seed: int) -> Generator:
        """The generator that `seed` determines."""
        return cls(derive_key(integer(seed, "seed")))

    @classmethod
    def from_non_deterministic_state(cls) -> Generator:
        """A generator that nobody can foresee."""
        return cls(int.from_bytes(os.urandom(8), "little"))

    @classmethod
    def from_key_counter(cls, key: int, counter: int) -> Generator:
        """The generator with this key and this number of the next draw."""
        return cls(integer(key, "key"), integer(counter, "counter"))

    @classmethod
    def from_state(cls, state: Any) -> Generator:
        """A generator that goes on where another had the state `state`."""
        key, draw = constant_value(state, "state").tolist()
        return cls(key, draw)

    @property
    def key(self) -> Any:
        """The key, a uint64 scalar."""
        return self._key.read_value()

    @property
    def state(self) -> Any:
        """Key and number of the next draw, uint64 of shape (2,)."""
        parts = [reshape(part, (1,)) for part in (self.key, self._draw.read_value())]
        return concatenate(parts, 0)

    def reset(self, state: Any) -> None:
        """Go on from `state`."""
        key, draw = np.asarray(constant_value(state, "state"), UINT64)
        self._key.assign(np.asarray(key))
        self._draw.assign(np.asarray(draw))

    def reset_from_seed(self, seed: int) -> None:
        """Start anew as `from_seed(seed)` does."""
        self.reset(np.array([derive_key(integer(seed, "seed")), 0], UINT64))

    def reset_from_key_counter(self, key: int, counter: int) -> None:
        """Go on with this key and this number of the next draw."""
        self.reset(np.array([integer(key, "key"), integer(counter, "counter")], UINT64))

    def next(self) -> tuple[Any, Any]:
        """Key and number of one draw, which is used up by that."""
        draw = self._draw.read_value()
        self._draw.assign(prim.add(draw, fill_like(draw, 1)))
        return self._key.read_value(), draw

    def skip(self, delta: int) -> None:
        """Leave out `delta` draws."""
        draw = self._draw.read_value()
        self._draw.assign(prim.add(draw, fill_like(draw, integer(delta, "delta"))))

    def split(self, count: int = 1) -> list[Generator]:
        """`count` new generators, independent of this one and of each other."""
        key, draw = self.next()
        pair = [int(constant_value(part, "a generator that is split")) for part in (key, draw)]
        return [Generator(derive_key(*pair, number)) for number in range(count)]

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = FLOAT32,
        name: str | None = None,
    ) -> Any:
        """Normal numbers."""
        return normal_from(*self.next(), as_shape(shape), mean, stddev, dtype)

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = FLOAT32,
        name: str | None = None,
    ) -> Any:
        """Normal numbers within two standard deviations of the mean."""
        return truncated_normal_from(*self.next(), as_shape(shape), mean, stddev, dtype)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = FLOAT32,
        name: str | None = None,
    ) -> Any:
        """Uniform numbers in [minval, maxval); integers need a maxval."""
        return _uniform(self.next(), shape, minval, maxval, dtype)


def _uniform(source: tuple[Any, Any], shape: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    if numpy_dtype(dtype).kind == "f":
        low = float(minval) if isinstance(minval, (int, float)) else minval
        high = 1.0 if maxval is None else float(maxval) if type(maxval) is int else maxval
        return uniform_from(*source, as_shape(shape), low, high, dtype)
    if maxval is None:
        raise InvalidArgumentError("uniform integers need a maxval")
    return integers_from(*source, as_shape(shape), minval, maxval, dtype)


# The global generator, and one for each seed of an operation -------------------------------------


class _Process:
    """What `set_seed` restarts."""

    def __init__(self) -> None:
        self.generator = Generator.from_non_deterministic_state()
        self.seed = 87654321  # what seeds of operations are combined with until set_seed
        self.of_seeds: dict[int, Generator] = {}

    def key_of(self, seed: int) -> int:
        return derive_key(self.seed, seed)


_PROCESS = _Process()


def set_seed(seed: int) -> None:
    """Restart all random numbers of the process that have no generator of their own."""
    _PROCESS.seed = integer(seed, "seed")
    _PROCESS.generator.reset_from_seed(_PROCESS.seed)
    for number, generator in _PROCESS.of_seeds.items():
        generator.reset(np.array([_PROCESS.key_of(number), 0], UINT64))


def get_global_generator() -> Generator:
    """The generator that operations without a seed draw from."""
    return _PROCESS.generator


def set_global_generator(generator: Generator) -> None:
    """Let operations without a seed draw from `generator`."""
    _PROCESS.generator = generator


def _source(seed: int | None) -> tuple[Any, Any]:
    """Key and draw of the next call: a seed has a sequence of its own, restarted by set_seed."""
    if seed is None:
        return _PROCESS.generator.next()
    number = integer(seed, "seed")
    if number not in _PROCESS.of_seeds:
        _PROCESS.of_seeds[number] = Generator(_PROCESS.key_of(number))
    return _PROCESS.of_seeds[number].next()


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers."""
    return normal_from(*_source(seed), as_shape(shape), mean, stddev, dtype)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Normal numbers within two standard deviations of the mean."""
    return truncated_normal_from(*_source(seed), as_shape(shape), mean, stddev, dtype)


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = FLOAT32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Uniform numbers in [minval, maxval); integers need a maxval."""
    return _uniform(_source(seed), shape, minval, maxval, dtype)


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The rows of `value` in random order."""
    return permuted(*_source(seed), to_tensor(value))


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = INT64,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """`num_samples` classes a row, drawn with probabilities softmax(logits)."""
    return _categorical(_source(seed), logits, num_samples, dtype)


def _categorical(source: tuple[Any, Any], logits: Any, num_samples: Any, dtype: Any) -> Any:
    x = floats(logits)
    if len(x.spec.shape) != 2:
        raise InvalidArgumentError(
            f"categorical expects logits (rows, classes); got {x.spec.shape}"
        )
    return categorical_from(*source, x, integer(num_samples, "num_samples"), dtype)


# Pure functions of a seed ------------------------------------------------------------------------


def _pure(seed: Any) -> tuple[Any, Any]:
    """A seed of two integers as key and draw."""
    pair = to_tensor(seed)
    if pair.spec.shape != (2,) or pair.spec.dtype.kind not in "iu":
        raise InvalidArgumentError(f"a stateless seed is two integers; got {pair.spec!r}")
    words = prim.cast(pair, UINT64)
    return words[0], words[1]


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    name: str | None = None,
) -> Any:
    """Normal numbers that the two integers `seed` determine."""
    return normal_from(*_pure(seed), as_shape(shape), mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
    name: str | None = None,
) -> Any:
    """Normal numbers within two standard deviations that `seed` determines."""
    return truncated_normal_from(*_pure(seed), as_shape(shape), mean, stddev, dtype)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = FLOAT32,
    name: str | None = None,
) -> Any:
    """Uniform numbers in [minval, maxval) that the two integers `seed` determine."""
    return _uniform(_pure(seed), shape, minval, maxval, dtype)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = INT64, name: str | None = None
) -> Any:
    """`num_samples` classes a row that the two integers `seed` determine."""
    return _categorical(_pure(seed), logits, num_samples, dtype)


def experimental_stateless_shuffle(value: Any, seed: Any, name: str | None = None) -> Any:
    """The rows of `value` in the order that the two integers `seed` determine."""
    return permuted(*_pure(seed), to_tensor(value))


def split(seed: Any, num: int = 2, name: str | None = None) -> Any:
    """`num` new stateless seeds from one, int32 of shape (num, 2)."""
    return prim.cast(random_bits(*_pure(seed), (integer(num, "num"), 2)), INT32)


def fold_in(seed: Any, data: Any, name: str | None = None) -> Any:
    """A new stateless seed from one and an integer, of int32 and shape (2,)."""
    key, draw = _pure(seed)
    number = prim.cast(to_tensor(data), UINT64)
    return prim.cast(random_bits(key, prim.bitwise_xor(draw, _spread(number)), (2,)), INT32)


def _spread(number: Any) -> Any:
    """`number` mixed by the multiplier 2⁶⁴ / φ, so that small ones do not meet small draws."""
    return prim.multiply(number, new_value(np.array(0x9E3779B97F4A7C15, UINT64)))


__all__ = [
    "Generator", "categorical", "experimental_stateless_shuffle", "fold_in",
    "get_global_generator", "normal", "set_global_generator", "set_seed", "shuffle", "split",
    "stateless_categorical", "stateless_normal", "stateless_truncated_normal",
    "stateless_uniform", "truncated_normal", "uniform",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
