"""Samples of the operations of keras.ops for networks, linear algebra, groups, loops, places."""

from __future__ import annotations

import numpy as np

from tests.oracle.keras_ops import (
    CUBE,
    FLOATS,
    WIDE,
    X,
    Y,
    inner,
    normal,
    positive,
    row,
)

F = ("float32", "float64")  # of which linear algebra is
LIKELY = positive(3, 4) / positive(3, 4).sum(1, keepdims=True)
SQUARE = normal(2, 3, 3) + 6 * np.eye(3)
SYMMETRIC = SQUARE + SQUARE.transpose(0, 2, 1)
POSITIVE = SQUARE @ SQUARE.transpose(0, 2, 1)
TALL = normal(2, 4, 3)
IDS = np.array([0, 2, 2, 1, 0], np.int32)
CLASSES = np.array([2, 0, 3], np.int32)

# Groups and lines --------------------------------------------------------------------------------

for _name in ("segment_sum", "segment_max", "segment_min", "segment_prod"):
    row(_name, normal(5, 3), IDS, num_segments=3, dtypes=WIDE, on_jax=True)
    row(_name, normal(5), IDS, 4, case="empty", dtypes=F, smooth=False)
    row(_name, normal(5), np.sort(IDS), 3, case="sorted", sorted=True, dtypes=F)
row(
    "segment_max", np.zeros((0, 2)), IDS[:0], 3, case="no rows", dtypes=F, smooth=False, on_jax=True
)
row("top_k", X, 2, batch=True, dtypes=("int32", *F), on_jax=True)
row("top_k", X, k=3, sorted=True, case="named", batch=True, dtypes=F, on_jax=True)
row("in_top_k", CLASSES, X, 2, dtypes=F, batch=True)
row("in_top_k", CLASSES, np.where(X > 1, np.nan, X), k=1, case="nan", dtypes=F, batch=True)
row("logsumexp", X, dtypes=F)
row("logsumexp", X, axis=1, case="axis", dtypes=F, batch=True)
row("logsumexp", CUBE, axis=(0, -1), keepdims=True, case="axes", dtypes=F)
row("logsumexp", 100 * X, axis=-1, case="large", dtypes=F, batch=True, smooth=False)
row("cdist", X, normal(5, 4, seed=1), dtypes=F)
row("cdist", CUBE, normal(2, 5, 4), case="batch", dtypes=F, batch=True)
row("extract_sequences", normal(3, 10), 4, 2, dtypes=F, batch=True)
row("extract_sequences", normal(2, 3, 7), 3, 3, case="gaps", dtypes=F, batch=True)
row("rsqrt", positive(3, 4), dtypes=FLOATS, batch=True)
row("erf", X, dtypes=F, batch=True)
row("erfc", X, dtypes=F, batch=True)
row("erfinv", inner(3, 4), dtypes=F, batch=True)
row("logdet", POSITIVE, dtypes=F, batch=True)

# Linear algebra ----------------------------------------------------------------------------------

row("cholesky", POSITIVE, dtypes=F, batch=True, smooth=False)
row("cholesky", POSITIVE, upper=True, case="upper", dtypes=F, batch=True, smooth=False)
row("cholesky_inverse", np.linalg.cholesky(POSITIVE[0]), dtypes=F)
row("cholesky_inverse", np.linalg.cholesky(POSITIVE[0]).T, True, case="upper", dtypes=F)
row("det", SQUARE, dtypes=F, batch=True)
row("slogdet", SQUARE, dtypes=F, batch=True)
row("inv", SQUARE, dtypes=F, batch=True)
row("pinv", TALL, dtypes=F, batch=True)
row("pinv", TALL[0] @ TALL[1].T, rcond=1e-4, case="singular", dtypes=F, smooth=False)
row("eigh", SYMMETRIC, dtypes=F, batch=True, smooth=False)
row("svd", TALL, full_matrices=False, dtypes=F, batch=True)
row("svd", TALL, case="full", dtypes=F, batch=True, smooth=False)
row("svd", TALL, compute_uv=False, case="values", dtypes=F, batch=True)
row("qr", TALL, dtypes=F, batch=True)
row("qr", TALL, mode="complete", case="complete", dtypes=F, batch=True, smooth=False)
row("lu_factor", SQUARE[:, ::-1], dtypes=F, batch=True)
row("lu_factor", TALL, case="tall", dtypes=F, batch=True, smooth=False)
row("matrix_rank", TALL, dtypes=F, batch=True)
row("matrix_rank", TALL[0] @ TALL[1].T, case="singular", dtypes=F)
row("matrix_rank", TALL, tol=3.0, case="tol", dtypes=F, batch=True)
row("solve", SQUARE, TALL[:, :3], dtypes=F, batch=True)
row("solve", SQUARE[0], X[:, 0], case="vector", dtypes=F)
row("solve_triangular", SQUARE[0], TALL[0, :3], dtypes=F)
row("solve_triangular", SQUARE[0], X[:, 0], lower=True, case="lower", dtypes=F)
row("lstsq", TALL[0], normal(4, 2), dtypes=F)
row("lstsq", TALL[0].T, normal(3), case="wide", dtypes=F)
row("lstsq", TALL[0] @ TALL[1].T, normal(4), 1e-4, case="singular", dtypes=F, smooth=False)
row("norm", X, dtypes=("int32", *FLOATS))
row("norm", CUBE, axis=1, case="axis", dtypes=F, batch=True)
for _ord in (1, 2, 3, np.inf, -np.inf, 0, -1, 0.5):
    row("norm", CUBE, ord=_ord, axis=-1, keepdims=True, case=f"{_ord}", dtypes=F, batch=True)
