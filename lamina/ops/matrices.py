"""tf.linalg on matrices: exponentials, roots, LU, bands and diagonals."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..core.dtypes import INT32
from ..core.errors import InvalidArgumentError, UnimplementedError
from ..prims import decompositions
from ..prims import elementwise as prim
from ..prims import linalg as prim_linalg
from ..prims.broadcast import broadcast, fill_like, reduce_sum, reshape
from ..prims.index import argsort
from ..prims.layout import pad, transpose
from ..prims.reduce import reduce_max
from ..tensor.arithmetic import matmul
from ..tensor.convert import as_python, promote, to_tensor
from .common import floats, insert_axis
from .creation import eye
from .indexing import gather

# Padé's approximation of degree 13 of the exponential, good to 5.37 in the 1-norm.
# N. Higham, "The scaling and squaring method for the matrix exponential revisited" (2005).
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
    40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_PADE_REACH = 5.371920351148152
_SQUARINGS = 24  # enough for norms to 9 · 10⁷, beyond which exponentials overflow
_NEWTON_STEPS = 40


def _square(x: Any, name: str) -> int:
    shape = x.spec.shape
    if len(shape) < 2 or shape[-1] != shape[-2] or not isinstance(shape[-1], int):
        raise InvalidArgumentError(f"{name} expects square matrices; got shape {shape}")
    return int(shape[-1])


def _identity(x: Any) -> Any:
    size = x.spec.shape[-1]
    return broadcast(eye(size, dtype=x.spec.dtype), x.spec.shape)


def _where(condition: Any, x: Any, y: Any) -> Any:
    """x or y, matrix by matrix."""
    rank = len(condition.spec.shape)
    wide = reshape(condition, (*condition.spec.shape, 1, 1))
    assert len(x.spec.shape) == rank + 2
    return prim.select(broadcast(wide, x.spec.shape), x, y)


def expm(input: Any, name: str | None = None) -> Any:
    """The exponential Σ Xⁿ / n! of square matrices, by Padé's approximation of X / 2ˢ, squared."""
    x = floats(input)
    _square(x, "expm")
    last = len(x.spec.shape) - 1
    norm = prim.stop_gradient(reduce_max(reduce_sum(prim.absolute(x), (last - 1,)), (last - 1,)))
    ratio = prim.maximum(norm / _PADE_REACH, fill_like(norm, 1))
    halvings = prim.minimum(
        -prim.floor(prim.negative(prim.log(ratio) / math.log(2))), fill_like(norm, _SQUARINGS)
    )
    scale = prim.exp(halvings * -math.log(2))
    a = prim.multiply(x, broadcast(reshape(scale, (*scale.spec.shape, 1, 1)), x.spec.shape))
    result = _pade(a)
    for done in range(_SQUARINGS):
        result = _where(
            prim.less(fill_like(halvings, done), halvings), matmul(result, result), result
        )
    return result


def _pade(a: Any) -> Any:
    one, b = _identity(a), _PADE
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a4, a2)
    odd = matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4
    u = matmul(a, odd + b[3] * a2 + b[1] * one)
    even = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4
    v = even + b[2] * a2 + b[0] * one
    return prim_linalg.solve(v - u, v + u, adjoint=False)


def sqrtm(input: Any, name: str | None = None) -> Any:
    """Y with Y Y = X, by the steps of Denman and Beavers; X has no eigenvalue that is negative."""
    y = floats(input)
    _square(y, "sqrtm")
    z = _identity(y)
    for _ in range(_NEWTON_STEPS):
        y, z = (y + prim_linalg.inverse(z)) * 0.5, (z + prim_linalg.inverse(y)) * 0.5
    return y


# LU ----------------------------------------------------------------------------------------------


class Lu(NamedTuple):
    """L (without its diagonal of ones) and U in one matrix, and which row each is of X."""

    lu: Any
    p: Any


def lu(input: Any, output_idx_type: Any = INT32, name: str | None = None) -> Lu:
    """P, L and U of square matrices: row i of L U is row p[i] of X."""
    x = floats(input)
    _square(x, "lu")
    packed, _, order = decompositions.lu(x)
    return Lu(packed, prim.cast(order, np.dtype(to_tensor(0, output_idx_type).spec.dtype)))


def _parts(lower_upper: Any) -> tuple[Any, Any]:
    """L and U of one matrix."""
    packed = floats(lower_upper)
    size = _square(packed, "a packed L and U")
    below = np.tri(size, k=-1, dtype=bool)
    mask = broadcast(to_tensor(below), packed.spec.shape)
    zero = fill_like(packed, 0)
    return prim.select(mask, packed, zero) + _identity(packed), prim.select(mask, zero, packed)


def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """X from what `lu` gave of it."""
    lower, upper = _parts(lower_upper)
    return _rows(matmul(lower, upper), argsort(to_tensor(perm), descending=False))


