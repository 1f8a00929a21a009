"""Random operations element by element, that fill, reduce and move.

An operation takes the sketch of a graph that grows (tests/tools/random_graphs.py), looks for
operands or makes some that fit, and binds primitives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.core.shapes import B
from lamina.ir.bind import bind
from lamina.ir.primitive import PRIMITIVES
from lamina.prims import broadcast as spread
from lamina.prims import elementwise as prim
from lamina.prims import layout, reduce
from lamina.prims.broadcast import fill_like

BOOL, INT32, INT64 = np.dtype("bool"), np.dtype("int32"), np.dtype("int64")
UINT32, FLOAT32 = np.dtype("uint32"), np.dtype("float32")
NUMBERS = (FLOAT32, np.dtype("float64"), INT32, INT64, UINT32, BOOL)

Operation = Callable[[Any], Any]


def partner(s: Any, x: Any) -> Any:
    return x if s.chance(0.1) else s.like(x.spec.shape, x.spec.dtype)


def known_axis(s: Any, x: Any) -> int:
    """An axis whose size is known."""
    axes = [axis for axis, size in enumerate(x.spec.shape) if size is not B]
    return int(s.choose(axes) if axes else s.none())


def _axes(s: Any, x: Any) -> tuple[int, ...]:
    return tuple(axis for axis in range(len(x.spec.shape)) if s.chance(0.5))


# Element by element ------------------------------------------------------------------------------


def _positive(s: Any, x: Any) -> Any:
    return prim.add(prim.absolute(x), fill_like(x, 0.5))


def _inside(s: Any, x: Any) -> Any:
    """In (-0.9, 0.9)."""
    return prim.multiply(prim.sin(x), fill_like(x, 0.9))


def _above_one(s: Any, x: Any) -> Any:
    return prim.add(prim.absolute(x), fill_like(x, 1.125))


_DOMAINS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("log", "sqrt"), _positive),
    **dict.fromkeys(("log1p", "arcsin", "arccos", "arctanh", "erf_inverse", "tan"), _inside),
    "arccosh": _above_one,
}
_SIGNED = ("negative", "absolute", "sign")
_FUNCTIONS = (
    *("floor", "ceil", "round_even", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan"),
    *("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("sigmoid", "erf", "erfc", "erf_inverse", "stop_gradient"),
)


def _function(name: str) -> Operation:
    def operation(s: Any) -> Any:
        x = s.some_float()
        if name in _DOMAINS and s.chance(0.9):
            x = _DOMAINS[name](s, x)
        return bind(PRIMITIVES[name], x)

    return operation


def _of_number(name: str) -> Operation:
    return lambda s: bind(PRIMITIVES[name], s.some(lambda spec: spec.dtype.kind in "fi"))


def _of_two(name: str, kinds: str) -> Operation:
    def operation(s: Any) -> Any:
        x = s.some(lambda spec: spec.dtype.kind in kinds)
        return bind(PRIMITIVES[name], *_either(s, x, partner(s, x)))

    return operation


def _either(s: Any, x: Any, y: Any) -> tuple[Any, Any]:
    return (x, y) if s.chance(0.5) else (y, x)


def _quotient(name: str, kinds: str) -> Operation:
    def operation(s: Any) -> Any:
        x = s.some(lambda spec: spec.dtype.kind in kinds)
        y = partner(s, x)
        if x.spec.dtype.kind != "f":
            y = prim.bitwise_or(y, fill_like(y, 1))
        elif s.chance(0.8):
            y = _positive(s, y)
        return bind(PRIMITIVES[name], x, y)

    return operation


def _power(s: Any) -> Any:
    x = s.some(lambda spec: spec.dtype.kind in "fi")
    y = partner(s, x)
    if x.spec.dtype.kind == "i":
        return prim.power(x, prim.bitwise_and(y, fill_like(y, 3)))
    return prim.power(_positive(s, x), y)


def _bitcast(s: Any) -> Any:
    """To its own dtype: the bits of a float differ where two ways compute it to rounding."""
    x = s.some_integer()
    return prim.bitcast(x, x.spec.dtype)


def _shift(name: str) -> Operation:
    def operation(s: Any) -> Any:
        x = s.some_integer()
        return bind(PRIMITIVES[name], x, prim.bitwise_and(partner(s, x), fill_like(x, 63)))

    return operation


def _select(s: Any) -> Any:
    x = s.some()
    condition = s.like(x.spec.shape, BOOL)
    return prim.select(condition, *_either(s, x, partner(s, x)))


def _relu(s: Any) -> Any:
    """What activations are made of: a bound, and what its derivative asks for."""
    x = s.some_float()
    zero = fill_like(x, s.choose((0, 0, 1.0, -0.5)))
    y = s.choose((prim.maximum, prim.minimum))(*_either(s, x, zero))
    if s.chance(0.5):
        mask = s.choose((prim.less, prim.less_equal))(*_either(s, x, zero))
        return prim.select(mask, zero, s.like(x.spec.shape, x.spec.dtype))
    return y


def _cast(s: Any) -> Any:
    x = s.some()
    target = s.choose(NUMBERS)
    if s.chance(0.4):
        x = prim.cast(x, np.dtype("float64"))
    if x.spec.dtype.kind == "f" and target.kind in "iu":
        x = prim.select(prim.is_finite(x), x, fill_like(x, 0))  # what others become is not defined
        x = prim.minimum(prim.absolute(x) if target.kind == "u" else x, fill_like(x, 100))
        x = prim.maximum(x, fill_like(x, -100)) if target.kind == "i" else x
    return prim.cast(x, target)


# Filling, repeating, summing ---------------------------------------------------------------------


def _shape_of(s: Any) -> Any:
    return s.some().spec.shape


def _fill(s: Any) -> Any:
    dtype = s.choose(NUMBERS)
    return spread.fill(_shape_of(s), s.number(dtype), dtype)


def _iota(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    axis = int(s.random.integers(len(x.spec.shape)))
    return spread.iota(x.spec.shape, axis, s.choose((INT32, INT64, FLOAT32)))


def _broadcast(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) < 3)
    shape = tuple(s.width() if size == 1 and s.chance(0.7) else size for size in x.spec.shape)
    if s.chance(0.5):
        shape = (B if B not in shape and s.has_batch() else int(s.choose((1, 2, 3))), *shape)
    return bind(spread.broadcast_p, x, shape=shape)


def _reshape(s: Any) -> Any:
    """Sizes joined, split, or 1 put in; sometimes the batch moves, and elements between rows."""
    x = s.some()
    sizes = list(x.spec.shape)
    if B in sizes and s.chance(0.15):
        sizes.remove(B)
        sizes.insert(int(s.random.integers(len(sizes) + 1)), B)
    for _ in range(int(s.random.integers(1, 3))):
        place = int(s.random.integers(len(sizes) + 1))
        if s.chance(0.4):
            sizes.insert(place, 1)
        elif place < len(sizes) and sizes[place] == 1:
            del sizes[place]
        elif place + 1 < len(sizes) and B not in sizes[place : place + 2]:
            sizes[place : place + 2] = [sizes[place] * sizes[place + 1]]
        elif place < len(sizes) and sizes[place] is not B and sizes[place] % 2 == 0:
            sizes[place : place + 1] = [sizes[place] // 2, 2]
    return bind(spread.reshape_p, x, shape=tuple(sizes[:5]) if len(sizes) < 6 else x.spec.shape)


def _dimension(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    return spread.dimension(x, int(s.random.integers(len(x.spec.shape))))


def _reduce(name: str) -> Operation:
    kinds = "fiu" if name in ("reduce_sum", "reduce_prod") else "fiub"

    def operation(s: Any) -> Any:
        x = s.some(lambda spec: spec.dtype.kind in kinds)
        axes = _axes(s, x)
        if name == "reduce_prod":  # its derivative needs to know how many numbers there are
            axes = tuple(axis for axis in axes if x.spec.shape[axis] is not B)
        return bind(PRIMITIVES[name], x, axes=axes) if axes else s.none()

    return operation


def _mean_and_variance(s: Any) -> Any:
    """Deviations from the mean over some axes: sums of what has been broadcast."""
    x = s.some_float()
    axes = _axes(s, x)
    counted = spread.reduce_sum(fill_like(x, 1), axes)
    mean = prim.divide(spread.reduce_sum(x, axes), counted)
    away = prim.subtract(x, spread.restore_axes(mean, x, axes))
    return spread.reduce_sum(prim.multiply(away, away), axes)


def _softmax(s: Any) -> Any:
    x = s.some(lambda spec: spec.dtype.kind == "f" and len(spec.shape) > 1)
    axes = (len(x.spec.shape) - 1,)
    top = spread.restore_axes(prim.stop_gradient(reduce.reduce_max(x, axes)), x, axes)
    exponential = prim.exp(prim.subtract(x, top))
    total = spread.restore_axes(spread.reduce_sum(exponential, axes), x, axes)
    return prim.divide(exponential, total)


def _arg(name: str) -> Operation:
    def operation(s: Any) -> Any:
        x = s.some(lambda spec: len(spec.shape) > 0)
        return bind(PRIMITIVES[name], x, axis=known_axis(s, x) if s.chance(0.8) else 0)

    return operation


def _running(name: str) -> Operation:
    def operation(s: Any) -> Any:
        x = s.some(lambda spec: spec.dtype.kind in "fiu" and len(spec.shape) > 0)
        return bind(PRIMITIVES[name], x, exclusive=s.chance(0.5))

    return operation


# Moving ------------------------------------------------------------------------------------------


def _transpose(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    axes = tuple(int(axis) for axis in s.random.permutation(len(x.spec.shape)))
    return layout.transpose(x, axes)


def _slice(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    starts, stops, steps = [], [], []
    for size in x.spec.shape:
        whole = size is B or s.chance(0.4)
        start = 0 if whole else int(s.random.integers(size + 1))
        starts.append(start)
        stops.append(None if whole else int(s.random.integers(start, size + 1)))
        steps.append(1 if whole else int(s.choose((1, 1, 2, 3))))
    return layout.strided_slice(x, tuple(starts), tuple(stops), tuple(steps))


def _pad(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    amounts = [
        tuple(0 if size is B else int(s.choose((0, 0, 1, 2))) for size in x.spec.shape)
        for _ in range(3)
    ]
    return layout.pad(x, *amounts)


def _concatenate(s: Any) -> Any:
    x = s.some(lambda spec: len(spec.shape) > 0)
    axis = known_axis(s, x)
    parts = [x]
    for _ in range(int(s.random.integers(0, 3))):
        shape = list(x.spec.shape)
        shape[axis] = s.width()
        parts.append(x if s.chance(0.3) else s.like(tuple(shape), x.spec.dtype))
    return layout.concatenate(parts, axis)


def _reverse(s: Any) -> Any:
    x = s.some()
    return layout.reverse(x, tuple(axis for axis in _axes(s, x) if x.spec.shape[axis] is not B))


OPERATIONS: dict[str, Operation] = {
    **{name: _function(name) for name in _FUNCTIONS},
    **{name: _of_number(name) for name in _SIGNED},
    **{name: _of_two(name, "fiu") for name in ("add", "subtract", "multiply")},
    **{name: _of_two(name, "fiub") for name in ("maximum", "minimum", "less", "less_equal")},
    **{name: _of_two(name, "iub") for name in ("bitwise_and", "bitwise_or", "bitwise_xor")},
    **{f"reduce_{name}": _reduce(f"reduce_{name}") for name in ("sum", "max", "min", "prod")},
    **{name: _arg(name) for name in ("argmax", "argmin")},
    **{name: _running(name) for name in ("cumulative_sum", "cumulative_product")},
    **{name: _shift(name) for name in ("shift_left", "shift_right")},
    **{name: _quotient(name, "fi") for name in ("floor_divide", "remainder")},
    "divide": _quotient("divide", "f"),
    "equal": _of_two("equal", "fiub"),
    "arctan2": _of_two("arctan2", "f"),
    "is_finite": lambda s: prim.is_finite(s.some()),
    "logical_not": lambda s: prim.logical_not(s.some(lambda spec: spec.dtype == BOOL)),
    "power": _power,
    "select": _select,
    "relu": _relu,
    "another relu": _relu,
    "cast": _cast,
    "another cast": _cast,
    "fill": _fill,
    "iota": _iota,
    "broadcast": _broadcast,
    "reshape": _reshape,
    "dimension": _dimension,
    "variance": _mean_and_variance,
    "softmax": _softmax,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": _reverse,
    "bitcast": _bitcast,
}
