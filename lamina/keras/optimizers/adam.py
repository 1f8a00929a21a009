"""Adam."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.elementwise import maximum, sqrt, square
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Adam(Optimizer):
    """m ← m + (1 - β₁)(g - m); v ← v + (1 - β₂)(g² - v); x ← x - α m / (√v + epsilon).

    α = rate · √(1 - β₂ᵗ) / (1 - β₁ᵗ) at update t. `amsgrad` takes the largest v so far (Reddi
    et al. 2018). Source: Kingma and Ba 2014, algorithm 1 in the order of section 2.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        check_between(self, "beta_1", "beta_2")
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        groups = [{"momentum": 0.0, "velocity": 0.0}]
        return [*groups, {"velocity_hat": 0.0}] if self.amsgrad else groups

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        new = moments(gradient, slots, self.beta_1, self.beta_2)
        v = new["velocity"]
        if self.amsgrad:
            v = new["velocity_hat"] = maximum(slots["velocity_hat"], v)
        alpha = unbiased(rate, count, self.beta_1, self.beta_2)
        return variable - new["momentum"] * alpha / (sqrt(v) + self.epsilon), new


def moments(gradient: Any, slots: Any, beta_1: float, beta_2: float) -> dict[str, Any]:
    """Running means of the gradient and of its square."""
    m, v = slots["momentum"], slots["velocity"]
    m = m + (gradient - m) * (1 - beta_1)
    v = v + (square(gradient) - v) * (1 - beta_2)
    return {"momentum": m, "velocity": v}


def unbiased(rate: Any, count: Any, beta_1: float, beta_2: float) -> Any:
    """The rate times what makes up for means that started from 0."""
    return rate * sqrt(1 - beta_2**count) / (1 - beta_1**count)
