"""keras.ops.linalg: matrices in the last two axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core import nest
from ...core.dtypes import FLOAT32
from ...core.errors import InvalidArgumentError
from ...core.outside import lacking
from ...core.shapes import broadcast_shapes
from ...ops import linalg
from ...ops.common import axes_of, insert_axis
from ...ops.reduction import safe_length
from ...prims import decompositions
from ...prims import elementwise as prim
from ...prims import linalg as prim_linalg
from ...prims.broadcast import broadcast, fill_like, keep_axes, reduce_sum, reshape
from ...prims.layout import transpose
from ...prims.reduce import reduce_max, reduce_min
from ...tensor.arithmetic import matmul, pow
from ...tensor.tape import GradientTape
from .operation import operation
from .promotion import common, floating, tensor

# Arguments ---------------------------------------------------------------------------------------


def _matrices(x: Any, name: str, *, square: bool = False) -> Any:
    x = floating(x)
    shape = x.spec.shape
    if len(shape) < 2:
        raise InvalidArgumentError(f"{name} expects matrices (rank 2 or more); got shape {shape}")
    if square and shape[-1] != shape[-2]:
        raise InvalidArgumentError(f"{name} expects square matrices; got shape {shape}")
    return x


def _in_single(function: Callable[..., Any], x: Any, **params: Any) -> Any:
    """`function` of matrices, those of 16 bits computed with 32, for which LAPACK has routines."""
    dtype = x.spec.dtype
    if dtype.itemsize >= 4:
        return function(x, **params)
    results = function(prim.cast(x, FLOAT32), **params)

    def narrowed(part: Any) -> Any:
        return prim.cast(part, dtype) if part.spec.dtype == FLOAT32 else part

    return tuple(map(narrowed, results)) if isinstance(results, tuple) else narrowed(results)


def _turned(x: Any) -> Any:
    return linalg.matrix_transpose(x)


# Factors -----------------------------------------------------------------------------------------


@operation
def cholesky(x: Any, upper: bool = False) -> Any:
    """Lower-triangular L with L Lᵀ = X of a symmetric, positive definite X; Lᵀ if `upper`."""
    found = _in_single(prim_linalg.cholesky, _matrices(x, "cholesky", square=True))
    return _turned(found) if upper else found


@operation
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """(L Lᵀ)⁻¹ of a Cholesky factor L (of its transpose if `upper`)."""
    x = _matrices(x, "cholesky_inverse", square=True)
    factor = linalg.band_part(x, 0, -1) if upper else linalg.band_part(x, -1, 0)
    inverse = _in_single(prim_linalg.inverse, factor)
    return matmul(inverse, inverse, transpose_a=not upper, transpose_b=upper)


@operation
def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """Q with orthonormal columns and upper-triangular R, Q R = X; Q square if mode="complete"."""
    if mode not in ("reduced", "complete"):
        raise InvalidArgumentError(f"mode is 'reduced' or 'complete'; got {mode!r}")
    found = _in_single(decompositions.qr, _matrices(x, "qr"), full=mode == "complete")
    return found[0], found[1]


@operation
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, s (largest first) and Vᵀ with X = U diag(s) Vᵀ, or s alone."""
    full = bool(full_matrices and compute_uv)
    found = _in_single(decompositions.svd, _matrices(x, "svd"), full=full)
    return found if compute_uv else found[1]


@operation
def eigh(x: Any) -> tuple[Any, Any]:
    """Eigenvalues (smallest first) and eigenvectors (columns) of symmetric matrices."""
    x = _matrices(x, "eigh", square=True)
    both = prim.add(x, _turned(x))
    found = _in_single(decompositions.eigh, prim.multiply(both, fill_like(both, 0.5)))
    return found[0], found[1]


@operation
def lu_factor(x: Any) -> tuple[Any, Any]:
    """L (without its diagonal of ones) and U in one matrix, and the row each was swapped with."""
    packed, pivots, _ = _in_single(decompositions.lu, _matrices(x, "lu_factor"))
    return packed, pivots


# Numbers -----------------------------------------------------------------------------------------


@operation
def det(x: Any) -> Any:
    """The determinant."""
    return _in_single(prim_linalg.determinant, _matrices(x, "det", square=True))


