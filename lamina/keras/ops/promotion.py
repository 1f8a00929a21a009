"""From what people write to tensors of the dtypes that Keras computes with."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ...core.dtypes import BOOL, FLOAT32, FLOAT64, INT32, INT64, STRING, UINT32, numpy_dtype
from ...core.errors import InvalidArgumentError, describe
from ...core.shapes import broadcast_shapes
from ...ir.bind import new_value
from ...ir.value import Value
from ...ops.common import owned
from ...prims.broadcast import broadcast, fill
from ...prims.elementwise import cast
from ...tensor.convert import FOREIGN, STRONG, WEAK, promote_dtypes, read_value, to_tensor
from ..lattice import join
from ..settings import floatx


def tensor(x: Any) -> Any:
    """`x` as a tensor; Python floats have the dtype floatx."""
    if isinstance(x, Value):
        return x
    found, strength = read_value(x)
    if strength == WEAK and found.spec.dtype == FLOAT32 and floatx() != "float32":
        return new_value(np.asarray(x, floatx()))
    return found


def own(x: Any) -> Any:
    """`x` as a tensor that shares no memory with an array of the caller."""
    return owned(x) if isinstance(x, np.ndarray) else tensor(x)


def floating(x: Any) -> Any:
    """`x` as floats: integers and booleans become floatx."""
    x = x if isinstance(x, Value) else tensor(x)
    return x if x.spec.dtype.kind == "f" else cast(x, np.dtype(floatx()))


def wide_floating(x: Any) -> Any:
    """`x` as floats: int64 becomes float64, other integers and booleans floatx."""
    x = x if isinstance(x, Value) else tensor(x)
    return cast(x, FLOAT64) if x.spec.dtype == INT64 else floating(x)


def number(x: Any) -> Any:
    """`x` as numbers: booleans become int32."""
    x = x if isinstance(x, Value) else tensor(x)
    return cast(x, INT32) if x.spec.dtype == BOOL else x


def precise(x: Any) -> Any:
    """Floats of at least 32 bits, for sums of many."""
    return cast(x, FLOAT32) if x.spec.dtype.itemsize < 4 else x


def sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of sums: integers of 8 and 16 bits and booleans get 32."""
    if dtype.kind == "f" or dtype.itemsize >= 4:
        return dtype
    return UINT32 if dtype.kind == "u" else INT32


def summable(x: Any) -> Any:
    """`x` in the dtype of its sums."""
    x = x if isinstance(x, Value) else tensor(x)
    return cast(x, sum_dtype(x.spec.dtype))


def dtype_of(*names: str) -> np.dtype[Any]:
    """The dtype of a result of several."""
    if STRING.name in names:  # only with each other
        return reduce(promote_dtypes, map(np.dtype, names))
    return np.dtype(join(frozenset(names), floatx()))


def common(*values: Any, weak: bool = True, float_result: bool = False) -> list[Any]:
    """`values` as tensors of the dtype that their result has.

    `weak`: Python numbers give way to the tensors they meet. `float_result`: integers become
    floats. NumPy's float64 gives way to tensors.
    """
    first = values[0]
    if isinstance(first, Value):
        dtype = first.spec.dtype
        if dtype.kind == "f" or not float_result:
            for value in values:
                if not isinstance(value, Value) or value.spec.dtype != dtype:
                    break
            else:
                return list(values)
    read = [read_value(value) for value in values]
    beside_tensors = any(strength == STRONG for _, strength in read)
    names = {"float"} if float_result else set()
    for value, (found, strength) in zip(values, read, strict=True):
        names.add(_name(value, found, strength, beside_tensors, weak))
    return _as_dtype(values, read, dtype_of(*names))


def _name(value: Any, found: Any, strength: int, beside_tensors: bool, weak: bool) -> str:
    """What `value` is in the lattice."""
    name: str = found.spec.dtype.name
    if strength == WEAK and name != "bool":
        plain = isinstance(value, (int, float))
        kind = "float" if found.spec.dtype.kind == "f" else "int"
        if weak and plain:
            return kind
        return floatx() if kind == "float" else name
    if strength == FOREIGN and beside_tensors and name == "float64":
        return "float32"
    return name


def _as_dtype(values: Any, read: Any, dtype: np.dtype[Any]) -> list[Any]:
    results = []
    for value, (found, strength) in zip(values, read, strict=True):
        is_written = strength == WEAK and found.spec.dtype != dtype
        results.append(_written(value, dtype) if is_written else cast(found, dtype))
    return results


def _written(value: Any, dtype: np.dtype[Any]) -> Any:
    """Python numbers, with all of their digits."""
    try:
        return new_value(np.asarray(value, dtype))
    except OverflowError:
        raise InvalidArgumentError(
            f"{describe(value)} does not fit {dtype.name}, the dtype of the tensors that it meets; "
            "cast them first"
        ) from None


def operands(x1: Any, x2: Any, *, weak: bool = True, float_result: bool = False) -> Any:
    """Two operands as tensors of one dtype and one shape."""
    if isinstance(x1, Value):
        spec = x1.spec
        if isinstance(x2, Value):
            if spec == x2.spec and (spec.dtype.kind == "f" or not float_result):
                return x1, x2
        elif _gives_way(x2, spec.dtype, weak):
            return x1, fill(spec.shape, x2, spec.dtype)
    elif isinstance(x2, Value) and _gives_way(x1, x2.spec.dtype, weak):
        return fill(x2.spec.shape, x1, x2.spec.dtype), x2
    x1, x2 = common(x1, x2, weak=weak, float_result=float_result)
    return same_shape(x1, x2)


_WIDE = (FLOAT32, FLOAT64)


def _gives_way(value: Any, dtype: np.dtype[Any], weak: bool) -> bool:
    """Whether a Python number becomes a float of `dtype`, the most common case."""
    kind = type(value)
    if (kind is not float and kind is not int) or dtype.kind != "f":
        return False
    return weak or (dtype in _WIDE and floatx() == "float32")


def same_shape(*tensors: Any) -> Any:
    """Tensors repeated to the shape that they have together."""
    shape = tensors[0].spec.shape
    for other in tensors[1:]:
        shape = broadcast_shapes(shape, other.spec.shape)
    return [broadcast(one, shape) for one in tensors]


def float_dtype(dtype: Any = None) -> np.dtype[Any]:
    """`dtype`, or floatx where it is None."""
    return numpy_dtype(floatx() if dtype is None else dtype)


def typed_like(value: Any, x: Any) -> Any:
    """A number or a tensor in the dtype and shape of `x`."""
    if type(value) is float or type(value) is int:
        return fill(x.spec.shape, value, x.spec.dtype)
    return broadcast(cast(to_tensor(value), x.spec.dtype), x.spec.shape)
