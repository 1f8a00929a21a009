"""What a dataset is made of: a chain of nodes, each of which gives elements anew when asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.errors import InvalidArgumentError
from .rows import UNKNOWN, Rows
from .structure import of_any_size, spec_of


class Node:
    """A source or an operation: structures of arrays, one after the other.

    `rows()` is what it means as rows of arrays, where it is no more than that.
    """

    def __init__(self, spec: Any = None) -> None:
        self._spec = spec

    def __lamina_node__(self) -> Node:
        return self

    @property
    def spec(self) -> Any:
        """The type of an element; where only running tells, that of the first, of any size."""
        if self._spec is None:
            for element in self.elements():
                self._spec = of_any_size(spec_of(element))
                break
            else:
                raise InvalidArgumentError("the dataset is empty, so its elements have no type")
        return self._spec

    def length(self) -> int:
        """How many elements there are, or INFINITE or UNKNOWN."""
        return UNKNOWN

    def rows(self) -> Rows | None:
        """The node as rows of arrays; None where it is more."""
        return None

    def produce(self) -> Iterator[Any]:
        """The elements where they are no mere rows."""
        raise NotImplementedError

    def elements(self) -> Iterator[Any]:
        """The elements, from the start."""
        rows = self.rows()
        return self.produce() if rows is None else rows.elements()


def node_of(value: Any, what: str) -> Node:
    """The node of a dataset that somebody passed."""
    if not hasattr(value, "__lamina_node__"):
        raise InvalidArgumentError(f"{what} expects a tf.data.Dataset; got {type(value).__name__}")
    node: Node = value.__lamina_node__()
    return node
