"""Making, moving, reading and sorting tensors; linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

import lamina as tf
from tests.oracle.ops import ALL, integers, normal, operation, row

_x = normal(5, 4)
_cube = normal(5, 3, 2)

# Making ------------------------------------------------------------------------------------------

row("constant", (), lambda: np.full((2, 3), 1.5), lambda: tf.constant(1.5, tf.float64, [2, 3]))
row(
    "convert_to_tensor",
    (),
    lambda: np.array([1, 2], np.int32),
    lambda: tf.convert_to_tensor([1, 2]),
)
row("zeros", (), lambda: np.zeros((2, 3), np.float32), lambda: tf.zeros([2, 3]))
row("ones", (), lambda: np.ones((2, 3), np.int64), lambda: tf.ones([2, 3], tf.int64))
row("fill", _x[0, 0], lambda v: np.full((2, 3), v), lambda v: tf.fill([2, 3], v))
row("zeros_like", _x, np.zeros_like, smooth=(), batch=ALL)
row("ones_like", _x, np.ones_like, smooth=(), batch=ALL)
row("eye", (), lambda: np.stack([np.eye(2, 3)] * 2).astype(np.float32), lambda: tf.eye(2, 3, [2]))
row("range", (), lambda: np.arange(1, 8, 2, np.int32), lambda: tf.range(1, 8, 2))
row(
    "range",
    (),
    lambda: np.arange(1, 11, dtype=np.float32) / 10,
    lambda: tf.range(0.1, 1.1, 0.1),
    tolerance=1e-6,
    case="tenths",
)
row(
    "linspace",
    (normal(3), normal(3, seed=1)),
    lambda a, b: np.linspace(a, b, 5, axis=1),
    lambda a, b: tf.linspace(a, b, 5, axis=1),
    batch=ALL,
)
row(
    "one_hot",
    integers(5, 2, low=-1, high=4),
    lambda i: (np.arange(3) == i[..., None]).astype(np.float32),
    lambda i: tf.one_hot(i, 3),
    batch=ALL,
)
row(
    "one_hot",
    integers(5, high=4),
    lambda i: np.where(np.arange(3)[:, None] == i, 5, -1).astype(np.int32),
    lambda i: tf.one_hot(i, 3, on_value=5, off_value=-1, axis=0),
    case="axis",
)
row(
    "sequence_mask",
    integers(5, high=4),
    lambda n: np.arange(4) < n[:, None],
    lambda n: tf.sequence_mask(n, 4),
    batch=ALL,
)
row("meshgrid", (normal(3), normal(4)), np.meshgrid)

# Shapes ------------------------------------------------------------------------------------------

row("shape", _cube, lambda x: np.array(x.shape, np.int32), smooth=(), batch=ALL)
row("size", _cube, lambda x: np.int32(x.size), smooth=(), batch=ALL)
row("rank", _cube, lambda x: np.int32(x.ndim), smooth=(), batch=ALL)
row(
    "reshape",
    _cube,
    lambda x: x.reshape(-1, 6),
    lambda x: tf.reshape(x, [-1, 6]),
    batch=ALL,
)
row(
    "reshape",
    _cube,
    lambda x: x.reshape(len(x), 2, 3),
    lambda x: tf.reshape(x, [tf.shape(x)[0], 2, -1]),
    batch=ALL,
    case="batch size",
)
row("expand_dims", _x, lambda x: x[:, None], lambda x: tf.expand_dims(x, 1), batch=ALL)
row("squeeze", normal(5, 1, 4), lambda x: x[:, 0], batch=ALL)
row("ensure_shape", _x, lambda x: x, lambda x: tf.ensure_shape(x, [None, 4]), batch=ALL)
row("transpose", _cube, np.transpose)
row(
    "transpose",
    _cube,
    lambda x: x.transpose(0, 2, 1),
    lambda x: tf.transpose(x, [0, 2, 1]),
    batch=ALL,
    case="perm",
)
row(
    "broadcast_to",
    normal(5, 1),
    lambda x: np.broadcast_to(x, (len(x), 3)),
    lambda x: tf.broadcast_to(x, [tf.shape(x)[0], 3]),
    batch=ALL,
)
row(
    "concat",
    (_x, _x + 1),
    lambda x, y: np.concatenate([x, y], 1),
    lambda *xs: tf.concat(xs, 1),
    batch=ALL,
)
row("stack", (_x, _x + 1), lambda x, y: np.stack([x, y], 1), lambda *xs: tf.stack(xs, 1), batch=ALL)
row("unstack", _x, lambda x: list(x.T), lambda x: tf.unstack(x, axis=1), batch=ALL)
row("split", _x, lambda x: np.split(x, 2, 1), lambda x: tf.split(x, 2, 1), batch=ALL)
row(
    "split",
    _x,
    lambda x: np.split(x, [1], 1),
    lambda x: tf.split(x, [1, -1], axis=1),
    batch=ALL,
    case="sizes",
)
row("slice", _x, lambda x: x[:, 1:3], lambda x: tf.slice(x, [0, 1], [-1, 2]), batch=ALL)
row("tile", _x, lambda x: np.tile(x, (1, 3)), lambda x: tf.tile(x, [1, 3]), batch=ALL)
row("repeat", _x, lambda x: np.repeat(x, 2, 1), lambda x: tf.repeat(x, 2, axis=1), batch=ALL)
row(
    "repeat",
    _x,
    lambda x: np.repeat(x, [1, 0, 2, 3], 1),
    lambda x: tf.repeat(x, [1, 0, 2, 3], axis=1),
    batch=ALL,
    case="counts",
)
row("reverse", _x, lambda x: x[:, ::-1], lambda x: tf.reverse(x, [1]), batch=ALL)
row(
    "roll",
    _cube,
    lambda x: np.roll(x, (1, -3), (1, 2)),
    lambda x: tf.roll(x, [1, -3], [1, 2]),
    batch=ALL,
)
for _mode, _extra in [("CONSTANT", {"constant_values": 2.0}), ("REFLECT", {}), ("SYMMETRIC", {})]:
    row(
        "pad",
        _x,
        lambda x, m=_mode, e=_extra: np.pad(x, ((0, 0), (1, 2)), m.lower(), **e),
        lambda x, m=_mode, e=_extra: tf.pad(x, [[0, 0], [1, 2]], m, **e),
        batch=ALL,
        case="" if _mode == "CONSTANT" else _mode,
    )

# Reading and writing at places -------------------------------------------------------------------

row("gather", (_x, integers(3, 2, high=5)), lambda x, i: x[i], smooth=(0,))
row(
    "gather",
    (_cube, integers(5, 2, high=3)),
    lambda x, i: np.stack([a[j] for a, j in zip(x, i)]),
    lambda x, i: tf.gather(x, i, batch_dims=1),
    batch=ALL,
    case="batch_dims",
)
row(
    "gather_nd",
    (_cube, np.array([[0, 1], [4, 2], [0, 1]], np.int32)),
    lambda x, i: x[i[:, 0], i[:, 1]],
)
row(
    "boolean_mask",
    _x,
    lambda x: x[:, [True, False, True, True]],
    lambda x: tf.boolean_mask(x, [True, False, True, True], axis=1),
    batch=ALL,
)
_places = np.array([[1], [3], [1]], np.int32)


def _scattered(start: Any, updates: Any, write: Any) -> Any:
    result = np.array(start)
    for (place,), update in zip(_places, updates):
        result[place] = write(result[place], update)
    return result


_updates = normal(3, 4)
row(
    "scatter_nd",
    _updates,
    lambda u: _scattered(np.zeros((5, 4)), u, np.add),
    lambda u: tf.scatter_nd(_places, u, [5, 4]),
)
for _name, _write in [("add", np.add), ("sub", np.subtract), ("update", lambda old, new: new)]:
    _function = operation(f"tensor_scatter_nd_{_name}")
    row(
        f"tensor_scatter_nd_{_name}",
        (_x, _updates),
        lambda x, u, w=_write: _scattered(x, u, w),
        lambda x, u, f=_function: f(x, _places, u),
    )
row(
    "tensor_scatter_nd_update",
    (_x, np.array([[1], [3], [1]], np.int32), _updates),
    lambda x, i, u: _scattered(x, u, lambda old, new: new),
    case="traced places",
)

# Sorting -----------------------------------------------------------------------------------------

row("sort", _x, lambda x: np.sort(x, 1), batch=ALL)
row(
    "sort",
    _cube,
    lambda x: -np.sort(-x, 1),
    lambda x: tf.sort(x, axis=1, direction="DESCENDING"),
    batch=ALL,
    case="descending",
)
row("argsort", _x, lambda x: np.argsort(x, 1).astype(np.int32), smooth=(), batch=ALL)
row(
    "top_k",
    _x,
    lambda x: [-np.sort(-x, 1)[:, :2], np.argsort(-x, 1)[:, :2].astype(np.int32)],
    lambda x: list(tf.math.top_k(x, 2)),
    batch=ALL,
)


def _searched(edges: Any, x: Any) -> Any:
    lines = [np.searchsorted(a, b, "right") for a, b in zip(edges, x, strict=True)]
    return np.stack(lines).astype(np.int32)


row(
    "searchsorted",
    (np.sort(normal(6)), normal(5, 4)),
    lambda e, x: np.searchsorted(e, x).astype(np.int32),
    smooth=(),
    batch=(1,),
)
row(
    "searchsorted",
    (np.sort(integers(5, 6), 1), integers(5, 4)),
    _searched,
    lambda e, x: tf.searchsorted(e, x, side="right"),
    batch=ALL,
    case="rows",
)

# Linear algebra ----------------------------------------------------------------------------------

_square = normal(5, 3, 3) + 3 * np.eye(3)
_spd = _square @ _square.transpose(0, 2, 1) + np.eye(3)
row("matmul", (_x, normal(4, 3)), np.matmul, batch=(0,))
row(
    "matmul",
    (normal(5, 4, 3), normal(5, 2, 4)),
    lambda a, b: a.transpose(0, 2, 1) @ b.transpose(0, 2, 1),
    lambda a, b: tf.matmul(a, b, transpose_a=True, transpose_b=True),
    batch=ALL,
    case="transposed batches",
)
row(
    "linalg.matvec",
    (normal(5, 3, 4), normal(5, 4)),
    lambda a, b: (a @ b[..., None])[..., 0],
    batch=ALL,
)
row(
    "tensordot",
    (_cube, normal(2, 3, 4)),
    lambda a, b: np.tensordot(a, b, [[1, 2], [1, 0]]),
    lambda a, b: tf.tensordot(a, b, [[1, 2], [1, 0]]),
    batch=(0,),
)
row(
    "tensordot",
    (_cube, normal(2, 4)),
    lambda a, b: a @ b,
    lambda a, b: tf.tensordot(a, b, 1),
    batch=(0,),
    case="1",
)
for _equation, _shapes in [
    ("bij,jk->bik", [(5, 2, 3), (3, 4)]),
    ("bij,bjk,kl->bil", [(5, 2, 3), (5, 3, 2), (2, 3)]),
    ("b...d,hd->b...h", [(5, 3, 4), (2, 4)]),
    ("bhqd,bhkd->bhqk", [(5, 2, 3, 4), (5, 2, 6, 4)]),
    ("bi,bi->b", [(5, 3), (5, 3)]),
    ("bi,bj->bij", [(5, 3), (5, 4)]),
    ("bii->bi", [(5, 3, 3)]),
]:
    _inputs = tuple(normal(*shape, seed=i) for i, shape in enumerate(_shapes))
    row(
        "einsum",
        _inputs,
        lambda *xs, e=_equation: np.einsum(e, *xs),
        lambda *xs, e=_equation: tf.einsum(e, *xs),
        batch=[i for i, shape in enumerate(_shapes) if shape[0] == 5],
        case=_equation,
    )
row(
    "einsum",
    (_x, normal(4, 5)),
    lambda a, b: np.trace(a @ b),
    lambda a, b: tf.einsum("ij,ji", a, b),
)
row("linalg.adjoint", _cube, lambda x: x.transpose(0, 2, 1), batch=ALL)
row("linalg.cross", (normal(5, 3), normal(5, 3, seed=1)), np.cross, batch=ALL)
row("norm", _cube, lambda x: np.sqrt(np.sum(x * x)))
for _ord in (1, 2, 3, np.inf):
    row(
        "norm",
        _cube,
        lambda x, o=_ord: np.linalg.norm(x, o, 1, keepdims=True),
        lambda x, o=_ord: tf.norm(x, o, axis=1, keepdims=True),
        batch=ALL,
        case=f"vectors, {_ord}",
    )
for _ord in (1, np.inf, "fro"):
    row(
        "norm",
        _cube,
        lambda x, o=_ord: np.linalg.norm(x, o, (2, 1)),
        lambda x, o=_ord: tf.norm(x, o, axis=[2, 1]),
        batch=ALL,
        case=f"matrices, {_ord}",
    )
row(
    "linalg.normalize",
    _x,
    lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    lambda x: tf.linalg.normalize(x, axis=1)[0],
    batch=ALL,
)
row("linalg.diag", _x, lambda x: x[..., None] * np.eye(4), batch=ALL)
row(
    "linalg.diag",
    _x,
    lambda x: np.stack([np.diag(line, -2) for line in x]),
    lambda x: tf.linalg.diag(x, k=-2),
    batch=ALL,
    case="k",
)
row("linalg.diag_part", _cube, lambda x: np.stack([np.diag(m) for m in x]), batch=ALL)
row(
    "linalg.diag_part",
    _cube,
    lambda x: np.stack([np.diag(m, -1) for m in x]),
    lambda x: tf.linalg.diag_part(x, k=-1),
    batch=ALL,
    case="k",
)
row(
    "linalg.set_diag",
    (_cube, normal(5, 2)),
    lambda x, d: np.stack([m - np.eye(3, 2) * m + np.eye(3, 2) * v for m, v in zip(x, d)]),
    batch=ALL,
)
row("linalg.tensor_diag", normal(2, 3), lambda x: np.diag(x.ravel()).reshape(2, 3, 2, 3))
row("linalg.tensor_diag_part", normal(2, 3, 2, 3), lambda x: np.einsum("ijij->ij", x))
row(
    "linalg.band_part",
    _square,
    lambda x: np.triu(np.tril(x, 1), -1),
    lambda x: tf.linalg.band_part(x, 1, 1),
    batch=ALL,
)
row("linalg.trace", _square, lambda x: np.trace(x, axis1=1, axis2=2), batch=ALL)
row("linalg.inv", _square, np.linalg.inv, batch=ALL)
row("linalg.det", _square, np.linalg.det, batch=ALL)
row("linalg.solve", (_square, _cube), np.linalg.solve, batch=ALL)
row(
    "linalg.solve",
    (_square[0], normal(3, 2)),
    lambda a, b: np.linalg.solve(a.T, b),
    lambda a, b: tf.linalg.solve(a, b, adjoint=True),
    case="adjoint",
)
row(
    "linalg.triangular_solve",
    (_square, _cube),
    lambda a, b: np.linalg.solve(np.triu(a), b),
    lambda a, b: tf.linalg.triangular_solve(a, b, lower=False),
    batch=ALL,
)
row(
    "linalg.cholesky_solve",
    (_square, _cube),
    lambda a, b: np.linalg.solve(np.tril(a) @ np.tril(a).transpose(0, 2, 1), b),
    batch=ALL,
    tolerance=1e-11,
)


def _symmetric(x: Any) -> Any:
    return (x + tf.linalg.adjoint(x)) / 2


row(
    "linalg.cholesky",
    _spd,
    np.linalg.cholesky,
    lambda x: tf.linalg.cholesky(_symmetric(x)),
    batch=ALL,
)
row(
    "linalg.logdet",
    _spd,
    lambda x: np.linalg.slogdet(x)[1],
    lambda x: tf.linalg.logdet(_symmetric(x)),
    batch=ALL,
)
row(
    "linalg.lstsq",
    (normal(6, 3), normal(6, 2)),
    lambda a, b: np.linalg.solve(a.T @ a + 0.1 * np.eye(3), a.T @ b),
    lambda a, b: tf.linalg.lstsq(a, b, l2_regularizer=0.1),
)
