"""Schedule-free AdamW."""

from __future__ import annotations

from typing import Any, Unpack

from ...ir.graph import eagerly
from ...ops.array import cast
from ...ops.elementwise import minimum, sqrt, square
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers", "schedulefreeadamw")
class ScheduleFreeAdamW(Optimizer):
    """Adam on z, whose average x is what is wanted: x ← x + (z - x) / t, y = z + β₁ (x - z).

    v ← v + (1 - β₂)(g² - v); z ← z - rate · g / (√(v / (1 - β₂ᵗ)) + epsilon) at update t. The
    variable holds y, where the gradient is taken; `momentum` holds z. The rate grows linearly
    over the first `warmup_steps` updates. Source: Defazio et al. 2024, "The road less scheduled",
    algorithm 1, as in Keras with the weights 1 / t.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **options: Unpack[Options],
    ) -> None:
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.warmup_steps = warmup_steps
        check_between(self, "beta_1", "beta_2")
        super().__init__(learning_rate, **options)

    def make_slots(self, variables: Any) -> None:
        for variable in variables:
            z, v = self.add_optimizer_variables([variable], ["momentum", "velocity"])
            with eagerly():  # z starts where the variable is, also if a step is being traced
                z[0].assign(variable)
            self.add_slot(variable, "momentum", z[0])
            self.add_slot(variable, "velocity", v[0])

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        if self.warmup_steps > 0:
            rate = rate * minimum(count / self.warmup_steps, 1.0)
        old, dtype = slots["momentum"], count.spec.dtype
        beta, beta_2 = cast(self.beta_1, dtype), cast(self.beta_2, dtype)  # rounded as in Keras
        v = slots["velocity"] + (square(gradient) - slots["velocity"]) * (1 - beta_2)
        z = old - rate * gradient / (sqrt(v / (1 - beta_2**count)) + self.epsilon)
        x = (variable - (1 - beta) * old) / beta
        x = (1 - 1 / count) * x + z / count
        return (1 - beta) * z + beta * x, {"momentum": z, "velocity": v}
