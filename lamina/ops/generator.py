"""Random numbers from keys: pure functions of a key, a draw number and a shape.

Each call with a new draw number gives new numbers, the same on every machine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dtypes import FLOAT32, FLOAT64, UINT64, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..core.shapes import Shape
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill_like, reshape
from ..prims.index import argsort, gather
from ..prims.layout import slice_along
from ..prims.random import philox, random_bits
from ..prims.reduce import argmax
from ..tensor.arithmetic import add, multiply
from ..tensor.composite import composite
from ..tensor.convert import constant_value, operands
from .common import typed

_TWO_SIGMA = math.erf(math.sqrt(2))
"""The probability of a normal number within two standard deviations."""


def derive_key(*numbers: int) -> int:
    """A 64-bit key from integers; equal integers give equal keys, others unrelated ones."""
    key = np.array([0x6C616D69, 0x6E612121], UINT64)
    word = len(numbers)
    for number in numbers:
        halves = [number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF, word & 0xFFFFFFFF, word >> 32]
        low, high = (int(part) for part in philox(np.array(halves, UINT64)[:, None], key)[:2, 0])
        word = low | high << 32
    return word


def bits(key: Any, draw: Any, shape: Shape) -> Any:
    """Uniform 32-bit words (uint32)."""
    return random_bits(key, draw, shape)


def _wide_bits(key: Any, draw: Any, shape: Shape) -> tuple[Any, Any]:
    """Two words for each place: high and low."""
    pairs = random_bits(key, draw, (*shape, 2))
    rank = len(shape)

    def half(index: int) -> Any:
        return reshape(slice_along(pairs, rank, index, index + 1), shape)

    return half(0), half(1)


def _digits(key: Any, draw: Any, shape: Shape, dtype: np.dtype[Any], count: int) -> Any:
    """`count` random binary digits as whole numbers of a floating dtype."""
    if dtype != FLOAT64:
        words = random_bits(key, draw, shape)
        return prim.cast(prim.shift_right(words, fill_like(words, 32 - count)), dtype)
    high, low = (prim.cast(half, UINT64) for half in _wide_bits(key, draw, shape))
    low = prim.shift_right(low, fill_like(low, 64 - count))
    joined = prim.bitwise_or(prim.shift_left(high, fill_like(high, count - 32)), low)
    return prim.cast(joined, dtype)


def _precision(dtype: np.dtype[Any]) -> int:
    return {2: 11, 4: 24, 8: 53}[dtype.itemsize]


def uniform_from(
    key: Any,
    draw: Any,
    shape: Shape,
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = FLOAT32,
) -> Any:
    """Uniform numbers in [minval, maxval), all digits that the dtype has below 1."""
    wanted = numpy_dtype(dtype)
    digits = _precision(wanted)
    whole = _digits(key, draw, shape, wanted, digits)
    unit = prim.multiply(whole, fill_like(whole, 2.0**-digits))
    if type(minval) is float and type(maxval) is float and (minval, maxval) == (0.0, 1.0):
        return unit
    low, high = (typed(end, wanted) for end in (minval, maxval))
    scaled = add(multiply(unit, prim.subtract(*operands(high, low))), low)
    # Rounding may reach the upper end where the width is no power of two.
    return prim.select(prim.less(*operands(scaled, high)), scaled, operands(scaled, low)[1])


def integers_from(key: Any, draw: Any, shape: Shape, minval: Any, maxval: Any, dtype: Any) -> Any:
    """Uniform integers in [minval, maxval).

    A 32-bit word is scaled by multiplication, so that no number is more than 1 + n / 2³² times as
    likely as another for n = maxval - minval; wider ranges take 64 bits modulo n.
    """
    wanted = numpy_dtype(dtype)
    low, high = (
        end if isinstance(end, int) else int(constant_value(end, "minval and maxval"))
        for end in (minval, maxval)
    )
    limits = np.iinfo(wanted)
    if not limits.min <= low < high <= limits.max + 1:
        raise InvalidArgumentError(
            f"uniform {wanted.name} expects {limits.min} ≤ minval < maxval ≤ {limits.max + 1}; "
            f"got {low} and {high}"
        )
    return _integers(key, draw, shape=shape, low=low, count=high - low, dtype=wanted)


@composite
def _integers(
    key: Any, draw: Any, *, shape: Shape, low: int, count: int, dtype: np.dtype[Any]
) -> Any:
    if count <= 2**32:
        words = prim.cast(random_bits(key, draw, shape), UINT64)
        scaled = prim.multiply(words, fill_like(words, count))
        place = prim.shift_right(scaled, fill_like(scaled, 32))
    else:
        top, bottom = (prim.cast(half, UINT64) for half in _wide_bits(key, draw, shape))
        place = prim.bitwise_or(prim.shift_left(top, fill_like(top, 32)), bottom)
        if count < 2**64:
            place = prim.remainder(place, fill_like(place, count))
    shifted = prim.add(place, fill_like(place, low % 2**64))  # wraps around as intended
    return prim.cast(shifted, dtype)


def _centred(key: Any, draw: Any, shape: Shape, dtype: np.dtype[Any]) -> Any:
    """Uniform in the open interval (-1, 1), symmetric around 0 and never 0."""
    digits = _precision(dtype) - 1
    whole = _digits(key, draw, shape, dtype, digits)
    middle = prim.add(whole, fill_like(whole, 0.5))
    scaled = prim.multiply(middle, fill_like(whole, 2.0 ** (1 - digits)))
    return prim.subtract(scaled, fill_like(whole, 1))


def _scaled(x: Any, mean: Any, stddev: Any, dtype: np.dtype[Any]) -> Any:
    if not (type(stddev) in (int, float) and stddev == 1):
        x = multiply(x, typed(stddev, x.spec.dtype))
    if not (type(mean) in (int, float) and mean == 0):
        x = add(x, typed(mean, x.spec.dtype))
    return prim.cast(x, dtype)


def normal_from(
    key: Any,
    draw: Any,
    shape: Shape,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
) -> Any:
    """Normal numbers: √2 erf⁻¹(u) for u uniform in (-1, 1)."""
    wanted = numpy_dtype(dtype)
    u = _centred(key, draw, shape, FLOAT64 if wanted == FLOAT64 else FLOAT32)
    x = prim.multiply(prim.erf_inverse(u), fill_like(u, math.sqrt(2)))
    return _scaled(x, mean, stddev, wanted)


def truncated_normal_from(
    key: Any,
    draw: Any,
    shape: Shape,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = FLOAT32,
) -> Any:
    """Normal numbers within two standard deviations, by the inverse of their distribution."""
    wanted = numpy_dtype(dtype)
    u = _centred(key, draw, shape, FLOAT64 if wanted == FLOAT64 else FLOAT32)
    inner = prim.multiply(u, fill_like(u, _TWO_SIGMA))
    x = prim.multiply(prim.erf_inverse(inner), fill_like(u, math.sqrt(2)))
    bounded = prim.maximum(prim.minimum(x, fill_like(x, 2)), fill_like(x, -2))
    return _scaled(bounded, mean, stddev, wanted)


def categorical_from(key: Any, draw: Any, logits: Any, num_samples: int, dtype: Any) -> Any:
    """Classes drawn with probabilities softmax(logits), by the largest logit plus Gumbel noise."""
    rows, classes = logits.spec.shape
    full = (rows, num_samples, classes)
    u = _centred(key, draw, full, FLOAT64 if logits.spec.dtype == FLOAT64 else FLOAT32)
    unit = prim.multiply(prim.add(u, fill_like(u, 1)), fill_like(u, 0.5))
    noise = prim.negative(prim.log(prim.negative(prim.log(unit))))
    wide = broadcast(reshape(prim.cast(logits, u.spec.dtype), (rows, 1, classes)), full)
    return prim.cast(argmax(prim.add(wide, noise), 2), numpy_dtype(dtype))


def permuted(key: Any, draw: Any, value: Any) -> Any:
    """`value` with its rows in the order that sorts random words.

    Two equal words, which keep their rows in order, occur in n rows with chance below n² / 2³³.
    """
    words = random_bits(key, draw, value.spec.shape[:1])
    return gather(value, argsort(words, descending=False), 0)


__all__ = [
    "bits", "categorical_from", "derive_key", "integers_from", "normal_from",
    "permuted", "truncated_normal_from", "uniform_from",
]  # fmt: skip
