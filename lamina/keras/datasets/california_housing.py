"""Prices of houses in California, 1990: 20,640 blocks × 8 features.

Pace and Barry, Statistics & Probability Letters 33, 1997.
"""

from __future__ import annotations

from ...core.errors import InvalidArgumentError
from .files import ORIGIN, Pair, arrays, fetch, member, split_rows

_CHECKSUM = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"
_SMALL = 600


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test), float32; y in dollars. "small": 600 blocks."""
    if version not in ("large", "small"):
        raise InvalidArgumentError(f"version is 'large' or 'small'; got {version!r}")
    found = fetch(path, arrays, f"{ORIGIN}california_housing.npz", _CHECKSUM)
    rows = slice(_SMALL if version == "small" else None)
    return split_rows(member(found, "x")[rows], member(found, "y")[rows], test_split, seed)
