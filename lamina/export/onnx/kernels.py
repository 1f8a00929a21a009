"""In which dtypes runtimes compute an operator: ONNX allows more than they do.

The narrowest sets of onnxruntime 1.20 and later, on processors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_WHOLE = ("int32", "int64")
_FLOATS = ("float16", "float32", "float64")
_NUMBERS = (*_FLOATS, *_WHOLE)
_SINGLE = ("float16", "float32")

KERNELS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Clip"), _NUMBERS),
    **dict.fromkeys(("Less", "LessOrEqual", "Pow", "Neg", "Sign", "Abs", "MatMul"), _NUMBERS),
    **dict.fromkeys(("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "CumSum"), _NUMBERS),
    **dict.fromkeys(("ArgMax", "ArgMin", "TopK", "ScatterND", "ScatterElements"), _NUMBERS),
    "Pad": (*_NUMBERS, "bool"),
    "Equal": (*_NUMBERS, "bool", "object"),
    "Where": (*_NUMBERS, "uint8", "object"),
    **dict.fromkeys(("Floor", "Ceil", "Round", "Sqrt", "Exp", "Log", "Sin"), _FLOATS),
    **dict.fromkeys(("Tanh", "Sigmoid", "Softmax", "Relu", "Gemm"), _FLOATS),
    **dict.fromkeys(
        ("Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh"), _SINGLE
    ),
    **dict.fromkeys(("Atanh", "Erf"), _SINGLE),
    "Det": ("float32",),
    **dict.fromkeys(("And", "Or", "Xor", "Not"), ("bool",)),
}
"""By operator the dtypes; one that is not here takes all. A float64 may become a float32."""


def computed_in(operator: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which an operator works on numbers of `dtype`."""
    known = KERNELS.get(operator)
    if known is None or dtype.name in known:
        return dtype
    if dtype.kind == "f":
        return np.dtype("float32")
    small = dtype.kind == "b" or (dtype.itemsize < 4 and "int32" in known)
    return np.dtype("int32" if small else "int64")
