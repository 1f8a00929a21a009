"""Nadam."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from ...ops.array import cast
from ...ops.elementwise import sqrt, square
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Nadam(Optimizer):
    """Adam with Nesterov's momentum: m and v as there, x ← x - rate · m̂ / (√v̂ + epsilon).

    μₜ = β₁ (1 - 0.96ᵗ / 2), Pₜ = μ₁ … μₜ, v̂ = v / (1 - β₂ᵗ),
    m̂ = μₜ₊₁ m / (1 - Pₜ μₜ₊₁) + (1 - μₜ) g / (1 - Pₜ). Source: Dozat 2016, algorithm 2.
    """

    _product: Any = None

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

    def build(self, variables: Any) -> None:
        super().build(variables)
        if self._product is None:  # Pₜ, which all variables share
            self._product = self.add_variable((), 1.0)

    def product_after(self, count: int) -> float:
        """Pₜ after so many updates, for files of Keras 2, which did not keep it."""
        steps = np.arange(1, min(count, 10_000) + 1)  # it is 0 long before
        return float(np.prod(self._share(steps)))

    def begin_update(self) -> None:
        count = cast(self.iterations + 1, "float32")
        self.assign(self._product, self._product * self._share(count))

    def _share(self, count: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * 0.96**count)

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        beta_2 = cast(self.beta_2, count.spec.dtype)  # rounded before 1 - β₂, as in Keras
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1 - self.beta_1)
        v = slots["velocity"] + (square(gradient) - slots["velocity"]) * (1 - beta_2)
        now, ahead, product = self._share(count), self._share(count + 1), self._product
        m_hat = ahead * m / (1 - product * ahead) + (1 - now) * gradient / (1 - product)
        change = m_hat * rate / (sqrt(v / (1 - beta_2**count)) + self.epsilon)
        return variable - change, {"momentum": m, "velocity": v}
