"""Walking through a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core import nest
from ..core.errors import OutOfRangeError
from .node import Node
from .structure import to_tensors


class DatasetIterator:
    """The elements of a dataset as tensors, from the start."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._elements = node.elements()

    @property
    def element_spec(self) -> Any:
        """The type of an element."""
        return self._node.spec

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        return to_tensors(next(self._elements))

    def get_next(self) -> Any:
        """The next element; OutOfRangeError at the end."""
        for element in self._elements:
            return to_tensors(element)
        raise OutOfRangeError("End of sequence")


class NumpyIterator:
    """The elements of a dataset as NumPy arrays and scalars."""

    def __init__(self, elements: Iterator[Any]) -> None:
        self._elements = elements

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        return nest.map_structure(_own, next(self._elements))


def _own(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf
    return leaf.copy() if leaf.ndim else leaf[()]
