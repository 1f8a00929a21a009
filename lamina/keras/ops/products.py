"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import BOOL, INT32
from ...core.errors import ArgumentTypeError, InvalidArgumentError
from ...core.shapes import broadcast_shapes
from ...ir.bind import new_value
from ...ops import einsum as einsum_module
from ...ops import layout, linalg
from ...ops.common import axis_of, insert_axis, integer, move_axis
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill_like, reduce_sum, reshape
from ...prims.index import gather
from ...prims.layout import pad, slice_along
from ...tensor import arithmetic
from .creation import arange
from .operation import operation
from .promotion import common, dtype_of, floating, same_shape, tensor, wide_floating
from .reductions import mean_over

INT8 = np.dtype("int8")


def _factors(x1: Any, x2: Any) -> tuple[Any, Any, np.dtype[Any]]:
    """Two factors in a dtype that products can be summed in, and that of the result."""
    x1, x2 = common(x1, x2, weak=False)
    dtype = x1.spec.dtype
    if dtype == BOOL:
        x1, x2 = prim.cast(x1, INT32), prim.cast(x2, INT32)
    return x1, x2, dtype


@operation
def matmul(x1: Any, x2: Any) -> Any:
    """The product of the matrices in the last two axes, broadcast over the others.

    A line counts as one row on the left, as one column on the right. int8 gives int32.
    """
    x1, x2 = tensor(x1), tensor(x2)
    dtype = x1.spec.dtype
    matrices = len(x1.spec.shape) > 1 < len(x2.spec.shape)
    if matrices and dtype.kind == "f" and dtype == x2.spec.dtype:
        return arithmetic.matmul(x1, x2)
    if x1.spec.dtype == INT8 and x2.spec.dtype == INT8:
        x1, x2 = prim.cast(x1, INT32), prim.cast(x2, INT32)
    x1, x2, dtype = _factors(x1, x2)
    if not x1.spec.shape or not x2.spec.shape:
        raise InvalidArgumentError("matmul expects lines or matrices; got a scalar")
    row, column = len(x1.spec.shape) == 1, len(x2.spec.shape) == 1
    left = insert_axis(x1, 0) if row else x1
    right = insert_axis(x2, 1) if column else x2
    product = arithmetic.matmul(left, right)
    *outer, rows, columns = product.spec.shape
    shape = (*outer, *(() if row else (rows,)), *(() if column else (columns,)))
    return prim.cast(reshape(product, shape), dtype)


@operation
def dot(x1: Any, x2: Any) -> Any:
    """Σ over the last axis of x1 and the last but one of x2 (its only one, if it is a line)."""
    x1, x2, dtype = _factors(x1, x2)
    if not x1.spec.shape or not x2.spec.shape:
        return prim.cast(prim.multiply(*same_shape(x1, x2)), dtype)
    other = max(len(x2.spec.shape) - 2, 0)
    return prim.cast(linalg.tensordot(x1, x2, [[len(x1.spec.shape) - 1], [other]]), dtype)


@operation
def inner(x1: Any, x2: Any) -> Any:
    """Σ over the last axes of both."""
    x1, x2, dtype = _factors(x1, x2)
    if not x1.spec.shape or not x2.spec.shape:
        return prim.cast(prim.multiply(*same_shape(x1, x2)), dtype)
    last = [[len(x.spec.shape) - 1] for x in (x1, x2)]
    return prim.cast(linalg.tensordot(x1, x2, last), dtype)


def _line(x: Any) -> Any:
    return layout.reshape(x, [-1])


@operation
def vdot(x1: Any, x2: Any) -> Any:
    """Σ x1 x2 of all elements in their order."""
    x1, x2, dtype = _factors(x1, x2)
    return prim.cast(linalg.tensordot(_line(x1), _line(x2), 1), dtype)


@operation
def outer(x1: Any, x2: Any) -> Any:
    """Each element of x1 times each of x2, both flattened."""
    x1, x2, dtype = _factors(x1, x2)
    first, second = insert_axis(_line(x1), 1), insert_axis(_line(x2), 0)
    return prim.cast(prim.multiply(*same_shape(first, second)), dtype)


