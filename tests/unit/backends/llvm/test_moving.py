"""Rows, panels and matrices arrive where they belong, bit by bit, and nothing else is touched."""

from __future__ import annotations

import ctypes
import mmap
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest

from lamina.backends.llvm.builder import F32, F64, I8, I32, I64, Module
from lamina.backends.llvm.moving import (
    gather_rows,
    pack,
    scatter_rows,
    transpose_panels,
    unpack,
)

Array = np.ndarray[Any, Any]
LANES = 4, 8, 16
ELEMENTS = {
    I8: np.uint8,
    "i16": np.uint16,
    I32: np.uint32,
    F32: np.uint32,
    I64: np.uint64,
    F64: np.uint64,
}
# around the columns of a block: 2 to 16
COLUMNS = 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 50
GAP = 0xA5  # in all bytes that nothing may write


@pytest.fixture(scope="module")
def kernel(entry):
    @cache
    def compiled(make, element, lanes):
        module = Module()
        return entry(module, make(module, element, lanes))

    return compiled


@pytest.fixture(params=ELEMENTS)
def element(request):
    return request.param


@pytest.fixture(params=LANES)
def lanes(request):
    return request.param


def numbers(shape: tuple[int, ...], element: str) -> Array:
    dtype = np.dtype(ELEMENTS[element])
    size = int(np.prod(shape)) * dtype.itemsize
    bits = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    return bits.view(dtype).reshape(shape)


