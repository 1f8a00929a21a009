"""From what people write to tensors: conversion, promotion and broadcasting, once, here.

Promotion: two tensors promote as in NumPy, except that an integer never widens a float (int32
with float32 is float32). Python numbers and lists of them, and the precision of foreign
floating-point arrays (NumPy's, a data frame's), give way to the tensor they meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import BOOL, FLOAT32, INT32, INT64, STRING, Array, numpy_dtype, type_name
from ..core.errors import ArgumentTypeError, InvalidArgumentError, UnknownValueError, describe
from ..core.shapes import broadcast_shapes
from ..core.strings import encode, looks_like_strings, scalar
from ..ir.bind import STATE, new_value
from ..ir.value import Value
from ..prims.broadcast import broadcast, fill, reshape
from ..prims.elementwise import cast
from ..prims.layout import concatenate

STRONG, FOREIGN, WEAK = 0, 1, 2


def is_tensor_like(value: Any) -> bool:
    """A tensor, or something that gives one (a variable)."""
    return isinstance(value, Value) or hasattr(value, "__lamina_tensor__")


def to_tensor(value: Any, dtype: Any = None) -> Any:
    """`value` as a tensor, of `dtype` where that is given.

    Python floats become float32, ints int32 (int64 where they do not fit), arrays keep theirs.
    """
    if dtype is None and isinstance(value, Value):
        return value
    tensor, _ = read_value(value)
    return tensor if dtype is None else _cast_known(tensor, numpy_dtype(dtype), value)


def read_value(value: Any) -> tuple[Any, int]:
    """`value` as a tensor, and how strongly its dtype counts."""
    if isinstance(value, Value):
        return value, STRONG
    kind = type(value)
    if kind is float:
        return new_value(np.array(value, FLOAT32)), WEAK
    if kind is bool:
        return new_value(np.array(value, BOOL)), WEAK
    if kind is int:
        return new_value(_integers(np.array(value), value)), WEAK
    if kind is str or kind is bytes:
        return new_value(scalar(value)), WEAK
    if kind is np.ndarray:
        array = _checked(value, value)
        if STATE.trace is not None and array is value:
            array = np.array(array)  # a program outlives later changes of the caller's array
        return new_value(array), FOREIGN
    read = getattr(value, "__lamina_tensor__", None)
    if read is not None:
        return read(), STRONG
    if isinstance(value, (list, tuple)):
        return _read_list(value)
    return new_value(_checked(_as_array(value), value)), FOREIGN


def _read_list(value: Any) -> tuple[Any, int]:
    if _holds_tensor(value):
        return _stack(value), STRONG
    leaf = value
    while isinstance(leaf, (list, tuple)) and leaf:
        leaf = leaf[0]
    if isinstance(leaf, (str, bytes)):
        return new_value(encode(np.array(value, STRING))), WEAK
    array = _as_array(value)
    if isinstance(leaf, (np.generic, np.ndarray)) or hasattr(leaf, "__array__"):
        return new_value(_checked(array, value)), FOREIGN
    if array.dtype.kind in "US":
        raise _not_numbers(value)
    if array.dtype.kind == "f":
        array = array.astype(FLOAT32)
    elif array.dtype.kind in "iuO" and array.size:
        array = _integers(array, value)
    elif array.size == 0:
        array = array.astype(FLOAT32)
    return new_value(_checked(array, value)), WEAK


def _integers(array: Array, value: Any) -> Array:
    """Python integers as int32 where they fit, else int64."""
    if array.dtype.kind == "O" and all(isinstance(item, int) for item in array.ravel()):
        raise InvalidArgumentError(f"integers as large as in {describe(value)} do not fit int64")
    if array.dtype.kind not in "iu":
        raise _not_numbers(value)
    if array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31):
        return array.astype(INT32)
    if array.dtype.kind == "u":
        raise InvalidArgumentError(
            f"the integer {array.max()} does not fit int64; give dtype=tf.uint64"
        )
    return array.astype(INT64)


def widened(array: Array) -> Array:
    """bfloat16, which NumPy does not know by itself, as float32, which holds all its numbers."""
    foreign = array.dtype.kind == "V" and array.dtype.name == "bfloat16"
    return array.astype(FLOAT32) if foreign else array


def _as_array(value: Any) -> Array:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InvalidArgumentError(
            f"a tensor needs rows of equal lengths; got {type(value).__name__} ({error})"
        ) from None


def _checked(array: Array, value: Any) -> Array:
    array = widened(array)
    if array.dtype.kind not in "fiub":
        if looks_like_strings(array):
            return encode(array)
        if array.dtype != object or not all(map(_is_number, array.flat)):
            raise _not_numbers(value)
        array = np.array(array.tolist())  # of a frame with numbers and truth values
        array = _integers(array, value) if array.dtype == object else array
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array if type(array) is np.ndarray else np.asarray(array)


def _is_number(item: Any) -> bool:
    return isinstance(item, (int, float, np.number, np.bool_))


def _not_numbers(value: Any) -> ArgumentTypeError:
    found = np.asarray(value, dtype=object).ravel()
    odd = next((item for item in found if not _is_number(item)), "")
    return ArgumentTypeError(
        "a tensor holds numbers, booleans or strings; got "
        f"{type(value).__name__} with {type(odd).__name__} {str(odd)[:40]!r} in it"
    )


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_tensor(item) for item in value)
    return is_tensor_like(value)


def _stack(values: Any) -> Any:
    """A nested list with tensors in it as one tensor."""
    parts = promote(*values)
    shape = parts[0].spec.shape
    for part in parts[1:]:
        if part.spec.shape != shape:
            raise InvalidArgumentError(
                f"cannot stack tensors of shapes {shape} and {part.spec.shape}"
            )
    return concatenate([reshape(part, (1, *shape)) for part in parts], 0)


def _cast_known(tensor: Any, dtype: np.dtype[Any], value: Any) -> Any:
    """A cast that an explicit dtype asks for: refused where it would lose a fraction."""
    have = tensor.spec.dtype
    if have == dtype:
        return tensor
    if STRING in (have, dtype):
        if not tensor.array.size:
            return new_value(tensor.array.astype(dtype))
        cure = "tf.strings.as_string(x)" if dtype == STRING else "tf.strings.to_number(x)"
        raise ArgumentTypeError(
            f"a tensor of dtype {type_name(dtype)} cannot be made of {type_name(have)} values; "
            f"use {cure}"
        )
    if isinstance(value, Value) or hasattr(value, "__lamina_tensor__"):
        raise ArgumentTypeError(
            f"a tensor of dtype {have.name} was given where dtype {dtype.name} is asked for; "
            f"use tf.cast(x, tf.{dtype.name})"
        )
    if have.kind == "f" and dtype.kind in "iub" and tensor.array.size:
        raise ArgumentTypeError(
            f"cannot make a {dtype.name} tensor of floating-point values without losing their "
            f"fractions; use tf.cast(x, tf.{dtype.name})"
        )
    array = tensor.array
    if dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        if array.min() < limits.min or array.max() > limits.max:
            raise InvalidArgumentError(
                f"values from {array.min()} to {array.max()} do not fit {dtype.name}"
            )
    if dtype.kind == "f" and not isinstance(value, np.ndarray):
        return new_value(np.asarray(value, dtype))  # a Python float keeps its digits in float64
    return new_value(array.astype(dtype))


def promote_dtypes(first: np.dtype[Any], second: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a result of two tensors."""
    if first == second:
        return first
    a, b = first.kind, second.kind
    if "O" in (a, b):
        raise ArgumentTypeError(
            f"strings and numbers do not go together: got dtypes {type_name(first)} and "
            f"{type_name(second)}; see tf.strings.to_number and tf.strings.as_string"
        )
    if a == "f" and b != "f":
        return first
    if b == "f" and a != "f":
        return second
    joined = np.promote_types(first, second)
    return INT64 if joined.kind == "f" and a != "f" else joined


