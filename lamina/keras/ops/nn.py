"""keras.ops.nn: activations, classes as columns, cross-entropies, normalizations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.callers import warn
from ...core.dtypes import FLOAT32, INT32
from ...core.errors import ArgumentTypeError, InvalidArgumentError, UnimplementedError
from ...core.outside import lacking
from ...ops import array, math, nn
from ...ops.common import axes_of, axis_of, integer, move_axis
from ...prims import elementwise as prim
from ...prims.broadcast import fill_like, reshape
from ...prims.index import take_along
from .. import activations
from ..settings import epsilon as default_epsilon
from ..settings import floatx
from .linalg import norm
from .math import rsqrt
from .operation import Function, named, operation
from .promotion import common, floating, tensor

# Activations -------------------------------------------------------------------------------------


def _of(name: str) -> Function:
    """The activation `name`, of one tensor."""
    function: Callable[..., Any] = getattr(activations, name)

    @named(name, function.__doc__ or "")
    def activation(x: Any) -> Any:
        return function(x)

    return activation


relu = _of("relu")
relu6 = _of("relu6")
sigmoid = _of("sigmoid")
sparse_sigmoid = _of("sparse_sigmoid")
softplus = _of("softplus")
softsign = _of("softsign")
sparse_plus = _of("sparse_plus")
silu = _of("silu")
swish = _of("silu")
log_sigmoid = _of("log_sigmoid")
hard_sigmoid = _of("hard_sigmoid")
hard_silu = _of("hard_silu")
hard_swish = _of("hard_silu")
hard_tanh = _of("hard_tanh")
selu = _of("selu")
tanh_shrink = _of("tanh_shrink")


@operation
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved toward 0 by `threshold`, and not beyond."""
    return activations.soft_shrink(x, threshold)


@operation
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, else 0."""
    return activations.hard_shrink(x, threshold)


@operation
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above `threshold`, else `default_value`."""
    return activations.threshold(x, threshold, default_value)


@operation
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + √(x² + b)) / 2."""
    return activations.squareplus(x, b)


@operation
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where positive, else negative_slope x."""
    return activations.leaky_relu(x, negative_slope)


@operation
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha (eˣ - 1)."""
    return activations.elu(x, alpha)


@operation
def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha (e^(x / alpha) - 1)."""
    return activations.celu(x, alpha)


@operation
def gelu(x: Any, approximate: bool = True) -> Any:
    """x Φ(x), with Φ the normal distribution's integral, or its approximation by tanh."""
    return activations.gelu(x, approximate)


@operation
def glu(x: Any, axis: int = -1) -> Any:
    """a sigmoid(b), with a and b the halves of x along `axis`."""
    return activations.glu(x, axis)


@operation
def softmax(x: Any, axis: Any = -1) -> Any:
    """eˣ / Σ eˣ over `axis` (or several axes)."""
    x = floating(x)
    if type(axis) is int and x.shape[axis_of(axis, len(x.shape))] == 1:
        warn(
            f"softmax over axis {axis} of size 1 of a tensor of shape {tuple(x.shape)} gives ones "
            "only; for two classes in one column use sigmoid"
        )
    return activations.softmax(x, axis)


@operation
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """log softmax(x), exact where softmax is tiny."""
    return activations.log_softmax(x, axis)


