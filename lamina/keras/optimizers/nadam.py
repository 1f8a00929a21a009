"""Nadam."""

from __future__ import annotations

from typing import Any, Unpack

from ...core.dtypes import FLOAT32
from ...ops.elementwise import sqrt, square
from ...prims.elementwise import cast
from ...tensor.convert import to_tensor
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers")
class Nadam(Optimizer):
    """Adam with Nesterov's momentum: m and v as there, x ← x - rate · m̂ / (√v̂ + epsilon).

    μₜ = β₁ (1 - 0.96ᵗ / 2), Pₜ = μ₁ … μₜ, v̂ = v / (1 - β₂ᵗ),
    m̂ = μₜ₊₁ m / (1 - Pₜ μₜ₊₁) + (1 - μₜ) g / (1 - Pₜ). Source: Dozat 2016, algorithm 2.
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
        self._product: Any = None

    def slots(self) -> Any:
        return [{"momentum": 0.0, "velocity": 0.0}]

    def build(self, variables: Any) -> None:
        super().build(variables)
        if self._product is None:
            self._product = self.add_variable((), 1.0)

    def begin_update(self) -> None:
        """Pₜ, which all variables share."""
        self.assign(self._product, self._product * self._share(cast(self.iterations + 1, FLOAT32)))

    def _share(self, count: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * 0.96**count)

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1 - self.beta_1)
        beta_2 = to_tensor(self.beta_2, count.spec.dtype)  # rounded before 1 - β₂, as in Keras
        v = slots["velocity"] + (square(gradient) - slots["velocity"]) * (1 - beta_2)
        product = cast(self._product.read_value(), count.spec.dtype)
        following = self._share(count + 1)
        m_hat = following * m / (1 - product * following)
        m_hat = m_hat + (1 - self._share(count)) * gradient / (1 - product)
        v_hat = v / (1 - beta_2**count)
        change = m_hat * rate / (sqrt(v_hat) + self.epsilon)
        return variable - change, {"momentum": m, "velocity": v}
