"""What loops of the graph run over, item by item by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.dtypes import INT32
from ...core.errors import InvalidArgumentError, SymbolicShapeError
from ...core.shapes import B
from ...ir.value import Value
from ...prims import elementwise as prim
from ...prims.broadcast import dimension, fill
from ...prims.index import gather
from .. import arithmetic
from ..convert import is_tensor_like, promote, to_tensor


class Items:
    """Something with numbered items. `count`: how many; a tensor where the program tells."""

    count: Any

    def item(self, number: Any) -> Any:
        """The item of a number, a scalar tensor."""
        raise NotImplementedError

    def has(self, number: Any) -> Any:
        """Whether there is an item of this number."""
        return prim.less(number, prim.cast(to_tensor(self.count), INT32))


class Rows(Items):
    """The rows of a tensor."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = to_tensor(tensor)
        shape = self.tensor.spec.shape
        if not shape:
            raise InvalidArgumentError("a scalar tensor cannot be iterated over")
        self.count = dimension(self.tensor, 0) if shape[0] is B else shape[0]

    def item(self, number: Any) -> Any:
        return gather(self.tensor, number, 0)


class Span(Items):
    """start, start + delta, … up to `limit`, which is left out, where one of them is a tensor."""

    def __init__(self, start: Any, limit: Any = None, delta: Any = 1) -> None:
        if limit is None:
            start, limit = 0, start
        self.start, self.limit, self.delta = promote(start, limit, delta)
        kind = self.start.spec.dtype.kind
        width = arithmetic.subtract(self.limit, self.start)
        if kind == "f":
            self.count: Any = prim.ceil(arithmetic.truediv(width, self.delta))
        elif type(delta) is int and delta == 1:
            self.count = width
        else:
            self.count = arithmetic.negative(arithmetic.floordiv(-width, self.delta))
        if self.count.array is not None:
            self.count = max(0, int(self.count))

    def item(self, number: Any) -> Any:
        scaled = arithmetic.multiply(prim.cast(number, self.delta.spec.dtype), self.delta)
        return arithmetic.add(self.start, scaled)

    def __lamina_tensor__(self) -> Any:
        raise SymbolicShapeError(
            "the size of a range up to a tensor is not known while a function is traced; it can be "
            "looped over"
        )

    def __iter__(self) -> Any:
        return iter(self.__lamina_tensor__())


class Numbered(Items):
    """`enumerate`: the number of each item, and it."""

    def __init__(self, items: Items, start: Any) -> None:
        self.items, self.start, self.count = items, start, items.count

    def item(self, number: Any) -> Any:
        return arithmetic.add(number, self.start), self.items.item(number)

    def has(self, number: Any) -> Any:
        return self.items.has(number)


class Side(Items):
    """`zip`: items of several things side by side, as long as all have some."""

    def __init__(self, parts: Sequence[Items]) -> None:
        self.parts = parts
        known = [part.count for part in parts]
        self.count = min(known) if all(isinstance(each, int) for each in known) else None

    def item(self, number: Any) -> Any:
        return tuple([part.item(number) for part in self.parts])

    def has(self, number: Any) -> Any:
        found = self.parts[0].has(number)
        for part in self.parts[1:]:
            found = prim.bitwise_and(found, part.has(number))
        return found


def items_of(source: Any) -> Items | None:
    """`source` as numbered items, where a loop over it belongs into the graph."""
    if isinstance(source, Items):
        return source
    if isinstance(source, Value) or is_tensor_like(source):
        tensor = to_tensor(source)
        return _as_span(tensor) or Rows(tensor)
    return None


def _as_span(tensor: Any) -> Span | None:
    """Known integers that are evenly spaced, as `tf.range` gives them."""
    array = tensor.array
    if array is None or array.ndim != 1 or array.dtype.kind not in "iu" or len(array) < 2:
        return None
    first, second = array[0], array[1]
    step = int(second) - int(first)
    if step == 0 or not (array[1:] - array[:-1] == second - first).all():
        return None
    dtype = array.dtype
    ends = (int(first), int(array[-1]) + step, step)
    try:
        span = Span(*[fill((), end, dtype) for end in ends])
    except OverflowError:  # the end is beyond the dtype
        return None
    return span


# Python's functions that give something to loop over ----------------------------------------------


def range_(*arguments: Any) -> Any:
    """`range`, also of tensors."""
    if any(isinstance(each, Value) and each.array is None for each in map(_read, arguments)):
        return Span(*[_read(each) for each in arguments])
    return range(*arguments)


def _read(value: Any) -> Any:
    return to_tensor(value) if is_tensor_like(value) else value


def enumerate_(iterable: Any, start: Any = 0) -> Any:
    """`enumerate`, also of tensors and datasets."""
    if hasattr(iterable, "element_spec"):
        return iterable.enumerate(start)
    items = items_of(iterable)
    return enumerate(iterable, start) if items is None else Numbered(items, start)


def zip_(*iterables: Any, **options: Any) -> Any:
    """`zip`, also of tensors."""
    found = [items_of(each) for each in iterables]
    whole = [each for each in found if each is not None]
    return Side(whole) if whole and len(whole) == len(found) else zip(*iterables, **options)
