"""Samples of keras.ops: reductions, sorting, reading, products."""

from __future__ import annotations

import numpy as np

from .keras_ops import (
    CUBE,
    FLOATS,
    INTEGERS,
    NUMBERS,
    SIGNED,
    SQUARE,
    WIDE,
    X,
    Y,
    integers,
    normal,
    positive,
    row,
)

WITH_NAN = CUBE.copy()
WITH_NAN[0, 1, 2] = WITH_NAN[1, 2] = WITH_NAN[1, 0, 0] = np.nan
WITH_NAN[1, 2, 3] = 0.5
ALL_NAN = np.array([[np.nan, np.nan], [1.0, np.nan]])
PRECISE = ("float32", "float64")

# Reductions --------------------------------------------------------------------------------------

for _name in ("sum", "mean", "max", "min", "amax", "amin", "std", "var", "prod"):
    row(_name, X)
    row(_name, CUBE, axis=1, case="axis", batch=True)
    row(_name, CUBE, axis=(0, -1), keepdims=True, case="axes")
    row(_name, CUBE, axis=[1, 2], keepdims=True, case="list", dtypes=WIDE, batch=True)
row("ptp", X, dtypes=SIGNED)
row("ptp", CUBE, axis=(1, 2), keepdims=True, case="axes", dtypes=SIGNED, batch=True)
row("sum", X[0, 0], case="scalar")
row("max", X, axis=1, initial=1, case="initial", batch=True)
row("min", X, initial=-1.5, case="initial", dtypes=FLOATS)
row("max", np.zeros((2, 0)), axis=1, initial=3, case="empty", dtypes=PRECISE, smooth=False)
row("prod", CUBE, axis=-1, dtype="float64", case="dtype", dtypes=("int32", *PRECISE), batch=True)
row("prod", np.round(X) * (X > 0), axis=1, case="zeros", dtypes=WIDE, batch=True)
row("count_nonzero", np.round(X), smooth=False)
row("count_nonzero", np.round(CUBE), axis=(1, 2), case="axes", smooth=False, batch=True)
row("average", X)
row("average", X, axis=1, case="axis", batch=True)
row("average", X, axis=1, weights=positive(4), case="line", dtypes=FLOATS)
row("average", X, weights=positive(3, 4), case="weights", dtypes=FLOATS)
row("average", CUBE, axis=(1, 2), weights=positive(2, 3, 4), case="all", dtypes=PRECISE)
for _name in ("argmax", "argmin"):
    row(_name, np.round(X), smooth=False)
    row(_name, np.round(CUBE), axis=1, case="axis", smooth=False, batch=True)
    row(_name, X, axis=-1, keepdims=True, case="keepdims", smooth=False, batch=True)
    row(_name, X, keepdims=True, case="all kept", smooth=False)
for _name in ("cumsum", "cumprod"):
    row(_name, X)
    row(_name, CUBE, axis=1, case="axis", batch=True)
    row(_name, X, axis=-1, dtype="int32", case="dtype", smooth=False, batch=True)
    row(f"nan{_name}", WITH_NAN, dtypes=FLOATS, smooth=False)
    row(f"nan{_name}", WITH_NAN, axis=1, case="axis", dtypes=FLOATS, smooth=False, batch=True)
    row(f"nan{_name}", X, axis=1, case="numbers", batch=True)
for _name in ("sum", "prod", "max", "min", "mean", "std", "var"):
    row(f"nan{_name}", X)
    row(f"nan{_name}", WITH_NAN, case="nan", dtypes=FLOATS, smooth=False)
    row(f"nan{_name}", WITH_NAN, axis=(1, 2), case="axes", dtypes=FLOATS, smooth=False, batch=True)
    row(f"nan{_name}", WITH_NAN, axis=-1, keepdims=True, case="kept", dtypes=PRECISE, smooth=False)
    row(f"nan{_name}", ALL_NAN, axis=1, case="all nan", dtypes=PRECISE, smooth=False, batch=True)
for _name in ("nanargmax", "nanargmin"):
    row(_name, X, smooth=False)
    row(_name, WITH_NAN, axis=1, case="axis", dtypes=FLOATS, smooth=False, batch=True)
    row(_name, ALL_NAN, axis=1, keepdims=True, case="all nan", dtypes=PRECISE, smooth=False)
    row(_name, WITH_NAN, case="flat", dtypes=FLOATS, smooth=False)

# Quantiles ---------------------------------------------------------------------------------------

