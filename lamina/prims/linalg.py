"""Linear algebra by NumPy's LAPACK calls, on matrices in the last two axes.

Gradients: M. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); I. Murray, "Differentiation of the Cholesky
decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import InvalidArgumentError
from ..ir.bind import bind
from ..ir.primitive import Primitive
from ..ir.value import Spec, Value
from .broadcast import broadcast, fill_like, iota, reshape
from .elementwise import add, equal, less_equal, multiply, negative, select
from .layout import transpose
from .matmul import matmul
from .rules import FLOAT, check_kind


def square(name: str, x: Spec) -> None:
    """Raise unless `x` is of square matrices of floats."""
    check_kind(name, x, FLOAT)
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidArgumentError(f"{name} expects square matrices; got {x!r}")


def guard(name: str, function: Any) -> Any:
    """NumPy's LinAlgError as lamina's error."""

    def evaluate(*arrays: Any, **params: Any) -> Any:
        try:
            return function(*arrays, **params)
        except np.linalg.LinAlgError as error:
            raise InvalidArgumentError(f"{name}: {error}") from None

    return evaluate


def _infer_inverse(x: Spec) -> Spec:
    square("inv", x)
    return x


def _inverse_rule(g: Any, y: Any, x: Any) -> Any:
    return negative(matmul(matmul(y, g, True, False), y, False, True))


inverse_p = Primitive(
    "inverse", infer=_infer_inverse, evaluate=guard("inv", np.linalg.inv), vjp=(_inverse_rule,)
)


def inverse(x: Value) -> Any:
    """X⁻¹."""
    return bind(inverse_p, x)


def _infer_determinant(x: Spec) -> Spec:
    square("det", x)
    return Spec(x.shape[:-2], x.dtype)


def _determinant_rule(g: Any, y: Any, x: Any) -> Any:
    scale = reshape(multiply(g, y), (*y.spec.shape, 1, 1))
    rank = len(x.spec.shape)
    inverse_transposed = transpose(inverse(x), (*range(rank - 2), rank - 1, rank - 2))
    return multiply(broadcast(scale, x.spec.shape), inverse_transposed)


determinant_p = Primitive(
    "determinant",
    infer=_infer_determinant,
    evaluate=guard("det", np.linalg.det),
    vjp=(_determinant_rule,),
)


def determinant(x: Value) -> Any:
    """det X; its gradient needs an X that can be inverted."""
    return bind(determinant_p, x)


def _infer_solve(a: Spec, b: Spec, *, adjoint: bool) -> Spec:
    square("solve", a)
    if b.dtype != a.dtype or b.shape[:-1] != a.shape[:-1]:
        raise InvalidArgumentError(f"solve expects matrices that fit; got {a!r} and {b!r}")
    return b


def _solve(a: Any, b: Any, *, adjoint: bool) -> Any:
    return np.linalg.solve(a.swapaxes(-1, -2) if adjoint else a, b)


def _solve_matrix_rule(g: Any, x: Any, a: Any, b: Any, *, adjoint: bool) -> Any:
    back = solve(a, g, adjoint=not adjoint)
    return negative(matmul(x, back, False, True) if adjoint else matmul(back, x, False, True))


solve_p = Primitive(
    "solve",
    infer=_infer_solve,
    evaluate=guard("solve", _solve),
    vjp=(
        _solve_matrix_rule,
        lambda g, x, a, b, *, adjoint: solve(a, g, adjoint=not adjoint),
    ),
)


def solve(a: Value, b: Value, *, adjoint: bool) -> Any:
    """X with A X = B, or Aᵀ X = B where `adjoint`."""
    return bind(solve_p, a, b, adjoint=adjoint)


def _infer_cholesky(x: Spec) -> Spec:
    square("cholesky", x)
    return x


def _cholesky_rule(g: Any, y: Any, x: Any) -> Any:
    """X̄ = ½ L⁻ᵀ (P + Pᵀ) L⁻¹ with P the lower half of Lᵀ L̄, its diagonal halved."""
    product = matmul(y, g, True, False)
    rank = len(x.spec.shape)
    shape = product.spec.shape
    rows = iota(shape, rank - 2, np.dtype("int32"))
    columns = iota(shape, rank - 1, np.dtype("int32"))
    zero = fill_like(product, 0)
    lower = select(less_equal(columns, rows), product, zero)
    half = select(equal(columns, rows), multiply(lower, fill_like(lower, 0.5)), lower)
    swap = (*range(rank - 2), rank - 1, rank - 2)
    symmetric = add(half, transpose(half, swap))
    left = solve(y, symmetric, adjoint=True)
    both = transpose(solve(y, transpose(left, swap), adjoint=True), swap)
    return multiply(both, fill_like(both, 0.5))


cholesky_p = Primitive(
    "cholesky",
    infer=_infer_cholesky,
    evaluate=guard("cholesky", np.linalg.cholesky),
    vjp=(_cholesky_rule,),
)


def cholesky(x: Value) -> Any:
    """Lower-triangular L with L Lᵀ = X."""
    return bind(cholesky_p, x)
