"""Integers as rows of bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...core.dtypes import BOOL, INT32
from ...core.errors import ArgumentTypeError
from ...prims import elementwise as prim
from ...prims.broadcast import fill_like
from .operation import Function, named
from .promotion import operands, tensor


def _checked(name: str, x: Any) -> Any:
    if x.spec.dtype.kind == "f":
        raise ArgumentTypeError(
            f"{name} expects integers or booleans; got dtype {x.spec.dtype.name}"
        )
    return x


def _bitwise(verb: Callable[[Any, Any], Any], name: str, doc: str) -> Function:
    @named(name, doc)
    def function(x: Any, y: Any) -> Any:
        x, y = operands(x, y, weak=False)
        return verb(_checked(name, x), y)

    return function


def _shift(verb: Callable[[Any, Any], Any], name: str, doc: str) -> Function:
    @named(name, doc)
    def function(x: Any, y: Any) -> Any:
        x, y = operands(x, y)
        if _checked(name, x).spec.dtype == BOOL:
            x, y = prim.cast(x, INT32), prim.cast(y, INT32)
        return verb(x, y)

    return function


def _inverted(name: str) -> Function:
    @named(name, "All bits of x flipped.")
    def function(x: Any) -> Any:
        x = _checked(name, tensor(x))
        if x.spec.dtype == BOOL:
            return prim.logical_not(x)
        size = 8 * x.spec.dtype.itemsize
        return prim.bitwise_xor(x, fill_like(x, 2**size - 1 if x.spec.dtype.kind == "u" else -1))

    return function


bitwise_and = _bitwise(prim.bitwise_and, "bitwise_and", "x & y, broadcast.")
bitwise_or = _bitwise(prim.bitwise_or, "bitwise_or", "x | y, broadcast.")
bitwise_xor = _bitwise(prim.bitwise_xor, "bitwise_xor", "x ^ y, broadcast.")
bitwise_invert = _inverted("bitwise_invert")
bitwise_not = _inverted("bitwise_not")
bitwise_left_shift = _shift(prim.shift_left, "bitwise_left_shift", "x times 2 to the power of y.")
left_shift = _shift(prim.shift_left, "left_shift", "x times 2 to the power of y.")
bitwise_right_shift = _shift(
    prim.shift_right, "bitwise_right_shift", "The floor of x divided by 2 to the power of y."
)
right_shift = _shift(
    prim.shift_right, "right_shift", "The floor of x divided by 2 to the power of y."
)

__all__ = [
    "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_not", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "left_shift", "right_shift",
]  # fmt: skip
