"""Types and numbers in C."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.dtypes import Array
from ...core.errors import UnimplementedError

C_TYPES = {
    "float32": "float",
    "float64": "double",
    "bool": "uint8_t",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
_A_LINE = 96  # columns of a table of numbers


def c_type(dtype: np.dtype[Any]) -> str:
    """The C99 type of elements of `dtype`; UnimplementedError where there is none."""
    if dtype.name not in C_TYPES:
        what = "strings" if dtype.kind == "O" else dtype.name
        raise UnimplementedError(
            f"this model works on {what}, for which the exported code has no type; expected "
            f"{', '.join(C_TYPES)}. Prepare such inputs before the model, or build it with the "
            "dtype policy 'float32'."
        )
    return C_TYPES[dtype.name]


def unsigned(dtype: np.dtype[Any]) -> str:
    """The type in which integers of `dtype` are computed, so that they wrap around."""
    return f"uint{max(32, 8 * dtype.itemsize)}_t"


def literal(number: Any, dtype: np.dtype[Any]) -> str:
    """A number of `dtype`, exact to the bit (of NaN, that it is one)."""
    if dtype.kind == "f":
        return _float_literal(float(number), "f" if dtype.itemsize == 4 else "")
    value = int(number)
    if dtype.kind == "b" or dtype.itemsize < 4:
        return str(value)
    suffix = ("U" if dtype.kind == "u" else "") + ("LL" if dtype.itemsize == 8 else "")
    if value == np.iinfo(dtype).min < 0:  # its digits alone would be out of range
        return f"({value + 1}{suffix} - 1)"
    return f"{value}{suffix}"


def _float_literal(number: float, suffix: str) -> str:
    if math.isnan(number):
        return "NAN"
    if math.isinf(number):
        return "-INFINITY" if number < 0 else "INFINITY"
    if number == 0:
        return f"{number}{suffix}"
    digits, exponent = number.hex().split("p")
    return f"{digits.rstrip('0').rstrip('.')}p{exponent}{suffix}"


def table(name: str, array: Array) -> str:
    """A constant array in row-major order."""
    numbers = [literal(number, array.dtype) for number in array.ravel().tolist()]
    lines, line = [], ""
    for number in numbers:
        if line and len(line) + len(number) > _A_LINE:
            lines.append(line.rstrip())
            line = ""
        line += f"{number}, "
    lines.append(line.rstrip().rstrip(","))
    body = "\n    ".join(lines)
    return f"static const {c_type(array.dtype)} {name}[{array.size}] = {{\n    {body}\n}};\n"
