"""Random bits: Philox4x32-10, a pure function of a key, a draw number and a place.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import UINT32, UINT64, Array
from ..core.errors import InvalidArgumentError
from ..core.shapes import Shape
from ..ir.bind import bind
from ..ir.primitive import NO_GRADIENT, Primitive
from ..ir.value import Spec, Value

ROUNDS = 10
_MULTIPLIERS = np.array([[0xD2511F53], [0xCD9E8D57]], UINT64)
_KEY_STEPS = np.array([0x9E3779B9, 0xBB67AE85], UINT64)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox(counter: Array, key: Array) -> Array:
    """Ten rounds on counters of shape (4, n) with a key of shape (2,); words in uint64."""
    even, odd = counter[0::2], counter[1::2]
    for _ in range(ROUNDS):
        product = even * _MULTIPLIERS
        even, odd = (product >> _HALF)[::-1] ^ odd ^ key[:, None], (product & _LOW)[::-1]
        key = (key + _KEY_STEPS) & _LOW
    return np.stack([even[0], odd[0], even[1], odd[1]])


def _infer_random_bits(key: Spec, draw: Spec, *, shape: Shape) -> Spec:
    for spec in (key, draw):
        if spec != Spec((), UINT64):
            raise InvalidArgumentError(f"random_bits expects uint64 scalars; got {key!r}, {draw!r}")
    return Spec(shape, UINT32)


def _random_bits(key: Array, draw: Array, *, shape: tuple[int, ...]) -> Array:
    """The word at row r (of the flattened leading axes) and column c of the last axis is word
    c mod 4 of the counter (c div 4, r, draw low, draw high): a place's bits do not depend on
    how many rows there are, in which order they are made, or how wide a machine is.
    """
    columns = shape[-1] if shape else 1
    rows = int(np.prod(shape[:-1], dtype=np.int64)) if shape else 1
    groups = -(-columns // 4)
    counter = np.empty((4, rows * groups), UINT64)
    grid = counter.reshape(4, rows, groups)
    grid[0] = np.arange(groups, dtype=UINT64)
    grid[1] = np.arange(rows, dtype=UINT64)[:, None]
    counter[2], counter[3] = _halves(draw)
    words = philox(counter, np.array(_halves(key), UINT64)).astype(UINT32)
    laid = words.reshape(4, rows, groups).transpose(1, 2, 0).reshape(rows, groups * 4)
    return np.ascontiguousarray(laid[:, :columns]).reshape(shape)


def _halves(word: Array) -> tuple[Any, Any]:
    return np.uint64(word) & _LOW, np.uint64(word) >> _HALF


random_bits_p = Primitive(
    "random_bits", infer=_infer_random_bits, evaluate=_random_bits, vjp=NO_GRADIENT
)


def random_bits(key: Value, draw: Value, shape: Shape) -> Any:
    """Independent uniform 32-bit words; equal arguments give equal words everywhere."""
    return bind(random_bits_p, key, draw, shape=shape)
