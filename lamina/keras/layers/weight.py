"""The variables of layers."""

from __future__ import annotations

from typing import Any

from ...tensor.variable import Variable


class Weight(Variable):
    """A variable of a layer: its name within the layer, its path within the model."""

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        name: str = "variable",
        dtype: Any = None,
        constraint: Any = None,
        regularizer: Any = None,
        owner: str = "",
    ) -> None:
        super().__init__(initial_value, trainable, name, dtype, constraint)
        self.regularizer = regularizer
        self.made_trainable = trainable  # decides its place among the weights, once and for all
        self._owner = owner

    @property
    def name(self) -> str:
        return self._name

    @property
    def path(self) -> str:
        return f"{self._owner}/{self._name}" if self._owner else self._name

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
