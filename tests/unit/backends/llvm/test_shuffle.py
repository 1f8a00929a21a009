"""The native order of rows is the one that NumPy defines, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.backends.llvm import shuffle
from lamina.backends.llvm.shuffle import scratch_bytes, shuffled_order
from lamina.core.config import config
from lamina.core.errors import InvalidArgumentError
from lamina.prims.random import random_bits_p

KEYS = 0, 1, 12345678901234567, 2**64 - 1


def defined(rows: int, key: int) -> np.ndarray:
    words = random_bits_p.evaluate(np.uint64(key), np.uint64(0), shape=(rows,))
    return np.argsort(words, kind="stable")


@pytest.fixture(params=[4, 8, 16])
def lanes(request, monkeypatch):
    monkeypatch.setattr(config, "lanes", request.param)
    return request.param


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 63, 64, 65, 255, 256, 1000, 30_000, 70_001])
def test_the_order_is_that_of_the_definition(rows):
    for key in KEYS:
        order = shuffled_order(rows, key)
        assert order.dtype == np.int64
        np.testing.assert_array_equal(order, defined(rows, key))


@pytest.fixture
def own_library():
    shuffle._library.cache_clear()
    yield
    shuffle._library.cache_clear()


@pytest.mark.usefixtures("own_library")
@pytest.mark.parametrize(("fewest", "most", "spare"), [(1, 1, 0), (2, 3, -20), (8, 16, 17)])
def test_any_width_of_the_digits_gives_the_same_order(monkeypatch, fewest, most, spare):
    """With narrow digits nearly all is left to insertion, with wide ones nothing."""
    for name, value in (("_FEWEST", fewest), ("_MOST", most), ("_SPARE", spare)):
        monkeypatch.setattr(shuffle, name, value)
    monkeypatch.setattr(shuffle, "NAME", f"shuffle_{fewest}_{most}")
    np.testing.assert_array_equal(shuffled_order(2_000, 5), defined(2_000, 5))


@pytest.mark.usefixtures("lanes")
@pytest.mark.parametrize("rows", [0, 1, 7, 100, 5_000])
def test_nothing_is_written_outside(rows):
    guard = 64
    order = np.full(rows + 2 * guard, -7, np.int64)
    scratch = np.full(scratch_bytes(rows) + 2 * guard * 8, 123, np.uint8)
    function = shuffle._SIGNATURE(shuffle._library(config.lanes).address(shuffle.NAME))
    function(order[guard:].ctypes.data, scratch[guard * 8 :].ctypes.data, rows, 3)
    np.testing.assert_array_equal(order[guard : guard + rows], defined(rows, 3))
    assert (order[:guard] == -7).all() and (order[guard + rows :] == -7).all()
    assert (scratch[: guard * 8] == 123).all() and (scratch[-guard * 8 :] == 123).all()


def test_too_many_rows_are_refused():
    with pytest.raises(InvalidArgumentError, match="4294967296"):
        shuffled_order(2**32, 0)
