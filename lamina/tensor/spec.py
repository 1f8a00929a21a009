"""TensorSpec: the shape and dtype of a tensor, as people write them."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import DType, as_dtype
from ..core.shapes import B, TensorShape
from ..ir.value import Spec
from .convert import to_tensor


class TypeSpec:
    """Base of what describes values without having any: `tf.TensorSpec`."""

    __slots__ = ()


class TensorSpec(TypeSpec):
    """Shape (None where a size is not fixed, or where the rank is not) and dtype of a tensor."""

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of `tensor`."""
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """The same shape and dtype under another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor of this spec is one of `other`."""
        return (
            isinstance(other, TensorSpec)
            and self.dtype == other.dtype
            and self.shape.is_subtype_of(other.shape)
            and other.name in (None, self.name)
        )

    def most_specific_common_supertype(self, others: Any) -> TensorSpec | None:
        """The narrowest spec that this one and all `others` belong to, None where there is none."""
        shape = self.shape
        for other in others:
            if not isinstance(other, TensorSpec) or other.dtype != self.dtype:
                return None
            shape = shape.most_specific_compatible_shape(other.shape)
        same = all(other.name == self.name for other in others)
        return TensorSpec(shape, self.dtype, self.name if same else None)

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


def type_spec_from_value(value: Any) -> TensorSpec:
    """The spec of a tensor, or of what converts to one."""
    tensor = to_tensor(value)
    return TensorSpec(tensor.shape, tensor.dtype)
