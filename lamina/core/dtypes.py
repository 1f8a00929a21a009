"""Element types: NumPy's dtypes inside, TensorFlow's `DType` names outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ArgumentTypeError, nearest

Array = np.ndarray[Any, np.dtype[Any]]
"""Any NumPy array; the shape and dtype live in the value."""


class DType:
    """An element type, equal to its name and to the NumPy dtype of the same name.

    Example: `tf.float32 == "float32" == np.dtype("float32")`.
    """

    __slots__ = ("dtype", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        # The attribute lets NumPy take a DType as dtype=; strings are objects of type bytes.
        self.dtype = np.dtype(object if name == "string" else name)

    @property
    def as_numpy_dtype(self) -> type[Any]:
        return self.dtype.type

    @property
    def as_datatype_enum(self) -> int:
        return _WIRE_NUMBERS[self.name]

    @property
    def base_dtype(self) -> DType:
        return self

    @property
    def is_floating(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def is_integer(self) -> bool:
        return self.dtype.kind in "iu"

    @property
    def is_bool(self) -> bool:
        return self.dtype.kind == "b"

    @property
    def is_unsigned(self) -> bool:
        return self.dtype.kind == "u"

    @property
    def is_complex(self) -> bool:
        return self.dtype.kind == "c"

    @property
    def size(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    @property
    def min(self) -> Any:
        return self._limit("min")

    @property
    def max(self) -> Any:
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        """The smallest and the largest number."""
        return self.min, self.max

    @property
    def is_numeric(self) -> bool:
        return self.is_floating or self.is_integer or self.is_complex

    @property
    def is_numpy_compatible(self) -> bool:
        return True

    @property
    def is_quantized(self) -> bool:
        return False

    @property
    def real_dtype(self) -> DType:
        return self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether it is the same dtype."""
        return bool(self == other)

    def _limit(self, which: str) -> Any:
        if self.is_bool:
            return which == "max"
        if self.name == "string":
            raise ArgumentTypeError("strings have no smallest or largest value")
        known: Any = self.dtype
        info = np.finfo(known) if self.is_floating else np.iinfo(known)
        return getattr(info, which)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.name == other.name
        if other is None or (isinstance(other, str) and other == self.name):
            return other is not None  # np.dtype(None) is float64
        try:
            return self.dtype == np.dtype(other)  # type: ignore[call-overload, no-any-return]
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


_WIRE_NUMBERS = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "string": 7,
    "int64": 9,
    "bool": 10,
    "uint16": 17,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
}
DTYPES: dict[str, DType] = {name: DType(name) for name in _WIRE_NUMBERS}
_BY_NUMPY: dict[np.dtype[Any], DType] = {dtype.dtype: dtype for dtype in DTYPES.values()}
_ALIASES = {"half": "float16", "float": "float32", "double": "float64", "int": "int32"}
_PYTHON = {float: "float32", int: "int32", bool: "bool"}
_STRINGS = (str, bytes, "string", "str", "bytes")

FLOAT16 = np.dtype("float16")
FLOAT32 = np.dtype("float32")
FLOAT64 = np.dtype("float64")
INT32 = np.dtype("int32")
INT64 = np.dtype("int64")
BOOL = np.dtype("bool")
UINT32 = np.dtype("uint32")
UINT64 = np.dtype("uint64")
STRING = np.dtype(object)


def as_array(value: Any) -> Array:
    """What NumPy gives, also where it gives a scalar and an array of rank 0 is meant."""
    if type(value) is np.ndarray:
        return value
    return np.asarray(value, STRING if type(value) is bytes else None)


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype meant by a DType, a NumPy dtype, a name or a Python type."""
    if type(dtype) is DType:
        return dtype.dtype
    if isinstance(dtype, np.dtype) and dtype in _BY_NUMPY:
        return dtype
    if dtype in _STRINGS:
        return STRING
    try:
        name = _PYTHON.get(dtype) or (_ALIASES.get(dtype) if isinstance(dtype, str) else None)
        found = np.dtype(name or dtype).newbyteorder("=")
    except TypeError:
        raise _unknown_dtype(dtype) from None
    if found.kind in "UST":
        return STRING
    if found not in _BY_NUMPY:
        raise _unknown_dtype(dtype)
    return found


def type_name(dtype: np.dtype[Any]) -> str:
    """What people call the dtype of a tensor: NumPy's name, or "string"."""
    return "string" if dtype.kind == "O" else str(dtype.name)


def as_dtype(dtype: Any) -> DType:
    """The `DType` of a name, a NumPy dtype, a Python type or a DType."""
    return _BY_NUMPY[numpy_dtype(dtype)]


def _unknown_dtype(dtype: Any) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{dtype!r} is not an element type that lamina computes with; expected one of "
        f"{', '.join(DTYPES)}.{nearest(str(dtype), DTYPES)}"
    )
