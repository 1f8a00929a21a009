"""Tensors made of nothing but arguments; windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import INT32, numpy_dtype
from ...core.errors import InvalidArgumentError
from ...core.shapes import normalize_axis
from ...ir.bind import new_value
from ...ops import creation
from ...ops.common import as_shape, insert_axis, integer
from ...prims import elementwise as prim
from ...prims.broadcast import broadcast, fill_like, iota
from ...prims.broadcast import fill as fill_primitive
from ...tensor.convert import constant_value
from .operation import Function, named, operation
from .promotion import dtype_of, float_dtype, floating, same_shape, tensor

# Filled ------------------------------------------------------------------------------------------


def zeros(shape: Any, dtype: Any = None) -> Any:
    """A tensor of zeros, of floatx where `dtype` is None."""
    return fill_primitive(as_shape(shape), 0, float_dtype(dtype))


def ones(shape: Any, dtype: Any = None) -> Any:
    """A tensor of ones, of floatx where `dtype` is None."""
    return fill_primitive(as_shape(shape), 1, float_dtype(dtype))


def empty(shape: Any, dtype: Any = None) -> Any:
    """A tensor of zeros: none is ever left unset."""
    return zeros(shape, dtype)


@operation
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor with `fill_value` (broadcast) everywhere, of floatx where `dtype` is None."""
    return _filled(as_shape(shape), fill_value, float_dtype(dtype))