_SHARES = [0.0, 0.13, 0.5, 0.9, 1.0]
for _name in ("median", "nanmedian"):
    row(_name, X, dtypes=WIDE)
    row(_name, CUBE, axis=1, case="axis", dtypes=WIDE, batch=True)
    row(_name, CUBE, axis=(1, 2), keepdims=True, case="axes", dtypes=FLOATS, batch=True)
    row(_name, WITH_NAN, axis=1, case="nan", dtypes=PRECISE, smooth=False, batch=True)
    row(_name, ALL_NAN, axis=1, case="all nan", dtypes=PRECISE, smooth=False, batch=True)
row("median", np.array([1.0, np.inf, np.inf, 3.0]), case="infinite", dtypes=PRECISE, smooth=False)
for _prefix in ("", "nan"):
    row(f"{_prefix}quantile", X, 0.3, dtypes=(*WIDE, "bool"))
    row(f"{_prefix}quantile", CUBE, 0.25, axis=1, case="axis", dtypes=PRECISE, batch=True)
    row(f"{_prefix}quantile", CUBE, _SHARES, axis=(0, 2), case="several", dtypes=PRECISE)
    row(f"{_prefix}quantile", CUBE, _SHARES, 1, keepdims=True, case="kept", dtypes=PRECISE)
    row(f"{_prefix}percentile", X, 30, dtypes=PRECISE)
    row(f"{_prefix}percentile", CUBE, 62.5, axis=-1, case="axis", dtypes=PRECISE, batch=True)
    row(f"{_prefix}quantile", WITH_NAN, 0.4, 1, case="nan", dtypes=PRECISE, smooth=False)
    for _method in ("lower", "higher", "midpoint", "nearest"):
        row(f"{_prefix}quantile", X, _SHARES, 1, method=_method, case=_method, dtypes=PRECISE)
row("nanpercentile", WITH_NAN, 40, (1, 2), case="nan", dtypes=PRECISE, smooth=False)

# Sorting and counting ----------------------------------------------------------------------------

row("sort", X, batch=True)
row("sort", CUBE, axis=1, case="axis", batch=True)
row("sort", WITH_NAN, case="nan", dtypes=FLOATS, smooth=False)
row("argsort", X, smooth=False, dtypes=PRECISE, batch=True)
row("argsort", CUBE, axis=1, case="axis", smooth=False, dtypes=PRECISE, batch=True)
row("argsort", X, axis=None, case="flat", smooth=False, dtypes=PRECISE)
row("argpartition", np.sort(normal(3, 4)), 2, smooth=False, dtypes=PRECISE, batch=True)
row("searchsorted", np.sort(normal(7)), X, smooth=False, dtypes=WIDE)
row("searchsorted", np.round(np.sort(normal(7))), np.round(X), "right", case="right", smooth=False)
row("digitize", X, np.array([-2.0, 0.0, 1.0, 3.0]), smooth=False, dtypes=WIDE)
row("digitize", X, np.array([3.0, 1.0, 0.0, -2.0]), case="falling", smooth=False, dtypes=WIDE)
row("bincount", integers(8), smooth=False, traced=False)
row("bincount", integers(8, high=4), minlength=9, case="minlength", smooth=False)
row("bincount", integers(8), weights=normal(8), traced=False, case="weights", dtypes=PRECISE)
row("bincount", integers(2, 8), minlength=10, case="rows", smooth=False)
row("bincount", integers(2, 8), weights=normal(2, 8), minlength=9, case="both", dtypes=PRECISE)
row("histogram", normal(40), smooth=False, dtypes=PRECISE, on_jax=True)
row("histogram", normal(40), 5, (-2, 3), case="range", smooth=False, dtypes=PRECISE, on_jax=True)
row("histogram", np.full(3, 2.0), 4, case="one value", smooth=False, dtypes=PRECISE, on_jax=True)
VALUES = {"smooth": False, "traced": False}
row("unique", np.round(X), **VALUES)
row("unique", np.round(X), True, True, True, True, case="all", on_jax=True, **VALUES)
row("unique", np.round(np.repeat(X, 2, 0)), axis=0, case="axis", **VALUES)
row("unique", np.round(X), size=3, return_counts=True, case="cut", on_jax=True, **VALUES)
row("unique", np.round(X), size=15, fill_value=7, case="filled", **VALUES)
row("nonzero", np.round(X), **VALUES)

# Reading and choosing ----------------------------------------------------------------------------

