"""tf.linalg: matrices in the last two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import INT32, numpy_dtype
from ..core.errors import InvalidArgumentError
from ..core.shapes import broadcast_shapes, element_count
from ..prims import decompositions
from ..prims import elementwise as prim
from ..prims import linalg as prim_linalg
from ..prims.broadcast import broadcast, fill_like, iota, reduce_sum, reshape
from ..prims.layout import pad, strided_slice, transpose
from ..prims.reduce import reduce_max
from ..tensor.arithmetic import matmul as product
from ..tensor.arithmetic import multiply, pow
from ..tensor.convert import as_python, promote, to_tensor
from . import matrices
from .common import axes_of, axis_of, floats, insert_axis, integer, owned
from .creation import eye
from .einsum import einsum
from .layout import roll
from .matrices import *  # noqa: F403
from .names import namespace
from .nn import l2_normalize
from .reduction import global_norm, safe_length

# Products ----------------------------------------------------------------------------------------


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Any:
    """The product of the matrices in the last two axes of `a` and `b`, broadcast over the others.

    Shapes (…, n, k) and (…, k, m) give (…, n, m). The adjoint of real matrices is their transpose.
    Hints that many elements are 0 (`a_is_sparse`), or that it is a gradient (`grad_a`), change
    nothing.
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise InvalidArgumentError("matmul takes a transpose or an adjoint, not both")
    found = product(a, b, transpose_a or adjoint_a, transpose_b or adjoint_b)
    return found if output_type is None else prim.cast(found, numpy_dtype(output_type))


def matvec(a: Any, b: Any, transpose_a: bool = False, name: str | None = None) -> Any:
    """Matrices times vectors: shapes (…, n, k) and (…, k) give (…, n)."""
    vector = to_tensor(b)
    column = insert_axis(vector, len(vector.spec.shape))
    product = matmul(a, column, transpose_a=transpose_a)
    return reshape(product, product.spec.shape[:-1])


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """The sum of products over axes of `a` and `b`: the last n of `a` with the first n of `b`
    for a number n, or the axes in the two lists of a pair.
    """
    a, b = promote(a, b)
    rank_a, rank_b = len(a.spec.shape), len(b.spec.shape)
    wanted = as_python(axes, "axes")
    if isinstance(wanted, int):
        own, other = list(range(rank_a - wanted, rank_a)), list(range(wanted))
    else:
        own, other = ([part] if isinstance(part, int) else list(part) for part in wanted)
    own, other = [axis_of(axis, rank_a) for axis in own], [axis_of(axis, rank_b) for axis in other]
    pairs = list(zip(own, other, strict=False))
    if len(own) != len(other) or any(a.spec.shape[i] != b.spec.shape[j] for i, j in pairs):
        raise InvalidArgumentError(
            f"tensordot of shapes {a.spec.shape} and {b.spec.shape} over axes {own} and {other}: "
            "their sizes differ"
        )
    letters_a = [chr(97 + axis) for axis in range(rank_a)]
    letters_b = [chr(65 + axis) for axis in range(rank_b)]
    for i, j in pairs:
        letters_b[j] = letters_a[i]
    free = [x for x in letters_a + letters_b if (x in letters_a) != (x in letters_b)]
    return einsum(f"{''.join(letters_a)},{''.join(letters_b)}->{''.join(free)}", a, b)


def matrix_transpose(a: Any, name: str | None = None, conjugate: bool = False) -> Any:
    """The last two axes swapped."""
    x = owned(a)
    rank = len(x.spec.shape)
    if rank < 2:
        raise InvalidArgumentError(f"matrix_transpose expects matrices; got shape {x.spec.shape}")
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2))


adjoint = matrix_transpose


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """The cross product of vectors of size 3 in the last axis."""
    a, b = promote(a, b)
    if a.spec.shape[-1:] != (3,) or a.spec.shape != b.spec.shape:
        raise InvalidArgumentError(
            f"cross expects equal shapes (…, 3); got {a.spec.shape} and {b.spec.shape}"
        )
    ahead, behind = (prim.multiply(roll(a, -i, -1), roll(b, i - 3, -1)) for i in (1, 2))
    return prim.subtract(ahead, behind)


# Norms -------------------------------------------------------------------------------------------


