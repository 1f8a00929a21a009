"""Native sorting gives NumPy's stable order, for every dtype and number of lanes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm.kernels import Unsupported
from lamina.backends.llvm.program import NativeProgram
from lamina.backends.llvm.sorting import LONGEST
from lamina.ir.graph import Graph
from lamina.ops import array
from lamina.passes.pipeline import optimize
from lamina.tensor.function import Function

DTYPES = ["float32", "float64", "float16", "int32", "int64", "uint8"]


def graph_of(function: Any, x: Any) -> Graph:
    return optimize(Function(function, symbolic_batch=True).program_for(tf.constant(x)).graph)


def samples(dtype: str, size: int) -> np.ndarray:
    """Lines with many equal values; of floats, NaN, infinities and both zeros among them."""
    draw = np.random.default_rng(size)
    x = draw.integers(0, 9, (37, 2, size)).astype(dtype)
    if dtype.startswith("float"):
        for value in (np.nan, -np.inf, -0.0):
            x[draw.random(x.shape) < 0.1] = value
    return x


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_order_is_numpys(dtype, direction, monkeypatch):
    for size in (1, 2, 7, 64):
        x = samples(dtype, size)
        graph = graph_of(lambda x: array.argsort(x, direction=direction), x)
        wanted = np.asarray(array.argsort(x, direction=direction))
        for lanes in (4, 8, 16):
            monkeypatch.setattr(tf.config, "lanes", lanes)
            np.testing.assert_array_equal(NativeProgram(graph)([x])[0], wanted)


def test_sorted_values_and_the_largest():
    x = np.random.default_rng(0).normal(size=(50, 12)).astype("float32")
    program = NativeProgram(graph_of(lambda x: (array.sort(x), *tf.math.top_k(x, 3)), x))
    values, top, places = program([x])
    np.testing.assert_array_equal(values, np.sort(x))
    np.testing.assert_array_equal(top, np.sort(x)[:, :-4:-1])
    np.testing.assert_array_equal(np.take_along_axis(x, places, 1), top)


@pytest.mark.parametrize(
    "x", [np.zeros((3, LONGEST + 1), "float32"), np.zeros((3, 2), bool)], ids=["long", "bool"]
)
def test_what_is_left_to_the_interpreter(x):
    with pytest.raises(Unsupported, match="argsort"):
        NativeProgram(graph_of(array.argsort, x))