row("take", X, integers(5, high=12))
row("take", X, np.array([[-1, 0], [3, -2]]), axis=1, case="axis")
row("take", CUBE, 2, axis=-1, case="one", batch=True)
row("take_along_axis", X, integers(3, 2, high=4), 1, batch=True)
row("take_along_axis", X, integers(3, 2, low=-4, high=4), -1, case="below", batch=True)
row("take_along_axis", X, np.array([[2, 0, 1, 1]]), 0, case="axis 0")
row("where", np.array([[True], [False], [True]]), X, Y)
row("where", np.round(X), Y, 1, case="numbers", batch=True, smooth=False)
row("where", X > 0, X, -1.5, case="float", dtypes=SIGNED, batch=True)
row("where", np.round(X), case="alone", on_jax=True, **VALUES)
row("select", [X > 1, X > 0], [X, 2 * X], 5, smooth=False, dtypes=SIGNED)
row("get_item", X, (slice(None), 1), on_jax=True, batch=True)
row("get_item", CUBE, (Ellipsis, slice(3, 0, -2), None), case="slices", on_jax=True, batch=True)

# Products ----------------------------------------------------------------------------------------

row("matmul", X, normal(4, 2))
row("matmul", CUBE, normal(4, 2), case="left")
row("matmul", CUBE, normal(2, 4, 3), case="stacks", dtypes=WIDE, batch=True)
row("matmul", normal(5, 1, 3, 4), normal(2, 4, 2), case="broadcast", dtypes=WIDE)
row("matmul", X[0], normal(4, 2), case="row")
row("matmul", CUBE, X[0], case="column")
row("matmul", X[0], Y[1], case="lines")
row("dot", X, normal(4, 2))
row("dot", CUBE, normal(5, 4, 2), case="cubes", dtypes=WIDE)
row("dot", X[0], Y[0], case="lines")
row("dot", X, 2.0, case="number", dtypes=FLOATS)
row("inner", X, normal(5, 4))
row("inner", X[0], Y[0], case="lines")
row("vdot", X, Y)
row("outer", X, Y[0])
row("tensordot", CUBE, normal(3, 4, 2))
row("tensordot", X, normal(4, 2), axes=1, case="one")
row("tensordot", CUBE, normal(4, 5, 3), axes=[[1, 2], [2, 0]], case="pairs", dtypes=WIDE)
row("einsum", "ij,jk->ik", X, normal(4, 2))
row("einsum", "bij,bjk->bik", CUBE, normal(2, 4, 3), case="stacks", dtypes=WIDE, batch=True)
row("einsum", "ii", SQUARE, case="trace", dtypes=WIDE)
row("einsum", "...i,i->...", CUBE, Y[0], case="dots", dtypes=WIDE)
row("einsum", "ij->j", X, case="sum", dtypes=("int8", *WIDE))
row("kron", X, normal(2, 2), dtypes=SIGNED)
row("kron", X[0], normal(2, 2), case="line", dtypes=WIDE)
row("cross", normal(5, 3), normal(5, 3, seed=1), dtypes=WIDE, batch=True)
row(
    "cross",
    normal(5, 2),
    normal(5, 2, seed=1),
    case="plane",
    dtypes=PRECISE,
    batch=True,
    on_jax=True,
)
row(
    "cross",
    normal(5, 2),
    normal(5, 3, seed=1),
    case="mixed",
    dtypes=PRECISE,
    batch=True,
    on_jax=True,
)
row("cross", normal(3, 5), normal(3, 5, seed=1), axis=0, case="axis", dtypes=PRECISE)
row(
    "cross",
    normal(5, 3, 2),
    normal(3, 5, 2),
    axisa=1,
    axisb=0,
    axisc=1,
    case="axes",
    dtypes=PRECISE,
)
row("corrcoef", X, dtypes=WIDE)
row("corrcoef", X[0], case="line", dtypes=PRECISE, smooth=False)
for _mode in ("valid", "same", "full"):
    for _left, _right in ((5, 2), (4, 4), (2, 5), (6, 3)):
        _case = f"{_mode} {_left} {_right}"
        row("correlate", normal(_left), normal(_right, seed=2), _mode, case=_case, dtypes=WIDE)
row("correlate", X[0], Y[0, :2])
row("trapezoid", X, dtypes=WIDE, batch=True)
row("trapezoid", X, dx=0.5, axis=0, case="dx", dtypes=WIDE)
row("trapezoid", X, x=np.cumsum(positive(4)), case="line", dtypes=FLOATS)
row("trapezoid", X, x=np.cumsum(positive(3, 4), 0), axis=0, case="places", dtypes=FLOATS)
row("diff", X, dtypes=NUMBERS, batch=True)
row("diff", CUBE, n=2, axis=1, case="twice", dtypes=SIGNED, batch=True)
row("vander", X[0], dtypes=(*INTEGERS, *PRECISE))
row("vander", X[0], N=3, increasing=True, case="rising", dtypes=WIDE)
