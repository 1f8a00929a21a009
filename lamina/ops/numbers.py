"""Division toward zero, and the parts of complex numbers that real ones have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import ArgumentTypeError
from ..prims import elementwise as prim
from ..prims.broadcast import fill_like
from ..tensor.arithmetic import truediv
from ..tensor.convert import operands, to_tensor
from .common import axis_of, floats, integer, move_axis
from .elementwise import add_n, ceil, floor
from .indexing import top_k


def truncatediv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y cut toward zero, broadcast."""
    x, y = operands(x, y)
    if x.spec.dtype.kind == "f":
        quotient = prim.divide(x, y)
        below = prim.less(quotient, fill_like(quotient, 0))
        return prim.select(below, ceil(quotient), floor(quotient))
    if x.spec.dtype.kind == "u":
        return x // y
    return prim.sign(x) * prim.sign(y) * (prim.absolute(x) // prim.absolute(y))


def truncatemod(x: Any, y: Any, name: str | None = None) -> Any:
    """x - y truncatediv(x, y), with the sign of x."""
    x, y = operands(x, y)
    return prim.subtract(x, prim.multiply(y, truncatediv(x, y)))


def realdiv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y of floating-point numbers, broadcast."""
    x, y = operands(x, y)
    if x.spec.dtype.kind != "f":
        raise ArgumentTypeError(
            f"realdiv expects floating-point numbers; got {x.spec.dtype.name}. Use tf.divide."
        )
    return truediv(x, y)


def accumulate_n(
    inputs: Sequence[Any],
    shape: Any = None,
    tensor_dtype: Any = None,
    name: str | None = None,
) -> Any:
    """The sum of tensors of one shape (`shape`) and dtype (`tensor_dtype`), checked if given."""
    total = add_n(inputs)
    if shape is not None:
        total.set_shape(shape)
    if tensor_dtype is not None and total.dtype != tensor_dtype:
        raise ArgumentTypeError(f"accumulate_n expects {tensor_dtype}; got {total.dtype.name}")
    return total


# Real numbers as complex ones without an imaginary part ------------------------------------------


def real(input: Any, name: str | None = None) -> Any:
    """The real part: of real numbers, themselves."""
    return to_tensor(input)


def conj(x: Any, name: str | None = None) -> Any:
    """The conjugate: of real numbers, themselves."""
    return to_tensor(x)


def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary part: of real numbers, 0."""
    return fill_like(to_tensor(input), 0)


def angle(input: Any, name: str | None = None) -> Any:
    """The angle in the complex plane: of real numbers, π where x < 0, else 0."""
    x = floats(input)
    return prim.select(prim.less(x, fill_like(x, 0)), fill_like(x, math.pi), fill_like(x, 0))


# Neighbours --------------------------------------------------------------------------------------


def next_number(x1: Any, x2: Any) -> Any:
    """The next number that the dtype of both has after x1 on the way to x2."""
    x1, x2 = prim.stop_gradient(x1), prim.stop_gradient(x2)
    dtype = x1.spec.dtype
    whole = np.dtype(f"int{8 * dtype.itemsize}")
    bits = prim.bitcast(x1, whole)  # sign and size: one more is the next farther from 0
    zero = fill_like(x1, 0)
    outward = prim.equal(prim.less(x1, x2), prim.less(zero, x1))
    step = prim.select(outward, fill_like(bits, 1), fill_like(bits, -1))
    moved = prim.bitcast(prim.add(bits, step), dtype)
    smallest = fill_like(x1, np.finfo(dtype).smallest_subnormal)
    from_zero = prim.select(prim.less(zero, x2), smallest, prim.negative(smallest))
    moved = prim.select(prim.equal(x1, zero), from_zero, moved)
    both = prim.add(x1, x2)
    known = prim.bitwise_and(prim.equal(x1, x1), prim.equal(x2, x2))
    return prim.select(known, prim.select(prim.equal(x1, x2), x2, moved), both)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Any:
    """The next number that the dtype has after x1 on the way to x2, broadcast."""
    return next_number(*(floats(part) for part in operands(x1, x2)))


# The largest, which TensorFlow may approximate ---------------------------------------------------


def approx_max_k(
    operand: Any,
    k: Any,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The `k` largest along an axis and their places; all of them, whatever recall is asked."""
    x = floats(operand)
    last = len(x.spec.shape) - 1
    place = axis_of(reduction_dimension, last + 1)
    found = top_k(move_axis(x, place, last), integer(k, "k"))
    values, places = (move_axis(part, last, place) for part in found)
    return values, places


def approx_min_k(
    operand: Any,
    k: Any,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The `k` smallest along an axis and their places."""
    values, places = approx_max_k(prim.negative(floats(operand)), k, reduction_dimension)
    return prim.negative(values), places


__all__ = [
    "accumulate_n", "angle", "approx_max_k", "approx_min_k", "conj", "imag", "nextafter", "real",
    "realdiv", "truncatediv", "truncatemod",
]  # fmt: skip
