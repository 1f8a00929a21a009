"""Walking through a dataset."""

from __future__ import annotations

from collections.abc import Iterator
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
        self._node = node
        self._elements = node.elements()

    @property
    def element_spec(self) -> Any:
        """The type of an element."""
        return self._node.spec

    def __iter__(self) -> DatasetIterator:
        return self

    def __next__(self) -> Any:
        check_not_traced("the next element of a dataset was asked for")
        return to_tensors(next(self._elements))

    def get_next(self) -> Any:
        """The next element; OutOfRangeError at the end."""
        check_not_traced("the next element of a dataset was asked for")
        for element in self._elements:
            return to_tensors(element)
        raise OutOfRangeError("End of sequence")


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
