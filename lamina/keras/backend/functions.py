"""The functions of tensors that losses, metrics and layers of Keras 2 are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.errors import InvalidArgumentError, UnimplementedError
from ...ops import array, control_flow, linalg, math, nn
from ...ops import gradients as ops_gradients
from ...ops.common import axis_of, integer
from ...prims.broadcast import broadcast
from ...prims.broadcast import reshape as reshape_primitive
from ...tensor.convert import to_tensor
from .. import activations, losses
from .. import ops as keras_ops
from ..settings import floatx

Axis = Any

# Element by element ------------------------------------------------------------------------------

abs, exp, sign = math.abs, math.exp, math.sign
cos, sin, tanh, square, round = math.cos, math.sin, math.tanh, math.square, math.round
equal, not_equal, greater, less = math.equal, math.not_equal, math.greater, math.less
greater_equal, less_equal = math.greater_equal, math.less_equal
maximum, minimum, pow = math.maximum, math.minimum, math.pow
sigmoid, softplus, softsign = math.sigmoid, math.softplus, math.softsign


def log(x: Any) -> Any:
    """The natural logarithm."""
    return math.log(x)


def sqrt(x: Any) -> Any:
    """√x; of negative numbers 0."""
    return math.sqrt(math.maximum(x, 0.0))


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """x held between two bounds (None: no bound); the lower one wins."""
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else max_value
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and high < low:
        high = low
    return math.maximum(math.minimum(x, high), low)


def cast(x: Any, dtype: Any) -> Any:
    """`x` as `dtype`."""
    return array.cast(x, dtype)


def relu(x: Any, alpha: float = 0.0, max_value: Any = None, threshold: float = 0.0) -> Any:
    """x above `threshold`, at most `max_value`; alpha (x - threshold) below."""
    return activations.relu(x, alpha, max_value, threshold)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha (eˣ - 1)."""
    return activations.elu(x, alpha)


def softmax(x: Any, axis: Axis = -1) -> Any:
    """eˣ / Σ eˣ along `axis`."""
    return nn.softmax(x, axis=axis)


def hard_sigmoid(x: Any) -> Any:
    """x / 5 + 1/2 held in [0, 1], as in Keras 2."""
    return clip(0.2 * to_tensor(x) + 0.5, 0.0, 1.0)


def stop_gradient(variables: Any) -> Any:
    """`variables` (one or a list), as constants for derivatives."""
    if isinstance(variables, (list, tuple)):
        return [ops_gradients.stop_gradient(x) for x in variables]
    return ops_gradients.stop_gradient(variables)


# Over axes ---------------------------------------------------------------------------------------