for _ord in (1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc"):
    row("norm", CUBE, ord=_ord, axis=(1, 2), case=f"matrix {_ord}", dtypes=F, batch=True)
row("norm", CUBE, ord=1, axis=(-1, 1), keepdims=True, case="turned", dtypes=F, batch=True)

# Activations -------------------------------------------------------------------------------------

for _name in (
    *("relu", "relu6", "sigmoid", "sparse_sigmoid", "softplus", "softsign", "sparse_plus", "silu"),
    *("swish", "log_sigmoid", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "selu"),
    *("tanh_shrink", "soft_shrink", "hard_shrink", "squareplus", "leaky_relu", "elu", "celu"),
    *("gelu", "softmax", "log_softmax", "glu"),
):
    row(_name, X, dtypes=FLOATS, batch=True)
row("soft_shrink", X, threshold=1.0, case="threshold", dtypes=F, batch=True)
row("hard_shrink", X, 1.0, case="threshold", dtypes=F, batch=True)
row("threshold", X, 0.5, -1.0, dtypes=F, batch=True)
row("squareplus", X, b=2, case="b", dtypes=F, batch=True)
row("leaky_relu", X, negative_slope=0.5, case="slope", dtypes=F, batch=True)
row("elu", X, 0.5, case="alpha", dtypes=F, batch=True)
row("celu", X, alpha=0.5, case="alpha", dtypes=F, batch=True)
row("gelu", X, approximate=False, case="exact", dtypes=F, batch=True)
row("glu", CUBE.transpose(0, 2, 1), axis=1, case="axis", dtypes=F, batch=True)
row("softmax", CUBE, axis=1, case="axis", dtypes=F, batch=True)
row("log_softmax", CUBE, axis=1, case="axis", dtypes=F, batch=True)

# Classes and cross-entropies ---------------------------------------------------------------------

row("one_hot", CLASSES, 4, dtypes=F, smooth=False, batch=True)
row(
    "one_hot",
    np.array([[1, -1], [5, 0]], np.int32),
    3,
    case="outside",
    dtypes=F,
    batch=True,
    on_jax=True,
)
row("one_hot", CLASSES, 4, axis=0, dtype="int32", case="axis", dtypes=F)
row("multi_hot", np.array([[0, 2], [1, 1]], np.int32), 4, dtypes=F, batch=True)
row("multi_hot", CLASSES, num_classes=5, dtype="float64", case="line", dtypes=F)
row("binary_crossentropy", inner(3, 4) > 0, LIKELY, dtypes=F, batch=True)
row("binary_crossentropy", LIKELY, X, from_logits=True, case="logits", dtypes=F, batch=True)
row("binary_crossentropy", LIKELY, np.round(LIKELY), case="ends", dtypes=("float64",), smooth=False)
row("categorical_crossentropy", LIKELY, positive(3, 4, seed=1), dtypes=F, batch=True)
row("categorical_crossentropy", LIKELY, X, True, case="logits", dtypes=F, batch=True)
row("categorical_crossentropy", LIKELY, X, True, axis=0, case="axis", dtypes=F)
row("sparse_categorical_crossentropy", CLASSES, LIKELY, dtypes=F, batch=True)
row(
    "sparse_categorical_crossentropy",
    CLASSES[:, None],
    X,
    from_logits=True,
    case="logits",
    dtypes=F,
    batch=True,
)

# Normalizations ----------------------------------------------------------------------------------

row("moments", X, 0, dtypes=FLOATS)
row("moments", CUBE, axes=(1, 2), keepdims=True, case="axes", dtypes=F, batch=True)
row("batch_normalization", X, normal(4), positive(4), -1, dtypes=F)
row(
    "batch_normalization",
    CUBE,
    normal(3),
    positive(3),
    axis=1,
    offset=np.arange(3.0),
    scale=np.ones(3) + 0.5,
    epsilon=0.1,
    case="all",
    dtypes=F,
)
row("layer_normalization", X, dtypes=FLOATS, batch=True)
row("layer_normalization", CUBE, normal(4), normal(4), epsilon=0.1, case="scaled", dtypes=F)
row("layer_normalization", CUBE, normal(3, 4), axis=(1, 2), case="axes", dtypes=F)
row("rms_normalization", X, dtypes=FLOATS, batch=True)
row("rms_normalization", CUBE, normal(4), epsilon=0.1, case="scaled", dtypes=F)
row("normalize", X, dtypes=F, batch=True)
row("normalize", CUBE, axis=1, order=1, case="1", dtypes=F, batch=True)
row("normalize", CUBE, order=3, epsilon=5.0, case="3", dtypes=F, batch=True)
row("normalize", CUBE, axis=(1, 2), case="axes", dtypes=F, batch=True)
row("normalize", CUBE, axis=None, case="all", dtypes=F)
row("softmax", CUBE, axis=None, case="all", dtypes=F)
row("log_softmax", CUBE, axis=None, case="all", dtypes=F)
row("psnr", X, Y, 5.0, dtypes=F)

# Branches and loops ------------------------------------------------------------------------------

row("switch", np.int32(1), [lambda x: x, lambda x: 2 * x, lambda x: x * x], X, dtypes=F)
row("switch", np.int32(7), [lambda x: x, lambda x: x * x], X, case="outside", dtypes=F)
row(
    "while_loop",
    lambda i, x: i < 3,
    lambda i, x: (i + 1, x * x),
    (np.int32(0), inner(3, 4)),
    dtypes=F,
)
row("while_loop", lambda x: True, lambda x: x + x, X, 3, case="limit", dtypes=F)
row("fori_loop", 1, 4, lambda i, x: x * 2 + i, X, dtypes=F, batch=True)
row("fori_loop", 0, 20, lambda i, x: x * 0.9 + i, X, case="many", dtypes=F, batch=True)
row("map", lambda x: x * x, X, dtypes=F)
row("map", lambda x: {"sum": x["a"] + x["b"]}, {"a": X, "b": Y}, case="dict", dtypes=F)
row("vectorized_map", lambda x: x * x, X, dtypes=F)
row("scan", lambda c, x: (c + x, c * x), np.zeros(4), X, dtypes=F)
row("scan", lambda c, x: (c + x, c * x), np.zeros(4), X, reverse=True, case="back", dtypes=F)
row("scan", lambda c, x: (c * c, c), inner(4), None, 3, case="length", dtypes=F)
for _count in (1, 2, 5, 8):
    row(
        "associative_scan",
        lambda a, b: a * b,
        inner(_count, 3),
        case=f"{_count}",
        dtypes=F,
        on_jax=True,
    )
row("associative_scan", lambda a, b: a + b, X, dtypes=F, axis=1, batch=True, on_jax=True)
row("associative_scan", lambda a, b: a + b, X, True, case="back", dtypes=F, on_jax=True)

# Places ------------------------------------------------------------------------------------------

_PLACES = np.array([[0, 1], [2, 3], [0, 1]], np.int32)
row("scatter", _PLACES, normal(3), (3, 4), dtypes=F)
row("scatter", _PLACES[:, :1], normal(3, 4), (3, 4), case="rows", dtypes=F)
row("scatter_update", X, _PLACES[:2], normal(2), dtypes=F)
row("scatter_update", X, _PLACES[:2, :1], normal(2, 4), case="rows", dtypes=F)
for _reduction in ("add", "max", "min", "mul"):
    row("scatter_update", X, _PLACES, normal(3), _reduction, case=_reduction, dtypes=F, on_jax=True)
row("slice", X, [1, 1], [2, 2], dtypes=F)
row("slice", X, [0, 1], [3, -1], case="rest", dtypes=F, on_jax=True)
row("slice", X, np.array([2, 3], np.int32), [2, 2], case="beyond", dtypes=F, on_jax=True)
row("slice_update", X, [1, 2], normal(2, 2), dtypes=F)
row(
    "slice_update",
    X,
    np.array([2, 3], np.int32),
    normal(2, 2),
    case="beyond",
    dtypes=F,
    on_jax=True,
)
row("slice_update", X, [0, 1], normal(3, 2), case="columns", dtypes=F, on_jax=True)
row("unstack", X, axis=1, dtypes=F, batch=True)
row("unstack", X, 3, case="rows", dtypes=F)

# Conversion --------------------------------------------------------------------------------------

row("stop_gradient", X, dtypes=F, smooth=False, batch=True)
row("rearrange", CUBE, "a b c -> b (a c)", dtypes=F)
row("rearrange", normal(6, 4), "(a b) c -> c a b", a=2, case="split", dtypes=F)
row("rearrange", normal(3, 8), "n (c b) -> n b c", b=2, case="rows", dtypes=F, batch=True)
