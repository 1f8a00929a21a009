"""Lion."""

from __future__ import annotations

from typing import Any, Unpack

from ...core.errors import InvalidArgumentError
from ...ops.elementwise import sign
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Lion(Optimizer):
    """x ← x - rate · sign(β₁ m + (1 - β₁) g); then m ← β₂ m + (1 - β₂) g.

    Source: Chen et al. 2023, algorithm 2.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2 = beta_1, beta_2
        check_between(self, "beta_1", "beta_2")
        if not beta_1:
            raise InvalidArgumentError(
                "Lion: beta_1 is greater than 0; with 0, signs are all it sees"
            )
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        return [{"momentum": 0.0}]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        m = slots["momentum"]
        direction = sign(m * self.beta_1 + gradient * (1.0 - self.beta_1))
        m = m * self.beta_2 + gradient * (1.0 - self.beta_2)
        return variable - rate * direction, {"momentum": m}
