"""Names of TensorFlow beyond the ones of every day: special functions, partitions, moments."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy import special

import lamina as tf
from tests.oracle.ops import ALL, inner, integers, normal, operation, positive, row

_x, _y = normal(5, 4), normal(5, 4, seed=1)
_int = integers(5, 4, low=-9, high=9)
_divisor = integers(5, 4, low=1, high=5, seed=1)

for _name, _reference, _sample in [
    ("math.lgamma", special.gammaln, lambda *s: 4 * normal(*s) + 0.01),
    ("math.digamma", special.digamma, lambda *s: 0.4 * inner(*s) - 0.5),
    ("math.erfcinv", special.erfcinv, lambda *s: 1 + inner(*s)),
    ("math.ndtri", special.ndtri, lambda *s: 0.5 + inner(*s) / 2),
    ("math.real", lambda x: x, normal),
    ("math.conj", lambda x: x, normal),
]:
    row(_name, _sample(5, 4), _reference, batch=ALL)
row("math.imag", _x, np.zeros_like, batch=ALL, smooth=())
row("math.angle", _x, np.angle, batch=ALL, smooth=())
row(
    "math.erfcinv",
    np.array([0.0, 2.0, 3.0, 1e-30, 1e-300, 1.999]),
    special.erfcinv,
    smooth=(),
    case="ends",
)
row("math.lgamma", np.array([0.0, -3.0, np.inf, 1e9]), special.gammaln, smooth=(), case="ends")
row("math.digamma", positive(5, 4), special.digamma, batch=ALL, case="positive")
row("math.digamma", np.array([0.5, 30.0, 1e9]), special.digamma, smooth=(), case="large")
row("math.digamma", np.array([0.0, -2.0]), lambda x: x * np.nan, smooth=(), case="poles")
row("math.zeta", (1.1 + positive(5, 4), positive(5, 4, seed=1)), special.zeta, batch=ALL)
row(
    "math.zeta",
    (np.array([1.0, 0.5, 2.0]), np.array([1.0, 1.0, -1.0])),
    lambda x, q: np.array([np.inf, np.nan, np.nan]),
    smooth=(),
    case="outside",
)
row(
    "math.polygamma",
    (np.array([0.0, 1.0, 2.0, 3.0]), positive(5, 4)),
    lambda n, x: special.polygamma(n.astype(int), x),
    smooth=(1,),
    batch=(1,),
    tolerance=1e-11,
)
row(
    "math.lbeta",
    positive(5, 4),
    lambda x: np.sum(special.gammaln(x), -1) - special.gammaln(np.sum(x, -1)),
    batch=ALL,
)
row("truncatediv", (_int, _divisor), lambda x, y: np.trunc(x / y).astype(np.int32), batch=ALL)
row("truncatediv", (_x, _y), lambda x, y: np.trunc(x / y), smooth=(), case="floats")
row("truncatemod", (_int, _divisor), np.fmod, batch=ALL)
row("realdiv", (_x, positive(5, 4)), np.divide, batch=ALL)
row("math.nextafter", (_x, _y), np.nextafter, smooth=(), batch=ALL)
row("math.accumulate_n", (_x, _y), np.add, lambda *xs: tf.math.accumulate_n(xs), batch=ALL)
for _name, _sign in (("max", 1), ("min", -1)):
    row(
        f"math.approx_{_name}_k",
        _x,
        lambda x, s=_sign: (
            s * -np.sort(-s * x, 1)[:, :2],
            np.argsort(-s * x, 1)[:, :2].astype(np.int32),
        ),
        partial(operation(f"math.approx_{_name}_k"), k=2),
        batch=ALL,
    )

# Partitions --------------------------------------------------------------------------------------

row(
    "dynamic_partition",
    _x,
    lambda x: [x[[0, 3]], x[[1, 4]], x[[2]]],
    lambda x: tf.dynamic_partition(x, [0, 1, 2, 0, 1], 3),
)
row(
    "dynamic_stitch",
    (_x[:2], _y[:2]),
    lambda a, b: np.stack([a[0], b[0], b[1]]),
    lambda a, b: tf.dynamic_stitch([[0, 2], [1, 2]], [a, b]),
)


def _scattered(function: Any) -> Any:
    def reference(x: Any, updates: Any) -> Any:
        result = x.copy()
        function.at(result, ([0, 2, 2],), updates)
        return result

    return reference


for _name, _function in (("max", np.maximum), ("min", np.minimum)):
    row(
        f"tensor_scatter_nd_{_name}",
        (_x, _y[:3]),
        _scattered(_function),
        lambda x, u, name=f"tensor_scatter_nd_{_name}": operation(name)(x, [[0], [2], [2]], u),
    )
row(
    "unravel_index",
    integers(5, high=12),
    lambda i: np.stack(np.unravel_index(i, (2, 6))).astype(np.int32),
    lambda i: tf.unravel_index(i, [2, 6]),
)
row(
    "reverse_sequence",
    (_x, np.array([0, 1, 2, 3, 4], np.int32)),
    lambda x, n: np.stack([np.concatenate([r[:k][::-1], r[k:]]) for r, k in zip(x, n)]),
    lambda x, n: tf.reverse_sequence(x, n, seq_axis=1, batch_axis=0),
    batch=ALL,
)
row(
    "reverse_sequence",
    normal(4, 3, 2),
    lambda x: np.stack(
        [np.concatenate([x[:k, i][::-1], x[k:, i]]) for i, k in enumerate((2, 4, 1))], 1
    ),
    lambda x: tf.reverse_sequence(x, [2, 4, 1], seq_axis=0, batch_axis=1),
    case="first axis",
)
row(
    "strided_slice",
    normal(3, 4, 5),
    lambda x: x[..., 1, None, 3:0:-1],
    lambda x: tf.strided_slice(
        x, [0, 1, 0, 3], [0, 0, 0, 0], [1, 1, 1, -1], ellipsis_mask=1, shrink_axis_mask=2,
        new_axis_mask=4,
    ),
)  # fmt: skip
row(
    "strided_slice",
    normal(3, 4),
    lambda x: x[:2, 1:],
    lambda x: tf.strided_slice(x, [1, 1], [2, 2], begin_mask=1, end_mask=2),
    case="masks",
)  # fmt: skip
row("shape_n", (_x, _y[0]), lambda *xs: [np.array(x.shape, np.int32) for x in xs],
    lambda *xs: tf.shape_n(xs), smooth=())  # fmt: skip
row("parallel_stack", (_x, _y), lambda *xs: np.stack(xs), lambda *xs: tf.parallel_stack(xs))
row("bitcast", _x, lambda x: x.view(np.int64), lambda x: tf.bitcast(x, tf.int64), smooth=())
row(
    "bitcast",
    (),
    lambda: np.array([[1.0], [2.0]], np.float32).view(np.uint8),
    lambda: tf.bitcast(tf.constant([1.0, 2.0]), tf.uint8),
    case="smaller",
)
row(
    "bitcast",
    (),
    lambda: np.array([0x0403_0201, 0x0807_0605], np.int32),
    lambda: tf.bitcast(tf.constant([[1, 2, 3, 4], [5, 6, 7, 8]], tf.uint8), tf.int32),
    case="larger",
)

# tf.nn -------------------------------------------------------------------------------------------

row(
    "nn.sufficient_statistics",
    _x,
    lambda x: (np.array(5.0), np.sum(x - 0.5, 0), np.sum((x - 0.5) ** 2, 0), np.array(0.5, "f")),
    lambda x: tf.nn.sufficient_statistics(x, [0], 0.5),
)
row(
    "nn.normalize_moments",
    _x,
    lambda x: (np.mean(x, 0), np.var(x, 0)),
    lambda x: tf.nn.normalize_moments(*tf.nn.sufficient_statistics(x, [0], 0.5)),
)
row(
    "nn.weighted_moments",
    (_x, positive(5, 4)),
    lambda x, w: (
        (m := np.average(x, 0, w)),
        np.average((x - m) ** 2, 0, w),
    ),
    lambda x, w: tf.nn.weighted_moments(x, [0], w),
)
row(
    "nn.batch_norm_with_global_normalization",
    (_x, _x[0], positive(4), _y[0], _y[1]),
    lambda x, m, v, b, g: (x - m) / np.sqrt(v + 0.1) * g + b,
    lambda x, m, v, b, g: tf.nn.batch_norm_with_global_normalization(x, m, v, b, g, 0.1, True),
    batch=(0,),
)
row(
    "nn.log_poisson_loss",
    (np.arange(20.0).reshape(5, 4) / 4, _y),
    lambda z, c: np.exp(c) - z * c,
    batch=ALL,
)
row(
    "nn.log_poisson_loss",
    (3 * positive(5, 4), _y),
    lambda z, c: np.exp(c) - z * c + np.where(
        z > 1, z * np.log(z) - z + np.log(2 * np.pi * z) / 2, 0
    ),
    lambda z, c: tf.nn.log_poisson_loss(z, c, compute_full_loss=True),
    batch=ALL,
    case="full",
)  # fmt: skip
row("nn.compute_average_loss", _x, lambda x: np.sum(x) / 5)
row(
    "nn.compute_average_loss",
    (_x, positive(5, 4)),
    lambda x, w: np.sum(x * w) / 8,
    lambda x, w: tf.nn.compute_average_loss(x, w, global_batch_size=8),
    case="weights",
)
row("nn.scale_regularization_loss", _x, np.sum)
