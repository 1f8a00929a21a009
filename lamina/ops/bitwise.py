"""tf.bitwise: integers as rows of bits."""

from __future__ import annotations

from typing import Any

from ..core.errors import ArgumentTypeError
from ..prims import elementwise as prim
from ..tensor import arithmetic
from ..tensor.convert import operands, to_tensor
from .common import typed
from .names import namespace


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Any:
    """x & y, broadcast."""
    return arithmetic.bitwise_and(x, y)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Any:
    """x | y, broadcast."""
    return arithmetic.bitwise_or(x, y)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Any:
    """x ^ y, broadcast."""
    return arithmetic.bitwise_xor(x, y)


def invert(x: Any, name: str | None = None) -> Any:
    """All bits of x flipped."""
    x = to_tensor(x)
    kind = x.spec.dtype.kind
    if kind not in "iu":
        raise ArgumentTypeError(f"invert expects integers; got dtype {x.spec.dtype.name}")
    ones = -1 if kind == "i" else 2 ** (8 * x.spec.dtype.itemsize) - 1
    return arithmetic.bitwise_xor(x, typed(ones, x.spec.dtype))


def left_shift(x: Any, y: Any, name: str | None = None) -> Any:
    """x times 2 to the power of y, broadcast."""
    return prim.shift_left(*operands(x, y))


def right_shift(x: Any, y: Any, name: str | None = None) -> Any:
    """The floor of x divided by 2 to the power of y, broadcast."""
    return prim.shift_right(*operands(x, y))


__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]
__getattr__ = namespace(__name__, __all__)
