"""tf.train.ExponentialMovingAverage: a slow copy of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.errors import NotFoundError
from ..ir.graph import eagerly
from ..ops.elementwise import minimum
from ..tensor.convert import to_tensor
from ..tensor.variable import Variable


class ExponentialMovingAverage:
    """Keeps s ← d s + (1 - d) v of variables v, begun at their value when first seen.

    d is `decay`, or min(decay, (1 + n) / (10 + n)) where `num_updates` n is given. With
    `zero_debias` s begins at 0 and `average` divides by 1 - dᵏ after k updates.
    """

    def __init__(
        self,
        decay: float,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Variable] = {}
        self._weights: dict[Any, Variable] = {}  # how much of the start is left

    @property
    def name(self) -> str:
        return self._name

    def apply(self, var_list: Sequence[Variable]) -> None:
        """Bring the averages up to date with the variables."""
        decay = to_tensor(self._decay)
        if self._num_updates is not None:
            count = to_tensor(self._num_updates)
            decay = minimum(self._decay, (1.0 + count) / (10.0 + count))
        for variable in var_list:
            average = self._of(variable)
            average.assign_sub((average - variable) * (1.0 - decay))
            left = self._weights[variable.ref()]
            left.assign(left * decay)

    def _of(self, variable: Variable) -> Variable:
        key = variable.ref()
        if key not in self._averages:
            with eagerly():
                start: Any = np.array(variable)
                start = np.zeros_like(start) if self._zero_debias else start
                name = f"{variable.name.partition(':')[0]}/{self._name}"
                self._averages[key] = Variable(start, trainable=False, name=name)
                self._weights[key] = Variable(1.0, trainable=False, name=f"{name}/start")
        return self._averages[key]

    def average(self, var: Variable) -> Any:
        """The average of a variable that `apply` has seen."""
        if var.ref() not in self._averages:
            raise NotFoundError(f"the average of {var.name!r} is kept once apply() has seen it")
        average = self._averages[var.ref()]
        if not self._zero_debias:
            return average
        return average / (1.0 - self._weights[var.ref()])

    def average_name(self, var: Variable) -> str:
        """The name of a variable's average."""
        return f"{var.name.partition(':')[0]}/{self._name}"
