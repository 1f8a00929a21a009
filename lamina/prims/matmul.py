"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import FLOAT16, FLOAT32, Array
from ..core.errors import InvalidArgumentError
from ..ir.bind import bind
from ..ir.primitive import Primitive
from ..ir.value import Spec, Value
from .rules import NUMBER, check_kind


def _matrix(shape: tuple[Any, ...], transposed: bool) -> tuple[Any, Any]:
    return (shape[-1], shape[-2]) if transposed else (shape[-2], shape[-1])


def _infer_matmul(x: Spec, y: Spec, *, transpose_x: bool, transpose_y: bool) -> Spec:
    check_kind("matmul", x, NUMBER)
    if x.dtype != y.dtype or len(x.shape) < 2 or x.shape[:-2] != y.shape[:-2]:
        raise InvalidArgumentError(
            f"the primitive matmul expects matrices of one dtype and equal leading sizes; "
            f"got {x!r} and {y!r}"
        )
    rows, inner = _matrix(x.shape, transpose_x)
    inner_y, columns = _matrix(y.shape, transpose_y)
    if inner != inner_y:
        raise InvalidArgumentError(
            f"matmul of {x!r} and {y!r}: the inner sizes {inner} and {inner_y} differ"
        )
    return Spec((*x.shape[:-2], rows, columns), x.dtype)


def _matmul(x: Array, y: Array, *, transpose_x: bool, transpose_y: bool) -> Array:
    left = x.swapaxes(-1, -2) if transpose_x else x
    right = y.swapaxes(-1, -2) if transpose_y else y
    if x.dtype == FLOAT16:  # NumPy has no fast product of 16 bits; it sums in 32, too
        halves: Array = np.matmul(left.astype(FLOAT32), right.astype(FLOAT32)).astype(FLOAT16)
        return halves
    result: Array = np.matmul(left, right)
    return result


def _left_rule(g: Any, z: Any, x: Any, y: Any, *, transpose_x: bool, transpose_y: bool) -> Any:
    if transpose_x:
        return matmul(y, g, transpose_y, True)
    return matmul(g, y, False, not transpose_y)


def _right_rule(g: Any, z: Any, x: Any, y: Any, *, transpose_x: bool, transpose_y: bool) -> Any:
    if transpose_y:
        return matmul(g, x, True, transpose_x)
    return matmul(x, g, not transpose_x, False)


matmul_p = Primitive(
    "matmul",
    infer=_infer_matmul,
    evaluate=_matmul,
    vjp=(_left_rule, _right_rule),
    may_warn=True,
)


def matmul(x: Value, y: Value, transpose_x: bool, transpose_y: bool) -> Any:
    """The product of the matrices in the last two axes of x and y."""
    return bind(matmul_p, x, y, transpose_x=transpose_x, transpose_y=transpose_y)