@operation
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """Σ over axes of both: the last n of x1 with the first n of x2 for a number n, else pairs."""
    x1, x2, dtype = _factors(x1, x2)
    return prim.cast(linalg.tensordot(x1, x2, axes), dtype)


@operation
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """The sum of products that `subscripts` writes, such as "bij,bjk->bik".

    `optimize` is understood and changes nothing: products are formed from the left.
    """
    odd = [name for name in kwargs if name != "optimize"]
    if odd:
        raise ArgumentTypeError(f"einsum has no argument {odd[0]!r}")
    tensors = [tensor(operand) for operand in operands]
    dtype = dtype_of(*(x.spec.dtype.name for x in tensors))
    if dtype in (BOOL, INT8):
        dtype = INT32 if dtype == INT8 else dtype
        found = einsum_module.einsum(subscripts, *(prim.cast(x, INT32) for x in tensors))
        return prim.cast(found, dtype)
    return einsum_module.einsum(subscripts, *(prim.cast(x, dtype) for x in tensors))


@operation
def kron(x1: Any, x2: Any) -> Any:
    """Blocks of x2, each times an element of x1, in the order of these."""
    x1, x2, dtype = _factors(x1, x2)
    rank = max(len(x1.spec.shape), len(x2.spec.shape))
    sizes = [(1,) * (rank - len(x.spec.shape)) + x.spec.shape for x in (x1, x2)]
    first = reshape(x1, tuple(size for own in sizes[0] for size in (own, 1)))
    second = reshape(x2, tuple(size for own in sizes[1] for size in (1, own)))
    product = prim.multiply(*same_shape(first, second))
    return prim.cast(reshape(product, tuple(a * b for a, b in zip(*sizes, strict=True))), dtype)


@operation
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The cross product of vectors of 2 or 3 numbers along an axis of each.

    Of two vectors of 2 numbers it is the third number alone.
    """
    x1, x2 = common(x1, x2, weak=False)
    if axis is not None:
        axisa = axisb = axisc = axis
    parts = []
    for x, place in ((x1, axisa), (x2, axisb)):
        last = len(x.spec.shape) - 1
        moved = move_axis(x, axis_of(place, last + 1), last)
        if moved.spec.shape[-1] not in (2, 3):
            raise InvalidArgumentError(
                f"cross expects vectors of 2 or 3 numbers; got {moved.spec.shape[-1]}"
            )
        parts.append(moved)
    flat = all(part.spec.shape[-1] == 2 for part in parts)
    wide = [_three(part) for part in parts]
    shape = broadcast_shapes(*(part.spec.shape for part in wide))
    a, b = (broadcast(part, shape) for part in wide)
    if flat:
        a0, a1, b0, b1 = (_number(part, i) for part in (a, b) for i in (0, 1))
        return prim.subtract(prim.multiply(a0, b1), prim.multiply(a1, b0))
    found = linalg.cross(a, b)
    return move_axis(found, len(shape) - 1, axis_of(axisc, len(shape)))


def _three(x: Any) -> Any:
    """Vectors of 2 numbers with a third, 0."""
    rank = len(x.spec.shape)
    more = (*(0,) * (rank - 1), 3 - x.spec.shape[-1])
    return x if more[-1] == 0 else pad(x, (0,) * rank, more, (0,) * rank)


def _number(x: Any, place: int) -> Any:
    shape = x.spec.shape
    return reshape(slice_along(x, len(shape) - 1, place, place + 1), shape[:-1])


# Statistics of lines -----------------------------------------------------------------------------


@operation
def corrcoef(x: Any) -> Any:
    """The correlations of the rows of a matrix, from -1 to 1."""
    x = tensor(x)
    rows = wide_floating(x)
    if len(rows.spec.shape) > 2:
        raise InvalidArgumentError(f"corrcoef expects a line or a matrix; got {rows.spec.shape}")
    rows = insert_axis(rows, 0) if len(rows.spec.shape) == 1 else rows
    mean = mean_over(rows, (1,))
    apart = prim.subtract(rows, broadcast(insert_axis(mean, 1), rows.spec.shape))
    products = arithmetic.matmul(apart, apart, transpose_b=True)
    size = prim.sqrt(linalg.diag_part(products))
    scale = prim.multiply(
        *(broadcast(insert_axis(size, axis), products.spec.shape) for axis in (0, 1))
    )
    found = prim.divide(products, scale)
    held = prim.minimum(prim.maximum(found, fill_like(found, -1)), fill_like(found, 1))
    return reshape(held, ()) if len(x.spec.shape) == 1 else held


@operation
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Σ x1[n + k] x2[n] for each shift k: of two lines, all of whose places meet ("valid").

    "same": as many shifts as the longer line has places; "full": all where they touch.
    """
    x1, x2 = common(x1, x2)
    a, b = (wide_floating(x) for x in (x1, x2))
    if len(a.spec.shape) != 1 or len(b.spec.shape) != 1:
        raise InvalidArgumentError(
            f"correlate expects two lines; got shapes {a.spec.shape} and {b.spec.shape}"
        )
    long, short = a.spec.shape[0], b.spec.shape[0]
    low, high = _shifts(long, short, mode)
    before, after = max(0, -low), max(0, high + short - long)
    padded = pad(a, (before,), (after,), (0,))
    starts = np.arange(low, high + 1)[:, None] + before
    windows = gather(padded, new_value(starts + np.arange(short)), 0)
    return reduce_sum(prim.multiply(windows, broadcast(b, windows.spec.shape)), (1,))


