"""Pictures of clothes: 60,000 and 10,000 grey ones of 28 × 28, in 10 classes.

Zalando Research, MIT license.
"""

from __future__ import annotations

import gzip
import math
import struct

import numpy as np

from ...core.dtypes import Array
from ...core.errors import DataLossError
from .files import ORIGIN, Pair, fetch


def load_data() -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test), all uint8."""
    parts = []
    for kind in ("train", "t10k"):
        images, labels = (
            fetch(f"fashion-mnist/{name}", _idx, f"{ORIGIN}{name}")
            for name in (f"{kind}-images-idx3-ubyte.gz", f"{kind}-labels-idx1-ubyte.gz")
        )
        if len(images) != len(labels):
            raise DataLossError(f"{len(images)} pictures and {len(labels)} labels")
        parts.append((images, labels))
    return parts[0], parts[1]


def _idx(content: bytes) -> Array:
    """The bytes of an IDX file, compressed: two zeros, 8 for bytes, the rank, sizes, numbers."""
    plain = gzip.decompress(content)
    zero, kind, rank = struct.unpack_from(">HBB", plain)
    shape = struct.unpack_from(f">{rank}I", plain, 4)
    numbers = np.frombuffer(plain, np.uint8, offset=4 + 4 * rank)
    if (zero, kind) != (0, 8) or numbers.size != math.prod(shape):
        raise DataLossError("not an IDX file of bytes, or one that is cut short")
    return numbers.reshape(shape)
