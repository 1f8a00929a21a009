"""Preprocessing layers to check against Keras on JAX, which has those for numbers."""

from __future__ import annotations

from tests.oracle.keras_layers import Row

ROWS: dict[str, list[Row]] = {
    "Rescaling": [
        Row({"scale": 0.5}, (6, 4)),
        Row({"scale": [2.0, 0.5, 1.0], "offset": [0.0, 1.0, -1.0]}, (6, 3)),
        Row({"scale": 0.25, "offset": -1}, (6, 2), classes=9),
    ],
    "Discretization": [
        Row({"bin_boundaries": [-1.0, 0.5, 2.0]}, (6, 4), smooth=False),
        Row({"bin_boundaries": [0.0], "output_mode": "one_hot"}, (6, 4), smooth=False),
        Row({"bin_boundaries": [0, 2], "output_mode": "one_hot"}, (6, 1), smooth=False),
        Row({"bin_boundaries": [0.0, 2.0], "output_mode": "multi_hot"}, (6, 4), smooth=False),
        Row({"bin_boundaries": [3, 5, 7], "output_mode": "count"}, (6, 4), classes=9),
        Row({"num_bins": 4}, (40, 3), adapts=True, smooth=False),
        Row({"num_bins": 3, "epsilon": 0.1, "output_mode": "count"}, (90, 3), True, smooth=False),
    ],
    "CategoryEncoding": [
        Row({"num_tokens": 5}, (6, 4), classes=5),
        Row({"num_tokens": 5, "output_mode": "count"}, (6, 4), classes=5),
        Row({"num_tokens": 5, "output_mode": "one_hot"}, (6, 4), classes=5),
        Row({"num_tokens": 4, "output_mode": "one_hot"}, (6, 1), classes=5),
    ],
}
