"""Primitives: strict samples, and what NumPy says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special
from scipy.linalg import lu_factor

from lamina.ir.bind import bind
from lamina.ir.graph import trace_graph
from lamina.ir.value import Spec
from lamina.prims import (
    broadcast,
    control,
    decompositions,
    elementwise,
    index,
    layout,
    linalg,
    matmul,
    random,
    reduce,
    text,
)

F64 = np.dtype(np.float64)
F32 = np.dtype(np.float32)
I32 = np.dtype(np.int32)


class Row(NamedTuple):
    """`call(*values)` must be what `reference(*arrays)` is (None: no closed form to hold).

    `smooth`: the inputs with a derivative at the sample. `twice`: it can be had a second time.
    """

    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    reference: Callable[..., Any]
    smooth: tuple[int, ...]
    twice: bool


ROWS: dict[str, Row] = {}


def _row(
    name: str,
    call: Callable[..., Any],
    inputs: tuple[Any, ...],
    reference: Callable[..., Any],
    smooth: tuple[int, ...] | None = None,
    twice: bool = True,
) -> None:
    arrays = tuple(np.asarray(array) for array in inputs)
    if smooth is None:
        smooth = tuple(i for i, array in enumerate(arrays) if array.dtype.kind == "f")
    ROWS[name] = Row(call, arrays, reference, smooth, twice)


def _normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def _between(low: float, high: float, *shape: int) -> Any:
    return np.random.default_rng(5).uniform(low, high, shape)


_x, _y, _cube = _normal(3, 4), _normal(3, 4, seed=1), _normal(2, 3, 4)
_whole = np.random.default_rng(0).integers(1, 9, (3, 4)).astype(np.int32)

# Filling and reducing -----------------------------------------------------------------------------

_row("fill", lambda: broadcast.fill((2, 3), 1.5, F64), (), lambda: np.full((2, 3), 1.5))
_row("iota", lambda: broadcast.iota((2, 3), 1, I32), (), lambda: np.tile(np.arange(3), (2, 1)))
_row(
    "broadcast",
    lambda x: broadcast.broadcast(x, (2, 3, 4)),
    (_normal(3, 1),),
    lambda x: np.broadcast_to(x, (2, 3, 4)),
)
_row("reshape", lambda x: broadcast.reshape(x, (2, 6)), (_x,), lambda x: x.reshape(2, 6))
_row("dimension", lambda x: broadcast.dimension(x, 1), (_x,), lambda x: np.int32(4), smooth=())
for _name, _verb, _reference in [
    ("reduce_sum", broadcast.reduce_sum, np.sum),
    ("reduce_max", reduce.reduce_max, np.max),
    ("reduce_min", reduce.reduce_min, np.min),
    ("reduce_prod", reduce.reduce_prod, np.prod),
]:
    _row(
        _name,
        lambda x, f=_verb: f(x, (0, 2)),
        (_cube,),
        lambda x, f=_reference: f(x, axis=(0, 2)),
    )
for _name, _verb, _reference in [
    ("argmax", reduce.argmax, np.argmax),
    ("argmin", reduce.argmin, np.argmin),
]:
    _row(_name, lambda x, f=_verb: f(x, 1), (_cube,), lambda x, f=_reference: f(x, 1), smooth=())
_row(
    "cumulative_sum",
    lambda x: reduce.cumulative_sum(x, exclusive=True),
    (_x,),
    lambda x: np.cumsum(x, 1) - x,
)
_row(
    "cumulative_product",
    lambda x: reduce.cumulative_product(x, exclusive=False),
    (_x,),
    lambda x: np.cumprod(x, 1),
)

# Element by element -------------------------------------------------------------------------------

for _name, _reference, _inputs in [
    ("add", np.add, (_x, _y)),
    ("subtract", np.subtract, (_x, _y)),
    ("multiply", np.multiply, (_x, _y)),
    ("divide", np.divide, (_x, _y)),
    ("floor_divide", np.floor_divide, (_whole, _whole[::-1].copy())),
    ("remainder", np.remainder, (_x, _between(0.5, 2, 3, 4))),
    ("power", np.power, (_between(0.5, 2, 3, 4), _y)),
    ("maximum", np.maximum, (_x, _y)),
    ("minimum", np.minimum, (_x, _y)),
    ("arctan2", np.arctan2, (_x, _y)),
    ("bitwise_and", np.bitwise_and, (_whole, _whole[::-1].copy())),
    ("bitwise_or", np.bitwise_or, (_whole, _whole[::-1].copy())),
    ("bitwise_xor", np.bitwise_xor, (_whole, _whole[::-1].copy())),
    ("shift_left", np.left_shift, (_whole, _whole[::-1].copy())),
    ("shift_right", np.right_shift, (_whole, _whole[::-1].copy())),
    ("equal", np.equal, (_whole, _whole[::-1].copy())),
    ("less", np.less, (_x, _y)),
    ("less_equal", np.less_equal, (_x, _y)),
    ("negative", np.negative, (_x,)),
    ("sign", np.sign, (_x,)),
    ("absolute", np.abs, (_x,)),
    ("floor", np.floor, (_x,)),
    ("ceil", np.ceil, (_x,)),
    ("round_even", np.round, (_x,)),
    ("sqrt", np.sqrt, (_between(0.3, 3, 3, 4),)),
    ("exp", np.exp, (_x,)),
    ("expm1", np.expm1, (_x,)),
    ("log", np.log, (_between(0.3, 3, 3, 4),)),
    ("log1p", np.log1p, (_between(-0.7, 3, 3, 4),)),
    ("sin", np.sin, (_x,)),
    ("cos", np.cos, (_x,)),
    ("tan", np.tan, (_between(-1, 1, 3, 4),)),
    ("arcsin", np.arcsin, (_between(-0.9, 0.9, 3, 4),)),
    ("arccos", np.arccos, (_between(-0.9, 0.9, 3, 4),)),
    ("arctan", np.arctan, (_x,)),
    ("sinh", np.sinh, (_x,)),
    ("cosh", np.cosh, (_x,)),
    ("tanh", np.tanh, (_x,)),
    ("arcsinh", np.arcsinh, (_x,)),
    ("arccosh", np.arccosh, (_between(1.3, 3, 3, 4),)),
    ("arctanh", np.arctanh, (_between(-0.9, 0.9, 3, 4),)),
    ("sigmoid", special.expit, (_x,)),
    ("erf", special.erf, (_x,)),
    ("erfc", special.erfc, (_x,)),
    ("erf_inverse", special.erfinv, (_between(-0.9, 0.9, 3, 4),)),
    ("logical_not", np.logical_not, (_x > 0,)),
    ("is_finite", np.isfinite, (np.array([1.0, np.inf, np.nan]),)),
    ("select", np.where, (_x > 0, _x, _y)),
]:
    _row(
        _name,
        getattr(elementwise, _name),
        _inputs,
        _reference,
        smooth=() if _name == "is_finite" else None,
    )
_row(
    "cast",
    lambda x: elementwise.cast(x, I32),
    (_x * 9,),
    lambda x: x.astype(np.int32),
    smooth=(),
)
_row(
    "bitcast",
    lambda x: elementwise.bitcast(elementwise.cast(x, F32), I32),
    (_x,),
    lambda x: x.astype(F32).view(I32),
    smooth=(),
)
_row("stop_gradient", elementwise.stop_gradient, (_x,), lambda x: x, smooth=())

# Moving -------------------------------------------------------------------------------------------

_row(
    "transpose", lambda x: layout.transpose(x, (2, 0, 1)), (_cube,), lambda x: x.transpose(2, 0, 1)
)
_row(
    "slice",
    lambda x: layout.strided_slice(x, (1, 0), (3, None), (1, 3)),
    (_x,),
    lambda x: x[1:3, ::3],
)
_row(
    "pad",
    lambda x: layout.pad(x, (1, 0), (0, 2), (0, 1)),
    (_x,),
    lambda x: np.pad(np.insert(x, [1, 2, 3], 0, axis=1), ((1, 0), (0, 2))),
)
_row(
    "concatenate",
    lambda x, y: layout.concatenate([x, y, x], 1),
    (_x, _y),
    lambda x, y: np.concatenate([x, y, x], 1),
)
_row("reverse", lambda x: layout.reverse(x, (0, 2)), (_cube,), lambda x: np.flip(x, (0, 2)))

# Places -------------------------------------------------------------------------------------------

_places = np.array([[2, 0], [2, 2]], np.int64)
_own = np.array([[3, 0, 3], [1, 1, 1], [0, 2, 3]], np.int32)


def _added_along(values: Any) -> Any:
    result = np.zeros((3, 4))
    np.add.at(result, (np.arange(3)[:, None], _own), values)
    return result


def _scattered(values: Any) -> Any:
    result = np.zeros((2, 3, 4))
    np.add.at(result, (slice(None), _places), values)
    return result


_row("gather", lambda x, i: index.gather(x, i, 1), (_cube, _places), lambda x, i: x[:, i])
_row(
    "scatter_add",
    lambda i, v: index.scatter_add(i, v, (2, 3, 4), 1),
    (_places, _normal(2, 2, 2, 4)),
    lambda i, v: _scattered(v),
)
_row("take_along", index.take_along, (_x, _own), lambda x, i: np.take_along_axis(x, i, 1))
_row(
    "add_along",
    lambda i, v: index.add_along(i, v, (3, 4)),
    (_own, _normal(3, 3)),
    lambda i, v: _added_along(v),
)
_row(
    "argsort",
    lambda x: index.argsort(x, descending=True),
    (_whole,),
    lambda x: np.argsort(-x, axis=1, kind="stable"),
)
_row(
    "search",
    lambda edges, x: index.search(edges, x, right=True),
    (np.array([1, 3, 3, 6], np.int32), _whole),
    lambda edges, x: np.searchsorted(edges, x, "right"),
)

# Matrices -----------------------------------------------------------------------------------------

_square = _normal(2, 3, 3) + 3 * np.eye(3)
_row(
    "matmul",
    lambda x, y: matmul.matmul(x, y, True, True),
    (_normal(2, 4, 3), _normal(2, 5, 4)),
    lambda x, y: x.transpose(0, 2, 1) @ y.transpose(0, 2, 1),
)
_row("inverse", linalg.inverse, (_square,), np.linalg.inv)
_row("determinant", linalg.determinant, (_square,), np.linalg.det)
_row(
    "solve",
    lambda a, b: linalg.solve(a, b, adjoint=True),
    (_square, _normal(2, 3, 2)),
    lambda a, b: np.linalg.solve(a.transpose(0, 2, 1), b),
)


def _half(x: Any) -> Any:
    """The symmetric part."""
    turned = layout.transpose(x, (0, 2, 1))
    return elementwise.multiply(elementwise.add(x, turned), broadcast.fill_like(x, 0.5))


_row(
    "cholesky",
    lambda x: linalg.cholesky(_half(x)),
    (_square @ _square.transpose(0, 2, 1) + np.eye(3),),
    np.linalg.cholesky,
)

_tall = _normal(2, 4, 3)


def _joined(*parts: Any) -> Any:
    """Matrices and lines one below the other, so that all results are seen at once."""
    lines = [x if len(x.shape) == 3 else broadcast.reshape(x, (2, 1, x.shape[-1])) for x in parts]
    return layout.concatenate(lines, 1)


def _stack(parts: Any) -> Any:
    return np.concatenate([x if x.ndim == 3 else x[:, None] for x in parts], 1)


_row(
    "eigh",
    lambda x: _joined(*decompositions.eigh(_half(x))),
    (_square,),
    lambda x: _stack(np.linalg.eigh((x + x.transpose(0, 2, 1)) / 2)),
)
_row(
    "svd",
    lambda x: _joined(*decompositions.svd(x, full=False)),
    (_tall,),
    lambda x: _stack(np.linalg.svd(x, full_matrices=False)),
)
_row(
    "qr",
    lambda x: _joined(*decompositions.qr(x, full=False)),
    (_tall,),
    lambda x: _stack(np.linalg.qr(x)),
)
_row(
    "lu",
    lambda x: decompositions.lu(x)[0],
    (_square[:, ::-1],),
    lambda x: np.stack([lu_factor(matrix)[0] for matrix in x]),
)
_row(
    "slogdet",
    lambda x: decompositions.slogdet(x)[1],
    (_square,),
    lambda x: np.linalg.slogdet(x)[1],
)
_row(
    "pinv",
    lambda x: decompositions.pinv(x, cutoff=1e-15),
    (_tall,),
    np.linalg.pinv,
)

# Random words -------------------------------------------------------------------------------------


def _philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in Python's integers."""
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * counter[0], 2**32)
        high_1, low_1 = divmod(0xCD9E8D57 * counter[2], 2**32)
        counter = [high_1 ^ counter[1] ^ key[0], low_1, high_0 ^ counter[3] ^ key[1], low_0]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return counter


