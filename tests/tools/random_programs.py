"""Random operations on places, on matrices, and with programs inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.core.shapes import B
from lamina.ir.graph import trace_graph
from lamina.ir.value import Spec
from lamina.prims import broadcast as spread
from lamina.prims import control, index, layout, linalg, random
from lamina.prims import elementwise as prim
from lamina.prims.broadcast import fill_like
from lamina.prims.matmul import matmul
from tests.tools.random_operations import BOOL, INT32, INT64, Operation, known_axis, partner

UINT64 = np.dtype("uint64")

# Places ------------------------------------------------------------------------------------------


def _places(s: Any, shape: tuple[Any, ...], size: int) -> Any:
    """Integers in [0, size)."""
    raw = s.like(shape, s.choose((INT32, INT64)))
    return prim.remainder(raw, fill_like(raw, size))


def _gather(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    axis = known_axis(s, x)
    own = [shape for shape in ((B,), (B, 2)) if s.has_batch() and B not in x.spec.shape]
    shape = s.choose([(), (3,), (2, 2), *own])
    return index.gather(x, _places(s, shape, x.spec.shape[axis]), axis)


def _scatter_add(s: Any) -> Any:
    values = s.some(lambda spec: spec.dtype.kind in "fiu" and len(spec.shape) > 0)
    axis = 0 if s.chance(0.5) else known_axis(s, values)
    shape, size = list(values.spec.shape), int(s.choose((1, 3, 6)))
    places = _places(s, (shape[axis],), size)
    shape[axis] = size
    return index.scatter_add(places, values, tuple(shape), axis)


def _lines(s: Any, kinds: str) -> Any:
    """Something whose last axis is known and not empty."""
    return s.some(
        lambda spec: (
            spec.dtype.kind in kinds
            and len(spec.shape) > 0
            and spec.shape[-1] is not B
            and spec.shape[-1] != 0
        )
    )


def _take_along(s: Any) -> Any:
    x = _lines(s, "fiub")
    shape = (*x.spec.shape[:-1], int(s.choose((1, 1, 2, 4))))
    return index.take_along(x, _places(s, shape, x.spec.shape[-1]))


def _add_along(s: Any) -> Any:
    values = _lines(s, "fiu")
    size = int(s.choose((1, 4, 5)))
    places = _places(s, values.spec.shape, size)
    return index.add_along(places, values, (*values.spec.shape[:-1], size))


def _argsort(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    return index.argsort(x, descending=s.chance(0.5))


def _search(s: Any) -> Any:
    x = s.some(lambda spec: spec.dtype.kind in "fiu")
    edges = np.sort(s.random.integers(0, 6, int(s.choose((1, 2, 5, 20))))).astype(x.spec.dtype)
    if x.spec.dtype.kind == "f" and s.chance(0.2):
        edges[-1] = np.nan
    return index.search(s.constant(edges), x, right=s.chance(0.5))


def _random_bits(s: Any) -> Any:
    key = prim.cast(s.like((), INT32), UINT64)
    draw = s.constant(np.asarray(s.random.integers(0, 1 << 40), UINT64))
    return random.random_bits(key, draw, s.some().spec.shape)


# Matrices ----------------------------------------------------------------------------------------


def _matmul(s: Any) -> Any:
    """Batch by parameter, batch by batch over the batch, parameter by parameter; turned or not."""
    x = s.some_float(rank=2)
    turn_x, turn_y = s.chance(0.3), s.chance(0.4)
    inner = x.spec.shape[0] if turn_x else x.spec.shape[1]
    other = B if inner is not B and B not in x.spec.shape and s.has_batch() else s.width()
    other = other if s.chance(0.3) else s.width()
    shape = (other, inner) if turn_y else (inner, other)
    y = s.like(shape, x.spec.dtype)
    if s.chance(0.2):
        y, turn_y = layout.transpose(y, (1, 0)), not turn_y
    return matmul(x, y, turn_x, turn_y)


def _stacked_matmul(s: Any) -> Any:
    x = s.some_float(rank=3)
    first, rows, inner = x.spec.shape
    turn_x, turn_y = s.chance(0.5), s.chance(0.5)
    inner = rows if turn_x else inner
    y = s.like((first, 2, inner) if turn_y else (first, inner, 2), x.spec.dtype)
    return matmul(x, y, turn_x, turn_y)


def _dense(s: Any) -> Any:
    """A layer: rows by weights, and a bias."""
    x = s.some_float(rank=2)
    width = s.width()
    weights = s.input((x.spec.shape[1], width), x.spec.dtype)
    bias = s.input((width,), x.spec.dtype)
    product = matmul(x, weights, False, False)
    return prim.add(product, spread.broadcast(bias, product.spec.shape))


def _definite(s: Any) -> Any:
    """A symmetric matrix with eigenvalues in [2, 2 + n]."""
    x = s.some(lambda spec: spec.dtype == np.float64 and len(spec.shape) >= 2)
    x = prim.sin(x)
    product = matmul(x, x, False, True)
    size = product.spec.shape[-1]
    if B in product.spec.shape[-2:] or size > 8:
        s.none()
    eye = s.constant(np.eye(size) * 2)
    return prim.add(product, spread.broadcast(eye, product.spec.shape))


def _of_square(verb: Callable[[Any], Any]) -> Operation:
    return lambda s: verb(_definite(s))


def _solve(s: Any) -> Any:
    a = _definite(s)
    b = s.like((*a.spec.shape[:-1], 2), a.spec.dtype)
    return linalg.solve(a, b, adjoint=s.chance(0.5))


# Programs inside programs, effects ---------------------------------------------------------------


def _swing(x: Any, y: Any) -> list[Any]:
    return [prim.multiply(x, prim.sin(y)), prim.stop_gradient(y)]


def _damp(x: Any, y: Any) -> list[Any]:
    return [prim.cos(prim.add(x, y)), prim.negative(prim.negative(x))]


def _swing_twice(x: Any, y: Any) -> list[Any]:
    graph = trace_graph("swing", _swing, [x.spec, y.spec])[0]
    return list(control.call(graph, control.call(graph, [x, y])))


def _call(s: Any) -> Any:
    x = s.some_float()
    function = s.choose((_swing, _damp, _swing_twice))
    graph = trace_graph(function.__name__, function, [x.spec, x.spec])[0]
    return control.call(graph, [x, partner(s, x)])


def _cond(s: Any) -> Any:
    x = s.some_float()
    graphs = [trace_graph(f.__name__, f, [x.spec, x.spec])[0] for f in (_swing, _damp)]
    return control.cond(s.like((), BOOL), *graphs, [x, partner(s, x)])


def _while_loop(s: Any) -> Any:
    x = s.some_float()
    specs = [s.like((), INT32).spec, x.spec, x.spec]

    def below(i: Any, x: Any, y: Any) -> list[Any]:
        return [prim.less(i, fill_like(i, 2))]

    def step(i: Any, x: Any, y: Any) -> list[Any]:
        return [prim.add(i, fill_like(i, 1)), *_swing(x, y)[:1]]

    graphs = [trace_graph(f.__name__, f, specs)[0] for f in (below, step)]
    start = prim.maximum(s.like((), INT32), s.constant(np.asarray(-1, INT32)))
    return control.while_loop(*graphs, [start, x, partner(s, x)], 5)


def _iterate(s: Any) -> Any:
    x = s.some_float()
    number = Spec((), x.spec.dtype)

    def turn(a: Any, x: Any, y: Any) -> list[Any]:
        return [prim.add(*_swing(x, y)[:1], spread.broadcast(a, x.spec.shape))]

    graph = trace_graph("turn", turn, [number, x.spec, x.spec])[0]
    elements = [[np.asarray(value, x.spec.dtype)] for value in (0.5, -1, 2)]
    values = [prim.stop_gradient(value) for value in (x, partner(s, x))]  # it has no derivative
    return control.iterate(graph, values, lambda: elements, 1, None)


def _produce(s: Any) -> Any:
    return control.produce((Spec((3,), np.dtype("float32")),), _three)


def _three() -> list[Any]:
    return [np.array([0.5, -1, 2], np.float32)]


def _attach_gradient(s: Any) -> Any:
    x = s.some_float()
    return control.attach_gradient(
        [prim.sin(x)], [x], lambda g, inputs: [prim.multiply(g[0], fill_like(inputs[0], 2))]
    )


def _check(s: Any) -> Any:
    x = s.some_integer()
    y = partner(s, x)
    holds = prim.less_equal(prim.minimum(x, y), prim.maximum(x, y))
    return control.check(holds, [s.some(), x], "the order of numbers")


def _observe(s: Any) -> Any:
    return control.observe([s.some()], _ignore)


def _ignore(*arrays: Any) -> None:
    """An observer."""


OPERATIONS: dict[str, Operation] = {
    "gather": _gather,
    "scatter_add": _scatter_add,
    "take_along": _take_along,
    "add_along": _add_along,
    "argsort": _argsort,
    "search": _search,
    "random_bits": _random_bits,
    "matmul": _matmul,
    "another matmul": _matmul,
    "stacked matmul": _stacked_matmul,
    "dense": _dense,
    "another dense": _dense,
    "inverse": _of_square(linalg.inverse),
    "determinant": _of_square(linalg.determinant),
    "cholesky": _of_square(linalg.cholesky),
    "solve": _solve,
    "call": _call,
    "cond": _cond,
    "while_loop": _while_loop,
    "iterate": _iterate,
    "produce": _produce,
    "attach_gradient": _attach_gradient,
    "check": _check,
    "observe": _observe,
}