def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Any:
    """The norm of vectors (axis None: of all elements, or one axis) or matrices (two axes).

    `ord`: "euclidean", a number p (of vectors), np.inf; of matrices "fro", 1, 2 or np.inf.
    """
    x = floats(tensor)
    wanted = as_python(axis, "axis")
    axes = axes_of(wanted, len(x.spec.shape))
    matrices = isinstance(wanted, (list, tuple)) and len(axes) == 2
    if ord in ("euclidean", "fro"):
        if ord == "fro" and not matrices:
            raise InvalidArgumentError(
                "the Frobenius norm (ord='fro') needs an axis of two numbers"
            )
        result = safe_length(x, axes)
    elif matrices:
        result = _matrix_norm(x, ord, [axis % len(x.spec.shape) for axis in wanted])
    else:
        result = _vector_norm(x, ord, axes)
    if keepdims:
        kept = tuple(1 if i in axes else d for i, d in enumerate(x.spec.shape))
        result = reshape(result, kept)
    return result


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...]) -> Any:
    if isinstance(ord, str) or ord <= 0:
        raise InvalidArgumentError(
            f"ord of a vector norm is 'euclidean', a positive number or np.inf; got {ord!r}"
        )
    size = prim.absolute(x)
    if ord == np.inf:
        return reduce_max(size, axes)
    if ord == 1:
        return reduce_sum(size, axes)
    if ord == 2:
        return safe_length(x, axes)
    return pow(reduce_sum(pow(size, float(ord)), axes), 1 / float(ord))


def _matrix_norm(x: Any, ord: Any, axes: list[int]) -> Any:
    rows, columns = axes
    size = prim.absolute(x)
    if ord in (1, np.inf):  # the largest sum over a column, or over a row
        summed, rest = (rows, columns) if ord == 1 else (columns, rows)
        return reduce_max(reduce_sum(size, (summed,)), (rest - (summed < rest),))
    if ord == 2:
        order = (*(i for i in range(len(x.spec.shape)) if i not in axes), rows, columns)
        singular = svd(transpose(x, order), compute_uv=False)
        return reduce_max(singular, (len(singular.spec.shape) - 1,))
    raise InvalidArgumentError(f"ord of a matrix norm is 'fro', 1, 2 or np.inf; got {ord!r}")


