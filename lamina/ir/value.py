"""Values: what primitives take and give, with or without numbers in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.dtypes import type_name
from ..core.shapes import Shape

if TYPE_CHECKING:
    from ..core.dtypes import Array
    from .primitive import Primitive


class Spec:
    """The type of a value: shape (ints, the batch `B`) and NumPy dtype."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.shape = shape
        self.dtype = dtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"{type_name(self.dtype)}[{', '.join(map(str, self.shape))}]"


class Value:
    """A result of a primitive: an array (eager), or a symbol owned by a trace.

    `array` is None for a symbol; then `trace` is what takes further primitives on it.
    """

    __slots__ = ("__weakref__", "_spec", "array", "trace")

    array: Array | None
    trace: Any

    def __init__(self, array: Array | None, spec: Spec | None = None, trace: Any = None) -> None:
        self.array = array
        self._spec = spec
        self.trace = trace

    @property
    def spec(self) -> Spec:
        if self._spec is None:
            assert self.array is not None
            self._spec = Spec(self.array.shape, self.array.dtype)
        return self._spec


class Node:
    """One application of a primitive: inputs and parameters to outputs."""

    __slots__ = ("inputs", "outputs", "params", "primitive")

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple[Value, ...],
        params: dict[str, Any],
        outputs: tuple[Value, ...],
    ) -> None:
        self.primitive = primitive
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
