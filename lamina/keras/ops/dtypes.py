"""The dtype and the shape of tensors."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import numpy_dtype
from ...core.shapes import B, TensorShape, element_count
from ...ops import layout
from ...prims import elementwise as prim
from ...prims.broadcast import dimension
from .operation import operation
from .promotion import own, tensor


@operation
def cast(x: Any, dtype: Any) -> Any:
    """`x` as `dtype`; floats are cut toward zero on the way to integers."""
    wanted = numpy_dtype(dtype)
    return layout.cast(x if isinstance(x, float) else own(x), wanted)


@operation
def saturate_cast(x: Any, dtype: Any) -> Any:
    """`x` as `dtype`, with values outside of its range held at the ends."""
    return layout.saturate_cast(tensor(x), dtype)


@operation
def array(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor, of `dtype` where that is given."""
    return own(x) if dtype is None else cast(x, dtype)


@operation
def view(x: Any, dtype: Any = None) -> Any:
    """The bytes of `x` read as another dtype; the last axis follows the size of elements."""
    x = own(x)
    return x if dtype is None else prim.bitcast(x, numpy_dtype(dtype))


def dtype(x: Any) -> str:
    """The name of the dtype of `x`."""
    return str(tensor(x).spec.dtype.name)


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of `x`: None for the batch of a symbolic tensor of a model.

    While a function is traced, the size of the batch is a tensor.
    """
    x = tensor(x)
    sizes = x.spec.shape
    if B not in sizes:
        return tuple(sizes)
    if hasattr(x.trace, "apply"):
        return tuple(TensorShape(sizes))
    return tuple(dimension(x, axis) if d is B else d for axis, d in enumerate(sizes))


def ndim(x: Any) -> int:
    """How many axes `x` has."""
    return len(tensor(x).spec.shape)


@operation
def _size(x: Any) -> Any:
    """How many elements, of a batch too."""
    return layout.size(x)


def size(x: Any) -> Any:
    """How many elements `x` has; a tensor where that depends on the batch."""
    x = tensor(x)
    return _size(x) if B in x.spec.shape else element_count(x.spec.shape)


__all__ = ["array", "cast", "dtype", "ndim", "saturate_cast", "shape", "size", "view"]
