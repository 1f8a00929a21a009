"""What the operators of tensors do: promotion, broadcasting, a primitive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import BOOL, FLOAT32, FLOAT64, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.shapes import broadcast_shapes
from ..ir.value import Value
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, reshape
from ..prims.matmul import matmul as matmul_primitive
from .convert import operands, promote, to_tensor

Operator = Callable[..., Any]


def _binary(verb: Callable[..., Any], name: str, doc: str) -> Operator:
    def operator(x: Any, y: Any, name: str | None = None) -> Any:
        x, y = operands(x, y)
        return verb(x, y)

    operator.__name__ = operator.__qualname__ = name
    operator.__doc__ = doc
    return operator


add = _binary(prim.add, "add", "x + y, broadcast.")
subtract = _binary(prim.subtract, "subtract", "x - y, broadcast.")
multiply = _binary(prim.multiply, "multiply", "x y, broadcast.")
floordiv = _binary(prim.floor_divide, "floordiv", "The floor of x / y, broadcast.")
floormod = _binary(prim.remainder, "floormod", "x - y floor(x / y), with the sign of y.")
maximum = _binary(prim.maximum, "maximum", "The larger of x and y, broadcast.")
minimum = _binary(prim.minimum, "minimum", "The smaller of x and y, broadcast.")
less = _binary(prim.less, "less", "x < y, broadcast.")
less_equal = _binary(prim.less_equal, "less_equal", "x ≤ y, broadcast.")


def greater(x: Any, y: Any, name: str | None = None) -> Any:
    """x > y, broadcast."""
    return less(y, x)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """x ≥ y, broadcast."""
    return less_equal(y, x)


def equal(x: Any, y: Any, name: str | None = None) -> Any:
    """x = y, broadcast."""
    return prim.equal(*operands(x, y))


def not_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """x ≠ y, broadcast."""
    return prim.logical_not(equal(x, y))


def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, broadcast; integers are divided as float64 (8 and 16 bits as float32)."""
    x, y = operands(x, y)
    dtype = x.spec.dtype
    if dtype.kind != "f":
        wide = FLOAT32 if dtype.itemsize <= 2 else FLOAT64
        x, y = prim.cast(x, wide), prim.cast(y, wide)
    return prim.divide(x, y)


def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """x to the power of y, broadcast; integers to negative powers are refused."""
    if type(y) in (int, float) and y == 2 and isinstance(x, Value) and x.spec.dtype != BOOL:
        return prim.multiply(x, x)
    x, y = operands(x, y)
    if y.spec.dtype.kind == "i" and y.array is not None and (y.array < 0).any():
        raise InvalidArgumentError(
            "integers to negative integer powers are no integers; cast the base to a float first"
        )
    return prim.power(x, y)


def negative(x: Any, name: str | None = None) -> Any:
    """-x."""
    return prim.negative(to_tensor(x))


def absolute(x: Any, name: str | None = None) -> Any:
    """|x|."""
    return prim.absolute(to_tensor(x))


def _logical(verb: Callable[..., Any], name: str, doc: str) -> Operator:
    def operator(x: Any, y: Any, name: str | None = None) -> Any:
        x, y = operands(x, y)
        if x.spec.dtype != BOOL:
            raise ArgumentTypeError(
                f"{operator.__name__} expects booleans; got dtype {type_name(x.spec.dtype)}. "
                "Compare first (x != 0), or use tf.bitwise for integers."
            )
        return verb(x, y)

    operator.__name__ = operator.__qualname__ = name
    operator.__doc__ = doc
    return operator


logical_and = _logical(prim.bitwise_and, "logical_and", "x and y, broadcast booleans.")
logical_or = _logical(prim.bitwise_or, "logical_or", "x or y, broadcast booleans.")
logical_xor = _logical(prim.bitwise_xor, "logical_xor", "Either x or y, broadcast booleans.")


def logical_not(x: Any, name: str | None = None) -> Any:
    """Not x."""
    return prim.logical_not(to_tensor(x))


bitwise_and = _binary(prim.bitwise_and, "bitwise_and", "x & y, broadcast integers.")
bitwise_or = _binary(prim.bitwise_or, "bitwise_or", "x | y, broadcast integers.")
bitwise_xor = _binary(prim.bitwise_xor, "bitwise_xor", "x ^ y, broadcast integers.")


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    name: str | None = None,
) -> Any:
    """The product of the matrices in the last two axes of `a` and `b`, broadcast over the others.

    Shapes (…, n, k) and (…, k, m) give (…, n, m). Integers meet floats as in other operators.
    """
    a, b = promote(a, b)
    left, right = a.spec.shape, b.spec.shape
    if len(left) < 2 or len(right) < 2:
        raise InvalidArgumentError(
            f"matmul expects matrices (rank 2 or more); got shapes {left} and {right}. "
            "Use tf.tensordot(a, b, 1) or tf.expand_dims for vectors."
        )
    inner_a = left[-2] if transpose_a else left[-1]
    inner_b = right[-1] if transpose_b else right[-2]
    if inner_a != inner_b:
        raise InvalidArgumentError(
            f"matmul of shapes {left}{' transposed' if transpose_a else ''} and {right}"
            f"{' transposed' if transpose_b else ''}: the inner sizes {inner_a} and {inner_b} "
            "differ"
        )
    if left[:-2] != right[:-2]:
        if len(right) == 2 and not transpose_a:  # one product of tall matrices
            rows = left[:-1]
            flat = reshape(a, (int(np.prod(rows)), left[-1])) if _known(rows) else None
            if flat is not None:
                product = matmul_primitive(flat, b, False, transpose_b)
                return reshape(product, (*rows, product.spec.shape[-1]))
        batch = broadcast_shapes(left[:-2], right[:-2])
        a = broadcast(a, (*batch, *left[-2:]))
        b = broadcast(b, (*batch, *right[-2:]))
    return matmul_primitive(a, b, transpose_a, transpose_b)


def _known(shape: tuple[Any, ...]) -> bool:
    return all(isinstance(dim, int) for dim in shape)
