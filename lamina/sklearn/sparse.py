"""Rows of sparse matrices, made dense no more of them at once than memory is meant to hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.dtypes import Array
from ..keras.utils import PyDataset

WHOLE = 1 << 26
"""Numbers up to which a sparse matrix is made dense at once to train on it: 256 MiB."""
PART = 1 << 24
"""Numbers that are made dense at once for predictions."""


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse matrix, or an array of that kind."""
    return hasattr(x, "toarray")


def fitting(x: Any) -> Any:
    """`x` as a dense array, unless it is a sparse matrix too large for that."""
    return x.toarray() if is_sparse(x) and x.shape[0] * x.shape[1] <= WHOLE else x


def parts(x: Any) -> Iterator[Array]:
    """Dense rows, one part after the other."""
    size = max(1, PART // x.shape[1])
    return (x[start : start + size].toarray() for start in range(0, x.shape[0], size))


class Batches(PyDataset):
    """Batches of dense rows of a sparse matrix, with what belongs to them.

    A `seed` puts the rows of each epoch in another order.
    """

    def __init__(self, rows: Any, size: int, seed: int | None = None) -> None:
        super().__init__()
        self._rows, self._size = [part for part in rows if part is not None], size
        self._order = np.arange(rows[0].shape[0])
        self._random = None if seed is None else np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return (len(self._order) + self._size - 1) // self._size

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        chosen = self._order[index * self._size : (index + 1) * self._size]
        first, *others = (part[chosen] for part in self._rows)
        return (first.toarray(), *others)

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        if self._random is not None:
            self._random.shuffle(self._order)
