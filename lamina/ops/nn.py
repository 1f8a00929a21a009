"""tf.nn: what networks are made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.dtypes import INT32
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..core.spaces import Space
from ..prims import elementwise as prim
from ..prims.broadcast import broadcast, fill_like, reduce_sum, reshape
from ..prims.index import take_along
from ..tensor.arithmetic import add, multiply, subtract
from ..tensor.convert import is_tensor_like, operands, promote, to_tensor
from . import activations, statistics
from .activations import *  # noqa: F403
from .activations import log_softmax, relu
from .common import as_size, axes_of, floats, insert_axis, typed
from .elementwise import log1p_exp_minus_abs, rsqrt, square
from .indexing import gather, top_k
from .names import namespace
from .numbers import approx_max_k, approx_min_k
from .random import stateless_uniform, uniform
from .reduction import clip_by_norm, reduce_mean, reduce_variance, zero_fraction
from .reduction import reduce_sum as total
from .statistics import *  # noqa: F403

# Losses ------------------------------------------------------------------------------------------


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """-z log s(x) - (1 - z) log(1 - s(x)) with s the sigmoid, x logits, z labels.

    Computed as max(x, 0) - x z + log(1 + e^-|x|), which never overflows.
    """
    z, x = _pair(labels, logits)
    linear = prim.subtract(prim.maximum(x, fill_like(x, 0)), prim.multiply(x, z))
    return prim.add(linear, log1p_exp_minus_abs(x))


def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Any:
    """-w z log s(x) - (1 - z) log(1 - s(x)): errors on positive labels weigh w."""
    z, x = _pair(labels, logits)
    one = fill_like(x, 1)
    weight = broadcast(typed(pos_weight, x.spec.dtype), x.spec.shape)
    factor = prim.add(one, prim.multiply(prim.subtract(weight, one), z))
    bent = prim.add(log1p_exp_minus_abs(x), relu(prim.negative(x)))
    linear = prim.multiply(prim.subtract(one, z), x)
    return prim.add(linear, prim.multiply(factor, bent))


def _pair(labels: Any, logits: Any) -> tuple[Any, Any]:
    if labels is None or logits is None:
        raise InvalidArgumentError("both labels and logits are needed")
    x = floats(logits)
    z = prim.cast(to_tensor(labels), x.spec.dtype)
    if z.spec.shape != x.spec.shape:
        raise InvalidArgumentError(
            f"labels and logits must have equal shapes; got {z.spec.shape} and {x.spec.shape}"
        )
    return z, x


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Any:
    """-Σ p log softmax(x) along `axis` for probabilities p of shapes that broadcast."""
    x = floats(logits)
    p = prim.cast(to_tensor(labels), x.spec.dtype)
    p, x = operands(p, x)
    axes = axes_of(axis, len(x.spec.shape))
    return prim.negative(reduce_sum(prim.multiply(p, log_softmax(x, axis)), axes))


def sparse_softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, name: str | None = None
) -> Any:
    """-log softmax(x) at the class of each row; logits (…, classes), integer labels (…)."""
    x, places = floats(logits), to_tensor(labels)
    if places.spec.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"labels must be integers (classes); got dtype {places.spec.dtype.name}. "
            "Use tf.cast(labels, tf.int32)."
        )
    if places.spec.shape != x.spec.shape[:-1]:
        raise InvalidArgumentError(
            f"labels of shape {x.spec.shape[:-1]} are expected for logits of shape "
            f"{x.spec.shape}; got {places.spec.shape}"
        )
    column = insert_axis(places, len(places.spec.shape))
    picked = take_along(log_softmax(x), column)
    return prim.negative(reshape(picked, places.spec.shape))


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Σ t² / 2."""
    return multiply(total(square(floats(t))), 0.5)


