"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, Unpack

from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class SGD(Optimizer):
    """x ← x - rate · g; with momentum m ← momentum · m - rate · g and x ← x + m.

    With `nesterov`, x ← x + momentum · m - rate · g. Source: Sutskever et al. 2013, eq. 3 and 4.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.momentum = momentum
        self.nesterov = nesterov
        check_between(self, "momentum")
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        return [{"momentum": 0.0}] if self.momentum else []

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        move = -(gradient * rate)
        if not self.momentum:
            return variable + move, {}
        m = slots["momentum"] * self.momentum + move
        ahead = m * self.momentum + move if self.nesterov else m
        return variable + ahead, {"momentum": m}
