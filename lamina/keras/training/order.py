"""The order of rows in an epoch."""

from __future__ import annotations

import numpy as np

from ...core.dtypes import UINT64, Array
from ...ops.generator import bits
from ...tensor.convert import to_tensor
from ..random import draw_seed


def shuffled(rows: int) -> Array:
    """A random permutation of `rows` indices, from the global generator.

    Rows are sorted by random bits, which depend on the seed alone, not on the machine.
    """
    key, draw = to_tensor(np.array(draw_seed(), UINT64)), to_tensor(np.array(0, UINT64))
    order: Array = np.argsort(np.asarray(bits(key, draw, (rows,))), kind="stable")
    return order