_row(
    "random_bits",
    lambda key, draw: random.random_bits(key, draw, (2, 4)),
    (np.uint64(2**32 + 2), np.uint64(3 * 2**32 + 4)),
    lambda key, draw: np.array([_philox([0, row, 4, 3], [2, 1]) for row in range(2)]),
)

# Programs inside programs -------------------------------------------------------------------------

_spec = Spec((3, 4), F64)


def _product(x: Any, y: Any) -> list[Any]:
    return [elementwise.multiply(x, elementwise.sin(y))]


def _quotient(x: Any, y: Any) -> list[Any]:
    return [elementwise.divide(x, elementwise.exp(y))]


_graphs = [trace_graph(f.__name__, f, [_spec, _spec])[0] for f in (_product, _quotient)]


def _below_three(i: Any, x: Any, y: Any) -> list[Any]:
    return [elementwise.less(i, broadcast.fill_like(i, 3))]


def _next(i: Any, x: Any, y: Any) -> list[Any]:
    return [
        elementwise.add(i, broadcast.fill_like(i, 1)),
        elementwise.multiply(x, elementwise.sin(y)),
    ]


_loop_specs = [Spec((), I32), _spec, _spec]
_loop = [trace_graph(f.__name__, f, _loop_specs)[0] for f in (_below_three, _next)]
_row("call", lambda x, y: control.call(_graphs[0], [x, y])[0], (_x, _y), lambda x, y: x * np.sin(y))
_row(
    "cond",
    lambda c, x, y: control.cond(c, *_graphs, [x, y])[0],
    (np.False_, _x, _y),
    lambda c, x, y: x / np.exp(y),
)
_turn = trace_graph(
    "turn",
    lambda a, x, y: [
        elementwise.add(elementwise.multiply(x, broadcast.broadcast(a, (3, 4))), elementwise.sin(y))
    ],
    [Spec((), F64), Spec((3, 4), F64), Spec((3, 4), F64)],
)[0]
_row(
    "while_loop",
    lambda i, x, y: control.while_loop(*_loop, [i, x, y], None)[1],
    (np.int32(0), _x, _y),
    lambda i, x, y: x * np.sin(y) ** 3,
    twice=False,
)
_row(
    "while_gradient",
    lambda i, x, y, g: bind(
        control.while_gradient_p,
        *(i, x, y, g),
        condition=_loop[0],
        body=_loop[1],
        limit=2,
        given=(1,),
    )[1],
    (np.int32(0), _x, _y, _normal(3, 4, seed=2)),
    lambda i, x, y, g: g * x * 2 * np.sin(y) * np.cos(y),
    smooth=(),
)
_row(
    "iterate",
    lambda x, y: control.iterate(
        _turn, [x, y], lambda: [[np.float64(2)], [np.float64(3)]], 1, None
    )[0],
    (_x, _y),
    lambda x, y: (x * 2 + np.sin(y)) * 3 + np.sin(y),
    smooth=(),
)
_row(
    "produce",
    lambda: control.produce((Spec((2,), F64),), lambda: [np.arange(2.0)])[0],
    (),
    lambda: np.arange(2.0),
)
_row(
    "attach_gradient",
    lambda x: control.attach_gradient(
        [elementwise.sin(x)],
        [x],
        lambda g, inputs: [elementwise.multiply(g[0], elementwise.cos(x))],
    )[0],
    (_x,),
    np.sin,
)
_row(
    "check",
    lambda x: control.check(elementwise.equal(x, x), [elementwise.sin(x)], "x is NaN")[0],
    (_x,),
    np.sin,
)
_row(
    "observe",
    lambda x: control.observe([elementwise.sin(x)], lambda array: None)[0],
    (_x,),
    np.sin,
)

_row(
    "map_text",
    lambda x: text.map_text(len, x, dtype=I32),
    (np.array([[b"a", b"bc"], [b"", b"a"]], object),),
    lambda x: np.vectorize(len)(x).astype(np.int32),
)
