"""Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any, Unpack

from ...core.errors import InvalidArgumentError
from ..configurable import register
from .adam import Adam
from .options import CommonOptions


@register("keras.optimizers", "adamw")
class AdamW(Adam):
    """Adam after x ← x - weight_decay · rate · x. Source: Loshchilov and Hutter 2017, alg. 2."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[CommonOptions],
    ) -> None:
        if weight_decay is None:
            raise InvalidArgumentError("AdamW needs a number as weight_decay; Adam works without")
        rest = (beta_1, beta_2, epsilon, amsgrad)
        super().__init__(learning_rate, *rest, weight_decay=weight_decay, **options)