def _numbers(x: Any) -> Any:
    """`x`, booleans as floats."""
    x = to_tensor(x)
    return array.cast(x, floatx()) if x.spec.dtype.kind == "b" else x


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over axes (None: all)."""
    return math.reduce_mean(_numbers(x), axis, keepdims)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum over axes (None: all)."""
    return math.reduce_sum(x, axis, keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes (None: all)."""
    return math.reduce_prod(x, axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest over axes (None: all)."""
    return math.reduce_max(x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest over axes (None: all)."""
    return math.reduce_min(x, axis, keepdims)


def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance over axes (None: all)."""
    return math.reduce_variance(_numbers(x), axis, keepdims)


def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The standard deviation over axes (None: all)."""
    return math.reduce_std(_numbers(x), axis, keepdims)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log Σ eˣ over axes (None: all)."""
    return math.reduce_logsumexp(x, axis, keepdims)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether anything holds over axes (None: all)."""
    return math.reduce_any(array.cast(x, "bool"), axis, keepdims)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether everything holds over axes (None: all)."""
    return math.reduce_all(array.cast(x, "bool"), axis, keepdims)


def argmax(x: Any, axis: int = -1) -> Any:
    """Where the largest stands along `axis`."""
    return math.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Where the smallest stands along `axis`."""
    return math.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    """Sums of the elements up to each along `axis`."""
    return math.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """Products of the elements up to each along `axis`."""
    return math.cumprod(x, axis)


def l2_normalize(x: Any, axis: Axis = None) -> Any:
    """x divided by its Euclidean length along `axis`."""
    return nn.l2_normalize(x, axis)


# Shapes ------------------------------------------------------------------------------------------

tile, transpose, gather = array.tile, array.transpose, array.gather


def reshape(x: Any, shape: Any) -> Any:
    """`x` in another shape; -1 or None is what is left."""
    sizes = [-1 if size is None else size for size in shape]
    return array.reshape(x, sizes)


def flatten(x: Any) -> Any:
    """`x` as one line."""
    return array.reshape(x, [-1])


def batch_flatten(x: Any) -> Any:
    """Each row of `x` as one line."""
    x = to_tensor(x)
    size = int(np.prod([int(d) for d in x.spec.shape[1:]]))
    return array.reshape(x, [-1, size])


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """`tensors` one after the other along `axis`."""
    return array.concat(list(tensors), axis)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """The tensors of a list along a new axis."""
    return array.stack(x, axis)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """`x` with a new axis of size 1."""
    return array.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Any:
    """`x` without an axis of size 1."""
    return array.squeeze(x, axis)


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """`x` with its axes in the order of `pattern`."""
    return array.transpose(x, pattern)


def repeat(x: Any, n: int) -> Any:
    """Rows (batch, features) n times each: (batch, n, features)."""
    x = to_tensor(x)
    if len(x.spec.shape) != 2:
        raise InvalidArgumentError(f"K.repeat expects (batch, features); got {x.spec.shape}")
    rows, features = x.spec.shape
    count = integer(n, "n")
    return broadcast(reshape_primitive(x, (rows, 1, features)), (rows, count, features))


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Each slice of `x` along `axis` `rep` times."""
    return array.repeat(x, rep, axis)


def reverse(x: Any, axes: Any) -> Any:
    """`x` from its end along `axes`."""
    return array.reverse(x, [axes] if isinstance(axes, int) else list(axes))


# Products ----------------------------------------------------------------------------------------


def dot(x: Any, y: Any) -> Any:
    """Products over the last axis of x and the last but one of y."""
    x, y = to_tensor(x), to_tensor(y)
    if len(y.spec.shape) < 2 or len(x.spec.shape) < 2:
        raise InvalidArgumentError(
            f"K.dot expects matrices or more; got shapes {x.spec.shape} and {y.spec.shape}"
        )
    last = len(x.spec.shape) - 1
    return linalg.tensordot(x, y, [[last], [len(y.spec.shape) - 2]])


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Row by row, the product over one axis of x and one of y (by default as in matmul).

    Two vectors a row give a column (batch, 1).
    """
    x, y = to_tensor(x), to_tensor(y)
    rank_x, rank_y = len(x.spec.shape), len(y.spec.shape)
    if rank_x < 2 or rank_y < 2:
        raise InvalidArgumentError(
            f"K.batch_dot expects batches; got shapes {x.spec.shape} and {y.spec.shape}"
        )
    pair = [axes, axes] if isinstance(axes, int) else axes
    if pair is None:
        pair = [rank_x - 1, rank_y - 1 if rank_y == 2 else rank_y - 2]
    first, second = axis_of(pair[0], rank_x), axis_of(pair[1], rank_y)
    if 0 in (first, second):
        raise InvalidArgumentError("K.batch_dot sums over no batch; expand_dims makes one")
    left = [chr(97 + i) for i in range(rank_x)]
    right = ["a", *(chr(65 + i) for i in range(1, rank_y))]
    right[second] = left[first]
    kept = [letter for i, letter in enumerate(left) if i != first]
    kept += [letter for i, letter in enumerate(right) if i not in (0, second)]
    found = linalg.einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)
    return array.expand_dims(found, -1) if len(kept) == 1 else found


# Networks ----------------------------------------------------------------------------------------


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-t log p - (1 - t) log(1 - p), element by element."""
    return keras_ops.binary_crossentropy(target, output, from_logits)


def binary_focal_crossentropy(
    target: Any,
    output: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Any:
    """The cross-entropy times (1 - p of the target)^gamma, element by element."""
    p = math.sigmoid(output) if from_logits else to_tensor(output)
    t = array.cast(target, p.dtype)
    right = t * p + (1.0 - t) * (1.0 - p)
    values = math.pow(1.0 - right, gamma) * binary_crossentropy(t, p)
    return (t * alpha + (1.0 - t) * (1.0 - alpha)) * values if apply_class_balancing else values


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-Σ t log p along `axis`."""
    return keras_ops.categorical_crossentropy(target, output, from_logits, axis)


def categorical_focal_crossentropy(
    target: Any,
    output: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    axis: int = -1,
) -> Any:
    """-Σ alpha (1 - p)^gamma t log p along `axis`."""
    return losses.categorical_focal_crossentropy(
        target, output, alpha=alpha, gamma=gamma, from_logits=from_logits, axis=axis
    )


def sparse_categorical_crossentropy(
    target: Any,
    output: Any,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Any:
    """-log p of the target class along `axis`; 0 for `ignore_class`."""
    return losses.sparse_categorical_crossentropy(
        target, output, from_logits=from_logits, axis=axis, ignore_class=ignore_class
    )


def one_hot(indices: Any, num_classes: int) -> Any:
    """1 at each class along a new last axis, 0 elsewhere."""
    return array.one_hot(indices, num_classes)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether each row's target class is among its k highest predictions."""
    return nn.in_top_k(targets, predictions, k)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """x + bias along the features."""
    names = {"channels_first": "NC", "channels_last": "NWC"}
    return nn.bias_add(x, bias, names.get(data_format or ""))


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / √(var + epsilon) gamma + beta."""
    return keras_ops.batch_normalization(
        x,
        flatten(mean),
        flatten(var),
        axis,
        offset=_line(beta),
        scale=_line(gamma),
        epsilon=epsilon,
    )


def _line(x: Any) -> Any:
    return None if x is None else flatten(x)


# Control -----------------------------------------------------------------------------------------


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """The one where `condition` holds, the other elsewhere; functions are called for a scalar."""
    condition = array.cast(condition, "bool")
    pair = [then_expression, else_expression]
    if not condition.spec.shape:
        calls = [part if callable(part) else lambda p=part: p for part in pair]
        return control_flow.cond(condition, calls[0], calls[1])
    first, second = (to_tensor(part() if callable(part) else part) for part in pair)
    extra = len(first.spec.shape) - len(condition.spec.shape)
    if extra < 0:
        raise InvalidArgumentError(
            f"K.switch: the condition has shape {condition.spec.shape}, more axes than the results "
            f"of shape {first.spec.shape}"
        )
    full = (*condition.spec.shape, *(1 for _ in range(extra)))
    wide = reshape_primitive(condition, full)
    return array.where(wide, first, second)


def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """`fn` of each row, stacked."""
    return control_flow.map_fn(fn, elems, dtype=dtype)


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """fn(… fn(fn(initializer, row 0), row 1) …)."""
    return control_flow.foldl(fn, elems, initializer)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """`foldl` from the last row to the first."""
    return control_flow.foldr(fn, elems, initializer)


def gradients(loss: Any, variables: Any) -> Any:
    """Raise: what was computed before is not known any more."""
    raise UnimplementedError(
        "K.gradients needs a graph; compute inside of `with tf.GradientTape() as tape` and ask for "
        "tape.gradient(loss, variables)"
    )


__all__ = [
    "abs", "all", "any", "argmax", "argmin", "batch_dot", "batch_flatten", "batch_normalization",
    "bias_add", "binary_crossentropy", "binary_focal_crossentropy", "cast",
    "categorical_crossentropy", "categorical_focal_crossentropy", "clip", "concatenate", "cos",
    "cumprod", "cumsum", "dot", "elu", "equal", "exp", "expand_dims", "flatten", "foldl", "foldr",
    "gather", "gradients", "greater", "greater_equal", "hard_sigmoid", "in_top_k", "l2_normalize",
    "less", "less_equal", "log", "logsumexp", "map_fn", "max", "maximum", "mean", "min",
    "minimum", "not_equal", "one_hot", "permute_dimensions", "pow", "prod", "relu", "repeat",
    "repeat_elements", "reshape", "reverse", "round", "sigmoid", "sign", "sin", "softmax",
    "softplus", "softsign", "sparse_categorical_crossentropy", "sqrt", "square", "squeeze",
    "stack", "std", "stop_gradient", "sum", "switch", "tanh", "tile", "transpose", "var",
]  # fmt: skip
