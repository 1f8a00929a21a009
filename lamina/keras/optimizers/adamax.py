"""Adamax."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.elementwise import abs, maximum
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Adamax(Optimizer):
    """m ← m + (1 - β₁)(g - m); u ← max(β₂ u, |g|); x ← x - rate · m / ((1 - β₁ᵗ)(u + epsilon)).

    Source: Kingma and Ba 2014, algorithm 2.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        check_between(self, "beta_1", "beta_2")
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        return [{"momentum": 0.0, "norm": 0.0}]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1 - self.beta_1)
        u = maximum(self.beta_2 * slots["norm"], abs(gradient))
        scale = (1 - self.beta_1**count) * (u + self.epsilon)
        return variable - rate * m / scale, {"momentum": m, "norm": u}