@operation
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex nearest to x along `axis`."""
    return activations.sparsemax(x, axis)


# Classes -----------------------------------------------------------------------------------------


def _refuse_sparse(sparse: bool, name: str) -> None:
    if sparse:
        raise UnimplementedError(f"{name}: all tensors are dense; leave out sparse=True")


@operation
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """1 at each class along a new axis, 0 elsewhere; zeros for what is no class."""
    _refuse_sparse(sparse, "one_hot")
    classes = prim.cast(tensor(x), INT32)
    return array.one_hot(classes, num_classes, axis=axis, dtype=dtype or floatx())


@operation
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Any:
    """1 for each class that occurs in a line of `inputs`: (n,) or (batch, n) to (…, classes)."""
    count = num_classes if num_classes is not None else kwargs.pop("num_tokens", None)
    if kwargs or count is None:
        unknown = f"; got {min(kwargs)!r}" if kwargs else ""
        raise ArgumentTypeError(f"multi_hot expects num_classes{unknown}")
    _refuse_sparse(sparse, "multi_hot")
    classes = prim.cast(tensor(inputs), INT32)
    hot = array.one_hot(classes, integer(count, "num_classes"), axis=axis, dtype=dtype or floatx())
    return math.reduce_max(hot, 1 if len(classes.spec.shape) > 1 else 0)


# Cross-entropies ---------------------------------------------------------------------------------


def _same_shapes(target: Any, output: Any, name: str) -> tuple[Any, Any]:
    target, output = common(target, output, float_result=True)
    if target.spec.shape != output.spec.shape:
        raise InvalidArgumentError(
            f"{name} expects target and output of one shape; got {target.spec.shape} and "
            f"{output.spec.shape}"
        )
    return target, output


def _inside(p: Any) -> Any:
    """Probabilities held within [ε, 1 - ε]."""
    low = fill_like(p, default_epsilon())
    return prim.minimum(prim.maximum(p, low), prim.subtract(fill_like(p, 1), low))


@operation
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-t log p - (1 - t) log(1 - p), element by element; p = sigmoid(output) of logits."""
    t, p = _same_shapes(target, output, "binary_crossentropy")
    if from_logits:
        return nn.sigmoid_cross_entropy_with_logits(t, p)
    p = _inside(p)
    return -(t * math.log(p) + (1 - t) * math.log(1 - p))


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    if from_logits:
        return nn.log_softmax(output, axis)
    return math.log(_inside(output / math.reduce_sum(output, axis, keepdims=True)))


@operation
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-Σ t log p along `axis`, with p the output scaled to the sum 1, or softmax of logits."""
    t, p = _same_shapes(target, output, "categorical_crossentropy")
    if not p.spec.shape:
        raise InvalidArgumentError("categorical_crossentropy expects classes along an axis")
    return -math.reduce_sum(t * _log_probabilities(p, from_logits, axis), axis)


@operation
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-log p of the target class along `axis`; a class that there is not raises."""
    labels, p = prim.cast(tensor(target), INT32), floating(output)
    rank = len(p.spec.shape)
    if not rank:
        raise InvalidArgumentError("sparse_categorical_crossentropy expects classes along an axis")
    place = axis_of(axis, rank)
    if len(labels.spec.shape) == rank and labels.spec.shape[-1] == 1:
        labels = reshape(labels, labels.spec.shape[:-1])
    lines = move_axis(_log_probabilities(p, from_logits, place), place, rank - 1)
    if labels.spec.shape != lines.spec.shape[:-1]:
        raise InvalidArgumentError(
            f"sparse_categorical_crossentropy expects targets of shape {lines.spec.shape[:-1]} for "
            f"output of shape {p.spec.shape}; got {labels.spec.shape}"
        )
    chosen = take_along(lines, reshape(labels, (*labels.spec.shape, 1)))
    return prim.negative(reshape(chosen, labels.spec.shape))


# Normalizations ----------------------------------------------------------------------------------


@operation
def moments(
    x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Any, Any]:
    """Mean and variance over `axes`; of 16-bit floats computed with 32.

    On the one processor that computes, `synchronized` has nothing to wait for.
    """
    x = floating(x)
    dtype = x.spec.dtype
    if dtype.itemsize >= 4:
        return nn.moments(x, axes, keepdims=keepdims)
    top = float(np.finfo(dtype).max)
    wide = nn.moments(prim.cast(x, FLOAT32), axes, keepdims=keepdims)
    mean, variance = (math.clip_by_value(part, -top, top) for part in wide)
    return prim.cast(mean, dtype), prim.cast(variance, dtype)