def gaps(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    return np.full((*shape, dtype.itemsize), GAP, np.uint8).view(dtype)[..., 0]


def to_panels(rows: Array, lanes: int, stride: int) -> Array:
    """Panels with rows in the lanes; those after the last are like it. Gaps after the columns."""
    count, columns = rows.shape
    panels = gaps((-(-count // lanes), stride, lanes), rows.dtype)
    for lane in range(panels.shape[0] * lanes):
        panels[lane // lanes, :columns, lane % lanes] = rows[min(lane, count - 1)]
    return panels


def counts_of(lanes: int) -> list[int]:
    return [1, lanes - 1, lanes, lanes + 1, 3 * lanes + 2]


@pytest.mark.parametrize("columns", COLUMNS)
def test_rows_are_gathered_in_any_order(kernel, element, lanes, columns):
    gather = kernel(gather_rows, element, lanes)
    source = numbers((70, columns + 3), element)
    order = np.random.default_rng(0).integers(0, 70, 60)
    for count in counts_of(lanes):
        for first in (0, 2):
            for places, total in (order, len(order)), (None, 70):
                rows = source if places is None else source[order]
                expected = to_panels(rows[first : first + count, :columns], lanes, columns + 1)
                result = gaps(expected.shape, source.dtype)
                gather(
                    result, columns + 1, source, columns + 3, places, first, count, columns, total
                )
                np.testing.assert_array_equal(result, expected)


@pytest.fixture
def last_in_memory():
    """Copies of arrays behind which there is a page that nobody may touch: a crash is a failure."""
    if not sys.platform.startswith("linux"):
        pytest.skip("asks Linux to protect a page")
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    kept = []

    def copy(array: Array) -> Array:
        page = mmap.PAGESIZE
        size = -(-array.nbytes // page) * page
        memory = mmap.mmap(-1, size + page)
        kept.append(memory)
        whole = np.frombuffer(memory, np.uint8)
        assert protect(whole.ctypes.data + size, page, 0) == 0
        result = whole[size - array.nbytes : size].view(array.dtype).reshape(array.shape)
        result[...] = array
        return result

    return copy


def test_nothing_behind_an_array_is_touched(kernel, element, lanes, last_in_memory):
    for columns in (*COLUMNS, lanes + 1):
        count = lanes + 1
        rows = last_in_memory(numbers((count, columns), element))
        panels = last_in_memory(to_panels(rows, lanes, columns))
        order = last_in_memory(np.arange(count))
        for places in order, None:
            gather = kernel(gather_rows, element, lanes)
            gather(panels, columns, rows, columns, places, 0, count, columns, count)
            np.testing.assert_array_equal(panels, to_panels(rows, lanes, columns))
        result = last_in_memory(gaps(rows.shape, rows.dtype))
        kernel(scatter_rows, element, lanes)(result, columns, panels, columns, 0, count, columns)
        np.testing.assert_array_equal(result, rows)
        packed = np.zeros((-(-columns // lanes), count, lanes), rows.dtype)
        kernel(pack, element, lanes)(packed, count, rows, count, columns)
        result[...] = 0
        kernel(unpack, element, lanes)(result, packed, count, count, columns)
        np.testing.assert_array_equal(result, rows)
        turned = np.zeros((-(-columns // lanes), 2 * lanes, lanes), rows.dtype)
        kernel(transpose_panels, element, lanes)(turned, 2 * lanes, panels, columns, columns, 2)
        np.testing.assert_array_equal(turned[0, :count, 0], rows[:, 0])


@pytest.mark.parametrize("columns", COLUMNS)
def test_panels_are_scattered_to_rows(kernel, element, lanes, columns):
    scatter = kernel(scatter_rows, element, lanes)
    for count in counts_of(lanes):
        rows = numbers((count, columns), element)
        panels = to_panels(rows, lanes, columns + 2)
        panels[-1, :, count % lanes or lanes :] = 0  # lanes after the last row
        expected = gaps((count + 5, columns + 3), rows.dtype)
        result = expected.copy()
        expected[2 : 2 + count, :columns] = rows
        scatter(result, columns + 3, panels, columns + 2, 2, count, columns)
        np.testing.assert_array_equal(result, expected)


def test_panels_are_turned(kernel, element, lanes):
    turn = kernel(transpose_panels, element, lanes)
    for rows in counts_of(lanes):
        for panels in 1, 3:
            source = numbers((panels, rows + 1, lanes), element)
            matrix = source[:, :rows].transpose(1, 0, 2).reshape(rows, -1)
            result = gaps((-(-rows // lanes), panels * lanes + 2, lanes), source.dtype)
            expected = result.copy()
            expected[:, : panels * lanes] = 0
            for row in range(rows):
                expected[row // lanes, : panels * lanes, row % lanes] = matrix[row]
            turn(result, panels * lanes + 2, source, rows + 1, rows, panels)
            np.testing.assert_array_equal(result, expected)


def test_matrices_are_packed_and_unpacked(kernel, element, lanes):
    packing, unpacking = kernel(pack, element, lanes), kernel(unpack, element, lanes)
    for rows in 1, 5, 16, 37:
        for columns in (1, lanes - 1, lanes, lanes + 1, 2 * lanes, 3 * lanes + 2):
            matrix = numbers((rows, columns), element)
            panels = gaps((-(-columns // lanes), rows + 1, lanes), matrix.dtype)
            expected = panels.copy()
            expected[:, :rows] = 0
            for column in range(columns):
                expected[column // lanes, :rows, column % lanes] = matrix[:, column]
            packing(panels, rows + 1, matrix, rows, columns)
            np.testing.assert_array_equal(panels, expected)

            panels[-1, :, columns % lanes or lanes :] = 1  # padding is not written
            result = gaps((rows + 1, columns), matrix.dtype)
            unpacking(result, panels, rows + 1, rows, columns)
            np.testing.assert_array_equal(result[:rows], matrix)
            np.testing.assert_array_equal(result[rows], gaps((columns,), matrix.dtype))


def test_one_function_serves_all_that_ask_for_the_same():
    for make in gather_rows, scatter_rows, transpose_panels, pack, unpack:
        module = Module()
        names = [make(module, F32, 16), make(module, F32, 16), make(module, F32, 8)]
        assert names[0] == names[1] != names[2]
        assert len(module.functions) == 2


def test_programs_stay_short():
    """Compiling takes time for each line: about 20 µs."""
    for element in ELEMENTS:
        module = Module()
        for make in gather_rows, scatter_rows, transpose_panels, pack, unpack:
            make(module, element, 16)
        assert module.text().count("\n") < 900