def _filled(shape: Any, value: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(value, (int, float)):
        return fill_primitive(shape, value, dtype)
    return broadcast(prim.cast(tensor(value), dtype), shape)


@operation
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor with `fill_value` everywhere in the shape and dtype of `x`."""
    spec = tensor(x).spec
    return _filled(spec.shape, fill_value, spec.dtype if dtype is None else numpy_dtype(dtype))


@operation
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape and dtype of `x`."""
    return full_like(x, 0, dtype)


@operation
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape and dtype of `x`."""
    return full_like(x, 1, dtype)


@operation
def empty_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape and dtype of `x`: none is ever left unset."""
    return full_like(x, 0, dtype)


# Lines -------------------------------------------------------------------------------------------


def _dtype_name(value: Any) -> str:
    """What a bound of a line is in Keras's lattice of dtypes."""
    if type(value) is int or type(value) is float:
        return type(value).__name__
    return str(tensor(value).spec.dtype.name)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """start, start + step, … up to `stop`, which is left out; arange(n) starts at 0."""
    given = [part for part in (start, stop, step) if part is not None]
    kind = dtype_of(*map(_dtype_name, given)) if dtype is None else numpy_dtype(dtype)
    if stop is None:
        start, stop = 0, start
    if tensor(stop).array is None:
        return creation.range(start, stop, 1 if step is None else step, kind)
    ends: list[Any] = [
        part if isinstance(part, (int, float)) else constant_value(part, "arange")[()]
        for part in (start, stop, 1 if step is None else step)
    ]
    if not ends[2]:
        raise InvalidArgumentError("arange expects a step other than 0")
    return new_value(np.arange(*ends).astype(kind))


@operation
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` values from `start` to `stop` (left out without `endpoint`) along a new axis.

    With `retstep` the distance of two neighbours, too.
    """
    kind = _line_dtype(start, stop, dtype)
    first, last = same_shape(floating(start), floating(stop))
    first, last = (prim.cast(part, _wider(first, last)) for part in (first, last))
    gaps = _gaps(num, endpoint)
    line = _between(first, last, num, endpoint, axis)
    line = prim.cast(prim.floor(line) if kind.kind in "iu" else line, kind)
    if not retstep:
        return line
    whole = prim.subtract(last, first)
    return line, prim.divide(whole, fill_like(whole, gaps or math.nan))


def _wider(first: Any, last: Any) -> np.dtype[Any]:
    return np.promote_types(first.spec.dtype, last.spec.dtype)


def _line_dtype(start: Any, stop: Any, dtype: Any) -> np.dtype[Any]:
    names = (_dtype_name(start), _dtype_name(stop), "float")
    return dtype_of(*names) if dtype is None else numpy_dtype(dtype)


def _gaps(num: int, endpoint: bool) -> int:
    count = integer(num, "num")
    if count < 0:
        raise InvalidArgumentError(f"num is 0 or more; got {count}")
    return count - 1 if endpoint else count


def _between(first: Any, last: Any, num: int, endpoint: bool, axis: int) -> Any:
    """(1 - w) first + w last with `num` weights w along a new axis."""
    shape = first.spec.shape
    place = normalize_axis(axis, len(shape) + 1)
    full = (*shape[:place], num, *shape[place:])
    line = np.arange(num) / max(_gaps(num, endpoint), 1)
    own_shape = tuple(num if axis == place else 1 for axis in range(len(full)))
    weight = broadcast(new_value(line.astype(first.spec.dtype).reshape(own_shape)), full)
    first, last = (broadcast(insert_axis(part, place), full) for part in (first, last))
    rest = prim.subtract(fill_like(weight, 1), weight)
    return prim.add(prim.multiply(first, rest), prim.multiply(last, weight))


@operation
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`base` to the power of `num` values from `start` to `stop`, evenly spaced."""
    kind = _line_dtype(start, stop, dtype)
    line = floating(linspace(start, stop, num, endpoint, axis=axis))
    powers = prim.power(broadcast(prim.cast(tensor(base), line.spec.dtype), line.spec.shape), line)
    return prim.cast(powers, kind)


@operation
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` values from `start` to `stop`, each the same multiple of the one before."""
    kind = float_dtype(dtype)
    first, last = same_shape(floating(start), floating(stop))
    wide = _wider(first, last)
    first, last = prim.cast(first, wide), prim.cast(last, wide)
    signs = prim.sign(first)
    logs = [prim.log(prim.multiply(part, signs)) for part in (first, last)]
    sizes = prim.exp(_between(logs[0], logs[1], num, endpoint, axis))
    signs = broadcast(
        insert_axis(signs, normalize_axis(axis, len(signs.spec.shape) + 1)), sizes.spec.shape
    )
    return prim.cast(prim.multiply(signs, sizes), kind)


# Matrices ----------------------------------------------------------------------------------------


def _places(rows: int, columns: int) -> tuple[Any, Any]:
    return iota((rows, columns), 0, INT32), iota((rows, columns), 1, INT32)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on the k-th diagonal of a matrix of N rows and M (None: N) columns."""
    row, column = _places(integer(N, "N"), integer(N if M is None else M, "M"))
    on = prim.equal(column, prim.add(row, fill_like(row, integer(k, "k"))))
    return prim.cast(on, float_dtype(dtype))


def identity(n: int, dtype: Any = None) -> Any:
    """Ones on the diagonal of an n × n matrix."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones at and below the k-th diagonal of a matrix of N rows and M (None: N) columns."""
    row, column = _places(integer(N, "N"), integer(N if M is None else M, "M"))
    below = prim.less_equal(column, prim.add(row, fill_like(row, integer(k, "k"))))
    return prim.cast(below, float_dtype(dtype))


# Windows -----------------------------------------------------------------------------------------


def _window(formula: Callable[[Any], Any], name: str, doc: str) -> Function:
    @named(name, doc)
    def function(x: Any) -> Any:
        count = int(constant_value(x, f"the length of {name}"))
        if count <= 1:
            return fill_primitive((max(count, 0),), 1, float_dtype())
        return new_value(formula(np.arange(count) / (count - 1)).astype(float_dtype()))

    return function


def _cosines(*coefficients: float) -> Callable[[Any], Any]:
    """Σ cⱼ cos(2πj t) for t from 0 to 1."""
    return lambda t: sum(c * np.cos(2 * np.pi * j * t) for j, c in enumerate(coefficients))


bartlett = _window(lambda t: 1 - np.abs(2 * t - 1), "bartlett", "A triangle of x values.")
hanning = _window(_cosines(0.5, -0.5), "hanning", "The von Hann window of x values.")
hamming = _window(_cosines(0.54, -0.46), "hamming", "The Hamming window of x values.")
blackman = _window(_cosines(0.42, -0.5, 0.08), "blackman", "The Blackman window of x values.")


@operation
def kaiser(x: Any, beta: Any) -> Any:
    """The Kaiser window of x values: I₀(β √(1 - (2t - 1)²)) / I₀(β)."""
    count = int(constant_value(x, "the length of kaiser"))
    shape = float(constant_value(beta, "the beta of kaiser"))
    t = np.arange(count) / max(count - 1, 1)
    window = np.i0(shape * np.sqrt(np.maximum(1 - (2 * t - 1) ** 2, 0))) / np.i0(shape)
    return new_value((window if count > 1 else np.ones(count)).astype(float_dtype()))


__all__ = [
    "arange", "bartlett", "blackman", "empty", "empty_like", "eye", "full", "full_like",
    "geomspace", "hamming", "hanning", "identity", "kaiser", "linspace", "logspace", "ones",
    "ones_like", "tri", "zeros", "zeros_like",
]  # fmt: skip
