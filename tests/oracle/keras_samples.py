"""Targets and predictions of each kind that losses and metrics take."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def sample(kind: str, rows: int = 6, seed: int = 0, dtype: str = "float32") -> tuple[Array, Array]:
    """y_true and y_pred of `kind`, the same for the same `seed`."""
    rng = np.random.default_rng([seed, rows])
    labels = rng.integers(0, 4, rows)
    normal = rng.normal(size=(rows, 4)).astype(dtype)
    powers = np.exp(normal)
    shares = (powers / powers.sum(-1, keepdims=True)).astype(dtype)
    others = rng.normal(size=(rows, 4)).astype(dtype)
    chance = rng.uniform(0.03, 0.97, (rows, 3)).astype(dtype)
    bits = rng.integers(0, 2, (rows, 3)).astype(dtype)
    onehot = np.eye(4, dtype=dtype)[labels]
    samples = {
        "numbers": (others, normal),
        "positive": (np.abs(others) + 0.1, np.abs(normal) + 0.1),
        "chances": (bits, chance),
        "chance": (bits[:, :1], chance[:, :1]),
        "flat chance": (bits[:, 0], chance[:, 0]),
        "logits": (bits, normal[:, :3]),
        "signs": (2 * bits - 1, normal[:, :3]),
        "shares": (np.roll(shares, 1, -1), shares),
        "onehot": (onehot, shares),
        "onehot logits": (onehot, normal),
        "classes": (labels, shares),
        "class column": (labels[:, None], shares),
        "classes logits": (labels, normal),
        "classes first": (labels, np.ascontiguousarray(shares.T)),
        "equal or not": (rng.integers(0, 2, (rows, 2)), rng.integers(0, 2, (rows, 2))),
        "two classes": (labels.astype(np.int32), rng.integers(0, 4, rows, np.int32)),
        "ranked": (labels, np.stack([rng.permutation(4) for _ in range(rows)])),
    }
    return samples[kind]
