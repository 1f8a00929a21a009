"""Prices of houses around Boston, 1978: 506 × 13 features; one of them counts people by race.

Harrison and Rubinfeld, Journal of Environmental Economics and Management 5, 1978.
"""

from __future__ import annotations

from .files import ORIGIN, Pair, arrays, fetch, member, split_rows

_CHECKSUM = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Pair, Pair]:
    """(x_train, y_train), (x_test, y_test), float64; y in thousands of dollars."""
    found = fetch(path, arrays, f"{ORIGIN}boston_housing.npz", _CHECKSUM)
    return split_rows(member(found, "x"), member(found, "y"), test_split, seed)
