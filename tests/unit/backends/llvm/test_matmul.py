"""Products of panel matrices: right to rounding, the same bits whatever the lanes and blocks."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from lamina.backends.llvm.builder import F32, F64, Module
from lamina.backends.llvm.few import few, most
from lamina.backends.llvm.matmul import gemm

Array = np.ndarray[Any, Any]
LANES = 4, 8, 16
DTYPES = {F32: np.float32, F64: np.float64}
COUNTS = 23, 10, 12  # the numbers of rows that programs are made for
# rows, columns, depth: of a tile and less, around blocks of rows (96) and of the depth (96 to 384)
SHAPES = [
    (1, 1, 1), (1, 33, 8), (8, 32, 23), (16, 32, 16), (23, 16, 32), (10, 64, 130), (7, 20, 95),
    (2, 129, 50), (98, 17, 97), (193, 40, 193), (12, 80, 385), (3, 50, 801), (104, 200, 5),
]  # fmt: skip


def to_panels(matrix: Array, lanes: int, stride: int) -> Array:
    """Panels of `stride` rows; whatever does not belong to the matrix is NaN."""
    rows, columns = matrix.shape
    panels = np.full((-(-columns // lanes), stride, lanes), np.nan, matrix.dtype)
    for column in range(columns):
        panels[column // lanes, :rows, column % lanes] = matrix[:, column]
    return panels


def from_panels(panels: Array, rows: int, columns: int) -> Array:
    return panels[:, :rows].transpose(1, 0, 2).reshape(rows, -1)[:, :columns]


@pytest.fixture(scope="module")
def product(entry):
    """C = A · B by a kernel, with strides that exceed the rows."""

    @cache
    def kernel(element, lanes, pattern, counts):
        module = Module()
        return entry(module, gemm(module, element, lanes, pattern, counts))

    def run(
        a: Array, b: Array, element: str, lanes: int, pattern: str, counts: tuple[int, ...] = COUNTS
    ) -> Array:
        (rows, depth), columns = a.shape, b.shape[1]
        first = (
            to_panels(a.T, lanes, depth + 1) if pattern == "col" else to_panels(a, lanes, rows + 3)
        )
        second = to_panels(b, lanes, depth + 2)
        result = np.full((second.shape[0], rows + 1, lanes), 7, a.dtype)
        kernel(element, lanes, pattern, counts)(
            result, rows + 1, first, first.shape[1], second, depth + 2, rows, len(result), depth
        )
        assert (result[:, rows:] == 7).all(), "rows after the last were written"
        return from_panels(result, rows, columns)

    return run


def operands(
    rows: int, columns: int, depth: int, element: str, seed: int = 0
) -> tuple[Array, Array]:
    generator = np.random.default_rng([seed, rows, columns, depth])
    a = generator.standard_normal((rows, depth)).astype(DTYPES[element])
    return a, generator.standard_normal((depth, columns)).astype(DTYPES[element])


@pytest.mark.parametrize("element", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_is_the_product_with_the_same_bits_for_all_lanes_and_patterns(product, shape, element):
    a, b = operands(*shape, element)
    results = [
        product(a, b, element, lanes, pattern) for lanes in LANES for pattern in ("col", "chunk")
    ]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
    wide = np.longdouble if element == F64 else np.float64
    bound = np.abs(a).astype(wide) @ np.abs(b).astype(wide)
    error = np.abs(results[0] - a.astype(wide) @ b.astype(wide))
    assert (error <= 0.5 * (shape[2] + 1) * np.finfo(a.dtype).eps * bound).all()


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("pattern", ["col", "chunk"])
def test_sums_in_order_with_one_rounding_for_each_step(product, lanes, pattern):
    a, b = operands(2, 3, 500, F64)
    expected = np.zeros((2, 3))
    for k in range(500):
        for row, column in np.ndindex(2, 3):
            term = Fraction(a[row, k]) * Fraction(b[k, column])
            expected[row, column] = float(Fraction(expected[row, column]) + term)
    np.testing.assert_array_equal(product(a, b, F64, lanes, pattern), expected)


@pytest.mark.parametrize("element", DTYPES)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("pattern", ["col", "chunk"])
@pytest.mark.parametrize("counts", [COUNTS, (1, 3), ()])
def test_any_number_of_rows_and_of_panels(product, element, lanes, pattern, counts):
    """Rows that the program was not made for are put together from smaller tiles."""
    for rows in range(1, 26):
        a, b = operands(rows, 11 * lanes, 9, element)
        for panels in range(1, 12):
            part = b[:, : panels * lanes]
            result = product(a, part, element, lanes, pattern, counts)
            np.testing.assert_allclose(result, a @ part, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("pattern", ["col", "chunk"])
def test_a_sum_of_nothing_is_zero(product, lanes, pattern):
    for shape in [(1, 1), (9, 40), (100, 3)]:
        a, b = operands(*shape, 0, F32)
        result = product(a, b, F32, lanes, pattern)
        np.testing.assert_array_equal(result, np.zeros(shape, np.float32))


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("pattern", ["col", "chunk"])
def test_parts_give_the_bits_of_the_whole(entry, lanes, pattern):
    module = Module()
    kernel = entry(module, gemm(module, F32, lanes, pattern, (40,)))
    a, b = operands(40, 70, 300, F32)
    first = to_panels(a.T if pattern == "col" else a, lanes, 300 if pattern == "col" else 40)
    second = to_panels(b, lanes, 300)
    whole, parts = (np.zeros((len(second), 40, lanes), np.float32) for _ in range(2))
    kernel(whole, 40, first, first.shape[1], second, 300, 40, len(whole), 300)
    for row, rows in (0, 16), (16, 16), (32, 8):
        for panel in range(len(second)):
            start = first[row // lanes :] if pattern == "col" else first[:, row:]
            target = parts[panel:, row:]
            kernel(target, 40, start, first.shape[1], second[panel:], 300, rows, 1, 300)
    np.testing.assert_array_equal(from_panels(whole, 40, 70), from_panels(parts, 40, 70))


@pytest.mark.parametrize("element", DTYPES)
@pytest.mark.parametrize("lanes", LANES)
def test_few_rows_have_the_bits_that_they_have_in_a_panel(product, entry, element, lanes):
    module = Module()
    kernel = entry(module, few(module, element, lanes))
    for rows, depth in (1, 1), (10, 40), (100, 23), (193, 130), (16 * lanes, 9), (15 * lanes, 800):
        a, b = operands(rows, lanes, depth, element)
        first, second = to_panels(a.T, lanes, depth + 1), to_panels(b, lanes, depth + 2)
        expected = product(a, b, element, lanes, "col")
        for count in range(1, most(lanes) + 1):
            result = np.full((rows + 1, lanes), 7, a.dtype)
            kernel(result, first, depth + 1, second, rows, depth, count)
            np.testing.assert_array_equal(result[:rows, :count], expected[:, :count])
            assert (result[rows:] == 7).all(), "rows after the last were written"


def test_one_function_serves_all_that_ask_for_the_same():
    module = Module()
    name = gemm(module, F32, 16, "col", (16, 8, 1))
    count = len(module.functions)
    assert gemm(module, F32, 16, "col", (1, 24)) == name  # both leave one row over
    assert len(module.functions) == count
    others = [(F64, 16, "col", (1,)), (F32, 8, "col", (1,)), (F32, 16, "chunk", (1,))]
    assert name not in {gemm(module, *other) for other in others}


@pytest.mark.parametrize("lanes", LANES)
def test_programs_stay_short(lanes):
    """Compiling takes time for each line: about 20 µs."""
    for layers in [(23, 16, 8, 1), (784, 128, 10), (1024, 2048, 2048, 10)]:
        module = Module()
        gemm(module, F32, lanes, "col", layers[1:])
        gemm(module, F32, lanes, "chunk", layers[:-1])
        assert module.text().count("\n") < 2500


@pytest.mark.parametrize("element", DTYPES)
@pytest.mark.parametrize(("lanes", "processor"), [(8, "haswell"), (16, "skylake-avx512")])
def test_tiles_stay_in_registers(element, lanes, processor):
    """A sum that goes through memory would cost half of the speed, and change no result."""
    llvm = pytest.importorskip("llvmlite.binding")
    module = Module()
    for pattern in "col", "chunk":
        gemm(module, element, lanes, pattern, range(8))
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple("x86_64-unknown-linux-gnu")
    machine = target.create_target_machine(cpu=processor, opt=1)
    external = module.text().replace("define internal", "define")
    with llvm.create_context() as context, llvm.parse_assembly(external, context) as program:
        assembly = machine.emit_assembly(program)
    assert re.search(r"vfmadd.*[yz]mm", assembly)
    spilled = [
        line for line in assembly.splitlines() if re.search(r"[yz]mm.*sp\)|sp\).*[yz]mm", line)
    ]
    assert not spilled
