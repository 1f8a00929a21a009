"""Operations: samples and what NumPy says of them in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special

import lamina as tf


class Row(NamedTuple):
    """One call: `call(*tensors)` must be what `reference(*arrays)` is.

    `smooth`: which float inputs have a derivative at the sample, to be held against differences
    (first and second order). `batch`: which inputs have rows that do not touch each other.
    """

    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    reference: Callable[..., Any]
    tolerance: float
    smooth: tuple[int, ...]
    batch: tuple[int, ...]


ROWS: dict[str, Row] = {}
ALL = "all"


def row(
    name: str,
    inputs: Any,
    reference: Callable[..., Any],
    call: Callable[..., Any] | None = None,
    *,
    tolerance: float = 1e-12,
    smooth: Any = ALL,
    batch: Any = (),
    case: str = "",
) -> None:
    """Add a sample of the operation `name`; several of one operation have a `case` each."""
    arrays = tuple(inputs) if isinstance(inputs, tuple) else (inputs,)
    floating = tuple(i for i, a in enumerate(arrays) if np.asarray(a).dtype.kind == "f")
    ROWS[f"{name}[{case}]" if case else name] = Row(
        call or operation(name),
        arrays,
        reference,
        tolerance,
        floating if smooth == ALL else tuple(smooth),
        tuple(range(len(arrays))) if batch == ALL else tuple(batch),
    )


def operation(name: str) -> Any:
    """The public operation of this name."""
    found: Any = tf
    for part in name.split("."):
        found = getattr(found, part)
    return found


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def positive(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).uniform(0.3, 3.0, shape)


def inner(*shape: int, seed: int = 0) -> Any:
    """In (-0.9, 0.9)."""
    return np.random.default_rng([seed, *shape]).uniform(-0.9, 0.9, shape)


def integers(*shape: int, low: int = 0, high: int = 9, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).integers(low, high, shape).astype(np.int32)


def booleans(*shape: int, seed: int = 0) -> Any:
    return normal(*shape, seed=seed) > 0


SPECIAL = np.array([[0.0, -0.0, 1.0, -2.5], [np.inf, -np.inf, np.nan, 3.5]])

# Functions of one tensor -------------------------------------------------------------------------

for _name, _reference, _sample in [
    ("abs", np.abs, normal),
    ("exp", np.exp, normal),
    ("math.expm1", np.expm1, normal),
    ("math.log", np.log, positive),
    ("math.log1p", np.log1p, positive),
    ("sqrt", np.sqrt, positive),
    ("math.rsqrt", lambda x: x**-0.5, positive),
    ("square", np.square, normal),
    ("math.reciprocal", np.reciprocal, positive),
    ("math.reciprocal_no_nan", np.reciprocal, positive),
    ("negative", np.negative, normal),
    ("sin", np.sin, normal),
    ("cos", np.cos, normal),
    ("tan", np.tan, inner),
    ("asin", np.arcsin, inner),
    ("acos", np.arccos, inner),
    ("atan", np.arctan, normal),
    ("sinh", np.sinh, normal),
    ("cosh", np.cosh, normal),
    ("tanh", np.tanh, normal),
    ("asinh", np.arcsinh, normal),
    ("acosh", lambda x: np.arccosh(x + 1), positive),
    ("atanh", np.arctanh, inner),
    ("sigmoid", special.expit, normal),
    ("math.log_sigmoid", special.log_expit, normal),
    ("math.softplus", lambda x: np.logaddexp(x, 0), normal),
    ("math.softsign", lambda x: x / (1 + np.abs(x)), normal),
    ("math.erf", special.erf, normal),
    ("math.erfc", special.erfc, normal),
    ("math.erfinv", special.erfinv, inner),
    ("nn.relu", lambda x: np.maximum(x, 0), normal),
    ("nn.relu6", lambda x: np.clip(x, 0, 6), lambda *s: 4 * normal(*s)),
    ("nn.leaky_relu", lambda x: np.where(x > 0, x, 0.2 * x), normal),
    ("nn.elu", lambda x: np.where(x > 0, x, np.expm1(x)), normal),
    ("nn.gelu", lambda x: x * special.ndtr(x), normal),
    ("nn.silu", lambda x: x * special.expit(x), normal),
    ("floor", np.floor, normal),
    ("math.ceil", np.ceil, normal),
    ("round", np.round, normal),
    ("math.rint", np.rint, normal),
    ("sign", np.sign, normal),
    ("identity", lambda x: x, normal),
    ("math.is_nan", np.isnan, lambda *s: SPECIAL),
    ("math.is_inf", np.isinf, lambda *s: SPECIAL),
    ("math.is_finite", np.isfinite, lambda *s: SPECIAL),
    ("logical_not", np.logical_not, booleans),
    ("bitwise.invert", np.invert, integers),
]:
    _call = (lambda x: tf.acosh(x + 1)) if _name == "acosh" else None
    _smooth = () if _sample(1).dtype != float or np.isnan(_sample(5)).any() else ALL
    row(_name, _sample(5, 4), _reference, _call, batch=ALL, smooth=_smooth)

_selu = (1.0507009873554804934193349852946, 1.6732632423543772848170429916717)
row(
    "nn.selu",
    normal(5, 4),
    lambda x: _selu[0] * np.where(x > 0, x, _selu[1] * np.expm1(x)),
    batch=ALL,
)
row(
    "nn.gelu",
    normal(5, 4),
    lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    lambda x: tf.nn.gelu(x, approximate=True),
    batch=ALL,
    case="approximate",
)
row(
    "nn.silu",
    normal(5, 4),
    lambda x: x * special.expit(1.5 * x),
    lambda x: tf.nn.silu(x, beta=1.5),
    batch=ALL,
    case="beta",
)
row("nn.crelu", normal(5, 4), lambda x: np.maximum(np.concatenate([x, -x], -1), 0), batch=ALL)
row(
    "clip_by_value",
    normal(5, 4),
    lambda x: np.clip(x, -0.5, 0.7),
    lambda x: tf.clip_by_value(x, -0.5, 0.7),
    batch=ALL,
)
row(
    "saturate_cast",
    np.array([-1e9, -129.0, -3.7, 3.7, 1e9]),
    lambda x: np.clip(x, -128, 127).astype(np.int8),
    lambda x: tf.saturate_cast(x, tf.int8),
    smooth=(),
    batch=ALL,
)
row(
    "cast",
    normal(5, 4) * 9,
    lambda x: x.astype(np.int32),
    lambda x: tf.cast(x, tf.int32),
    smooth=(),
    batch=ALL,
)
row("stop_gradient", normal(5, 4), lambda x: x, smooth=(), batch=ALL)
row(
    "grad_pass_through",
    normal(5, 4),
    np.round,
    tf.grad_pass_through(tf.round),
    smooth=(),
    batch=ALL,
)
row("recompute_grad", normal(5, 4), np.exp, tf.recompute_grad(tf.exp), batch=ALL)


@tf.custom_gradient
def _log1pexp(x: Any) -> Any:
    e = tf.exp(x)
    return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))


row(
    "custom_gradient",
    normal(5, 4),
    lambda x: np.logaddexp(x, 0),
    _log1pexp,
    batch=ALL,
)


# Functions of two --------------------------------------------------------------------------------

_x, _y = normal(5, 4), normal(5, 4, seed=1)
for _name, _reference, _inputs in [
    ("add", np.add, (_x, _y)),
    ("subtract", np.subtract, (_x, _y)),
    ("multiply", np.multiply, (_x, _y)),
    ("truediv", np.divide, (_x, _y)),
    ("divide", np.divide, (_x, _y)),
    ("scalar_mul", np.multiply, (_x, _y)),
    ("math.floordiv", np.floor_divide, (_x, _y)),
    ("math.floormod", np.mod, (_x, positive(5, 4))),
    ("math.mod", np.mod, (_x, positive(5, 4))),
    ("pow", np.power, (positive(5, 4), _y)),
    ("maximum", np.maximum, (_x, _y)),
    ("minimum", np.minimum, (_x, _y)),
    ("math.squared_difference", lambda x, y: (x - y) ** 2, (_x, _y)),
    ("atan2", np.arctan2, (_x, _y)),
    ("math.multiply_no_nan", np.multiply, (_x, _y)),
    ("math.divide_no_nan", np.divide, (_x, _y)),
    ("math.xlogy", special.xlogy, (_x, positive(5, 4))),
    ("math.xlog1py", special.xlog1py, (_x, positive(5, 4))),
    ("math.xdivy", np.divide, (_x, positive(5, 4))),
    ("equal", np.equal, (integers(5, 4, high=2), integers(5, 4, high=2, seed=1))),
    ("not_equal", np.not_equal, (integers(5, 4, high=2), integers(5, 4, high=2, seed=1))),
    ("less", np.less, (_x, _y)),
    ("less_equal", np.less_equal, (_x, _y)),
    ("greater", np.greater, (_x, _y)),
    ("greater_equal", np.greater_equal, (_x, _y)),
    ("logical_and", np.logical_and, (booleans(5, 4), booleans(5, 4, seed=1))),
    ("logical_or", np.logical_or, (booleans(5, 4), booleans(5, 4, seed=1))),
    ("math.logical_xor", np.logical_xor, (booleans(5, 4), booleans(5, 4, seed=1))),
    ("bitwise.bitwise_and", np.bitwise_and, (integers(5, 4), integers(5, 4, seed=1))),
    ("bitwise.bitwise_or", np.bitwise_or, (integers(5, 4), integers(5, 4, seed=1))),
    ("bitwise.bitwise_xor", np.bitwise_xor, (integers(5, 4), integers(5, 4, seed=1))),
    ("bitwise.left_shift", np.left_shift, (integers(5, 4), integers(5, 4, seed=1))),
    ("bitwise.right_shift", np.right_shift, (integers(5, 4), integers(5, 4, seed=1))),
]:
    row(_name, _inputs, _reference, batch=ALL)
row("math.xlogy", (np.zeros((5, 4)), SPECIAL[[0, 0, 0, 1, 1]]), lambda x, y: x, smooth=(), case="0")
row("math.multiply_no_nan", (SPECIAL, np.zeros((2, 4))), lambda x, y: y, smooth=(), case="0")
row("math.divide_no_nan", (_x, 0 * _y), lambda x, y: y, smooth=(0,), case="0")
row("add", (normal(5, 1, 3), normal(4, 1)), np.add, batch=(0,), case="broadcast")
row(
    "where",
    (booleans(5, 4), _x, _y),
    np.where,
    batch=ALL,
)
row("add_n", (_x, _y), np.add, lambda *xs: tf.add_n(xs), batch=ALL)
row("identity_n", (_x, _y), lambda *xs: list(xs), lambda *xs: tf.identity_n(xs), batch=ALL)
row(
    "math.polyval",
    _x,
    lambda x: np.polyval([2.0, -1.0, 0.5], x),
    lambda x: tf.math.polyval([2.0, -1.0, 0.5], x),
    batch=ALL,
)

# Reductions --------------------------------------------------------------------------------------

for _name, _reference in [
    ("reduce_sum", np.sum),
    ("reduce_mean", np.mean),
    ("reduce_max", np.max),
    ("reduce_min", np.min),
    ("reduce_prod", np.prod),
    ("reduce_logsumexp", special.logsumexp),
    ("math.reduce_variance", np.var),
    ("math.reduce_std", np.std),
    ("math.reduce_euclidean_norm", lambda x, axis=None: np.sqrt(np.sum(x * x, axis))),
]:
    _function = operation(_name)
    row(_name, normal(5, 3, 2), _reference)
    row(
        _name,
        normal(5, 3, 2),
        lambda x, f=_reference: np.expand_dims(f(x, axis=(1, 2)), (1, 2)),
        lambda x, f=_function: f(x, axis=[1, -1], keepdims=True),
        batch=ALL,
        case="axes",
    )
    row(
        _name,
        normal(5, 3, 2),
        lambda x, f=_reference: f(x, axis=0),
        lambda x, f=_function: f(x, 0),
        case="first axis",
    )
for _name, _reference in [("reduce_any", np.any), ("reduce_all", np.all)]:
    _function = operation(_name)
    row(_name, booleans(5, 3, 2), _reference)
    row(_name, booleans(0, 2), _reference, case="none")
    row(
        _name,
        booleans(5, 2, 2),
        lambda x, f=_reference: f(x, axis=-1),
        lambda x, f=_function: f(x, -1),
        batch=ALL,
        case="axis",
    )
row(
    "reduce_prod",
    np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0]]),
    lambda x: np.prod(x, 1),
    lambda x: tf.reduce_prod(x, 1),
    case="zeros",
)
row("reduce_mean", np.array([3, 4, -9], np.int32), lambda x: np.int32(0), case="integers")
row(
    "math.count_nonzero",
    integers(5, 4, high=2),
    lambda x: np.count_nonzero(x, axis=1),
    lambda x: tf.math.count_nonzero(x, 1),
    batch=ALL,
)
row("math.zero_fraction", integers(5, 4, high=2), lambda x: np.float32(np.mean(x == 0)))
for _name, _reference in [("argmax", np.argmax), ("argmin", np.argmin)]:
    _function = operation(_name)
    row(_name, normal(5, 4), lambda x, f=_reference: f(x, 0), smooth=())
    row(
        _name,
        normal(5, 4),
        lambda x, f=_reference: f(x, 1),
        lambda x, f=_function: f(x, -1),
        smooth=(),
        batch=ALL,
        case="axis",
    )
row("cumsum", normal(5, 4), lambda x: np.cumsum(x, 1), lambda x: tf.cumsum(x, 1), batch=ALL)
row(
    "cumsum",
    normal(5, 3, 2),
    lambda x: np.flip(np.cumsum(np.flip(x, 1), 1), 1) - x,
    lambda x: tf.cumsum(x, 1, exclusive=True, reverse=True),
    batch=ALL,
    case="exclusive, reverse",
)
row(
    "math.cumprod",
    normal(5, 4),
    lambda x: np.cumprod(x, 1),
    lambda x: tf.math.cumprod(x, 1),
    batch=ALL,
)
row(
    "math.cumprod",
    np.array([[2.0, 0.0, 3.0, 4.0]]),
    lambda x: np.array([[0.0, 12.0, 4.0, 1.0]]),
    lambda x: tf.math.cumprod(x, 1, exclusive=True, reverse=True),
    case="zero, exclusive, reverse",
)
row(
    "math.cumulative_logsumexp",
    normal(5, 4) * 30,
    lambda x: np.logaddexp.accumulate(x, 1),
    lambda x: tf.math.cumulative_logsumexp(x, 1),
    batch=ALL,
)
row("math.is_non_decreasing", np.array([1.0, 1.0, 2.0]), lambda x: np.True_, smooth=())
row("math.is_strictly_increasing", np.array([1.0, 1.0, 2.0]), lambda x: np.False_, smooth=())
row(
    "clip_by_norm",
    normal(5, 4) * 3,
    lambda x: x * np.minimum(1, 2 / np.linalg.norm(x, axis=1, keepdims=True)),
    lambda x: tf.clip_by_norm(x, 2.0, axes=1),
    batch=ALL,
)
row(
    "clip_by_global_norm",
    (_x, _y),
    lambda x, y: [
        x * 2 / np.sqrt(np.sum(x * x) + np.sum(y * y)),
        y * 2 / np.sqrt(np.sum(x * x) + np.sum(y * y)),
    ],
    lambda x, y: tf.clip_by_global_norm([x, None, y], 2.0)[0][::2],
)
row(
    "math.global_norm",
    (_x, _y),
    lambda x, y: np.sqrt(np.sum(x * x) + np.sum(y * y)),
    lambda *xs: tf.math.global_norm(xs),
)
