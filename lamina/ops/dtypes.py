"""tf.dtypes: element types."""

from __future__ import annotations

from ..core.dtypes import DTYPES, DType, as_dtype
from .layout import cast, saturate_cast
from .names import namespace

float16 = half = DTYPES["float16"]
float32 = DTYPES["float32"]
float64 = double = DTYPES["float64"]
int8 = DTYPES["int8"]
int16 = DTYPES["int16"]
int32 = DTYPES["int32"]
int64 = DTYPES["int64"]
uint8 = DTYPES["uint8"]
uint16 = DTYPES["uint16"]
uint32 = DTYPES["uint32"]
uint64 = DTYPES["uint64"]
bool = DTYPES["bool"]
string = DTYPES["string"]

__all__ = [
    "DType",
    "as_dtype",
    "bool",
    "cast",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "saturate_cast",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]  # fmt: skip
__getattr__ = namespace(__name__, __all__)
