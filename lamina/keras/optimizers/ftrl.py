"""Follow the regularized leader."""

from __future__ import annotations

from typing import Any, Unpack

from ...core.errors import InvalidArgumentError
from ...ops.elementwise import clip_by_value, square
from ..configurable import register
from .base import Optimizer
from .options import Options


@register("keras.optimizers")
class Ftrl(Optimizer):
    """n' = n + g²; z ← z + g + 2 s x - (n'ᵖ - nᵖ) x / rate; x ← (clip(z, ±λ₁) - z) / q.

    q = n'ᵖ / rate + 2 λ₂ + beta / rate and p = -learning_rate_power; λ₁, λ₂ and s are the l1, l2
    and l2-shrinkage strengths. Source: McMahan et al. 2013, algorithm 1.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        if learning_rate_power > 0:
            raise InvalidArgumentError(
                f"learning_rate_power is at most 0; got {learning_rate_power}"
            )
        for name, value in {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }.items():
            if value < 0:
                raise InvalidArgumentError(f"{name} is at least 0; got {value}")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        return [{"accumulator": self.initial_accumulator_value, "linear": 0.0}]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        p, l1 = -self.learning_rate_power, self.l1_regularization_strength
        n = slots["accumulator"] + square(gradient)
        shrunk = gradient + 2 * self.l2_shrinkage_regularization_strength * variable
        z = slots["linear"] + (shrunk - (n**p - slots["accumulator"] ** p) / rate * variable)
        q = n**p / rate + 2 * (self.l2_regularization_strength + self.beta / (2.0 * rate))
        return (clip_by_value(z, -l1, l1) - z) / q, {"accumulator": n, "linear": z}
