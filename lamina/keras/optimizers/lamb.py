"""LAMB."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.elementwise import sqrt, square, where
from ...ops.reduction import reduce_sum
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Lamb(Optimizer):
    """Adam's direction u = m̂ / (√v̂ + epsilon), as long as the weights: x ← x - rate ‖x‖/‖u‖ u.

    The ratio is 1 where a norm is 0. Source: You et al. 2019, algorithm 2.
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
        return [{"momentum": 0.0, "velocity": 0.0}]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1 - self.beta_1)
        v = slots["velocity"] + (square(gradient) - slots["velocity"]) * (1 - self.beta_2)
        v_hat = v / (1 - self.beta_2**count)
        u = m / (1 - self.beta_1**count) / (sqrt(v_hat) + self.epsilon)
        length, own = sqrt(reduce_sum(square(variable))), sqrt(reduce_sum(square(u)))
        ratio = where((length > 0) & (own > 0), length / own, 1.0)
        return variable - ratio * rate * u, {"momentum": m, "velocity": v}
