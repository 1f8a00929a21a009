"""Activations: functions of one tensor, found by name.

Each accepts numbers, lists, arrays and tensors; integers are computed as float32.
"""

from __future__ import annotations

import math as python_math
from typing import Any

from ..ops import array, math, nn
from ..ops.common import axis_of, floats, move_axis
from ..tensor.convert import to_tensor
from .configurable import custom_object_scope, get_from, register
from .configurable import deserialize as _deserialize
from .configurable import serialize as serialize

MODULE = "keras.activations"


@register(MODULE)
def linear(x: Any) -> Any:
    """x."""
    return to_tensor(x)


@register(MODULE)
def relu(
    x: Any,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
    *,
    alpha: float | None = None,
) -> Any:
    """x above `threshold`, at most `max_value`; negative_slope (x - threshold) below.

    `alpha` is the former name of `negative_slope`.
    """
    slope = negative_slope if alpha is None else alpha
    x = to_tensor(x)
    if slope:
        x = floats(x)
    positive = nn.relu(x) if not threshold else array.where(x > threshold, x, array.zeros_like(x))
    if max_value is not None:
        positive = math.minimum(positive, max_value)
    return positive - slope * nn.relu(threshold - x) if slope else positive


@register(MODULE)
def leaky_relu(x: Any, negative_slope: float = 0.2, *, alpha: float | None = None) -> Any:
    """x where positive, else negative_slope x."""
    return nn.leaky_relu(floats(x), negative_slope if alpha is None else alpha)


@register(MODULE)
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return nn.relu6(to_tensor(x))


@register(MODULE)
def softmax(x: Any, axis: Any = -1) -> Any:
    """eˣ / Σ eˣ over `axis` (or several axes; None is all of them)."""
    x = floats(x)
    return nn.softmax(x, axis=_axes(axis, x))


