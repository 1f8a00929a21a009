"""The kernels that measure the machine compute what they say."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from bench import peak
from lamina.backends.llvm import engine

pytestmark = pytest.mark.skipif(not engine.available(), reason="llvmlite is not installed")
WIDTHS = 4, 8, 16


@pytest.mark.parametrize("width", WIDTHS)
def test_the_chains_are_multiply_adds(width):
    operands = peak._vectors(2 * width)
    operands[:width], operands[width:] = 0.5, 1.0
    library = peak._library(width)
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
    kernel(library.address("fused"))(operands.ctypes.data, 2)
    np.testing.assert_array_equal(operands[width:], peak.CHAINS * ((1.0 * 0.5 + 1) * 0.5 + 1))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_update_goes_through_every_vector(width):
    count = 3 * peak.UNROLL
    data = peak._vectors((count + 1) * width)
    data[:] = np.arange(len(data))
    library = peak._library(width)
    kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    kernel(library.address("update"))(data.ctypes.data, count, 1)
    expected = np.arange(len(data), dtype="float32")
    expected[: count * width] += expected[: count * width] ** 2
    np.testing.assert_array_equal(data, expected)


def test_buffers_begin_where_a_line_of_the_cache_does():
    for count in (1, 37, 4096):
        values = peak._vectors(count)
        assert values.ctypes.data % 64 == 0 and len(values) == count


def test_measuring_gives_rates(monkeypatch):
    monkeypatch.setattr(peak, "SECONDS", 0.001)
    monkeypatch.setattr(peak, "SIZES", (2**16, 2**20))
    found = peak.measure(2)
    assert found.flops > 1e8
    assert [size for size, _ in found.bandwidth] == [2.0**16, 2.0**20]
    assert all(rate > 1e8 for _, rate in found.bandwidth)
