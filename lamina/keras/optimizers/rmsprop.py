"""RMSprop."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.elementwise import sqrt, square
from ..configurable import register
from .base import Optimizer
from .options import Options, check_between


@register("keras.optimizers", "rmsprop")
class RMSprop(Optimizer):
    """v ← rho v + (1 - rho) g²; x ← x - d with d = rate · g / √(v + epsilon).

    With momentum, m ← momentum · m + d and x ← x - m. `centered` takes v - a² for v, where a is
    the running mean of g (Graves 2013, eq. 38 to 45). Source: Hinton 2012, lecture 6e.
    The discount of v is `rho`; `decay` is a decay of the learning rate with time.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        check_between(self, "rho", "momentum")
        super().__init__(learning_rate, **options)

    def slots(self) -> Any:
        used = {"velocity": True, "momentum": self.momentum, "average_gradient": self.centered}
        return [{name: 0.0} for name in used if used[name]]

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        rho, slots = self.rho, dict(slots)
        slots["velocity"] = v = rho * slots["velocity"] + (1 - rho) * square(gradient)
        if self.centered:
            slots["average_gradient"] = a = rho * slots["average_gradient"] + (1 - rho) * gradient
            v = v - square(a)
        change = rate * gradient / sqrt(v + self.epsilon)
        if self.momentum:
            slots["momentum"] = change = self.momentum * slots["momentum"] + change
        return variable - change, slots