@register(MODULE)
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log softmax(x), exact where softmax is tiny."""
    x = floats(x)
    return nn.log_softmax(x, axis=_axes(axis, x))


def _axes(axis: Any, x: Any) -> Any:
    """`axis`, or all axes for None (which is the last one in TensorFlow's functions)."""
    return tuple(range(len(x.shape))) if axis is None else axis


@register(MODULE)
def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return math.sigmoid(floats(x))


@register(MODULE)
def log_sigmoid(x: Any) -> Any:
    """log sigmoid(x) = -softplus(-x)."""
    return -nn.softplus(-floats(x))


@register(MODULE)
def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return math.tanh(floats(x))


@register(MODULE)
def softplus(x: Any) -> Any:
    """log(1 + eˣ)."""
    return nn.softplus(floats(x))


@register(MODULE)
def softsign(x: Any) -> Any:
    """x / (1 + |x|)."""
    x = floats(x)
    return x / (1 + math.abs(x))


@register(MODULE)
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha (eˣ - 1).

    Source: D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network
    learning by exponential linear units", ICLR 2016, equation 15.
    """
    x = floats(x)
    return array.where(x > 0, x, alpha * math.expm1(math.minimum(x, 0)))


@register(MODULE)
def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha (e^(x / alpha) - 1).

    Source: J. Barron, "Continuously differentiable exponential linear units" (2017).
    """
    x = floats(x)
    return array.where(x > 0, x, alpha * math.expm1(math.minimum(x, 0) / alpha))


_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@register(MODULE)
def selu(x: Any) -> Any:
    """s elu(x, a), with s and a such that activations keep mean 0 and variance 1.

    Source: G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural
    networks", NIPS 2017, equation 2.
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


@register(MODULE)
def gelu(x: Any, approximate: bool = False) -> Any:
    """x Φ(x), with Φ the normal distribution's integral, or its approximation by tanh.

    Source: D. Hendrycks, K. Gimpel, "Gaussian error linear units" (2016), section 2.
    """
    x = floats(x)
    if approximate:
        inner = python_math.sqrt(2 / python_math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + math.tanh(inner))
    return 0.5 * x * (1 + math.erf(x * python_math.sqrt(0.5)))


@register(MODULE, "swish")
def silu(x: Any) -> Any:
    """x sigmoid(x)."""
    x = floats(x)
    return x * math.sigmoid(x)


swish = silu


@register(MODULE)
def mish(x: Any) -> Any:
    """x tanh(softplus(x)).

    Source: D. Misra, "Mish: a self regularized non-monotonic activation function" (2019).
    """
    x = floats(x)
    return x * math.tanh(nn.softplus(x))


@register(MODULE)
def exponential(x: Any) -> Any:
    """eˣ."""
    return math.exp(floats(x))


@register(MODULE)
def hard_sigmoid(x: Any) -> Any:
    """x / 6 + 1/2, clipped to [0, 1]."""
    return _clip(floats(x) / 6 + 0.5, 0, 1)


@register(MODULE, "hard_swish")
def hard_silu(x: Any) -> Any:
    """x hard_sigmoid(x)."""
    x = floats(x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


@register(MODULE)
def hard_tanh(x: Any) -> Any:
    """x clipped to [-1, 1]."""
    return _clip(to_tensor(x), -1, 1)


@register(MODULE)
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0."""
    x = floats(x)
    return array.where(math.abs(x) > threshold, x, array.zeros_like(x))


@register(MODULE)
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved toward 0 by `threshold`, and not beyond."""
    x = floats(x)
    return nn.relu(x - threshold) - nn.relu(-x - threshold)


@register(MODULE)
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    x = floats(x)
    return x - math.tanh(x)


@register(MODULE)
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above `threshold`, else `default_value`."""
    x = floats(x)
    return array.where(x > threshold, x, array.zeros_like(x) + default_value)


@register(MODULE)
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + √(x² + b)) / 2."""
    x = floats(x)
    return (x + math.sqrt(x * x + b)) / 2


@register(MODULE)
def sparse_plus(x: Any) -> Any:
    """0 up to -1, (x + 1)² / 4 up to 1, x above."""
    x = floats(x)
    middle = _clip(x, -1, 1) + 1
    return middle * middle / 4 + nn.relu(x - 1)


@register(MODULE)
def sparse_sigmoid(x: Any) -> Any:
    """(x + 1) / 2, clipped to [0, 1]."""
    return _clip((floats(x) + 1) / 2, 0, 1)


@register(MODULE)
def glu(x: Any, axis: int = -1) -> Any:
    """a sigmoid(b), with a and b the halves of x along `axis`."""
    first, second = array.split(floats(x), 2, axis=axis)
    return first * math.sigmoid(second)


@register(MODULE)
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex nearest to x along `axis`: max(x - τ, 0).

    Source: A. Martins, R. Astudillo, "From softmax to sparsemax", ICML 2016, algorithm 1.
    """
    x = floats(x)
    rank = len(x.shape)
    axis = axis_of(axis, rank)
    x = move_axis(x, axis, rank - 1)
    descending = array.sort(x, axis=-1, direction="DESCENDING")
    count = math.cumsum(array.ones_like(x), -1)
    above = math.cumsum(descending, axis=-1) - 1
    support = count * descending > above
    size = math.reduce_sum(array.cast(support, x.dtype), -1, keepdims=True)
    total = math.reduce_sum(
        array.where(support, descending, array.zeros_like(x)), -1, keepdims=True
    )
    return move_axis(nn.relu(x - (total - 1) / size), rank - 1, axis)


def _clip(x: Any, low: float, high: float) -> Any:
    return math.minimum(math.maximum(x, low), high)


# By name ------------------------------------------------------------------------------------------


def get(identifier: Any) -> Any:
    """The activation that a name, a configuration or a function means; None is `linear`."""
    return linear if identifier is None else get_from(MODULE, identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation of what `serialize` gave."""
    with custom_object_scope(custom_objects):
        return _deserialize(config) if isinstance(config, dict) else get(config)
