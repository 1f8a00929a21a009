"""Samples of the operations of keras.ops with NumPy's names."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lamina.core.nest import flatten

NUMBERS = ("bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64")
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int32", "int64")
BITS = ("bool", *INTEGERS)
WIDE = ("int32", "int64", "float32", "float64")
SIGNED = ("int8", "int32", "int64", *FLOATS)


class Row(NamedTuple):
    """One call. Arrays of float64 among the arguments are tried in each of `dtypes`.

    `smooth`: it has a derivative at the sample, to be held against differences. `batch`: rows of
    the arrays do not touch each other. `on_jax`: Keras's NumPy backend gives something else than
    the others, and its JAX backend, which has 32 bits only, is asked. Not `traced`: the
    shape of the result depends on values.
    """

    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    dtypes: tuple[str, ...]
    smooth: bool
    batch: bool
    on_jax: bool
    traced: bool


ROWS: dict[str, Row] = {}


def row(
    name: str,
    *arguments: Any,
    case: str = "",
    dtypes: tuple[str, ...] | None = None,
    smooth: bool = True,
    batch: bool = False,
    on_jax: bool = False,
    traced: bool = True,
    **keywords: Any,
) -> None:
    """Add a sample of the operation `name`; several of one operation have a `case` each."""
    dtypes = dtypes or (("int32", "float32", "float64") if case else NUMBERS)
    key = f"{name}[{case}]" if case else name
    assert key not in ROWS, key
    if not any(isinstance(a, np.ndarray) and a.dtype == np.float64 for a in flatten(arguments)):
        dtypes = dtypes[-1:]
    ROWS[key] = Row(arguments, keywords, dtypes, smooth, batch, on_jax, traced)


def normal(*shape: int, seed: int = 0) -> Any:
    """Numbers of both signs, none twice, some beyond 1 so that integers of them differ."""
    return np.round(2.5 * np.random.default_rng([seed, *shape]).normal(size=shape), 3)


def positive(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).uniform(0.3, 5.0, shape)


def inner(*shape: int, seed: int = 0) -> Any:
    """In (-0.9, 0.9)."""
    return np.random.default_rng([seed, *shape]).uniform(-0.9, 0.9, shape)


def integers(*shape: int, low: int = 0, high: int = 9, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).integers(low, high, shape).astype(np.int32)


SPECIAL = np.array([[0.0, -0.0, 1.0, -2.5], [np.inf, -np.inf, np.nan, 3.5]])
ODD = np.array([[0.0, 3.0, np.nan, -2.5], [np.inf, -np.inf, 1.0, np.nan]])
X, Y = normal(3, 4), normal(3, 4, seed=1)
CUBE = normal(2, 3, 4)
SQUARE = normal(4, 4)

# Functions of one tensor -------------------------------------------------------------------------

for _names, _sample, _dtypes, _smooth in [
    ("exp exp2 expm1 sin cos tanh sinh cosh arctan arcsinh sinc", X, NUMBERS, True),
    ("deg2rad rad2deg cbrt square fabs abs absolute", X, NUMBERS, True),
    ("log log2 log10 log1p sqrt i0", positive(3, 4), NUMBERS, True),
    ("tan arcsin arccos arctanh", inner(3, 4), NUMBERS, True),
    ("arccosh", positive(3, 4) + 1, NUMBERS, True),
    ("negative sign", X, SIGNED, True),
    ("real copy", X, NUMBERS, True),
    ("conj conjugate", X, SIGNED, True),
    ("floor ceil trunc angle imag isreal signbit", X, NUMBERS, False),
    ("isnan isinf isfinite isposinf isneginf logical_not", X, NUMBERS, False),
]:
    for _name in _names.split():
        row(_name, _sample, dtypes=_dtypes, smooth=_smooth, batch=True)
for _name in (
    *("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "trunc", "sign", "abs"),
    *("exp", "log1p", "sqrt", "floor", "nan_to_num", "angle", "tanh", "cbrt", "logical_not"),
):
    row(_name, SPECIAL, case="special", dtypes=FLOATS, smooth=False, batch=True)
row("nan_to_num", X, batch=True)
row(
    "nan_to_num",
    ODD,
    case="given",
    nan=1.5,
    posinf=9,
    neginf=-9,
    dtypes=FLOATS,
    smooth=False,
    batch=True,
)
row("round", 10 * X, dtypes=WIDE, smooth=False, batch=True)
row("round", X, decimals=1, case="digit", dtypes=("float32", "float64"), smooth=False, batch=True)
row("round", 40 * X, decimals=-1, case="tens", dtypes=WIDE, smooth=False, batch=True)
row("clip", X, -1, 2, dtypes=(*SIGNED, "bool"), batch=True)
row("clip", X, -0.5, 1.5, case="fractions", dtypes=("int32", *FLOATS), batch=True)
row("i0", 8 * X, case="large", dtypes=("float32", "float64"), batch=True)
row("reciprocal", positive(3, 4), batch=True, on_jax=True)

# Functions of two tensors ------------------------------------------------------------------------

for _names, _first, _second, _dtypes, _smooth in [
    ("add multiply maximum minimum fmax fmin", X, Y, NUMBERS, True),
    ("subtract", X, Y, SIGNED, True),
    ("divide true_divide divide_no_nan arctan2 logaddexp logaddexp2", X, Y, NUMBERS, True),
    ("hypot", X, Y, (*INTEGERS, *FLOATS), True),
    ("heaviside nextafter", X, Y, FLOATS, False),
    ("equal not_equal less less_equal greater greater_equal", np.round(X), np.round(Y), NUMBERS, 0),
    ("logical_and logical_or logical_xor", np.round(X), np.round(Y), NUMBERS, False),
    ("bitwise_and bitwise_or bitwise_xor", 9 * X, 9 * Y, BITS, False),
    ("left_shift bitwise_left_shift", np.abs(9 * X), np.abs(Y), INTEGERS, False),
    ("right_shift bitwise_right_shift", 9 * X, np.abs(Y), INTEGERS, False),
    ("gcd lcm", 4 * X, 4 * Y, ("uint8", *WIDE[:2]), False),
    ("isclose", X, X + 1e-6 * Y, WIDE[2:], False),
]:
    for _name in _names.split():
        row(_name, _first, _second, dtypes=_dtypes, smooth=bool(_smooth), batch=True)
for _name in ("mod", "fmod", "floor_divide"):
    row(_name, 9 * X, Y + 3 * np.sign(Y), dtypes=WIDE, smooth=_name != "floor_divide", batch=True)
    row(_name, 9 * X, 2, case="number", dtypes=("int32", "float32"), smooth=False, batch=True)
row("power", positive(3, 4), Y, dtypes=FLOATS, batch=True)
row("power", X, np.abs(Y), case="integers", dtypes=INTEGERS, batch=True)
row("power", X, 2, case="square", dtypes=SIGNED, batch=True)
row("power", X, 3.0, case="cube", dtypes=FLOATS, batch=True)
row("power", 2, Y, case="of two", dtypes=FLOATS, batch=True)
row("divide_no_nan", X, np.round(Y), case="zero", dtypes=FLOATS, smooth=False, batch=True)
row("heaviside", np.round(X), Y, case="integers", dtypes=WIDE, smooth=False, batch=True)
row("ldexp", X, integers(3, 4, low=-5), dtypes=("int32", *FLOATS), batch=True)
row("bitwise_invert", 9 * X, dtypes=BITS, smooth=False, batch=True)
row("bitwise_not", 9 * X, dtypes=BITS, smooth=False, batch=True)
for _name in ("add", "subtract", "multiply", "divide", "maximum", "fmin", "divide_no_nan", "less"):
    row(_name, X, 2, case="int", dtypes=SIGNED, batch=True)
    row(_name, X, 1.5, case="float", dtypes=SIGNED, batch=True)
    row(_name, -2, X, case="int first", dtypes=SIGNED, batch=True)
    row(_name, X, Y[0], case="row", dtypes=SIGNED)
    row(_name, CUBE, Y[:, :1], case="column", dtypes=SIGNED)
for _name in ("fmax", "fmin", "maximum", "minimum", "hypot", "arctan2", "heaviside", "nextafter"):
    row(_name, ODD, SPECIAL, case="special", dtypes=FLOATS, smooth=False, batch=True)
for _name in ("logaddexp", "logaddexp2", "isclose", "equal"):
    row(_name, ODD, SPECIAL, case="special", dtypes=FLOATS[1:], smooth=False, batch=True)
    row(_name, SPECIAL, SPECIAL, case="same", dtypes=FLOATS[1:], smooth=False, batch=True)
row("isclose", ODD, ODD, case="nan", equal_nan=True, dtypes=FLOATS[1:], smooth=False, batch=True)
row("allclose", X, X + 1e-7 * Y, dtypes=("int32", "float32", "float64"), smooth=False)
row("allclose", X, X + 0.1 * Y, case="apart", rtol=0.01, atol=0.01, dtypes=FLOATS[1:], smooth=False)
row("isin", np.round(X), np.round(Y)[0], dtypes=NUMBERS, smooth=False)
row("isin", np.round(X), np.round(Y), case="invert", invert=True, dtypes=WIDE, smooth=False)
for _name in ("any", "all"):
    row(_name, np.round(X), smooth=False)
    row(_name, np.round(CUBE), axis=(0, 2), case="axes", keepdims=True, smooth=False)
    row(_name, np.round(CUBE), axis=-1, case="axis", smooth=False, batch=True)
    row(_name, np.ones((0, 3)), axis=0, case="none", smooth=False)

# Shapes ------------------------------------------------------------------------------------------

row("reshape", X, (2, 6))
row("reshape", CUBE, (-1, 2, 6), case="rest", batch=True)
row("ravel", CUBE)
row("transpose", CUBE)
row("transpose", CUBE, (0, 2, 1), case="axes", batch=True)
row("swapaxes", CUBE, 1, -1, batch=True)
row("moveaxis", CUBE, 0, -1)
row("moveaxis", CUBE, (2, 1), (0, 1), case="two")
row("expand_dims", X, 1, batch=True)
row("expand_dims", X, (1, -1), case="two", batch=True)
row("squeeze", CUBE[:, :1])
row("squeeze", CUBE[:, :1], 1, case="axis", batch=True)
row("broadcast_to", X, (2, 3, 4))
row("flip", CUBE)
row("flip", CUBE, 1, case="axis", batch=True)
row("flip", CUBE, (1, -1), case="axes", batch=True)
row("fliplr", X, batch=True)
row("flipud", X)
for _k in (0, 1, 2, 3, -1):
    row("rot90", CUBE, k=_k, case=str(_k))
    row("rot90", CUBE, k=_k, axes=(2, 1), case=f"{_k} axes", batch=True)
row("rot90", X)
row("roll", X, 5)
row("roll", CUBE, 2, 1, case="axis", batch=True)
row("roll", CUBE, (1, -2), (1, 2), case="axes", batch=True)
row("roll", CUBE, 1, (0, 2), case="one shift")
row("repeat", X, 2)
row("repeat", X, 3, 1, case="axis", batch=True)
row("repeat", X, [1, 0, 2, 3], 1, case="counts", batch=True)
row("tile", X, 2)
row("tile", X, (2, 3), case="both")
row("tile", X, (2, 1, 3), case="more")
row("tile", CUBE, (3,), case="last", batch=True)
row("pad", X, 1)
row("pad", X, ((0, 0), (2, 1)), case="pairs", batch=True)
row("pad", X, ((1, 2),), case="pair", mode="constant", constant_values=3)
for _mode in ("edge", "symmetric", "reflect", "wrap"):
    row("pad", CUBE, ((0, 0), (1, 2), (3, 0)), case=_mode, mode=_mode, batch=True)
for _mode in ("maximum", "minimum", "mean", "median", "linear_ramp"):
    row("pad", CUBE, ((0, 0), (1, 2), (3, 1)), case=_mode, mode=_mode, batch=True)
row("diag", X[0])
row("diag", X[0], k=-2, case="k")
row("diag", X, k=1, case="part")
row("diagflat", X, k=1)
row("diagonal", CUBE)
row("diagonal", CUBE, offset=1, axis1=2, axis2=1, case="axes", batch=True)
row("trace", SQUARE)
row("trace", CUBE, offset=-1, axis1=1, axis2=2, case="axes", batch=True)
row("tril", CUBE, batch=True)
row("tril", CUBE, k=-1, case="k", batch=True)
row("triu", X)
row("triu", CUBE, k=1, case="k", batch=True)
row("unravel_index", integers(5, high=24), (2, 3, 4), smooth=False, batch=True, dtypes=("int32",))
row("unravel_index", np.array([4, 3]), (2, 3), case="wide", smooth=False, dtypes=("int64",))

# Joining and cutting -----------------------------------------------------------------------------

row("concatenate", [X, Y], axis=-1, batch=True)
row("concatenate", [X, normal(2, 4)], case="first")
row("append", X, Y)
row("append", X, Y, axis=1, case="axis", batch=True)
row("stack", [X, Y])
row("stack", [X, Y], axis=-1, case="last", batch=True)
for _name in ("hstack", "vstack", "dstack"):
    row(_name, [X[0], Y[0]], case="lines")
    row(_name, [X, Y])
    row(_name, [CUBE, CUBE + 1], case="cubes", batch=_name != "vstack")
row("split", CUBE, 2, 2, batch=True)
row("split", CUBE, [1, 3], -1, case="indices", batch=True)
row("array_split", CUBE, 3, 2, batch=True)
row("array_split", CUBE, 5, 1, case="more", batch=True)
row("hsplit", X, 2, batch=True)
row("hsplit", X[0], 2, case="line")
row("vsplit", X, 3)
row("vsplit", X, (1, 2), case="indices")
row("dsplit", CUBE, 2, batch=True)
row("meshgrid", X[0], Y[0, :3])
row("meshgrid", X[0], Y[0, :3], X[1, :2], case="ij", indexing="ij")

# Made of arguments -------------------------------------------------------------------------------

row("shape", X, smooth=False, on_jax=True)
row("ndim", CUBE, smooth=False)
row("size", CUBE, smooth=False)
for _name in ("zeros", "ones"):
    row(_name, (2, 3))
    row(_name, (2,), case="dtype", dtype="int32")
    row(f"{_name}_like", X, smooth=False, batch=True)
    row(f"{_name}_like", X, case="dtype", dtype="int32", smooth=False, batch=True)
row("full", (2, 3), 1.5)
row("full", (2, 4), X[0], case="array")
row("full_like", X, 2, smooth=False, batch=True)
row("full_like", X, 2.5, case="dtype", dtype="float64", smooth=False, batch=True)
row("arange", 5)
row("arange", 2.5, case="float")
row("arange", 1, 8, 3, case="step")
row("arange", 1, 2.6, 0.25, case="fractions")
row("arange", 7, 0, -2, case="down", dtype="float32")
row("arange", 0.1, 1.1, 0.1, case="tenths")
row("arange", *np.float32([0.1, 1.1, 0.1]), case="tenths of arrays")
row("linspace", X, Y)
row("linspace", 0, 1, 5, case="numbers")
row("linspace", 0, 1, num=4, endpoint=False, case="open")
row("linspace", X, 9.5, num=3, axis=-1, case="axis", dtypes=WIDE, batch=True)
row("linspace", 0.0, 3.0, num=4, retstep=True, case="step", dtypes=("float32",), on_jax=True)
row("linspace", 0, 9, num=4, dtype="int32", case="int")
row("logspace", 0, 2, 5)
row("logspace", X, 1.0, 3, base=2, dtypes=WIDE, case="base")
row("geomspace", 1, 1000, 4)
row("geomspace", -2.0, -32.0, num=4, endpoint=False, case="below")
row("geomspace", positive(3, 4), 20.0, num=3, axis=1, case="axis", dtypes=FLOATS[1:])
row("eye", 3)
row("eye", 3, 5, k=1, case="k", dtype="int32")
row("identity", 4)
row("tri", 3)
row("tri", 3, 5, k=-1, case="k", dtype="int64")
for _name in ("bartlett", "blackman", "hamming", "hanning"):
    row(_name, 7)
    row(_name, 1, case="one")
row("kaiser", 9, 3.5)
row("array", X, batch=True)
row("array", X, dtype="int32", case="dtype", smooth=False, batch=True)
row("cast", X, "float16", smooth=False, batch=True, on_jax=True)
row("cast", X, "int32", case="int", smooth=False, batch=True, on_jax=True)
row("cast", X, "bool", case="bool", smooth=False, batch=True, on_jax=True)
row("saturate_cast", 200 * X, "uint8", smooth=False, batch=True, on_jax=True, dtypes=WIDE)
row("view", X, "int32", dtypes=("float32", "int32"), smooth=False, batch=True, on_jax=True)
row("view", X, "uint8", case="bytes", dtypes=("float32", "int32"), smooth=False, on_jax=True)