@operation
def slogdet(x: Any) -> tuple[Any, Any]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    found = _in_single(decompositions.slogdet, _matrices(x, "slogdet", square=True))
    return found[0], found[1]


@operation
def logdet(x: Any) -> Any:
    """log |det X|."""
    return _in_single(decompositions.slogdet, _matrices(x, "logdet", square=True))[1]


@operation
def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """How many singular values exceed `tol` (by default a small share of the largest)."""
    return linalg.matrix_rank(_matrices(x, "matrix_rank"), tol)


@operation
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors (one axis, or all elements) or matrices (two axes).

    `ord` of vectors: None (√Σx²), a number p ((Σ|x|ᵖ)^(1/p); 0 counts what is not 0), ±inf; of
    matrices: None or "fro", "nuc" (the sum of singular values), ±1, ±2, ±inf.
    """
    x = floating(x)
    rank = len(x.spec.shape)
    if ord is not None and axis is None and rank not in (1, 2):
        raise InvalidArgumentError(f"norm with ord={ord!r} needs an axis for rank {rank}")
    axes = axes_of(axis, rank)
    if ord is None or (ord == "fro" and len(axes) == 2):
        found = safe_length(x, axes)
    elif len(axes) == 1:
        found = _vector_norm(x, ord, axes)
    elif len(axes) == 2:
        pair = axes if axis is None else [place % rank for place in axis]
        found = _matrix_norm(x, ord, *pair)
    else:
        raise InvalidArgumentError(f"norm expects one or two axes; got {axis!r}")
    return reshape(found, keep_axes(x.spec.shape, axes)) if keepdims else found


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...]) -> Any:
    if isinstance(ord, str):
        raise InvalidArgumentError(f"ord of a vector norm is a number; got {ord!r}")
    size = prim.absolute(x)
    if ord in (np.inf, -np.inf):
        return (reduce_max if ord > 0 else reduce_min)(size, axes)
    if ord == 0:
        zero = prim.equal(x, fill_like(x, 0))
        return reduce_sum(prim.cast(prim.logical_not(zero), x.spec.dtype), axes)
    if ord == 2:
        return safe_length(x, axes)
    if ord == 1:
        return reduce_sum(size, axes)
    return pow(reduce_sum(pow(size, float(ord)), axes), 1 / float(ord))


def _matrix_norm(x: Any, ord: Any, rows: int, columns: int) -> Any:
    if ord in (1, -1, np.inf, -np.inf):  # the extreme of the sums over columns, or over rows
        summed, rest = (rows, columns) if ord in (1, -1) else (columns, rows)
        sums = reduce_sum(prim.absolute(x), (summed,))
        return (reduce_max if ord > 0 else reduce_min)(sums, (rest - (summed < rest),))
    if ord not in (2, -2, "nuc"):
        raise InvalidArgumentError(
            f"ord of a matrix norm is None, 'fro', 'nuc', ±1, ±2 or ±inf; got {ord!r}"
        )
    rank = len(x.spec.shape)
    order = (*(i for i in range(rank) if i not in (rows, columns)), rows, columns)
    singular = _in_single(decompositions.svd, transpose(x, order), full=False)[1]
    combine = {2: reduce_max, -2: reduce_min, "nuc": reduce_sum}[ord]
    return combine(singular, (rank - 2,))


# Solving -----------------------------------------------------------------------------------------


@operation
def inv(x: Any) -> Any:
    """X⁻¹."""
    return _in_single(prim_linalg.inverse, _matrices(x, "inv", square=True))


@operation
def pinv(x: Any, rcond: float | None = None) -> Any:
    """The pseudoinverse; singular values up to `rcond` times the largest count as 0.

    `rcond` is 10 times the larger size times the precision of the dtype where it is None.
    """
    return _in_single(linalg.pinv, _matrices(x, "pinv"), rcond=rcond)


@operation
def solve(a: Any, b: Any) -> Any:
    """X with A X = B, B being matrices or vectors (one axis less than A)."""
    return _solved(a, b, "solve", lambda x: x)


@operation
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """`solve` for the upper triangle of A, or the lower."""
    low, high = (-1, 0) if lower else (0, -1)
    return _solved(a, b, "solve_triangular", lambda x: linalg.band_part(x, low, high))


def _solved(a: Any, b: Any, name: str, part: Callable[[Any], Any]) -> Any:
    a, b = common(a, b, float_result=True)
    _matrices(a, name, square=True)
    rank, size = len(b.spec.shape), a.spec.shape[-1]
    vectors = rank in (1, len(a.spec.shape) - 1)
    if rank < 1 or b.spec.shape[-1 if vectors else -2] != size:
        raise InvalidArgumentError(
            f"{name}: b of shape {b.spec.shape} does not fit a of shape {a.spec.shape}; expected "
            f"(…, {size}, n) or (…, {size})"
        )
    right = insert_axis(b, rank) if vectors else b
    outer = broadcast_shapes(a.spec.shape[:-2], right.spec.shape[:-2])
    dtype = a.spec.dtype if a.spec.dtype.itemsize >= 4 else FLOAT32
    wide = broadcast(prim.cast(part(a), dtype), (*outer, size, size))
    right = broadcast(prim.cast(right, dtype), (*outer, *right.spec.shape[-2:]))
    found = prim.cast(prim_linalg.solve(wide, right, adjoint=False), a.spec.dtype)
    return reshape(found, found.spec.shape[:-1]) if vectors else found


@operation
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """X that minimizes |A X - B|, of those the one of least norm, by the pseudoinverse.

    Singular values up to `rcond` times the largest count as 0.
    """
    a, b = common(a, b, float_result=True)
    rank = len(b.spec.shape)
    if len(a.spec.shape) != 2 or rank not in (1, 2) or b.spec.shape[0] != a.spec.shape[0]:
        raise InvalidArgumentError(
            f"lstsq expects a of shape (m, n) and b of shape (m,) or (m, k); got {a.spec.shape} "
            f"and {b.spec.shape}"
        )
    if rcond is None:
        rcond = max(a.spec.shape, default=0) * float(np.finfo(a.spec.dtype).eps)
    inverse = _in_single(linalg.pinv, a, rcond=rcond)
    found = matmul(inverse, insert_axis(b, 1) if rank == 1 else b)
    return reshape(found, found.spec.shape[:1]) if rank == 1 else found


# Derivatives -------------------------------------------------------------------------------------


@operation
def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """(fun(*primals), its derivative in the direction of `tangents`), and what else `fun` gives.

    The derivative of vᵀ J u by v, which reverse differentiation gives twice over, is J u.
    """
    points = nest.map_structure(tensor, tuple(primals))
    directions = nest.map_structure(tensor, tuple(tangents))
    nest.assert_same_structure(points, directions)
    for point, direction in zip(nest.flatten(points), nest.flatten(directions), strict=True):
        if point.spec != direction.spec:
            raise InvalidArgumentError(
                f"jvp expects tangents of the types of the primals; got {direction.spec!r} for "
                f"{point.spec!r}"
            )
    with GradientTape() as outer:
        with GradientTape() as inner:
            inner.watch(points)
            result = fun(*points)
        out, aux = result if has_aux else (result, None)
        leaves = [tensor(leaf) for leaf in nest.flatten(out)]
        seeds = [fill_like(leaf, 0) for leaf in leaves]
        outer.watch(seeds)
        back = inner.gradient(leaves, nest.flatten(points), output_gradients=seeds)
        total = _inner_product(back, nest.flatten(directions))
    if total is None:
        slopes = [fill_like(leaf, 0) for leaf in leaves]
    else:
        slopes = outer.gradient(total, seeds, unconnected_gradients="zero")
    found = nest.pack_sequence_as(out, leaves), nest.pack_sequence_as(out, slopes)
    return (*found, aux) if has_aux else found


def _inner_product(gradients: list[Any], directions: list[Any]) -> Any:
    """Σ g d over all leaves; None where no gradient flows."""
    total = None
    for gradient, direction in zip(gradients, directions, strict=True):
        if gradient is not None:
            axes = tuple(range(len(gradient.spec.shape)))
            part = reduce_sum(prim.multiply(gradient, direction), axes)
            total = part if total is None else prim.add(total, part)
    return total


__all__ = [
    "cholesky", "cholesky_inverse", "det", "eigh", "inv", "jvp", "logdet", "lstsq", "lu_factor",
    "matrix_rank", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd",
]  # fmt: skip
__getattr__ = lacking("keras.ops.linalg", __all__)
