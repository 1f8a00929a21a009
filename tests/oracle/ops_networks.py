"""What networks use: losses, normalization, counting, groups, control flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special
from sklearn.metrics import confusion_matrix

import lamina as tf
from tests.oracle.ops import ALL, inner, integers, normal, operation, positive, row

_logits = normal(5, 4) * 3
_soft = special.softmax(normal(5, 4, seed=3), axis=1)


def _sigmoid_loss(z: Any, x: Any) -> Any:
    return -z * special.log_expit(x) - (1 - z) * special.log_expit(-x)


row("math.softmax", _logits, lambda x: special.softmax(x, -1), batch=ALL)
row(
    "math.softmax",
    normal(5, 3, 2),
    lambda x: special.softmax(x, 1),
    lambda x: tf.nn.softmax(x, axis=1),
    batch=ALL,
    case="axis",
)
row("math.log_softmax", _logits, lambda x: special.log_softmax(x, -1), batch=ALL)
row(
    "nn.sigmoid_cross_entropy_with_logits",
    (positive(5, 4) / 3, _logits),
    _sigmoid_loss,
    batch=ALL,
)
row(
    "nn.weighted_cross_entropy_with_logits",
    (positive(5, 4) / 3, _logits),
    lambda z, x: -2.5 * z * special.log_expit(x) - (1 - z) * special.log_expit(-x),
    lambda z, x: tf.nn.weighted_cross_entropy_with_logits(z, x, 2.5),
    batch=ALL,
)
row(
    "nn.softmax_cross_entropy_with_logits",
    (_soft, _logits),
    lambda p, x: -np.sum(p * special.log_softmax(x, -1), -1),
    batch=ALL,
)
row(
    "nn.sparse_softmax_cross_entropy_with_logits",
    (integers(5, high=4), _logits),
    lambda k, x: -special.log_softmax(x, -1)[np.arange(len(k)), k],
    batch=ALL,
)
row("nn.l2_loss", _logits, lambda x: np.sum(x * x) / 2)
row(
    "nn.moments",
    normal(5, 3, 2),
    lambda x: [x.mean((1, 2)), x.var((1, 2))],
    lambda x: list(tf.nn.moments(x, [1, 2])),
    batch=ALL,
)
row(
    "nn.moments",
    normal(5, 3),
    lambda x: [x.mean(0, keepdims=True), x.var(0, keepdims=True)],
    lambda x: list(tf.nn.moments(x, [0], keepdims=True)),
    case="batch",
)
row(
    "math.l2_normalize",
    normal(5, 4),
    lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    lambda x: tf.math.l2_normalize(x, 1),
    batch=ALL,
)
row(
    "nn.batch_normalization",
    (normal(5, 4), normal(4), positive(4), normal(4, seed=1), normal(4, seed=2)),
    lambda x, m, v, b, g: g * (x - m) / np.sqrt(v + 0.1) + b,
    lambda x, m, v, b, g: tf.nn.batch_normalization(x, m, v, b, g, 0.1),
    batch=(0,),
)
row("nn.bias_add", (normal(5, 3, 4), normal(4)), lambda x, b: x + b, batch=(0,))
row(
    "nn.bias_add",
    (normal(5, 4, 3), normal(4)),
    lambda x, b: x + b[:, None],
    lambda x, b: tf.nn.bias_add(x, b, data_format="NCW"),
    batch=(0,),
    case="channels first",
)
row(
    "nn.embedding_lookup",
    (normal(7, 3), integers(5, 2, high=7)),
    lambda table, ids: table[ids],
    batch=(1,),
)
row(
    "math.in_top_k",
    (integers(5, high=4), _logits),
    lambda k, x: np.sum(x > x[np.arange(len(k)), k][:, None], 1) < 2,
    lambda k, x: tf.math.in_top_k(k, x, 2),
    smooth=(),
    batch=ALL,
)

# Counts and groups -------------------------------------------------------------------------------

_ids = np.array([0, 0, 2, 2, 2, 3], np.int32)
_mixed = np.array([2, 0, -1, 2, 1, 0], np.int32)
_slices = normal(6, 2)


def _grouped(function: Any, empty: float, ids: Any, count: int) -> Any:
    def reference(x: Any) -> Any:
        parts = [x[ids == group] for group in range(count)]
        return np.stack([function(p, 0) if len(p) else np.full(2, empty) for p in parts])

    return reference


def _root_mean(x: Any, axis: int) -> Any:
    return x.sum(axis) / np.sqrt(len(x))


for _name, _reduce, _empty in [
    ("sum", np.sum, 0),
    ("mean", np.mean, 0),
    ("max", np.max, 0),
    ("min", np.min, 0),
    ("prod", np.prod, 1),
]:
    _function = operation(f"math.segment_{_name}")
    row(
        f"math.segment_{_name}",
        _slices,
        _grouped(_reduce, _empty, _ids, 4),
        lambda x, f=_function: f(x, _ids),
    )
_limits = np.finfo(np.float64)
for _name, _reduce, _empty in [
    ("sum", np.sum, 0),
    ("mean", np.mean, 0),
    ("sqrt_n", _root_mean, 0),
    ("max", np.max, _limits.min),
    ("min", np.min, _limits.max),
    ("prod", np.prod, 1),
]:
    _function = operation(f"math.unsorted_segment_{_name}")
    row(
        f"math.unsorted_segment_{_name}",
        _slices,
        _grouped(_reduce, _empty, _mixed, 4),
        lambda x, f=_function: f(x, _mixed, 4),
        # The lowest number of a dtype hides every difference.
        smooth=() if _name in ("max", "min") else ALL,
    )
row(
    "math.bincount",
    integers(9, high=7),
    lambda x: np.bincount(x, minlength=7).astype(np.int32),
    lambda x: tf.math.bincount(x, minlength=7, maxlength=7),
)
row(
    "math.bincount",
    (integers(9), normal(9)),
    lambda x, w: np.bincount(x, w, 12)[:12],
    lambda x, w: tf.math.bincount(x, w, minlength=12, maxlength=12),
    case="weights",
)
row(
    "math.bincount",
    integers(5, 6, high=4),
    lambda x: np.stack([np.bincount(line, minlength=3)[:3] > 0 for line in x]).astype(np.int32),
    lambda x: tf.math.bincount(x, minlength=3, maxlength=3, axis=-1, binary_output=True),
    case="rows",
)
row(
    "math.confusion_matrix",
    (integers(20, high=3), integers(20, high=3, seed=1)),
    lambda x, y: confusion_matrix(x, y).astype(np.int32),
    lambda x, y: tf.math.confusion_matrix(x, y, num_classes=3),
)
row(
    "histogram_fixed_width",
    normal(40),
    lambda x: np.histogram(np.clip(x, -1, 0.999), 5, (-1, 1))[0].astype(np.int32),
    lambda x: tf.histogram_fixed_width(x, [-1.0, 1.0], 5),
    smooth=(),
)
row(
    "histogram_fixed_width_bins",
    normal(5, 4),
    lambda x: np.clip(np.floor((x + 1) / 2 * 5), 0, 4).astype(np.int32),
    lambda x: tf.histogram_fixed_width_bins(x, [-1.0, 1.0], 5),
    smooth=(),
    batch=ALL,
)
row("math.invert_permutation", np.array([2, 0, 3, 1], np.int32), np.argsort, tolerance=0)

# Control flow ------------------------------------------------------------------------------------

row(
    "cond",
    (inner(5, 4), normal(4)),
    lambda x, y: np.sin(x) + y,
    lambda x, y: tf.cond(tf.reduce_sum(x) < 100, lambda: tf.sin(x) + y, lambda: x * y),
    batch=(0,),
)
row(
    "case",
    normal(5, 4),
    lambda x: x**3,
    lambda x: tf.case(
        [
            (tf.reduce_sum(x) > 100, lambda: x),
            (tf.reduce_sum(x) < 100, lambda: x * x * x),
        ],
        exclusive=True,
    ),
    batch=ALL,
)
row(
    "switch_case",
    (np.int32(1), normal(5, 4)),
    lambda i, x: np.exp(x),
    lambda i, x: tf.switch_case(i, [lambda: x, lambda: tf.exp(x), lambda: -x]),
    batch=(1,),
)
row(
    "while_loop",
    normal(5, 4),
    lambda x: [np.int32(3), np.sin(np.sin(np.sin(x)))],
    lambda x: tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, tf.sin(v)), [0, x]),
    smooth=(),  # second derivatives of traced loops: tests/unit/ops/test_control_flow.py
    batch=ALL,
)
for _name in ("map_fn", "vectorized_map"):
    _function = operation(_name)
    row(
        _name,
        normal(5, 4),
        lambda x: np.outer(np.sum(x * x, 1), [1, 2]),
        lambda x, f=_function: f(lambda line: tf.reduce_sum(line * line) * [1.0, 2.0], x),
    )


def _folded(x: Any) -> Any:
    state = x[0]
    for value in x[1:]:
        state = state * 0.5 + np.sin(value)
    return state


row(
    "foldl",
    normal(5),
    _folded,
    lambda x: tf.foldl(lambda a, v: a * 0.5 + tf.sin(v), x),
)
row(
    "foldr",
    normal(5),
    lambda x: _folded(x[::-1]),
    lambda x: tf.foldr(lambda a, v: a * 0.5 + tf.sin(v), x),
)
row(
    "scan",
    normal(5),
    lambda x: np.stack([_folded(np.r_[1.0, x[: i + 1]]) for i in range(5)]),
    lambda x: tf.scan(
        lambda a, v: a * 0.5 + tf.sin(v), x, initializer=tf.constant(1.0, tf.float64)
    ),
)
