"""Muon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Unpack

from ...ops.array import transpose
from ...ops.elementwise import sqrt, square
from ...ops.linalg import matmul
from ...ops.reduction import reduce_sum
from ...tensor.variable import Variable
from ..configurable import register
from ..limits import checked_pattern
from .adam import moments, unbiased
from .base import Optimizer
from .options import CommonOptions, check_between


@register("keras.optimizers")
class Muon(Optimizer):
    """Momentum whose matrices are made orthogonal; Adam for all that is no matrix.

    m ← momentum · m + g; u = g + momentum · m (`nesterov`) or m; U Vᵀ of the singular value
    decomposition of u is approximated by `ns_steps` steps X ← a X + (b A + c A²) X, A = X Xᵀ, from
    X = u / ‖u‖; x ← x - rate · √max(rows, columns) · rms_rate · X (without the factors where
    `rms_rate` is None). Adam, with the rate times `adam_lr_ratio`, changes vectors, embeddings
    (`exclude_embeddings`) and variables whose path has a match of `exclude_layers`.
    Source: Jordan et al. 2024, "Muon"; the scale: Liu et al. 2025, arXiv 2502.16982.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        exclude_embeddings: bool = True,
        adam_weight_decay: float | None = 0.004,
        rms_rate: float | None = 0.2,
        **options: Unpack[CommonOptions],
    ) -> None:
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = (
            [checked_pattern(name) for name in exclude_layers or ()],
            exclude_embeddings,
        )
        self.muon_a, self.muon_b, self.muon_c, self.ns_steps = muon_a, muon_b, muon_c, ns_steps
        self.momentum, self.nesterov, self.rms_rate = momentum, nesterov, rms_rate
        check_between(self, "adam_beta_1", "adam_beta_2", "momentum")
        super().__init__(learning_rate, weight_decay, **options)

    def make_slots(self, variables: Sequence[Variable]) -> None:
        for variable in variables:
            for name in ("momentum", "velocity")[: 1 + self._by_adam(variable)]:
                made = self.add_variable_from_reference(variable, name)
                self.add_slot(variable, name, made)

    def _by_adam(self, variable: Variable) -> bool:
        path = variable.path
        embedding = self.exclude_embeddings and "embedding" in path.lower()
        named = any(re.search(name, path) for name in self.exclude_layers)
        return len(variable.spec.shape) != 2 or embedding or named

    def decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._by_adam(variable) else self.weight_decay

    def step(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        if "velocity" in slots:
            return self._adam(gradient, variable, slots, rate * self.adam_lr_ratio, count)
        m = slots["momentum"] * self.momentum + gradient
        direction = self._orthogonal(gradient + self.momentum * m if self.nesterov else m)
        if self.rms_rate is not None:
            direction = direction * (max(variable.spec.shape) ** 0.5 * self.rms_rate)
        return variable - rate * direction, {"momentum": m}

    def _adam(self, gradient: Any, variable: Any, slots: Any, rate: Any, count: Any) -> Any:
        new = moments(gradient, slots, self.adam_beta_1, self.adam_beta_2)
        alpha = unbiased(rate, count, self.adam_beta_1, self.adam_beta_2)
        velocity = sqrt(new["velocity"]) + self.epsilon
        return variable - new["momentum"] * alpha / velocity, new

    def _orthogonal(self, x: Any) -> Any:
        """About the nearest matrix with orthonormal rows or columns."""
        tall = x.spec.shape[0] > x.spec.shape[1]
        x = transpose(x) if tall else x
        x = x / (sqrt(reduce_sum(square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            a = matmul(x, x, transpose_b=True)
            x = self.muon_a * x + matmul(self.muon_b * a + self.muon_c * matmul(a, a), x)
        return transpose(x) if tall else x
