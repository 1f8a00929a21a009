"""TensorSpec: the shape and dtype of a tensor, as people write them."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import DType, as_dtype
from ..core.shapes import B, TensorShape
from ..ir.value import Spec


class TensorSpec:
    """Shape (None where a size is not fixed) and dtype of a tensor."""

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of `tensor`."""
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a tensor or spec `other` fits."""
        return bool(self.dtype == other.dtype and self.shape.is_compatible_with(other.shape))

    def symbolic(self) -> Spec | None:
        """The type with the batch `B` for a leading None; None where another size is open."""
        if self.shape.rank is None or None in self.shape[1:]:
            return None
        dims = tuple(B if dim is None else dim for dim in self.shape)
        return Spec(dims, self.dtype.dtype)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TensorSpec)
            and self.shape == other.shape
            and self.dtype == other.dtype
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"
