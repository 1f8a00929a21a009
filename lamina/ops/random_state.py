"""Where random numbers come from: generators with state, and the global one."""

from __future__ import annotations

import enum
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, INT32, INT64, UINT64, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..ir.graph import eagerly
from ..prims import elementwise as prim
from ..prims.broadcast import fill_like, reshape
from ..prims.layout import concatenate
from ..tensor.convert import constant_value, to_tensor
from ..tensor.tensor import Tensor
from ..tensor.variable import Variable
from .common import as_shape, integer
from .drawing import binomial_of, uniform_of
from .generator import derive_key, integers_from, normal_from, truncated_normal_from


class Algorithm(enum.Enum):
    """How random numbers are made: here always by Philox, the same on every machine."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


def check_algorithm(alg: Any) -> None:
    """Raise unless `alg` names Philox, or leaves the choice."""
    name = alg.name if isinstance(alg, Algorithm) else alg
    if isinstance(name, int):
        name = Algorithm(name).name
    if name is not None and str(name).upper() not in ("PHILOX", "AUTO_SELECT"):
        raise InvalidArgumentError(f"random numbers are made by 'philox'; got alg={alg!r}")


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
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """The generator that `seed` determines."""
        check_algorithm(alg)
        return cls(derive_key(integer(seed, "seed")))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that nobody can foresee."""
        check_algorithm(alg)
        return cls(int.from_bytes(os.urandom(8), "little"))

    @classmethod
    def from_key_counter(cls, key: int, counter: int, alg: Any = None) -> Generator:
        """The generator with this key and this number of the next draw."""
        check_algorithm(alg)
        return cls(integer(key, "key"), integer(counter, "counter"))

    @classmethod
    def from_state(cls, state: Any, alg: Any = None) -> Generator:
        """A generator that goes on where another had the state `state`."""
        check_algorithm(alg)
        key, draw = constant_value(state, "state").tolist()
        return cls(key, draw)

    @property
    def algorithm(self) -> int:
        """The number of Philox."""
        return Algorithm.PHILOX.value

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
        return uniform_of(self.next(), shape, minval, maxval, dtype)

    def uniform_full_int(self, shape: Any, dtype: Any = UINT64, name: str | None = None) -> Any:
        """Integers over the whole range of `dtype`."""
        limits = np.iinfo(numpy_dtype(dtype))
        return integers_from(*self.next(), as_shape(shape), limits.min, limits.max + 1, dtype)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = INT32, name: str | None = None
    ) -> Any:
        """How many of `counts` decisions fall with `probs`, which broadcast to `shape`."""
        return binomial_of(self.next(), shape, counts, probs, dtype)

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for the stateless functions, one a column: int64 of shape (2, count)."""
        limits = np.iinfo(INT64)
        shape = (2, integer(count, "count"))
        return integers_from(*self.next(), shape, limits.min, limits.max + 1, INT64)


# The global generator, and one for each seed of an operation -------------------------------------


class _Own(threading.local):
    """Of a thread that draws numbers of its own: what they are derived from, and its state."""

    numbers: tuple[int, ...] | None = None
    values: dict[int, Tensor]
    branches: int


_OWN = _Own()


class ByThread(Variable):
    """A variable whose value is another one in threads that draw numbers of their own.

    `start`, given their numbers, is its first value there.
    """

    def __init__(self, value: int, name: str, start: Callable[..., int]) -> None:
        self._start = start
        before, _OWN.numbers = _OWN.numbers, None  # the first value is that of all others
        try:
            super().__init__(np.array(value, UINT64), trainable=False, name=name)
        finally:
            _OWN.numbers = before

    @property
    def _value(self) -> Tensor:
        if _OWN.numbers is None:
            return self._common
        if id(self) not in _OWN.values:
            _OWN.values[id(self)] = Tensor(np.array(self._start(*_OWN.numbers), UINT64))
        return _OWN.values[id(self)]

    @_value.setter
    def _value(self, value: Tensor) -> None:
        if _OWN.numbers is None:
            self._common = value
        else:
            _OWN.values[id(self)] = value


class _ProcessGenerator(Generator):
    """A generator of the process; see `drawing`. `start`: its key in a thread with numbers."""

    def __init__(self, key: int, start: Callable[..., int] = derive_key) -> None:
        self._key = ByThread(key, "key", start)
        self._draw = ByThread(0, "draw", lambda *numbers: 0)


def branch() -> tuple[int, ...]:
    """Numbers for `drawing`: others in each call, the same ones after `set_seed`.

    The first two are the global generator's; the others, which branch of which, no chance decides.
    """
    generator, outer = _PROCESS.generator, _OWN.numbers or ()
    place = _place()
    place.branches += 1
    state = [int(np.asarray(part._value.array)) for part in (generator._key, generator._draw)]
    return (*state, *outer[2:], place.branches)


@contextmanager
def drawing(numbers: tuple[int, ...]) -> Iterator[None]:
    """Inside, this thread draws sequences of its own in place of those of the process.

    What works ahead does so: how far it is when others draw, nobody knows.
    """
    before = vars(_OWN).copy()
    _OWN.numbers, _OWN.values, _OWN.branches = numbers, {}, 0
    try:
        yield
    finally:
        vars(_OWN).clear()
        vars(_OWN).update(before)


class _Process:
    """What `set_seed` restarts."""

    def __init__(self) -> None:
        self.branches = 0
        self.generator: Generator = _ProcessGenerator(int.from_bytes(os.urandom(8), "little"))
        self.seed = 87654321  # what seeds of operations are combined with until set_seed
        self.of_seeds: dict[int, Generator] = {}

    def key_of(self, seed: int) -> int:
        return derive_key(self.seed, seed)

    def of_seed(self, seed: int) -> Generator:
        """The generator of operations with this seed, which determines it in threads, too."""

        def start(*numbers: int) -> int:
            return derive_key(self.key_of(seed), *numbers[2:])

        if seed not in self.of_seeds:
            self.of_seeds.setdefault(seed, _ProcessGenerator(self.key_of(seed), start))
        return self.of_seeds[seed]


_PROCESS = _Process()


def _place() -> _Process | _Own:
    """Where branches are counted."""
    return _PROCESS if _OWN.numbers is None else _OWN


def set_seed(seed: int) -> None:
    """Restart all random numbers of the process that have no generator of their own."""
    _PROCESS.seed, _PROCESS.branches = integer(seed, "seed"), 0
    _PROCESS.generator.reset_from_seed(_PROCESS.seed)
    for number, generator in list(_PROCESS.of_seeds.items()):
        generator.reset(np.array([_PROCESS.key_of(number), 0], UINT64))


def process_state() -> dict[str, Any]:
    """What all random numbers of the process depend on that have no generator of their own."""
    with eagerly():
        seeds = {str(n): _numbers_of(g) for n, g in list(_PROCESS.of_seeds.items())}
        generator = _numbers_of(_PROCESS.generator)
    return {
        "seed": _PROCESS.seed,
        "branches": _place().branches,
        "generator": generator,
        "of_seeds": seeds,
    }


def restart_process(state: dict[str, Any]) -> None:
    """Let the process's random numbers go on from a `process_state`."""
    with eagerly():
        _PROCESS.seed, _place().branches = state["seed"], state["branches"]
        _PROCESS.generator.reset(np.array(state["generator"], UINT64))
        for number in set(_PROCESS.of_seeds) - set(map(int, state["of_seeds"])):
            _PROCESS.of_seeds[number].reset(np.array([_PROCESS.key_of(number), 0], UINT64))
        for text, numbers in state["of_seeds"].items():
            _PROCESS.of_seed(int(text)).reset(np.array(numbers, UINT64))


def _numbers_of(generator: Generator) -> list[int]:
    """Key and number of the next draw."""
    return [int(np.asarray(part.read_value())) for part in (generator._key, generator._draw)]


def get_global_generator() -> Generator:
    """The generator that operations without a seed draw from."""
    return _PROCESS.generator


def set_global_generator(generator: Generator) -> None:
    """Let operations without a seed draw from `generator`."""
    _PROCESS.generator = generator


def source(seed: int | None) -> tuple[Any, Any]:
    """Key and draw of the next call: a seed has a sequence of its own, restarted by set_seed."""
    if seed is None:
        return _PROCESS.generator.next()
    return _PROCESS.of_seed(integer(seed, "seed")).next()


def pure(seed: Any) -> tuple[Any, Any]:
    """A seed of two integers as key and draw."""
    pair = to_tensor(seed)
    if pair.spec.shape != (2,) or pair.spec.dtype.kind not in "iu":
        raise InvalidArgumentError(f"a stateless seed is two integers; got {pair.spec!r}")
    words = prim.cast(pair, UINT64)
    return words[0], words[1]
