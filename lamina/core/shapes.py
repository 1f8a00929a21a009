"""Shapes: tuples of ints, with one symbolic size, the batch `B`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .errors import ArgumentTypeError, InvalidArgumentError, SymbolicShapeError, describe


class _Batch:
    """The one symbolic size: how many rows a batch has, known when a program runs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "B"

    def __reduce__(self) -> str:
        return "B"

    def _refuse(self, *_: Any) -> Any:
        raise SymbolicShapeError(
            "arithmetic with the batch size while a program is traced: its value is known only "
            "when the program runs. Use tf.shape(x)[0] for a tensor that holds it."
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __int__ = __index__ = _refuse


B = _Batch()
Dim = int | _Batch
Shape = tuple[Dim, ...]


class TensorShape(tuple[Any, ...]):
    """The shape of a tensor: a tuple of ints, None where the size is the batch's.

    `TensorShape(None)` is a shape of which not even the rank is known.
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[Any] | int | None = ()) -> TensorShape:
        if dims is None:
            return tuple.__new__(_UnknownShape)
        if isinstance(dims, _UnknownShape):
            return dims
        items = (dims,) if isinstance(dims, int) else dims
        try:
            sizes = tuple(None if d is None or d is B else int(d) for d in items)
        except (TypeError, ValueError):
            raise ArgumentTypeError(
                f"a shape is a list of sizes, each an integer or None; got {describe(dims)}"
            ) from None
        if any(size is not None and size < 0 for size in sizes):
            raise InvalidArgumentError(f"a size must be >= 0; got the shape {sizes}")
        return super().__new__(cls, sizes)

    @property
    def rank(self) -> int | None:
        return len(self)

    @property
    def ndims(self) -> int | None:
        return self.rank

    @property
    def dims(self) -> list[int | None] | None:
        return list(self)

    def as_list(self) -> list[int | None]:
        return list(self)

    def num_elements(self) -> int | None:
        """How many elements; None where a size is not known."""
        if not self.is_fully_defined():
            return None
        count = 1
        for dim in self:
            count *= dim
        return count

    def is_fully_defined(self) -> bool:
        return self.rank is not None and None not in self

    def is_compatible_with(self, other: Iterable[Any] | None) -> bool:
        """Whether one array could have both shapes."""
        theirs = TensorShape(other)
        if self.rank is None or theirs.rank is None:
            return True
        return len(self) == len(theirs) and all(
            a is None or b is None or a == b for a, b in zip(self, theirs, strict=True)
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every array of this shape has the shape `other`."""
        if not isinstance(other, TensorShape) or other.rank is None:
            return isinstance(other, TensorShape)
        return self.rank == other.rank and all(
            b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def merge_with(self, other: Any) -> TensorShape:
        """The sizes that are known in either; both must fit."""
        theirs = TensorShape(other)
        self.assert_is_compatible_with(theirs)
        if self.rank is None or theirs.rank is None:
            return theirs if self.rank is None else self
        return TensorShape(a if b is None else b for a, b in zip(self, theirs, strict=True))

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The sizes that are the same in both, None elsewhere."""
        theirs = TensorShape(other)
        if self.rank is None or self.rank != theirs.rank:
            return TensorShape(None)
        return TensorShape(a if a == b else None for a, b in zip(self, theirs, strict=True))

    def concatenate(self, other: Any) -> TensorShape:
        """The sizes of this shape, then those of `other`."""
        theirs = TensorShape(other)
        known = self.rank is not None and theirs.rank is not None
        return TensorShape((*self, *theirs) if known else None)

    def with_rank(self, rank: int) -> TensorShape:
        """The shape itself, or an error where it cannot have `rank` axes."""
        if self.rank is None:
            return TensorShape([None] * rank)
        return self._demand(self.rank == rank, f"have rank {rank}")

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """The shape itself, or an error where it has fewer axes."""
        return self._demand(self.rank is None or self.rank >= rank, f"have rank at least {rank}")

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """The shape itself, or an error where it has more axes."""
        return self._demand(self.rank is None or self.rank <= rank, f"have rank at most {rank}")

    def _demand(self, holds: bool, text: str) -> TensorShape:
        if not holds:
            raise InvalidArgumentError(f"the shape {self} must {text}")
        return self

    def assert_has_rank(self, rank: int) -> None:
        """Raise where the rank is known to be another one."""
        self._demand(self.rank in (None, rank), f"have rank {rank}")

    def assert_same_rank(self, other: Any) -> None:
        """Raise where both ranks are known and differ."""
        theirs = TensorShape(other)
        same = None in (self.rank, theirs.rank) or self.rank == theirs.rank
        self._demand(same, f"have the rank of {theirs}")

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise where no array could have both shapes."""
        fits = self.is_compatible_with(other)
        self._demand(fits, f"be compatible with {TensorShape(other)}")

    def assert_is_fully_defined(self) -> None:
        """Raise where a size is not known."""
        self._demand(self.is_fully_defined(), "be fully defined")

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Iterable[Any]) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Iterable[Any]) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _UnknownShape):
            return False
        return tuple(self) == tuple(other) if isinstance(other, (list, tuple)) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return str(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (list(self),)


class _UnknownShape(TensorShape):
    """A shape of unknown rank."""

    __slots__ = ()

    @property
    def rank(self) -> None:
        return None

    @property
    def dims(self) -> None:
        return None

    def _refuse(self, *_: Any) -> Any:
        raise InvalidArgumentError("a shape of unknown rank has no list of sizes")

    as_list = __len__ = __iter__ = _refuse

    def __getitem__(self, key: Any) -> Any:
        return TensorShape(None) if isinstance(key, slice) else None

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, _UnknownShape)

    def __hash__(self) -> int:
        return hash(_UnknownShape)

    def __repr__(self) -> str:
        return "TensorShape(None)"

    def __str__(self) -> str:
        return "<unknown>"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (None,)