# Normalization -----------------------------------------------------------------------------------


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance over `axes`. `shift` is not needed: the mean is subtracted first."""
    x = floats(x)
    return reduce_mean(x, axes, keepdims), reduce_variance(x, axes, keepdims)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """x / √max(Σ x², epsilon) along `axis` (None: over all)."""
    x = floats(x)
    squares = total(prim.multiply(x, x), axis, keepdims=True)
    return multiply(x, rsqrt(prim.maximum(squares, fill_like(squares, epsilon))))


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Any:
    """scale (x - mean) / √(variance + epsilon) + offset; None leaves scale or offset out."""
    factor = rsqrt(add(variance, variance_epsilon))
    if scale is not None:
        factor = multiply(factor, scale)
    result = multiply(subtract(x, mean), factor)
    return result if offset is None else add(result, offset)


def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: Any,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Any:
    """gamma (input - mean) / √(variance + epsilon) + beta; gamma only if it is to scale."""
    scale = gamma if scale_after_normalization else None
    return batch_normalization(input, mean, variance, beta, scale, variance_epsilon)


# Layers without state ----------------------------------------------------------------------------


def dropout(
    x: Any,
    rate: Any,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Elements are 0 with probability `rate`, the others are divided by 1 - rate.

    `noise_shape` has 1 where elements along an axis fall together (None: nowhere).
    """
    return general_dropout(x, rate, partial(uniform, seed=seed), noise_shape)


def stateless_dropout(
    x: Any,
    rate: Any,
    seed: Any,
    rng_alg: Any = "auto_select",
    noise_shape: Any = None,
    name: str | None = None,
) -> Any:
    """Dropout whose places the two integers `seed` determine."""
    sampler = partial(stateless_uniform, seed=seed, alg=rng_alg)
    return general_dropout(x, rate, sampler, noise_shape)


def general_dropout(
    x: Any,
    rate: Any,
    uniform_sampler: Callable[..., Any],
    noise_shape: Any = None,
    name: str | None = None,
) -> Any:
    """Dropout by the numbers that `uniform_sampler(shape=…, dtype=…)` draws from [0, 1)."""
    x = floats(x)
    if not is_tensor_like(rate):
        if not 0 <= rate < 1:
            raise InvalidArgumentError(f"dropout expects 0 ≤ rate < 1; got {rate}")
        if rate == 0:
            return x
    noise = uniform_sampler(shape=_noise_shape(x, noise_shape), dtype=x.spec.dtype)
    kept = broadcast(prim.less_equal(*operands(rate, noise)), x.spec.shape)
    scaled = multiply(x, 1 / (1 - rate))
    return prim.select(kept, scaled, fill_like(x, 0))


def _noise_shape(x: Any, noise_shape: Any) -> Any:
    if noise_shape is None:
        return x.spec.shape
    sizes = list(noise_shape)
    return tuple(
        own if given is None else as_size(given)
        for own, given in zip(x.spec.shape, sizes, strict=True)
    )


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """`value` plus a line `bias` along its last axis (axis 1 for a data_format like "NC…")."""
    x, line = promote(value, bias)
    if len(line.spec.shape) != 1:
        raise InvalidArgumentError(f"bias_add expects a line as bias; got {line.spec.shape}")
    if data_format is not None and data_format.startswith("NC"):
        line = reshape(line, (line.spec.shape[0], *(1 for _ in x.spec.shape[2:])))
    elif data_format is not None and not data_format.endswith("C"):
        raise InvalidArgumentError(f"data_format is like 'NHWC' or 'NCHW'; got {data_format!r}")
    return add(x, line)


def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> Any:
    """The rows of `params` at `ids`, cut to the norm `max_norm` where that is given."""
    rows = gather(params, ids, axis=0)
    if max_norm is None:
        return rows
    from_axis = len(to_tensor(ids).spec.shape)
    return clip_by_norm(rows, max_norm, list(range(from_axis, len(rows.spec.shape))))


def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Any:
    """Whether each row's target class is among its k highest predictions (ties count as in).

    A row whose target's prediction is not finite is not.
    """
    places, x = to_tensor(targets), floats(predictions)
    own = take_along(x, insert_axis(places, 1))
    higher = prim.less(broadcast(own, x.spec.shape), x)
    above = reduce_sum(prim.cast(higher, INT32), (1,))
    inside = prim.less(above, fill_like(above, int(k)))
    return prim.bitwise_and(inside, prim.is_finite(reshape(own, places.spec.shape)))


experimental = Space(
    "lamina.nn.experimental",
    general_dropout=general_dropout,
    stateless_dropout=stateless_dropout,
)

__all__ = [
    "approx_max_k", "approx_min_k", "batch_norm_with_global_normalization", "batch_normalization",
    "bias_add", "dropout", "embedding_lookup", "experimental", "in_top_k", "l2_loss",
    "l2_normalize", "moments", "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits", "top_k",
    "weighted_cross_entropy_with_logits", "zero_fraction",
]  # fmt: skip
__all__ += activations.__all__
__all__ += statistics.__all__
__getattr__ = namespace(__name__, __all__)
