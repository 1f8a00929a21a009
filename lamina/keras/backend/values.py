"""Variables, constants and random numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...ir.value import Value
from ...ops import array, math
from ...tensor.convert import to_tensor
from ...tensor.variable import Variable
from .. import random
from ..settings import floatx


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """A variable that holds `value`, as floats of `dtype` (floatx)."""
    return Variable(value, dtype=dtype or floatx(), name=name, constraint=constraint)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A tensor of `value`, as floats of `dtype` (floatx)."""
    return array.constant(value, dtype=dtype or floatx(), shape=shape)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros."""
    return Variable(array.zeros(shape, dtype or floatx()), name=name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones."""
    return Variable(array.ones(shape, dtype or floatx()), name=name)


def eye(size: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable with ones on the diagonal; `size`: n, or (rows, columns)."""
    rows, columns = size if isinstance(size, (tuple, list)) else (size, size)
    return Variable(array.eye(rows, columns, dtype=dtype or floatx()), name=name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Zeros in the shape of `x`."""
    return array.zeros_like(x, dtype=dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Ones in the shape of `x`."""
    return array.ones_like(x, dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    """start, start + step … below stop; one number is the stop."""
    if stop is None:
        start, stop = 0, start
    return array.cast(array.range(start, stop, step), dtype)


def cast_to_floatx(x: Any) -> Any:
    """`x` as floats of floatx: tensors as tensors, everything else as an array."""
    if isinstance(x, (Value, Variable)):
        return array.cast(x, floatx())
    return np.asarray(x, floatx())


# Reading and writing -----------------------------------------------------------------------------


def get_value(x: Any) -> Array:
    """The numbers of a tensor or variable, as an array."""
    return np.array(to_tensor(x).numpy())


def eval(x: Any) -> Array:
    """The same as `get_value`."""
    return get_value(x)


def set_value(x: Any, value: Any) -> None:
    """Let the variable `x` have `value`."""
    x.assign(np.asarray(value, x.dtype.as_numpy_dtype))


def batch_get_value(tensors: Iterable[Any]) -> list[Array]:
    """`get_value` of each."""
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """`set_value` for pairs of variables and values."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """Let the variable `x` have `new_x`."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Add `increment` to the variable `x`."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract `decrement` from the variable `x`."""
    return x.assign_sub(decrement)


def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """Let the variable `x` have momentum x + (1 - momentum) value."""
    return x.assign(x * momentum + array.cast(value, x.dtype) * (1.0 - momentum))


def count_params(x: Any) -> int:
    """How many numbers `x` holds."""
    return int(np.prod(to_tensor(x).spec.shape))


# Random numbers ----------------------------------------------------------------------------------


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal numbers."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers spread evenly over [minval, maxval)."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal numbers within two standard deviations of the mean."""
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def random_bernoulli(shape: Any, p: Any = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """1 with probability `p`, else 0."""
    drawn = random.uniform(shape, dtype="float32", seed=seed)
    return array.cast(math.less_equal(drawn, p), dtype or floatx())


random_binomial = random_bernoulli


def random_normal_variable(
    shape: Any,
    mean: Any,
    scale: Any,
    dtype: Any = None,
    name: str | None = None,
    seed: Any = None,
) -> Any:
    """A variable of normal numbers."""
    return Variable(random.normal(shape, mean, scale, dtype, seed), name=name)


def random_uniform_variable(
    shape: Any,
    low: Any,
    high: Any,
    dtype: Any = None,
    name: str | None = None,
    seed: Any = None,
) -> Any:
    """A variable of numbers spread evenly over [low, high)."""
    return Variable(random.uniform(shape, low, high, dtype, seed), name=name)


def dropout(x: Any, level: Any, noise_shape: Any = None, seed: Any = None) -> Any:
    """0 with probability `level`, else x / (1 - level)."""
    return random.dropout(x, level, noise_shape, seed)


__all__ = [
    "arange", "batch_get_value", "batch_set_value", "cast_to_floatx", "constant", "count_params",
    "dropout", "eval", "eye", "get_value", "moving_average_update", "ones", "ones_like",
    "random_bernoulli", "random_binomial", "random_normal", "random_normal_variable",
    "random_uniform", "random_uniform_variable", "set_value", "truncated_normal", "update",
    "update_add", "update_sub", "variable", "zeros", "zeros_like",
]  # fmt: skip
