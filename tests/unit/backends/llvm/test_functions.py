"""Elementary functions on vectors against NumPy and SciPy in higher precision, in units in the
last place (ulp)."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.special

llvm = pytest.importorskip("llvmlite.binding")

from lamina.backends.llvm.builder import F32, F64, I64, PTR, Code, Module, constant, vector  # noqa: E402
from lamina.backends.llvm.functions import FUNCTIONS  # noqa: E402
from lamina.prims import elementwise  # noqa: E402

Array = np.ndarray[Any, Any]
LANES = 4, 8, 16
BINARY = "arctan2", "power"
ELEMENTS = {np.float32: F32, np.float64: F64}
WIDER = {np.float32: np.float64, np.float64: np.longdouble}
EXTENDED = np.finfo(np.longdouble).nmant > 60  # elsewhere NumPy's own errors add to ours

REFERENCES: dict[str, Callable[..., Any]] = {
    name: getattr(np, name) for name in FUNCTIONS if hasattr(np, name)
} | {
    "sigmoid": scipy.special.expit,
    "erf": lambda x: scipy.special.erf(x.astype(np.float64)),
    "erfc": lambda x: np.frompyfunc(math.erfc, 1, 1)(x.astype(np.float64)).astype(np.float64),
    "erf_inverse": lambda x: np.copysign(scipy.special.erfinv(x.astype(np.float64)), x),
}
# The largest errors in ulp: float32, float64.
BOUNDS = {
    "exp": (1.1, 1.6),
    "expm1": (1.7, 2.9),
    "log": (0.9, 0.9),
    "log1p": (1.5, 1.4),
    "sigmoid": (2.46, 2.4),
    "tanh": (2.0, 3.0),
    "sin": (1.6, 2.6),
    "cos": (1.6, 2.5),
    "tan": (3.2, 4.1),
    "arcsin": (2.4, 2.4),
    "arccos": (1.3, 1.3),
    "arctan": (2.0, 1.7),
    "arctan2": (2.0, 1.8),
    "sinh": (2.3, 3.1),
    "cosh": (1.5, 2.1),
    "arcsinh": (1.9, 1.9),
    "arccosh": (2.8, 3.3),
    "arctanh": (2.2, 2.2),
    "erf": (1.2, 3.1),  # SciPy's own error is most of the last two
    "erf_inverse": (3.7, 8.0),
    "erfc": (5.6, 6.5),
    "power": (0.51, 2.0),
}
UNARY = [name for name in BOUNDS if name not in BINARY]


@cache
def module_of(name: str, dtype: type, lanes: int) -> str:
    """A program that applies a function to arrays whose size is a multiple of `lanes`."""
    module, element = Module(), ELEMENTS[dtype]
    arguments = [(PTR, "x"), (PTR, "y"), (PTR, "result"), (I64, "size")]
    code = Code(module, "run", arguments, internal=False)
    *inputs, result, size = code.arguments
    with code.loop(0, size, lanes) as loop:
        values = [
            code.load(vector(element, lanes), code.at(pointer, loop.index, element))
            for pointer in inputs[: 2 if name in BINARY else 1]
        ]
        code.store(FUNCTIONS[name](code, *values), code.at(result, loop.index, element))
        loop.carry()
    code.ret()
    return module.text()


def run_program(text: str, *arrays: Array) -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=1,
        jit=True,
    )
    program = llvm.parse_assembly(text)
    program.verify()
    engine = llvm.create_mcjit_compiler(program, machine)
    engine.finalize_object()
    kinds = [ctypes.c_void_p] * len(arrays)
    function = ctypes.CFUNCTYPE(None, *kinds, ctypes.c_int64)(engine.get_function_address("run"))
    function(*(array.ctypes.data for array in arrays), arrays[-1].size)


def native(name: str, *values: Array, lanes: int = 16) -> Array:
    """The function of arrays of one shape and dtype."""
    size = values[0].size
    padded = [np.append(value, np.ones(-size % lanes, value.dtype)) for value in values]
    result = np.empty_like(padded[0])
    text = module_of(name, values[0].dtype.type, lanes)
    run_program(text, padded[0], padded[-1], result)
    return result[:size]


def errors(got: Array, wanted: Array) -> Array:
    """Errors in ulp of the wanted numbers; ∞ where NaN, infinities or signs of zero differ."""
    dtype = got.dtype.type
    with np.errstate(all="ignore"):
        rounded = np.asarray(wanted, dtype)
        spacing = np.spacing(np.minimum(np.abs(rounded), np.finfo(dtype).max))
        error = np.abs(got - wanted) / spacing.astype(wanted.dtype)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    error = np.where(same & ~np.isfinite(rounded), 0, error)
    signs = (np.signbit(got) == np.signbit(rounded)) | np.isnan(rounded)
    return np.where(np.isnan(error) | ~signs, np.inf, error).astype(np.float64)


def reference(name: str, *values: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(
            REFERENCES[name](*(value.astype(WIDER[value.dtype.type]) for value in values))
        )


def check(name: str, bound: float, *values: Array) -> None:
    got, wanted = native(name, *values), reference(name, *values)
    error = errors(got, wanted)
    worst = int(np.argmax(error))
    assert error[worst] <= bound, (
        f"{name}({', '.join(repr(value[worst]) for value in values)}) is {got[worst]!r}, "
        f"not {wanted[worst]!r}: {error[worst]:.2f} ulp"
    )


def random_bits(dtype: type, size: int, seed: int) -> Array:
    """Floats of all sizes, infinities and NaN: random bits."""
    integer = np.uint32 if dtype is np.float32 else np.uint64
    bits = np.random.default_rng(seed).integers(0, np.iinfo(integer).max, size, integer, True)
    return bits.view(dtype)


def special(dtype: type) -> Array:
    """Zeros, infinities, NaN, the ends of the normal numbers, borders of the functions."""
    limits = np.finfo(dtype)
    positive = [
        0, 1, 2, 3, 0.5, 1.5, 0.25, 0.85, 0.9, 0.625, np.inf, limits.max, limits.tiny, limits.eps,
        limits.smallest_subnormal, 1 - limits.epsneg, 1 + limits.eps, 10, 20, 50, 86, 88.72283,
        89, 103, 104.5, 709.78, 745.1, 746, 1e10, 2**24 + 1, 2.0**53 + 1,
    ]  # fmt: skip
    with np.errstate(all="ignore"):
        numbers = np.asarray([*positive, np.nan, np.pi, np.pi / 2, np.sqrt(0.5)], dtype)
        neighbours = [np.nextafter(numbers, dtype(0)), np.nextafter(numbers, dtype(np.inf))]
    both = np.concatenate([numbers, *neighbours])
    return np.concatenate([both, -both])


def dense(dtype: type, size: int) -> Array:
    """Where the functions bend, near their zeros and poles, and over the range of exponents."""
    rng = np.random.default_rng(5)
    steps = np.exp(rng.uniform(-38, 0, size))
    top = 88 if dtype is np.float32 else 709
    with np.errstate(all="ignore"):
        return np.concatenate(
            [
                special(dtype),
                rng.uniform(-1.2, 1.2, 2 * size),
                rng.uniform(-20, 20, 2 * size),
                rng.uniform(-1.2 * top, 1.2 * top, size),
                *(1 + steps, 1 - steps, steps - 1, -1 - steps),
                np.exp(rng.uniform(-1.2 * top, top, size)),
                np.arange(size) * (np.pi / 2),
                np.exp(rng.uniform(0, top / 2, size)).round() * (np.pi / 2),
            ]
        ).astype(dtype)


def test_there_is_a_function_for_each_name_and_no_other() -> None:
    assert set(FUNCTIONS) == set(BOUNDS) == set(REFERENCES)
    assert all(callable(getattr(elementwise, name)) for name in FUNCTIONS)


@pytest.mark.parametrize("name", UNARY)
def test_float32_is_within_its_bound(name: str) -> None:
    shift = 3 if name == "erf_inverse" else 0  # SciPy's takes its time
    values = [random_bits(np.float32, 2**21 >> shift, 1), dense(np.float32, 2**16 >> shift)]
    check(name, BOUNDS[name][0], np.concatenate(values))


@pytest.mark.parametrize("name", UNARY)
def test_float64_is_within_its_bound(name: str) -> None:
    values = np.concatenate([random_bits(np.float64, 2**17, 2), dense(np.float64, 2**14)])
    check(name, BOUNDS[name][1] + (0 if EXTENDED else 1), values)


def pairs(dtype: type) -> tuple[Array, Array]:
    """Two arguments: special values with each other, and numbers of all sizes."""
    rng, size = np.random.default_rng(7), 2**16
    ends = special(dtype)
    x, y = (grid.ravel() for grid in np.meshgrid(ends, ends))
    top = 80 if dtype is np.float32 else 700
    first = [
        x,
        random_bits(dtype, size, 8),
        rng.normal(size=size),
        np.exp(rng.uniform(-top, top, size)),
        1 + rng.normal(size=size) / 1000,
        rng.uniform(0.7, 1.45, size),
        -rng.integers(0, 50, size).astype(np.float64),
    ]
    second = [
        y,
        random_bits(dtype, size, 9),
        rng.normal(size=size) * 10,
        rng.uniform(-1.05, 1.05, size),
        rng.normal(size=size) * 10000,
        rng.uniform(-2000, 2000, size),
        rng.integers(-30, 30, size),
    ]
    with np.errstate(all="ignore"):
        return np.concatenate(first).astype(dtype), np.concatenate(second).astype(dtype)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_of_two_are_within_their_bounds(name: str, dtype: type) -> None:
    single = dtype is np.float32
    bound = BOUNDS[name][0] if single else BOUNDS[name][1] + (0 if EXTENDED else 1)
    check(name, bound, *pairs(dtype))


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_number_of_lanes_gives_the_same_bits(name: str, dtype: type) -> None:
    if name in BINARY:
        values = tuple(value[:30000] for value in pairs(dtype))
    else:
        values = (np.concatenate([random_bits(dtype, 20000, 3), dense(dtype, 1000)]),)
    integer = np.uint32 if dtype is np.float32 else np.uint64
    results = [native(name, *values, lanes=lanes) for lanes in LANES]
    bits = [np.where(np.isnan(each), 0, each.view(integer)) for each in results]
    assert np.array_equal(bits[0], bits[1])
    assert np.array_equal(bits[0], bits[2])


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_programs_have_no_branches_but_the_loop_and_call_no_library(name: str, dtype: type) -> None:
    text = module_of(name, dtype, 8)
    assert len(re.findall(r"^  br ", text, re.MULTILINE)) == 2
    declared = re.findall(r"^declare \S.*? @([\w.]+)\(", text, re.MULTILINE)
    known = r"llvm\.(fma|fabs|copysign|sqrt|rint|umax|masked\.gather)\.v8\w+(\.v8p0)?"
    assert [each for each in declared if not re.fullmatch(known, each)] == []
    assert not re.search(r"\b(fast|contract|reassoc|nnan|ninf|nsz|arcp|afn)\b", text)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_long_function_is_written_once_a_program(dtype: type) -> None:
    module, kind = Module(), vector(ELEMENTS[dtype], 8)
    code = Code(module, "twice", [(kind, "x")], kind)
    code.ret(FUNCTIONS["sin"](code, FUNCTIONS["sin"](code, *code.arguments)))
    assert len(module.functions) == 2
    assert code.text().count("call ") == 2


def test_constants_are_taken_as_arguments() -> None:
    module, kind = Module(), vector(F64, 4)
    arguments = [(PTR, "x"), (PTR, "result"), (I64, "size")]
    code = Code(module, "run", arguments, internal=False)
    power = FUNCTIONS["power"](code, constant(kind, 2), constant(kind, 10))
    code.store(FUNCTIONS["log"](code, power), code.arguments[1])
    code.ret()
    result = np.zeros(4)
    run_program(module.text(), np.zeros(4), result)
    np.testing.assert_array_equal(result, np.full(4, np.log(1024.0)))


def test_tanh_and_sigmoid_end_at_one_exactly() -> None:
    for dtype in ELEMENTS:
        far = np.asarray([30, 40, 100, 1e30, np.inf], dtype)
        np.testing.assert_array_equal(native("tanh", far), np.ones_like(far))
        np.testing.assert_array_equal(native("sigmoid", far * 2), np.ones_like(far))
        np.testing.assert_array_equal(native("tanh", -far), -np.ones_like(far))


def test_odd_functions_are_odd_to_the_bit() -> None:
    odd = [
        "arcsin", "arcsinh", "arctan", "arctanh", "erf", "erf_inverse", "sin", "sinh", "tan",
        "tanh",
    ]  # fmt: skip
    for dtype in ELEMENTS:
        values = np.concatenate([random_bits(dtype, 20000, 4), dense(dtype, 2000)])
        for name in odd:
            np.testing.assert_array_equal(native(name, -values), -native(name, values), name)


def test_integer_powers_of_small_integers_are_exact() -> None:
    base, exponent = (grid.ravel() for grid in np.meshgrid(np.arange(-15.0, 16), np.arange(6.0)))
    np.testing.assert_array_equal(
        native("power", base.astype(np.float32), exponent.astype(np.float32)),
        (base**exponent).astype(np.float32),
    )
