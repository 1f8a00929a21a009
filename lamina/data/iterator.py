"""Walking through a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..core import nest
from ..core.callers import user_line
from ..core.errors import OperatorNotAllowedInGraphError, OutOfRangeError
from ..ir.bind import STATE
from .node import Node
from .structure import to_tensors


def check_not_traced(what: str) -> None:
    """Elements are had when a function runs, not while it is traced."""
    if STATE.trace is not None:
        raise OperatorNotAllowedInGraphError(
            f"{user_line()}: {what} while a function is traced, when there are no elements yet. "
            "Loop over the dataset outside of tf.function, and call the function with each element."
        )


class DatasetIterator:
    """The elements of a dataset as tensors, from the start."""

    def __init__(self, node: Node) -> None:
        check_not_traced("a dataset was looped over")
        self.node = node
        self.taken = 0
        self.place: Any = None  # in a checkpoint, which may say to go elsewhere
        self._elements = node.elements()

    @property
    def element_spec(self) -> Any:
        """The type of an element."""
        return self.node.spec

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        check_not_traced("the next element of a dataset was asked for")
        if self.place is not None:
            self.place.follow()
        element = next(self._elements)
        self.taken += 1
        return to_tensors(element)

    def get_next(self) -> Any:
        """The next element; OutOfRangeError at the end."""
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("End of sequence") from None

    def restart(self, taken: int) -> None:
        """Begin anew and leave out the first `taken` elements."""
        self._elements = self.node.elements()
        self.taken = sum(1 for _ in islice(self._elements, taken))


class NumpyIterator:
    """The elements of a dataset as NumPy arrays and scalars."""

    def __init__(self, elements: Iterator[Any]) -> None:
        check_not_traced("as_numpy_iterator was called")
        self._elements = elements

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        return nest.map_structure(_own, next(self._elements))


def _own(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf
    return leaf.copy() if leaf.ndim else leaf[()]
