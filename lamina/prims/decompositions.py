"""Matrices as products of simpler ones, on the last two axes; NumPy's LAPACK calls.

Gradients: M. Giles, "Collected matrix derivative results" (2008); J. Townsend, "Differentiating
the singular value decomposition" (2016); S. Walter, L. Lehmann, "Algorithmic differentiation of
linear algebra functions" (2010); G. Golub, V. Pereyra, "The differentiation of pseudo-inverses"
(1973). Where eigenvalues or singular values meet, vectors have no derivative: infinities come out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import INT32, Array
from ..core.errors import InvalidArgumentError, SymbolicShapeError, UnimplementedError
from ..ir.bind import bind
from ..ir.primitive import Primitive
from ..ir.value import Spec, Value
from .broadcast import broadcast, fill_like, iota, reshape
from .elementwise import add, divide, equal, less, less_equal, multiply, negative, select, subtract
from .index import argsort, take_along
from .layout import strided_slice, transpose
from .linalg import guard, inverse, solve, square
from .matmul import matmul
from .rules import FLOAT, check_kind

# Parts of matrices -------------------------------------------------------------------------------


def _turned(x: Any) -> Any:
    rank = len(x.spec.shape)
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def _masked(x: Any, relation: Callable[[Any, Any], Any]) -> Any:
    """`x` where relation(row, column) holds, else 0."""
    rank = len(x.spec.shape)
    row, column = (iota(x.spec.shape, axis, INT32) for axis in (rank - 2, rank - 1))
    return select(relation(row, column), x, fill_like(x, 0))


def _columns(line: Any, shape: Any) -> Any:
    """A line for each matrix, repeated as every row of matrices of `shape`."""
    own = line.spec.shape
    return broadcast(reshape(line, (*own[:-1], 1, own[-1])), shape)


def _rows(line: Any, shape: Any) -> Any:
    """A line for each matrix, repeated as every column of matrices of `shape`."""
    return broadcast(reshape(line, (*line.spec.shape, 1)), shape)


def _diagonal(line: Any) -> Any:
    return _masked(_rows(line, (*line.spec.shape, line.spec.shape[-1])), equal)


def _total(parts: list[Any], like: Any) -> Any:
    found = parts[0] if parts else fill_like(like, 0)
    for part in parts[1:]:
        found = add(found, part)
    return found


def _without_span(x: Any, basis: Any) -> Any:
    """(I - Q Qᵀ) x for orthonormal columns Q."""
    return subtract(x, matmul(basis, matmul(basis, x, True, False), False, False))


def _gaps(values: Any) -> Any:
    """1 / (value of the column - value of the row), 0 on the diagonal."""
    shape = (*values.spec.shape, values.spec.shape[-1])
    gap = subtract(_columns(values, shape), _rows(values, shape))
    row, column = (iota(shape, axis, INT32) for axis in (len(shape) - 2, len(shape) - 1))
    one, zero = fill_like(gap, 1), fill_like(gap, 0)
    on = equal(row, column)
    return select(on, zero, divide(one, select(on, one, gap)))


def _rectangle(name: str, x: Spec) -> tuple[Any, int, int]:
    check_kind(name, x, FLOAT)
    if len(x.shape) < 2:
        raise InvalidArgumentError(f"{name} expects matrices; got {x!r}")
    rows, columns = x.shape[-2:]
    if not (isinstance(rows, int) and isinstance(columns, int)):
        raise SymbolicShapeError(f"{name} needs matrices of known sizes; got {x!r}")
    return x.shape[:-2], rows, columns


# Symmetric matrices ------------------------------------------------------------------------------


def _infer_eigh(x: Spec) -> tuple[Spec, Spec]:
    square("eigh", x)
    return Spec(x.shape[:-1], x.dtype), x


def _eigh_rule(g: Any, out: Any, x: Any) -> Any:
    """V (diag(w̄) + F ∘ Vᵀ V̄) Vᵀ with F the inverse gaps, made symmetric."""
    (of_values, of_vectors), (values, vectors) = g, out
    inner = []
    if of_values is not None:
        inner.append(_diagonal(of_values))
    if of_vectors is not None:
        mixed = matmul(vectors, of_vectors, True, False)
        inner.append(multiply(_gaps(values), mixed))
    found = matmul(matmul(vectors, _total(inner, x), False, False), vectors, False, True)
    both = add(found, _turned(found))
    return multiply(both, fill_like(both, 0.5))


eigh_p = Primitive(
    "eigh",
    infer=_infer_eigh,
    evaluate=guard("eigh", lambda x: tuple(np.linalg.eigh(x))),
    vjp=(_eigh_rule,),
    multiple=True,
)


def eigh(x: Value) -> tuple[Any, Any]:
    """Eigenvalues (smallest first) and eigenvectors (columns); the lower triangle is read."""
    values, vectors = bind(eigh_p, x)
    return values, vectors


# Any matrices ------------------------------------------------------------------------------------


def _infer_svd(x: Spec, *, full: bool) -> tuple[Spec, Spec, Spec]:
    outer, rows, columns = _rectangle("svd", x)
    least = min(rows, columns)
    left, right = (rows, columns) if full else (least, least)
    shapes = (*outer, rows, left), (*outer, least), (*outer, right, columns)
    u, s, v = (Spec(shape, x.dtype) for shape in shapes)
    return u, s, v


def _first(x: Any, axis: int, count: int) -> Any:
    """The first `count` places along `axis`."""
    rank = len(x.spec.shape)
    stops = tuple(count if place == axis % rank else None for place in range(rank))
    return strided_slice(x, (0,) * rank, stops, (1,) * rank)


def _svd_rule(g: Any, out: Any, x: Any, *, full: bool) -> Any:
    """U (diag(s̄) + (F ∘ A) S + S (F ∘ B)) Vᵀ with A, B the antisymmetric parts of Uᵀ Ū, Vᵀ V̄, and
    what leaves the spans of U and V.
    """
    (of_u, of_s, of_v), (u, s, v) = g, out
    least = s.spec.shape[-1]
    if full and x.spec.shape[-2] != x.spec.shape[-1]:
        if of_u is not None or of_v is not None:
            raise UnimplementedError(
                "the gradient of svd with full_matrices=True: the matrix does not determine the "
                "vectors that are added; use full_matrices=False"
            )
        u, v = _first(u, -1, least), _first(v, -2, least)
    gaps = _gaps(multiply(s, s))
    inner = [] if of_s is None else [_diagonal(of_s)]
    outer = []
    if of_u is not None:
        turning = multiply(gaps, _antisymmetric(matmul(u, of_u, True, False)))
        inner.append(multiply(turning, _columns(s, turning.spec.shape)))
        outer.append(matmul(_outside(of_u, u, s), v, False, False))
    if of_v is not None:
        turning = multiply(gaps, _antisymmetric(matmul(v, of_v, False, True)))
        inner.append(multiply(turning, _rows(s, turning.spec.shape)))
        outer.append(matmul(u, _outside(_turned(of_v), _turned(v), s), False, True))
    middle = matmul(matmul(u, _total(inner, gaps), False, False), v, False, False)
    return _total([middle, *outer], x)


def _antisymmetric(x: Any) -> Any:
    return subtract(x, _turned(x))


def _outside(cotangent: Any, basis: Any, s: Any) -> Any:
    """(I - Q Qᵀ) Q̄ S⁻¹, which is zero for a square Q."""
    rows, columns = basis.spec.shape[-2:]
    if rows == columns:
        return fill_like(cotangent, 0)
    return divide(_without_span(cotangent, basis), _columns(s, cotangent.spec.shape))


svd_p = Primitive(
    "svd",
    infer=_infer_svd,
    evaluate=guard("svd", lambda x, *, full: tuple(np.linalg.svd(x, full_matrices=full))),
    vjp=(_svd_rule,),
    multiple=True,
)


def svd(x: Value, *, full: bool) -> tuple[Any, Any, Any]:
    """U, s (largest first) and Vᵀ with X = U diag(s) Vᵀ; U and V square if `full`."""
    u, s, v = bind(svd_p, x, full=full)
    return u, s, v


def _infer_qr(x: Spec, *, full: bool) -> tuple[Spec, Spec]:
    outer, rows, columns = _rectangle("qr", x)
    inner = rows if full else min(rows, columns)
    return Spec((*outer, rows, inner), x.dtype), Spec((*outer, inner, columns), x.dtype)


def _qr_rule(g: Any, out: Any, x: Any, *, full: bool) -> Any:
    """(Q̄ + Q copyltu(R R̄ᵀ - Q̄ᵀ Q)) R⁻ᵀ."""
    rows, columns = x.spec.shape[-2:]
    if columns > rows or (full and rows > columns):
        raise UnimplementedError(
            "the gradient of qr is known for matrices with no more columns than rows, of which "
            f"mode='reduced' is taken; got {x.spec!r}"
        )
    (of_q, of_r), (q, r) = g, out
    parts = []
    if of_r is not None:
        parts.append(matmul(r, of_r, False, True))
    if of_q is not None:
        parts.append(negative(matmul(of_q, q, True, False)))
    mixed = _total(parts, r)
    below = _masked(mixed, lambda row, column: less(column, row))
    copied = add(_masked(mixed, lambda row, column: less_equal(column, row)), _turned(below))
    left = matmul(q, copied, False, False)
    left = left if of_q is None else add(of_q, left)
    return _turned(solve(r, _turned(left), adjoint=False))


qr_p = Primitive(
    "qr",
    infer=_infer_qr,
    evaluate=guard(
        "qr",
        lambda x, *, full: tuple(np.linalg.qr(x, mode="complete" if full else "reduced")),
    ),
    vjp=(_qr_rule,),
    multiple=True,
)


def qr(x: Value, *, full: bool) -> tuple[Any, Any]:
    """Q with orthonormal columns (square if `full`) and upper-triangular R, Q R = X."""
    q, r = bind(qr_p, x, full=full)
    return q, r


# Elimination -------------------------------------------------------------------------------------


def _infer_lu(x: Spec) -> tuple[Spec, Spec, Spec]:
    outer, rows, columns = _rectangle("lu_factor", x)
    pivots = Spec((*outer, min(rows, columns)), INT32)
    return x, pivots, Spec((*outer, rows), INT32)


def _lu(x: Array) -> tuple[Array, Array, Array]:
    """Gaussian elimination, the row with the largest entry of a column first."""
    rows, columns = x.shape[-2:]
    steps = min(rows, columns)
    work = x.reshape(-1, rows, columns).copy()
    count = np.arange(len(work))
    pivots = np.zeros((len(work), steps), INT32)
    order = np.tile(np.arange(rows, dtype=INT32), (len(work), 1))
    for k in range(steps):
        best = k + np.argmax(np.abs(work[:, k:, k]), axis=1)
        pivots[:, k] = best
        for table in (work, order):
            table[count, best], table[:, k] = table[:, k].copy(), table[count, best].copy()
        pivot = work[:, k, k, None]
        work[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)
        work[:, k + 1 :, k + 1 :] -= work[:, k + 1 :, k, None] * work[:, None, k, k + 1 :]
    outer = x.shape[:-2]
    return work.reshape(x.shape), pivots.reshape(*outer, steps), order.reshape(*outer, rows)


def _lu_rule(g: Any, out: Any, x: Any) -> Any:
    """Pᵀ L⁻ᵀ (tril(Lᵀ L̄, -1) + triu(Ū Uᵀ)) U⁻ᵀ."""
    if x.spec.shape[-1] != x.spec.shape[-2]:
        raise UnimplementedError(f"the gradient of lu_factor needs square matrices; got {x.spec!r}")
    packed, _, order = out

    def below(row: Any, column: Any) -> Any:
        return less(column, row)

    def above(row: Any, column: Any) -> Any:
        return less_equal(row, column)

    low, upper = _masked(packed, below), _masked(packed, above)
    low = add(low, _masked(fill_like(low, 1), equal))
    first = _masked(matmul(low, _masked(g[0], below), True, False), below)
    second = _masked(matmul(_masked(g[0], above), upper, False, True), above)
    left = solve(low, add(first, second), adjoint=True)
    permuted = solve(upper, _turned(left), adjoint=False)  # the transpose, columns in pivot order
    back = _columns(argsort(order, descending=False), permuted.spec.shape)
    return _turned(take_along(permuted, back))


lu_p = Primitive("lu", infer=_infer_lu, evaluate=_lu, vjp=(_lu_rule,), multiple=True)


def lu(x: Value) -> tuple[Any, Any, Any]:
    """L below the diagonal (its own is 1) and U in one matrix; which row each step of the
    elimination swapped with its own; the order of the rows of X that comes of it.
    """
    packed, pivots, order = bind(lu_p, x)
    return packed, pivots, order


# Determinants and inverses -----------------------------------------------------------------------


def _infer_slogdet(x: Spec) -> tuple[Spec, Spec]:
    square("slogdet", x)
    return (Spec(x.shape[:-2], x.dtype),) * 2


def _slogdet_rule(g: Any, out: Any, x: Any) -> Any:
    if g[1] is None:
        return None
    shape = x.spec.shape
    scale = broadcast(reshape(g[1], (*shape[:-2], 1, 1)), shape)
    return multiply(scale, _turned(inverse(x)))


slogdet_p = Primitive(
    "slogdet",
    infer=_infer_slogdet,
    evaluate=guard("slogdet", lambda x: tuple(map(np.asarray, np.linalg.slogdet(x)))),
    vjp=(_slogdet_rule,),
    multiple=True,
    may_warn=True,
)


def slogdet(x: Value) -> tuple[Any, Any]:
    """The sign of det X (0 for a singular X), and log |det X|."""
    sign, log = bind(slogdet_p, x)
    return sign, log


def _infer_pinv(x: Spec, *, cutoff: float) -> Spec:
    outer, rows, columns = _rectangle("pinv", x)
    return Spec((*outer, columns, rows), x.dtype)


def _pinv_rule(g: Any, p: Any, x: Any, *, cutoff: float) -> Any:
    """-Pᵀ P̄ Pᵀ + (I - X P) P̄ᵀ P Pᵀ + Pᵀ P P̄ᵀ (I - P X)."""

    def product(*factors: Any) -> Any:
        found = factors[0]
        for factor in factors[1:]:
            found = matmul(found, factor, False, False)
        return found

    turned, g_turned = _turned(p), _turned(g)
    first = product(turned, g, turned)
    second = product(g_turned, p, turned)
    second = subtract(second, product(x, p, second))
    third = product(turned, p, g_turned)
    third = subtract(third, product(third, p, x))
    return add(subtract(second, first), third)


pinv_p = Primitive(
    "pinv",
    infer=_infer_pinv,
    evaluate=guard("pinv", lambda x, *, cutoff: np.linalg.pinv(x, rcond=cutoff)),
    vjp=(_pinv_rule,),
    may_warn=True,
)


def pinv(x: Value, *, cutoff: float) -> Any:
    """The pseudoinverse; singular values up to `cutoff` times the largest count as 0."""
    return bind(pinv_p, x, cutoff=cutoff)
