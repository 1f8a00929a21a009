"""The order of rows in an epoch."""

from __future__ import annotations

import numpy as np

from ...backends.base import shuffled_order
from ...core.dtypes import INT64, UINT64, Array
from ...ops.generator import bits
from ...tensor.convert import to_tensor
from ..random import draw_seed

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def shuffled(rows: int) -> Array:
    """A random permutation of `rows` indices, from the global generator.

    Rows are sorted by random bits, which depend on the seed alone, not on the machine; rows with
    equal bits stay in order.
    """
    seed = draw_seed()
    native = shuffled_order(rows, int(seed))
    if native is not None:
        return native
    key, draw = to_tensor(np.array(seed, UINT64)), to_tensor(np.array(0, UINT64))
    return stable_order(np.asarray(bits(key, draw, (rows,))))


def stable_order(words: Array) -> Array:
    """np.argsort(words, kind="stable") of up to 2^32 words (uint32): plain sorting is faster.

    Word and index are the halves of one number, so no two numbers are equal.
    """
    pairs = words.astype(UINT64) << _HALF
    pairs |= np.arange(len(words), dtype=UINT64)
    pairs.sort()
    pairs &= _LOW
    return pairs.view(INT64)
