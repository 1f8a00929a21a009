"""Joining tensors, cutting them, grids of lines."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ...core.errors import InvalidArgumentError, SymbolicShapeError
from ...core.shapes import B
from ...ops import layout
from ...ops.common import axis_of, integer
from ...prims.broadcast import reshape
from ...tensor.convert import as_python
from .operation import Function, named, operation
from .promotion import common, own


def _parts(xs: Any) -> list[Any]:
    """Several tensors in the dtype that they have together."""
    parts = list(xs)
    if not parts:
        raise InvalidArgumentError("at least one tensor is needed to join; got none")
    return common(*map(own, parts))


@operation
def concatenate(xs: Any, axis: int | None = 0) -> Any:
    """Tensors one after the other along `axis`; flattened ones where it is None."""
    parts = _parts(xs)
    if axis is None:
        return layout.concat([layout.reshape(part, [-1]) for part in parts], 0)
    return layout.concat(parts, axis)


@operation
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """`x2` after `x1` along `axis`; flattened ones where it is None."""
    parts = _parts([x1, x2])
    if axis is None:
        parts = [layout.reshape(part, [-1]) for part in parts]
    return layout.concat(parts, 0 if axis is None else axis)


@operation
def stack(x: Any, axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new axis."""
    return layout.stack(_parts(x), axis)


def _at_least(rank: int, x: Any) -> Any:
    """`x` with the axes that NumPy gives it: a line is a row, a matrix gets a third axis."""
    shape = x.spec.shape
    if len(shape) >= rank:
        return x
    wanted: dict[int, tuple[Any, ...]] = {
        0: (1,) * rank,
        1: (1, *shape, *(1,) * (rank - 2)) if rank > 1 else shape,
        2: (*shape, 1),
    }
    return reshape(x, wanted[len(shape)])


@operation
def hstack(xs: Any) -> Any:
    """Tensors one after the other along the second axis; lines along their only one."""
    parts = [_at_least(1, part) for part in _parts(xs)]
    return layout.concat(parts, 0 if len(parts[0].spec.shape) == 1 else 1)


@operation
def vstack(xs: Any) -> Any:
    """Tensors one below the other; lines are rows."""
    return layout.concat([_at_least(2, part) for part in _parts(xs)], 0)


@operation
def dstack(xs: Any) -> Any:
    """Tensors one behind the other along the third axis."""
    return layout.concat([_at_least(3, part) for part in _parts(xs)], 2)


# Cutting -----------------------------------------------------------------------------------------


def _cut(x: Any, wanted: Any, axis: int, *, equal: bool) -> list[Any]:
    """`x` in a number of parts, or cut before each of several places."""
    place = axis_of(axis, len(x.spec.shape))
    total = x.spec.shape[place]
    if total is B:
        raise SymbolicShapeError("the batch axis cannot be cut while its size is not known")
    wanted = as_python(wanted, "indices_or_sections") if not isinstance(wanted, tuple) else wanted
    if isinstance(wanted, int):
        if wanted < 1 or (equal and total % wanted):
            raise InvalidArgumentError(
                f"axis {axis} of size {total} cannot be cut into {wanted} equal parts"
            )
        size, more = divmod(total, wanted)
        sizes = [size + 1] * more + [size] * (wanted - more)
    else:
        bounds = [slice(0, integer(stop, "an index")).indices(total)[1] for stop in wanted]
        sizes = [max(0, b - a) for a, b in pairwise([0, *bounds, total])]
        if sum(sizes) != total:
            raise InvalidArgumentError(f"the indices must rise; got {list(wanted)}")
    return layout.split(x, sizes, place)


@operation
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """`x` cut along `axis` into equal parts (a number), or before each of several indices."""
    return _cut(own(x), indices_or_sections, axis, equal=True)


@operation
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """As `split`; of parts that cannot be equal the first are larger by one."""
    return _cut(own(x), indices_or_sections, axis, equal=False)


def _splitter(name: str, axis: Callable[[int], int], least: int, doc: str) -> Function:
    @named(name, doc)
    def function(x: Any, indices_or_sections: Any) -> list[Any]:
        x = own(x)
        rank = len(x.spec.shape)
        if rank < least:
            raise InvalidArgumentError(f"{name} expects rank {least} or more; got {x.spec.shape}")
        return _cut(x, indices_or_sections, axis(rank), equal=True)

    return function


hsplit = _splitter("hsplit", lambda rank: int(rank > 1), 1, "Parts along the second axis.")
vsplit = _splitter("vsplit", lambda rank: 0, 2, "Parts along the first axis.")
dsplit = _splitter("dsplit", lambda rank: 2, 3, "Parts along the third axis.")


@operation
def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Each line repeated over the grid of all; `indexing="xy"` swaps the first two axes."""
    return layout.meshgrid(*map(own, x), indexing=indexing)


__all__ = [
    "append", "array_split", "concatenate", "dsplit", "dstack", "hsplit", "hstack", "meshgrid",
    "split", "stack", "vsplit", "vstack",
]  # fmt: skip
