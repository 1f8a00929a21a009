"""Adagrad."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.elementwise import sqrt, square
from ..configurable import register
from .base import Optimizer
from .options import Options


@register("keras.optimizers")
class Adagrad(Optimizer):
    """a ← a + g²; x ← x - rate · g / √(a + epsilon). Source: Duchi et al. 2011, eq. 1."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        return [{"accumulator": self.initial_accumulator_value}]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        a = slots["accumulator"] + square(gradient)
        return variable - rate * gradient / sqrt(a + self.epsilon), {"accumulator": a}
