"""A FeatureSpace on four rows, and the vectors that Keras 3.15 on TensorFlow 2.21 makes of them."""

from __future__ import annotations

from typing import Any

DATA: dict[str, list[Any]] = {
    "f": [0.0, 0.1, 0.2, 0.3],
    "n": [1.0, 2.0, 3.0, 9.0],
    "d": [1.0, 2.0, 3.0, 4.0],
    "s": ["a", "b", "a", "c"],
    "i": [0, 1, 2, 3],
    "hs": ["x", "y", "z", "w"],
    "hi": [5, 6, 7, 8],
    "r": [1.0, 2.0, 3.0, 4.0],
}


def space(feature_space: Any, **options: Any) -> Any:
    """Every kind of feature, and two crosses."""
    return feature_space(
        features={
            "f": "float",
            "n": "float_normalized",
            "d": feature_space.float_discretized(num_bins=3),
            "s": "string_categorical",
            "i": feature_space.integer_categorical(num_oov_indices=1),
            "hs": feature_space.string_hashed(4),
            "hi": "integer_hashed",
            "r": feature_space.float_rescaled(2.0, 1.0),
        },
        crosses=[("s", "i"), feature_space.cross(("s", "hs"), crossing_dim=8)],
        crossing_dim=6,
        hashing_dim=5,
        **options,
    )


# The places that are not 0, and what is there.
_ENTRIES: list[dict[int, float]] = [
    {0: 1, 5: 1, 11: 1, 17: 1, 18: -0.8835413, 19: 3, 21: 1, 29: 1, 35: 1},
    {1: 1, 3: 0.1, 6: 1, 10: 1, 16: 1, 18: -0.5622535, 19: 5, 23: 1, 28: 1, 35: 1},
    {2: 1, 3: 0.2, 7: 1, 10: 1, 15: 1, 18: -0.2409658, 19: 7, 21: 1, 25: 1, 35: 1},
    {2: 1, 3: 0.3, 6: 1, 12: 1, 14: 1, 18: 1.686761, 19: 9, 22: 1, 24: 1, 32: 1},
]
VECTORS = [[entries.get(place, 0) for place in range(38)] for entries in _ENTRIES]