def _shifts(long: int, short: int, mode: str) -> tuple[int, int]:
    """The first and the last shift of one line along another."""
    if mode == "valid":
        return min(0, long - short), max(0, long - short)
    if mode == "full":
        return 1 - short, long - 1
    if mode != "same":
        raise InvalidArgumentError(f"mode is 'valid', 'same' or 'full'; got {mode!r}")
    most, cut = max(long, short), (min(long, short) - 1) // 2
    first = (cut if long >= short else long + short - 1 - most - cut) + 1 - short
    return first, first + most - 1


@operation
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of y over the places x, or over places `dx` apart, by trapezoids."""
    y = floating(y)
    last = len(y.spec.shape) - 1
    place = axis_of(axis, last + 1)
    line = move_axis(y, place, last)
    before, after = _neighbours(line)
    height = prim.multiply(prim.add(before, after), fill_like(before, 0.5))
    if x is None:
        width = prim.cast(tensor(dx), y.spec.dtype)
    else:
        x = prim.cast(tensor(x), y.spec.dtype)
        points = x if len(x.spec.shape) == 1 else move_axis(x, place, last)
        start, stop = _neighbours(points)
        width = prim.subtract(stop, start)
    return reduce_sum(prim.multiply(*same_shape(height, width)), (last,))


def _neighbours(x: Any) -> tuple[Any, Any]:
    """Each element of the last axis but the last, and each but the first."""
    last, size = len(x.spec.shape) - 1, x.spec.shape[-1]
    before = slice_along(x, last, 0, max(size - 1, 0))
    return before, slice_along(x, last, min(1, size), size)


@operation
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along `axis`, n times over."""
    x = tensor(a)
    count = integer(n, "n")
    if count < 0:
        raise InvalidArgumentError(f"diff expects n ≥ 0; got {count}")
    last = len(x.spec.shape) - 1
    place = axis_of(axis, last + 1)
    line = move_axis(x, place, last)
    for _ in range(count):
        before, after = _neighbours(line)
        line = (prim.bitwise_xor if x.spec.dtype == BOOL else prim.subtract)(after, before)
    return move_axis(line, last, place)


@operation
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers 0 to N - 1 (None: as many as it has) of a line as columns, falling or rising."""
    x = tensor(x)
    if len(x.spec.shape) != 1:
        raise InvalidArgumentError(f"vander expects a line; got shape {x.spec.shape}")
    count = integer(x.spec.shape[0] if N is None else N, "N")
    base = floating(x)
    powers = arange(count, dtype=base.spec.dtype)
    powers = powers if increasing else arange(count - 1, -1, -1, dtype=base.spec.dtype)
    found = prim.power(*same_shape(insert_axis(base, 1), powers))
    return prim.cast(found, x.spec.dtype)


__all__ = [
    "corrcoef", "correlate", "cross", "diff", "dot", "einsum", "inner", "kron", "matmul", "outer",
    "tensordot", "trapezoid", "vander", "vdot",
]  # fmt: skip