def lu_solve(
    lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """Y with X Y = rhs, from what `lu` gave of X."""
    lower, upper = _parts(lower_upper)
    right = floats(rhs)
    full = (*lower.spec.shape[:-2], *right.spec.shape[-2:])
    moved = _rows(broadcast(right, full), to_tensor(perm))
    return prim_linalg.solve(upper, prim_linalg.solve(lower, moved, adjoint=False), adjoint=False)


def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Any:
    """X⁻¹ from what `lu` gave of X."""
    return lu_solve(lower_upper, perm, _identity(floats(lower_upper)))


def _rows(x: Any, order: Any) -> Any:
    outer = len(order.spec.shape) - 1
    return gather(x, order, axis=outer, batch_dims=outer)


# Bands -------------------------------------------------------------------------------------------


def _dense(diagonals: Any, diagonals_format: str) -> Any:
    """The matrix of three diagonals: above, main and below."""
    if diagonals_format == "matrix":
        return floats(diagonals)
    if diagonals_format == "sequence":
        parts = [floats(part) for part in diagonals]
        size = parts[1].spec.shape[-1]
        above, main, below = (
            part if part.spec.shape[-1] == size else _padded(part, place)
            for part, place in zip(parts, ("after", "main", "before"), strict=True)
        )
    elif diagonals_format == "compact":
        lines = floats(diagonals)
        if len(lines.spec.shape) < 2 or lines.spec.shape[-2] != 3:
            raise InvalidArgumentError(f"diagonals are (…, 3, n); got {lines.spec.shape}")
        above, main, below = (lines[..., place, :] for place in range(3))
    else:
        raise InvalidArgumentError(
            f"diagonals_format is 'compact', 'sequence' or 'matrix'; got {diagonals_format!r}"
        )
    return _band(above, 1) + _band(main, 0) + _band(below, -1)


def _padded(line: Any, place: str) -> Any:
    outer = (0,) * (len(line.spec.shape) - 1)
    before, after = (0, 1) if place == "after" else (1, 0)
    return pad(line, (*outer, before), (*outer, after), (*outer, 0))


def _band(line: Any, offset: int) -> Any:
    """A matrix with `line[i]` in row i, `offset` to the right of the diagonal."""
    size = line.spec.shape[-1]
    mask = to_tensor(np.eye(size, k=offset).astype(line.spec.dtype))
    column = insert_axis(line, len(line.spec.shape))
    full = (*line.spec.shape, size)
    return prim.multiply(broadcast(column, full), broadcast(mask, full))


def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Any:
    """The product of a matrix of three diagonals with `rhs`."""
    return matmul(_dense(diagonals, diagonals_format), floats(rhs))


def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Any:
    """X with A X = rhs for a matrix A of three diagonals; a vector `rhs` gives a vector.

    Rows are always exchanged where that is safer (`partial_pivoting`).
    """
    if perturb_singular:
        raise UnimplementedError("tridiagonal_solve does not change a singular matrix")
    a, right = _dense(diagonals, diagonals_format), floats(rhs)
    vector = len(right.spec.shape) == len(a.spec.shape) - 1
    if transpose_rhs and not vector:
        right = _turned(right)
    if vector:
        right = insert_axis(right, len(right.spec.shape))
    found = prim_linalg.solve(a, right, adjoint=False)
    return reshape(found, found.spec.shape[:-1]) if vector else found


def _turned(x: Any) -> Any:
    from_last = len(x.spec.shape)
    return transpose(x, (*range(from_last - 2), from_last - 1, from_last - 2))


def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """X with A X = rhs for a triangular A given by its diagonals, the outermost first if upper.

    `bands` is (…, k, n): of a lower A the main diagonal is the first, of an upper A the last;
    entries outside of the matrix stand at the left of lower ones and at the right of upper ones.
    """
    lines, right = promote(floats(bands), floats(rhs))
    count = lines.spec.shape[-2]
    total: Any = None
    for place in range(count):
        offset = -place if lower else count - 1 - place
        line = lines[..., place, :]
        matrix = _band(line, offset)
        total = matrix if total is None else total + matrix
    return prim_linalg.solve(total, right, adjoint=bool(adjoint))


def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: float | None = None,
    name: str | None = None,
) -> Any:
    """Eigenvalues (smallest first) of symmetric matrices with diagonal alpha and beta beside it.

    With `eigvals_only=False`, eigenvectors (columns) too. All are found, exactly (`tol`);
    `select="i"` gives those numbered in `select_range`.
    """
    if select not in ("a", "i"):
        raise UnimplementedError(f"select is 'a' (all) or 'i' (numbers); got {select!r}")
    main, beside = promote(floats(alpha), floats(beta))
    values, vectors = decompositions.eigh(_dense((beside, main, beside), "sequence"))
    if select == "i":
        first, last = (int(place) for place in as_python(select_range, "select_range"))
        values, vectors = values[..., first : last + 1], vectors[..., first : last + 1]
    return values if eigvals_only else (values, vectors)


__all__ = [
    "banded_triangular_solve", "eigh_tridiagonal", "expm", "lu", "lu_matrix_inverse",
    "lu_reconstruct", "lu_solve", "sqrtm", "tridiagonal_matmul", "tridiagonal_solve",
]  # fmt: skip
