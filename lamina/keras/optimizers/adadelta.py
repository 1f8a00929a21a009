"""Adadelta."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.elementwise import sqrt, square
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Adadelta(Optimizer):
    """a ← rho a + (1 - rho) g²; d = -g √(b + epsilon) / √(a + epsilon); x ← x + rate · d.

    b is the running mean of d², as a of g². Source: Zeiler 2012, algorithm 1.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.rho, self.epsilon = rho, epsilon
        check_between(self, "rho")
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        return [{"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        rho, b = self.rho, slots["accumulated_delta_var"]
        a = rho * slots["accumulated_grad"] + (1 - rho) * square(gradient)
        d = -(sqrt(b + self.epsilon) * gradient / sqrt(a + self.epsilon))
        b = rho * b + (1 - rho) * square(d)
        return variable + rate * d, {"accumulated_grad": a, "accumulated_delta_var": b}