def normalize(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """`tensor` divided by its norm, and the norm (with its axes kept)."""
    x = floats(tensor)
    length = norm(x, ord, axis, keepdims=True)
    return prim.divide(x, broadcast(length, x.spec.shape)), length


# Diagonals ---------------------------------------------------------------------------------------


def _places(shape: tuple[Any, ...]) -> tuple[Any, Any]:
    """Row and column numbers of matrices."""
    rank = len(shape)
    if rank < 2:
        raise InvalidArgumentError(f"expected matrices (rank 2 or more); got shape {shape}")
    return iota(shape, rank - 2, INT32), iota(shape, rank - 1, INT32)


def diag(diagonal: Any, name: str | None = None, k: int = 0) -> Any:
    """Matrices with `diagonal` (its last axis) on the k-th diagonal, zeros elsewhere."""
    x = to_tensor(diagonal)
    if not x.spec.shape:
        raise InvalidArgumentError("diag expects vectors; got a scalar")
    offset = integer(k, "k")
    rank = len(x.spec.shape)
    full = (*x.spec.shape, x.spec.shape[-1])
    wide = broadcast(insert_axis(x, rank - 1), full)
    square = prim.select(prim.equal(*_places(full)), wide, fill_like(wide, 0))
    if offset == 0:
        return square
    up, down = max(offset, 0), max(-offset, 0)
    outer = (0,) * (rank - 1)
    return pad(square, (*outer, down, up), (*outer, up, down), (0,) * (rank + 1))


def diag_part(input: Any, name: str | None = None, k: int = 0) -> Any:
    """The k-th diagonal of matrices."""
    x, offset = to_tensor(input), integer(k, "k")
    _places(x.spec.shape)
    rows, columns = x.spec.shape[-2:]
    first_row, first_column = max(-offset, 0), max(offset, 0)
    count = min(rows - first_row, columns - first_column)
    if count <= 0:
        raise InvalidArgumentError(f"matrices of shape {x.spec.shape} have no diagonal {offset}")
    outer = len(x.spec.shape) - 2
    starts = (*(0,) * outer, first_row, first_column)
    stops = (*(None,) * outer, first_row + count, first_column + count)
    square = strided_slice(x, starts, stops, (1,) * (outer + 2))
    on = prim.equal(*_places(square.spec.shape))
    return reduce_sum(prim.select(on, square, fill_like(square, 0)), (outer + 1,))


def set_diag(input: Any, diagonal: Any, name: str | None = None) -> Any:
    """Matrices with their main diagonal replaced."""
    x, line = promote(input, diagonal)
    on = prim.equal(*_places(x.spec.shape))
    rows, columns = x.spec.shape[-2:]
    expected = (*x.spec.shape[:-2], min(rows, columns))
    if line.spec.shape != expected:
        raise InvalidArgumentError(f"set_diag expects shape {expected}; got {line.spec.shape}")
    outer = (0,) * (len(expected) - 1)
    wide = pad(line, (*outer, 0), (*outer, columns - expected[-1]), (*outer, 0))
    wide = broadcast(insert_axis(wide, len(outer)), x.spec.shape)
    return prim.select(on, wide, x)


def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """A tensor of rank 2 r with the tensor `diagonal` of rank r on its diagonal."""
    x = to_tensor(diagonal)
    return reshape(diag(reshape(x, (element_count(x.spec.shape),))), x.spec.shape * 2)


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The diagonal of a tensor of rank 2 r whose first and last r sizes are the same."""
    x = to_tensor(input)
    half = x.spec.shape[: len(x.spec.shape) // 2]
    if half * 2 != x.spec.shape:
        raise InvalidArgumentError(f"tensor_diag_part expects a shape s + s; got {x.spec.shape}")
    count = element_count(half)
    return reshape(diag_part(reshape(x, (count, count))), half)


def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Any:
    """Matrices with zeros outside of a band of diagonals; a negative number keeps all."""
    x = to_tensor(input)
    lower, upper = integer(num_lower, "num_lower"), integer(num_upper, "num_upper")
    row, column = _places(x.spec.shape)
    result = x
    for bound, distance in (
        (lower, prim.subtract(row, column)),
        (upper, prim.subtract(column, row)),
    ):
        if bound >= 0:
            inside = prim.less_equal(distance, fill_like(distance, bound))
            result = prim.select(inside, result, fill_like(result, 0))
    return result


def trace(x: Any, name: str | None = None) -> Any:
    """The sum of the main diagonal."""
    line = diag_part(x)
    return reduce_sum(line, (len(line.spec.shape) - 1,))


# Solving -----------------------------------------------------------------------------------------


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """X⁻¹, or its transpose if `adjoint`."""
    found = prim_linalg.inverse(floats(input))
    return matrix_transpose(found) if adjoint else found


def det(input: Any, name: str | None = None) -> Any:
    """The determinant."""
    return prim_linalg.determinant(floats(input))


def cholesky(input: Any, name: str | None = None) -> Any:
    """Lower-triangular L with L Lᵀ = X for a symmetric, positive definite X."""
    return prim_linalg.cholesky(floats(input))


def logdet(matrix: Any, name: str | None = None) -> Any:
    """log det X of a symmetric, positive definite X: 2 Σ log diag(L) with X = L Lᵀ."""
    line = prim.log(diag_part(cholesky(matrix)))
    return multiply(reduce_sum(line, (len(line.spec.shape) - 1,)), 2)


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """X with A X = B (Aᵀ X = B if `adjoint`); leading sizes broadcast."""
    a, b = (floats(part) for part in promote(matrix, rhs))
    if len(a.spec.shape) < 2 or len(b.spec.shape) < 2:
        raise InvalidArgumentError(
            f"solve expects matrices; got shapes {a.spec.shape} and {b.spec.shape}. "
            "Give a vector a last axis: b[:, None]."
        )
    batch = broadcast_shapes(a.spec.shape[:-2], b.spec.shape[:-2])
    a = broadcast(a, (*batch, *a.spec.shape[-2:]))
    b = broadcast(b, (*batch, *b.spec.shape[-2:]))
    return prim_linalg.solve(a, b, adjoint=bool(adjoint))


def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """X with A X = B (Aᵀ X = B if `adjoint`) for the lower or upper triangle of A."""
    triangle = band_part(matrix, -1, 0) if lower else band_part(matrix, 0, -1)
    return solve(triangle, rhs, adjoint)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """X with L Lᵀ X = B for lower-triangular L."""
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


def lstsq(
    matrix: Any,
    rhs: Any,
    l2_regularizer: float = 0.0,
    fast: bool = True,
    name: str | None = None,
) -> Any:
    """X that minimizes |A X - B|² + λ |X|².

    `fast` solves the normal equations (AᵀA + λI) X = AᵀB for a matrix of full rank; otherwise the
    pseudoinverse is used, without λ, for matrices of any rank.
    """
    a, b = (floats(part) for part in promote(matrix, rhs))
    if not fast:
        if l2_regularizer:
            raise InvalidArgumentError("lstsq: l2_regularizer needs fast=True")
        return matmul(decompositions.pinv(a, cutoff=_precision(a)), b)
    square = matmul(a, a, transpose_a=True)
    if l2_regularizer:
        shape = square.spec.shape
        identity = prim.cast(prim.equal(*_places(shape)), square.spec.dtype)
        square = prim.add(square, multiply(identity, l2_regularizer))
    return solve(square, matmul(a, b, transpose_a=True))


# Decompositions ----------------------------------------------------------------------------------


def slogdet(input: Any, name: str | None = None) -> tuple[Any, Any]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return decompositions.slogdet(floats(input))


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """Q with orthonormal columns and upper-triangular R, Q R = X."""
    return decompositions.qr(floats(input), full=bool(full_matrices))


def svd(
    tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """Singular values s (largest first), and U and V with X = U diag(s) Vᵀ if `compute_uv`."""
    u, s, transposed = decompositions.svd(floats(tensor), full=bool(full_matrices and compute_uv))
    return (s, u, matrix_transpose(transposed)) if compute_uv else s


def eigh(tensor: Any, name: str | None = None) -> tuple[Any, Any]:
    """Eigenvalues (smallest first) and eigenvectors (columns) of symmetric matrices."""
    return decompositions.eigh(floats(tensor))


def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """The eigenvalues (smallest first) of symmetric matrices."""
    return eigh(tensor)[0]


def pinv(a: Any, rcond: float | None = None, name: str | None = None) -> Any:
    """The pseudoinverse of Moore and Penrose; singular values below rcond times the largest
    count as 0 (by default 10 times the larger size times the precision of the dtype).
    """
    x = floats(a)
    cutoff = 10 * _precision(x) if rcond is None else float(rcond)
    return decompositions.pinv(x, cutoff=cutoff)


def _precision(x: Any) -> float:
    """The larger size of a matrix times the distance from 1 to the next number of its dtype."""
    size: float = max(x.spec.shape[-2:], default=0) * float(np.finfo(x.spec.dtype).eps)
    return size


def matrix_rank(a: Any, tol: float | None = None, name: str | None = None) -> Any:
    """How many singular values exceed `tol` (by default a small share of the largest)."""
    x = floats(a)
    s = svd(x, compute_uv=False)
    last = len(s.spec.shape) - 1
    if tol is None:
        top = insert_axis(reduce_max(s, (last,)), last)
        limit = broadcast(prim.multiply(top, fill_like(top, _precision(x))), s.spec.shape)
    else:
        limit = fill_like(s, float(tol))
    return reduce_sum(prim.cast(prim.less(limit, s), INT32), (last,))


__all__ = [
    "adjoint", "band_part", "cholesky", "cholesky_solve", "cross", "det", "diag", "diag_part",
    "eigh", "eigvalsh", "einsum", "eye", "global_norm", "inv", "l2_normalize", "logdet", "lstsq",
    "matmul", "matrix_rank", "matrix_transpose", "matvec", "norm", "normalize", "pinv", "qr",
    "set_diag", "slogdet", "solve", "svd", "tensor_diag", "tensor_diag_part", "tensordot",
    "trace", "triangular_solve",
]  # fmt: skip
__all__ += matrices.__all__
__getattr__ = namespace(__name__, __all__)