def element_count(shape: Sequence[Dim]) -> int:
    """The product of known sizes; an error where one is symbolic."""
    count = 1
    for dim in shape:
        count *= dim
    return count


def broadcast_shapes(first: Shape, second: Shape) -> Shape:
    """NumPy's broadcasting of two shapes; the batch goes with itself and with 1."""
    if first == second:
        return first
    rank = max(len(first), len(second))
    left = (1,) * (rank - len(first)) + first
    right = (1,) * (rank - len(second)) + second
    result: list[Dim] = []
    for a, b in zip(left, right, strict=True):
        if a == 1:
            result.append(b)
        elif b == 1 or a == b:
            result.append(a)
        else:
            if a is B or b is B:
                raise SymbolicShapeError(
                    f"shapes {first} and {second} do not broadcast for every batch size B"
                )
            raise InvalidArgumentError(
                f"shapes {first} and {second} do not broadcast: sizes {a} and {b} stand at the "
                "same place, counted from the right, and neither is 1"
            )
    return tuple(result)


def normalize_axis(axis: int, rank: int, what: str = "axis") -> int:
    """`axis` counted from the front."""
    if not -rank <= axis < rank:
        raise InvalidArgumentError(
            f"{what} {axis} is out of range for a tensor of rank {rank}; "
            f"expected a value from {-rank} to {rank - 1}"
        )
    return axis + rank if axis < 0 else axis


def normalize_axes(axes: int | Iterable[int] | None, rank: int) -> tuple[int, ...]:
    """Sorted distinct axes counted from the front; None means all."""
    if axes is None:
        return tuple(range(rank))
    if isinstance(axes, Iterable):
        found = sorted(normalize_axis(int(axis), rank) for axis in axes)
        if len(set(found)) < len(found):
            raise InvalidArgumentError(f"an axis is given twice; the axes are {found}")
        return tuple(found)
    return (normalize_axis(int(axes), rank),)
