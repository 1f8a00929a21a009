"""tf.IndexedSlices: some rows of a tensor, the others zero."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import INT32, DType, as_dtype
from ..core.errors import InvalidArgumentError
from ..core.shapes import TensorShape
from ..prims.index import scatter_add
from .convert import constant_value, to_tensor


class IndexedSlices:
    """Rows `values` at the places `indices` of a tensor of shape `dense_shape`.

    It converts to that tensor, rows of one place added up. Gradients here are dense anyway.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = to_tensor(values)
        self._indices = to_tensor(indices)
        self._dense_shape = None if dense_shape is None else to_tensor(dense_shape, INT32)

    @property
    def values(self) -> Any:
        return self._values

    @property
    def indices(self) -> Any:
        return self._indices

    @property
    def dense_shape(self) -> Any:
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        if self._dense_shape is None:
            return TensorShape(None)
        return TensorShape(constant_value(self._dense_shape, "dense_shape").tolist())

    @property
    def dtype(self) -> DType:
        return as_dtype(self._values.spec.dtype)

    def __lamina_tensor__(self) -> Any:
        """The dense tensor."""
        if self._dense_shape is None:
            raise InvalidArgumentError(
                "IndexedSlices without a dense_shape cannot become a tensor; give it one"
            )
        return scatter_add(self._indices, self._values, tuple(self.shape), 0)

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self._indices}, values={self._values}, "
            f"dense_shape={self._dense_shape})"
        )
