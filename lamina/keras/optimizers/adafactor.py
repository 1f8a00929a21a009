"""Adafactor."""

from __future__ import annotations

from typing import Any, Unpack

from ...ops.array import expand_dims
from ...ops.elementwise import maximum, minimum, sqrt, square
from ...ops.reduction import reduce_mean
from ..configurable import register
from .base import Optimizer
from .options import Options


@register("keras.optimizers")
class Adafactor(Optimizer):
    """RMSprop whose second moment of a matrix is kept as its row and column means.

    β = 1 - t^beta_2_decay at update t; of g² + epsilon_1, the means r over the last axis and c
    over the last but one are averaged with β; v = r c / mean(r). Vectors keep v itself.
    u = g / √v, divided by max(1, rms(u) / clip_threshold);
    x ← x - max(epsilon_2, rms(x)) · min(rate, 1 / √t) · u. With `relative_step`, the paper's way,
    1 / √t bounds a constant rate.
    Source: Shazeer and Stern 2018, algorithms 4 and 5, as in Keras.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[Options],
    ) -> None:
        self.beta_2_decay, self.clip_threshold = beta_2_decay, clip_threshold
        self.epsilon_1, self.epsilon_2, self.relative_step = epsilon_1, epsilon_2, relative_step
        super().__init__(learning_rate, **options)

    def make_slots(self, variables: Any) -> None:
        for variable in variables:
            shape, dtype = variable.spec.shape, variable.spec.dtype
            sizes = (shape[:-1], (*shape[:-2], shape[-1])) if shape[1:] else ((), ())
            label = variable.name.rpartition("/")[2].removesuffix(":0")
            for name, size in zip("rc", sizes):  # of a vector, place holders, as in Keras's files
                self.add_slot(variable, name, self.add_variable(size, 0.0, dtype, label))
            velocity = self.add_variable_from_reference(variable, "velocity")
            self.add_slot(variable, "velocity", velocity)

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        rate = minimum(rate, 1 / sqrt(count))
        kept, power = 1 - count**self.beta_2_decay, square(gradient) + self.epsilon_1

        def averaged(name: str, value: Any) -> Any:
            return kept * slots[name] + (1 - kept) * value

        if variable.spec.shape[1:]:
            r, c = averaged("r", reduce_mean(power, -1)), averaged("c", reduce_mean(power, -2))
            scaled = expand_dims(r / reduce_mean(r, -1, keepdims=True), -1)
            new = {"r": r, "c": c, "velocity": scaled * expand_dims(c, -2)}
        else:
            new = {"velocity": averaged("velocity", power)}
        u = gradient / sqrt(new["velocity"])
        u = u / maximum(1.0, _rms(u) / self.clip_threshold)
        return variable - maximum(self.epsilon_2, _rms(variable)) * rate * u, new


def _rms(x: Any) -> Any:
    return sqrt(reduce_mean(square(x)))
