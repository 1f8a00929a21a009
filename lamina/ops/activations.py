"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

from ..core.errors import InvalidArgumentError
from ..prims import elementwise as prim
from ..prims.broadcast import fill_like, reduce_sum, restore_axes
from ..prims.reduce import reduce_max
from ..tensor.arithmetic import greater, maximum, minimum, multiply
from ..tensor.convert import to_tensor
from .common import axes_of, floats
from .elementwise import log_sigmoid, sigmoid, softplus, softsign, tanh
from .layout import concat


def relu(features: Any, name: str | None = None) -> Any:
    """max(x, 0); the gradient at 0 is 0."""
    x = to_tensor(features)
    return prim.maximum(fill_like(x, 0), x)


def relu6(features: Any, name: str | None = None) -> Any:
    """min(max(x, 0), 6)."""
    return minimum(relu(features), 6)


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Any:
    """x where x > 0, else alpha x."""
    x = floats(features)
    return prim.select(greater(x, 0), x, multiply(x, alpha))


def elu(features: Any, name: str | None = None) -> Any:
    """x where x > 0, else eˣ - 1."""
    x = floats(features)
    zero = fill_like(x, 0)
    return prim.select(prim.less(zero, x), x, prim.expm1(prim.minimum(x, zero)))


# G. Klambauer et al., "Self-Normalizing Neural Networks" (2017), equation 14.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def selu(features: Any, name: str | None = None) -> Any:
    """scale x where x > 0, else scale alpha (eˣ - 1), which keeps mean 0 and variance 1."""
    x = floats(features)
    zero = fill_like(x, 0)
    low = prim.multiply(prim.expm1(prim.minimum(x, zero)), fill_like(x, SELU_SCALE * SELU_ALPHA))
    return prim.select(prim.less(zero, x), prim.multiply(x, fill_like(x, SELU_SCALE)), low)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """x Φ(x) with the normal distribution function Φ; `approximate` takes a tanh for it.

    D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units" (2016).
    """
    x = floats(features)
    half, one = fill_like(x, 0.5), fill_like(x, 1)
    if approximate:
        cube = prim.multiply(prim.multiply(x, x), x)
        inner = prim.add(x, prim.multiply(cube, fill_like(x, 0.044715)))
        bell = prim.tanh(prim.multiply(inner, fill_like(x, math.sqrt(2 / math.pi))))
    else:
        bell = prim.erf(prim.multiply(x, fill_like(x, math.sqrt(0.5))))
    return prim.multiply(prim.multiply(x, half), prim.add(bell, one))


def silu(features: Any, beta: Any = 1.0, name: str | None = None) -> Any:
    """x sigmoid(beta x)."""
    x = floats(features)
    scaled = x if type(beta) in (int, float) and beta == 1 else multiply(x, beta)
    return prim.multiply(x, prim.sigmoid(scaled))


swish = silu


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Any:
    """max(x, 0) and max(-x, 0) one after the other along `axis`."""
    from_negative = maximum(prim.negative(to_tensor(features)), 0)
    return concat([relu(features), from_negative], axis)


def softmax(logits: Any, axis: Any = -1, name: str | None = None) -> Any:
    """eˣ / Σ eˣ along `axis`, which never overflows."""
    x = floats(logits)
    axes = _axis(axis, x)
    powers = prim.exp(_shifted(x, axes))
    return prim.divide(powers, restore_axes(reduce_sum(powers, axes), x, axes))


def log_softmax(logits: Any, axis: Any = -1, name: str | None = None) -> Any:
    """x - log Σ eˣ along `axis`, which never overflows."""
    x = floats(logits)
    axes = _axis(axis, x)
    shifted = _shifted(x, axes)
    total = prim.log(reduce_sum(prim.exp(shifted), axes))
    return prim.subtract(shifted, restore_axes(total, x, axes))


def _axis(axis: Any, x: Any) -> tuple[int, ...]:
    if not x.spec.shape:
        raise InvalidArgumentError("softmax expects a tensor of rank 1 or more; got a scalar")
    return axes_of(-1 if axis is None else axis, len(x.spec.shape))


def _shifted(x: Any, axes: tuple[int, ...]) -> Any:
    """`x` less its largest value, which changes no ratio of powers."""
    top = prim.stop_gradient(reduce_max(x, axes))
    return prim.subtract(x, restore_axes(top, x, axes))


__all__ = [
    "crelu", "elu", "gelu", "leaky_relu", "log_sigmoid", "log_softmax", "relu", "relu6", "selu",
    "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
]  # fmt: skip
