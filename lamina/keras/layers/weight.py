"""The variables of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.dtypes import DType, as_dtype
from ...prims.elementwise import cast
from ...tensor.variable import Variable
from .context import CALLS


class Weight(Variable):
    """A variable of a layer: its name within the layer, its path within the model."""

    _frozen = False

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        name: str = "variable",
        dtype: Any = None,
        constraint: Any = None,
        regularizer: Any = None,
        owner: str = "",
        autocast: bool = True,
    ) -> None:
        super().__init__(initial_value, trainable, name, dtype, constraint)
        self.regularizer = regularizer
        self.made_trainable = trainable  # decides its place among the weights, once and for all
        self._owner = owner
        self._casts = autocast and self._value.spec.dtype.kind == "f"

    # Within the call of a layer that computes in another dtype, floats are read in that.

    def _cast_dtype(self) -> np.dtype[Any] | None:
        frames = CALLS.frames
        return frames[-1].cast if frames and self._casts else None

    def read_value(self) -> Any:
        """The current value, in the dtype that the layer which is called computes in."""
        value, wanted = super().read_value(), self._cast_dtype()
        return value if wanted is None else cast(value, wanted)

    _tensor = read_value
    __lamina_tensor__ = read_value

    @property
    def dtype(self) -> DType:
        return as_dtype(self._cast_dtype() or self._value.spec.dtype)

    @property
    def name(self) -> str:
        return self._name

    @property
    def trainable(self) -> bool:
        return self._trainable and not self._frozen

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable, self._frozen = bool(value), False

    def follow_layer(self, trainable: bool) -> None:
        """Read as `trainable`, as the layer does now; tapes go on following a frozen weight."""
        if self.made_trainable:
            self._trainable, self._frozen = self._trainable or trainable, not trainable
