"""The order of rows in an epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import lamina as tf
from lamina.data.order import shuffled, stable_order


@given(arrays.arrays(np.uint32, st.integers(0, 50), elements=st.sampled_from([0, 1, 2, 2**32 - 1])))
def test_equal_words_stay_in_order(words):
    order = stable_order(words)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, np.argsort(words, kind="stable"))


@pytest.mark.parametrize("rows", [0, 1, 7, 1000])
def test_every_row_comes_once_in_an_order_of_the_seed(rows):
    tf.random.set_seed(3)
    first, second = shuffled(rows), shuffled(rows)
    for order in (first, second):
        np.testing.assert_array_equal(np.sort(order), np.arange(rows))
    tf.random.set_seed(3)
    np.testing.assert_array_equal(shuffled(rows), first)
    assert rows < 3 or not np.array_equal(first, second)