@operation
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    """(x - mean) / √(variance + epsilon) · scale + offset, one of each a place of `axis`."""
    x = floating(x)
    place = axis_of(axis, len(x.spec.shape))
    shape = tuple(size if i == place else 1 for i, size in enumerate(x.spec.shape))

    def along(values: Any) -> Any:
        return reshape(floating(values), shape)

    factor = rsqrt(along(variance) + epsilon)
    if scale is not None:
        factor = factor * along(scale)
    rest = -along(mean) * factor
    if offset is not None:
        rest = rest + along(offset)
    return x * factor + rest


def _widened(x: Any) -> tuple[Any, Any]:
    """Floats of at least 32 bits, and the dtype of the result."""
    x = tensor(x)
    dtype = x.spec.dtype
    if dtype.kind == "f" and dtype.itemsize >= 4:
        return x, dtype
    return prim.cast(x, FLOAT32), dtype


@operation
def layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Any:
    """(x - mean) / √(variance + epsilon) · gamma + beta, with mean and variance over `axis`.

    J. Ba, J. Kiros, G. Hinton, "Layer normalization" (2016).
    """
    if kwargs.pop("rms_scaling", False):
        raise UnimplementedError("rms_scaling scaled by the variance; use rms_normalization")
    if kwargs:
        raise ArgumentTypeError(f"layer_normalization has no argument {min(kwargs)!r}")
    x, dtype = _widened(x)
    rank = len(x.spec.shape)
    axes = axes_of(axis, rank)
    mean, variance = nn.moments(x, axes, keepdims=True)
    factor = rsqrt(variance + (default_epsilon() if epsilon is None else epsilon))
    if gamma is not None:
        factor = factor * _over(gamma, x, axes)
    rest = -mean * factor
    if beta is not None:
        rest = rest + _over(beta, x, axes)
    return prim.cast(x * factor + rest, dtype)


def _over(values: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """`values` with one number a place of `axes`, so that they meet these."""
    rank = len(x.spec.shape)
    values = prim.cast(tensor(values), x.spec.dtype)
    if len(values.spec.shape) == rank or axes == (rank - 1,):
        return values
    return reshape(values, tuple(d if i in axes else 1 for i, d in enumerate(x.spec.shape)))


@operation
def rms_normalization(
    x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None
) -> Any:
    """x / √(mean x² + epsilon) · scale over `axis`.

    B. Zhang, R. Sennrich, "Root mean square layer normalization" (2019).
    """
    x, dtype = _widened(x)
    if not x.spec.shape:
        x = reshape(x, (1,))
    square = math.reduce_mean(x * x, axis, keepdims=True)
    found = x * rsqrt(square + (default_epsilon() if epsilon is None else epsilon))
    if scale is not None:
        found = found * prim.cast(tensor(scale), x.spec.dtype)
    return prim.cast(found, dtype)


@operation
def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its norm of `order` along `axis`, which counts as at least `epsilon`.

    Over several axes, the norm of order 2 is the root of the sum of squares; others are matrix
    norms.
    """
    if type(order) is not int or order < 1:
        raise InvalidArgumentError(f"order is a positive integer; got {order!r}")
    x = floating(x)
    if not x.spec.shape:
        x = reshape(x, (1,))
    least = default_epsilon() if epsilon is None else epsilon
    length = norm(x, None if order == 2 else order, axis, True)
    return x / math.maximum(length, least)


@operation
def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    """20 log₁₀ max_val - 10 log₁₀ of the mean squared difference."""
    x1, x2 = _same_shapes(x1, x2, "psnr")
    error = math.log(math.reduce_mean(math.square(x1 - x2)))
    top = math.log(prim.cast(tensor(max_val), error.spec.dtype))
    return (20 * top - 10 * error) / float(np.log(10))


__all__ = [
    "batch_normalization", "binary_crossentropy", "categorical_crossentropy", "celu", "elu",
    "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
    "layer_normalization", "leaky_relu", "log_sigmoid", "log_softmax", "moments", "multi_hot",
    "normalize", "one_hot", "psnr", "relu", "relu6", "rms_normalization", "selu", "sigmoid",
    "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_categorical_crossentropy",
    "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh_shrink",
    "threshold",
]  # fmt: skip
__getattr__ = lacking("keras.ops.nn", __all__)