def _weak_dtype(strong: np.dtype[Any], weak: np.dtype[Any], strength: int) -> np.dtype[Any]:
    """The dtype of a tensor of dtype `strong` with something that gives way."""
    if weak.kind == "f" and strong.kind != "O":
        if strong.kind == "f":
            return strong
        return FLOAT32 if strength == WEAK else weak
    if weak.kind in "iu" and strong.kind in "iu":
        return strong if strength == WEAK else promote_dtypes(strong, weak)
    return promote_dtypes(strong, weak)


def promote(*values: Any) -> list[Any]:
    """`values` as tensors of one dtype."""
    read = [read_value(value) for value in values]
    common = read[0][0].spec.dtype
    for tensor, _ in read:
        if tensor.spec.dtype != common:
            break
    else:
        return [tensor for tensor, _ in read]
    dtype: np.dtype[Any] | None = None
    for level in (STRONG, FOREIGN, WEAK):
        for tensor, strength in read:
            if strength == level:
                have = tensor.spec.dtype
                if dtype is None:
                    dtype = have
                elif level == STRONG or (level == FOREIGN and not _has(read, STRONG)):
                    dtype = promote_dtypes(dtype, have)
                else:
                    dtype = _weak_dtype(dtype, have, level)
    assert dtype is not None
    return [_as(pair, dtype, value) for pair, value in zip(read, values, strict=True)]


def _has(read: list[tuple[Any, int]], level: int) -> bool:
    return any(strength == level for _, strength in read)


def _as(pair: tuple[Any, int], dtype: np.dtype[Any], value: Any) -> Any:
    tensor, strength = pair
    if tensor.spec.dtype == dtype:
        return tensor
    if strength == WEAK:
        try:
            return new_value(np.asarray(value, dtype))
        except OverflowError as error:
            raise InvalidArgumentError(f"{value!r} does not fit dtype {dtype.name}") from error
    return cast(tensor, dtype)


def operands(x: Any, y: Any) -> tuple[Any, Any]:
    """Two operands as tensors of one dtype and one shape."""
    if isinstance(x, Value):
        if isinstance(y, Value):
            first, second = x.spec, y.spec
            if first.shape == second.shape and first.dtype == second.dtype:
                return x, y
        elif type(y) is float or type(y) is int:
            spec = x.spec
            if spec.dtype.kind == "f":
                return x, fill(spec.shape, y, spec.dtype)
    elif isinstance(y, Value) and (type(x) is float or type(x) is int):
        spec = y.spec
        if spec.dtype.kind == "f":
            return fill(spec.shape, x, spec.dtype), y
    x, y = promote(x, y)
    left, right = x.spec.shape, y.spec.shape
    if left == right:
        return x, y
    if not left:
        return broadcast(x, right), y
    if not right:
        return x, broadcast(y, left)
    shape = broadcast_shapes(left, right)
    return broadcast(x, shape), broadcast(y, shape)


def constant_value(value: Any, what: str) -> Array:
    """The numbers of an argument that must be known while tracing (an axis, a shape)."""
    tensor = to_tensor(value)
    if tensor.array is None:
        raise UnknownValueError(
            f"{what} must be known when the function is traced; got a tensor that depends on "
            "its inputs"
        )
    known: Array = tensor.array
    return known


def as_python(value: Any, what: str) -> Any:
    """An int, float or nested list from a number, an array or a known tensor."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return constant_value(value, what).tolist()
