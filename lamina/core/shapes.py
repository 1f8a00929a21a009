"""Shapes: tuples of ints, with one symbolic size, the batch `B`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .errors import InvalidArgumentError, SymbolicShapeError


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
    """The shape of a tensor: a tuple of ints, None where the size is the batch's."""

    __slots__ = ()

    def __new__(cls, dims: Iterable[Any] | int | None = ()) -> TensorShape:
        if dims is None or isinstance(dims, _UnknownShape):
            return super().__new__(_UnknownShape)
        items = (dims,) if isinstance(dims, int) else dims
        return super().__new__(cls, (None if d is None or d is B else int(d) for d in items))

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
        return None not in self

    def is_compatible_with(self, other: Iterable[Any]) -> bool:
        """Whether one array could have both shapes."""
        theirs = TensorShape(other)
        return theirs.rank is None or (
            len(self) == len(theirs)
            and all(a is None or b is None or a == b for a, b in zip(self, theirs, strict=True))
        )

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Iterable[Any]) -> TensorShape:
        return TensorShape((*self, *other))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (list, tuple)) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return str(tuple(self))


class _UnknownShape(TensorShape):
    """The shape of which not even the rank is known: TensorShape(None)."""

    __slots__ = ()

    rank = dims = None

    def num_elements(self) -> None:
        return None

    def is_fully_defined(self) -> bool:
        return False

    def is_compatible_with(self, other: Iterable[Any]) -> bool:
        """Whether one array could have both shapes."""
        return True

    def _refuse(self, *_: Any) -> Any:
        raise InvalidArgumentError("a shape of unknown rank has no length and no sizes")

    as_list = __len__ = __iter__ = __getitem__ = _refuse

    def __add__(self, other: Iterable[Any]) -> TensorShape:
        return self

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _UnknownShape)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "TensorShape(None)"

    def __str__(self) -> str:
        return "<unknown>"

    def __reduce__(self) -> Any:
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
