"""tf.linalg beyond the everyday: exponentials, roots, LU, bands."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

import lamina as tf
from tests.oracle.ops import normal, positive, row

_x = normal(2, 3, 3)
_positive = _x @ _x.swapaxes(1, 2) + np.eye(3)
_main, _beside = 4 + positive(4), normal(3)


def _each(function: Any) -> Any:
    return lambda x: np.stack([function(matrix) for matrix in x])


row(
    "linalg.matmul",
    (_x, _x + 1),
    lambda x, y: (x.swapaxes(1, 2) @ y.swapaxes(1, 2)).astype(np.float64),
    lambda x, y: tf.matmul(x, y, adjoint_a=True, transpose_b=True, output_type=tf.float64),
    case="adjoint",
)
row("linalg.expm", _x, _each(linalg.expm))
row("linalg.expm", 9 * normal(1, 3, 3), _each(linalg.expm), tolerance=1e-9, smooth=(), case="far")
row("linalg.sqrtm", _positive, _each(lambda m: linalg.sqrtm(m).real))


def _packed(m: Any) -> Any:
    p, lower, upper = linalg.lu(m)
    return lower + upper - np.eye(3), np.argmax(p, 0).astype(np.int32)


row("linalg.lu", _x[0], _packed, lambda x: tuple(tf.linalg.lu(x)))
row("linalg.lu_reconstruct", _x, lambda x: x, lambda x: tf.linalg.lu_reconstruct(*tf.linalg.lu(x)))
row(
    "linalg.lu_solve",
    (_x, normal(2, 3, 2)),
    np.linalg.solve,
    lambda x, y: tf.linalg.lu_solve(*tf.linalg.lu(x), y),
    tolerance=1e-11,
)
row(
    "linalg.lu_matrix_inverse",
    _x,
    np.linalg.inv,
    lambda x: tf.linalg.lu_matrix_inverse(*tf.linalg.lu(x)),
    tolerance=1e-11,
)


def _three(above: Any, main: Any, below: Any) -> Any:
    return np.diag(above, 1) + np.diag(main) + np.diag(below, -1)


row(
    "linalg.tridiagonal_matmul",
    (_beside, _main, _beside + 1, normal(4, 2)),
    lambda a, m, b, y: _three(a, m, b) @ y,
    lambda a, m, b, y: tf.linalg.tridiagonal_matmul((a, m, b), y, "sequence"),
)
_compact = np.stack([np.r_[_beside, 9], _main, np.r_[9, _beside]])  # what is outside is not read
row(
    "linalg.tridiagonal_solve",
    (_compact, normal(4)),
    lambda d, y: np.linalg.solve(_three(d[0, :3], d[1], d[2, 1:]), y),
    tf.linalg.tridiagonal_solve,
)
row(
    "linalg.tridiagonal_solve",
    (_three(_beside, _main, _beside), normal(2, 4)),
    lambda d, y: np.linalg.solve(d, y.T),
    lambda d, y: tf.linalg.tridiagonal_solve(d, y, "matrix", transpose_rhs=True),
    case="matrix, turned",
)
_bands = np.stack([_main, np.r_[9, _beside]])
row(
    "linalg.banded_triangular_solve",
    (_bands, normal(4, 2)),
    lambda b, y: np.linalg.solve(np.diag(b[0]) + np.diag(b[1, 1:], -1), y),
    tf.linalg.banded_triangular_solve,
)
_upper = np.stack([np.r_[_beside, 9], _main])
row(
    "linalg.banded_triangular_solve",
    (_upper, normal(4, 2)),
    lambda b, y: np.linalg.solve((np.diag(b[1]) + np.diag(b[0, :3], 1)).T, y),
    lambda b, y: tf.linalg.banded_triangular_solve(b, y, lower=False, adjoint=True),
    case="upper",
)
row(
    "linalg.eigh_tridiagonal",
    (_main, _beside),
    linalg.eigvalsh_tridiagonal,
    tf.linalg.eigh_tridiagonal,
)
row(
    "linalg.eigh_tridiagonal",
    (_main, _beside),
    lambda a, b: linalg.eigvalsh_tridiagonal(a, b)[1:3],
    lambda a, b: tf.linalg.eigh_tridiagonal(
        a, b, eigvals_only=False, select="i", select_range=(1, 2)
    )[0],
    case="some",
)
