"""tf.TensorArray: tensors by number, written and read one by one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dtypes import INT32, DType, as_dtype, numpy_dtype
from ..core.errors import (
    InvalidArgumentError,
    OutOfRangeError,
    UnimplementedError,
    UnknownValueError,
)
from ..core.shapes import B, TensorShape
from ..ir.bind import STATE
from ..ir.value import Value
from ..prims.broadcast import broadcast, fill, iota, reshape
from ..prims.elementwise import cast, equal, select
from ..prims.index import gather as gather_rows
from ..tensor.convert import constant_value, is_tensor_like, to_tensor
from .layout import concat, stack, unstack

_CLEARED: Any = "cleared"


class TensorArray:
    """`size` tensors of one dtype, and of one shape if they are to be stacked.

    Eagerly, `write` changes the array and returns it; in a traced function it returns another one,
    so write `ta = ta.write(i, x)` in both. Written or read at a number that the program tells (in
    a loop over `tf.range`), the array is one tensor of all items; then it cannot grow.
    A tensor is read once, unless `clear_after_read=False`.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None or flow is not None:
            raise UnimplementedError(
                "TensorArray: handle and flow are TensorFlow's inner parts; leave them out"
            )
        self._dtype = numpy_dtype(dtype)
        self._grows = bool(dynamic_size)
        self._clears = clear_after_read is not False
        self._one_shape = infer_shape
        self._element: TensorShape | None = None
        if element_shape is not None:
            self._element = TensorShape(element_shape)
        count = 0 if size is None else int(constant_value(size, "the size of a TensorArray"))
        self._items: list[Any] = [None] * count
        self._buffer: Any = None  # all items as one tensor, in place of them
        self._name = name or tensor_array_name or "TensorArray"

    # What it is

    @property
    def dtype(self) -> DType:
        return as_dtype(self._dtype)

    @property
    def dynamic_size(self) -> bool:
        return self._grows

    @property
    def element_shape(self) -> TensorShape:
        known = [item for item in self._items if item is not None and item is not _CLEARED]
        if self._buffer is not None:
            return TensorShape(self._buffer.shape[1:])
        if self._element is not None:
            return self._element
        return TensorShape(known[0].shape if known and self._one_shape else None)

    def size(self, name: str | None = None) -> Any:
        """How many items there are, as a tensor."""
        return to_tensor(np.asarray(self._count(), INT32))

    def _count(self) -> int:
        return len(self._items) if self._buffer is None else int(self._buffer.spec.shape[0])

    def _changed(self) -> TensorArray:
        """The array that a change goes to: itself, or in a trace another one."""
        if STATE.trace is None:
            return self
        other = TensorArray.__new__(TensorArray)
        other.__dict__.update(self.__dict__)
        other._items = list(self._items)
        return other

    # Items

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` at `index`."""
        tensor = self._fitting(value)
        place = to_tensor(index)
        found = self._changed()
        if place.array is None or self._buffer is not None:
            found._write_anywhere(place, tensor)
            return found
        number = int(place.array)
        if number < 0 or (number >= len(found._items) and not self._grows):
            raise OutOfRangeError(
                f"{self._name}: tried to write to index {number}, but the size is "
                f"{len(found._items)} and dynamic_size is False"
            )
        found._items += [None] * (number + 1 - len(found._items))
        found._items[number] = tensor
        return found

    def _fitting(self, value: Any) -> Any:
        tensor = to_tensor(value)
        if tensor.spec.dtype != self._dtype:
            fits = np.can_cast(tensor.spec.dtype, self._dtype, "same_kind")
            if not fits or isinstance(value, Value) or is_tensor_like(value):
                raise InvalidArgumentError(
                    f"{self._name} holds {self._dtype.name}; got {tensor.spec.dtype.name}"
                )
            tensor = to_tensor(value, self._dtype)
        if self._one_shape and not self.element_shape.is_compatible_with(tensor.shape):
            raise InvalidArgumentError(
                f"{self._name} holds tensors of shape {self.element_shape}; got {tensor.shape}"
            )
        return tensor

    def _write_anywhere(self, place: Any, tensor: Any) -> None:
        if self._buffer is None:
            self._buffer = self._joined(tensor)
        shape = self._buffer.spec.shape
        line = reshape(iota(shape[:1], 0, INT32), (shape[0], *[1] * (len(shape) - 1)))
        here = equal(line, broadcast(cast(place, INT32), line.spec.shape))
        wide = broadcast(reshape(tensor, (1, *tensor.spec.shape)), shape)
        self._buffer = select(broadcast(here, shape), wide, self._buffer)
        self._items = []

    def _joined(self, like: Any = None) -> Any:
        """All items as one tensor, zeros where nothing was written."""
        known = [item for item in self._items if item is not None and item is not _CLEARED]
        example = known[0] if known else like
        if self._grows:
            raise UnknownValueError(
                f"{self._name} with dynamic_size=True is written at a place that the program "
                "tells; its size must be known: give it as size, with dynamic_size=False"
            )
        if example is None:
            shape = self.element_shape
            if not shape.is_fully_defined():
                raise InvalidArgumentError(f"{self._name}: nothing was written yet")
            dims = tuple(shape)
        else:
            dims = example.spec.shape
        if not known:
            return fill((len(self._items), *dims), _zero(self._dtype), self._dtype)
        empty = fill(dims, _zero(self._dtype), self._dtype)
        return stack([empty if not _is_there(item) else item for item in self._items])

    def read(self, index: Any, name: str | None = None) -> Any:
        """The tensor at `index`."""
        place = to_tensor(index)
        if place.array is None or self._buffer is not None:
            table = self._joined() if self._buffer is None else self._buffer
            return gather_rows(table, cast(place, INT32), 0)
        number = int(place.array)
        if not 0 <= number < len(self._items):
            raise OutOfRangeError(
                f"{self._name}: tried to read from index {number}, but the size is "
                f"{len(self._items)}"
            )
        item = self._items[number]
        if item is _CLEARED:
            raise InvalidArgumentError(
                f"{self._name}: index {number} was read before, which clears it; make the "
                "TensorArray with clear_after_read=False to read it twice"
            )
        if item is None:
            return self._unwritten(number)
        if self._clears and STATE.trace is None:
            self._items[number] = _CLEARED
        return item

    def _unwritten(self, number: int) -> Any:
        shape = self.element_shape
        if shape.rank is None or not shape.is_fully_defined():
            raise InvalidArgumentError(
                f"{self._name}: index {number} was not written yet, and the shape is not known"
            )
        return fill(tuple(shape), _zero(self._dtype), self._dtype)

    # All items

    def stack(self, name: str | None = None) -> Any:
        """All tensors along a new first axis."""
        if self._buffer is not None:
            return self._buffer
        if not self._items:
            rest = tuple(self.element_shape) if self.element_shape.rank is not None else ()
            return fill((0, *rest), _zero(self._dtype), self._dtype)
        return stack([self._known(number) for number in range(len(self._items))])

    def _known(self, number: int) -> Any:
        item = self._items[number]
        return item if _is_there(item) else self._unwritten(number)

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The tensors at `indices`, along a new first axis."""
        places = to_tensor(indices)
        if places.array is None or self._buffer is not None:
            return gather_rows(self.stack(), cast(places, INT32), 0)
        return stack([self._known(int(number)) for number in places.array])

    def concat(self, name: str | None = None) -> Any:
        """All tensors joined along their first axis."""
        if self._buffer is None:
            return concat([self._known(number) for number in range(len(self._items))], 0)
        count, rows, *rest = self._buffer.spec.shape
        if rows is B:
            return concat(unstack(self._buffer), 0)
        return reshape(self._buffer, (count * rows, *rest))

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value`."""
        tensor = to_tensor(value)
        rows = unstack(tensor)
        self._check_count(len(rows))
        found = self._changed()
        found._items, found._buffer = [self._fitting(item) for item in rows], None
        return found

    def _check_count(self, count: int) -> None:
        if not self._grows and count != self._count():
            raise InvalidArgumentError(
                f"{self._name} has size {self._count()} and dynamic_size is False; got {count} "
                "tensors"
            )

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` at `indices`."""
        found = self
        numbers = constant_value(indices, "the indices of scatter").tolist()
        for number, item in zip(numbers, unstack(to_tensor(value)), strict=True):
            found = found.write(number, item)
        return found

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array with parts of `value` along its first axis, of these lengths."""
        tensor = to_tensor(value)
        found = self._changed()
        sizes = [int(n) for n in constant_value(lengths, "the lengths of split").tolist()]
        if sum(sizes) != tensor.shape[0]:
            raise InvalidArgumentError(
                f"{self._name}: the lengths {sizes} do not add up to {tensor.shape[0]} rows"
            )
        self._check_count(len(sizes))
        ends = np.cumsum([0, *sizes]).tolist()
        found._items = [tensor[a:b] for a, b in itertools.pairwise(ends)]
        return found

    def identity(self) -> TensorArray:
        """An array with the same tensors."""
        other = TensorArray.__new__(TensorArray)
        other.__dict__.update(self.__dict__)
        other._items = list(self._items)
        return other

    def close(self, name: str | None = None) -> None:
        """Forget all tensors."""
        self._items = [None] * self._count()
        self._buffer = None

    # In loops and branches of graphs

    def __lamina_parts__(self) -> tuple[Any, Sequence[Any], Any]:
        """Its tensors, and what makes an array of others: what loops of a graph carry."""
        if self._buffer is not None:
            return "tensor", [self._buffer], lambda items: self._with(items[0], [])
        there = tuple(map(_is_there, self._items))
        items = [item for item in self._items if _is_there(item)]

        def make(items: Sequence[Any]) -> TensorArray:
            fresh = iter(items)
            return self._with(None, [next(fresh) if each else None for each in there])

        return there, items, make

    def _with(self, buffer: Any, items: list[Any]) -> TensorArray:
        other = self.identity()
        other._buffer, other._items = buffer, items
        return other

    def __lamina_grown__(self, other: Any) -> TensorArray:
        """It, with zeros where `other` has tensors and it has none, and in the form of `other`."""
        if not isinstance(other, TensorArray) or self._buffer is not None:
            return self
        if other._buffer is not None:
            like = other._buffer.spec
            return self._with(self._joined(fill(like.shape[1:], _zero(like.dtype), like.dtype)), [])
        if len(other._items) != len(self._items):
            return self
        pairs = list(zip(self._items, other._items, strict=True))
        if all(_is_there(mine) or not _is_there(theirs) for mine, theirs in pairs):
            return self
        return self._with(
            None,
            [
                fill(theirs.spec.shape, _zero(self._dtype), self._dtype)
                if _is_there(theirs) and not _is_there(mine)
                else mine
                for mine, theirs in pairs
            ],
        )


def _is_there(item: Any) -> bool:
    return item is not None and item is not _CLEARED


def _zero(dtype: np.dtype[Any]) -> Any:
    return False if dtype.kind == "b" else 0


__all__ = ["TensorArray"]
