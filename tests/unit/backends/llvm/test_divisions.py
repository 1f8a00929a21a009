"""Remainders and floors of quotients of float32 have NumPy's bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.backends.llvm.program import NativeProgram
from lamina.core.shapes import B
from lamina.ir.graph import trace_graph
from lamina.ir.value import Spec
from lamina.prims import elementwise

SPECIAL = [0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, -3.4e38, 0.1, 5.5]


def samples() -> list[Any]:
    draw = np.random.default_rng(0)
    first, second = np.meshgrid(np.float32(SPECIAL), np.float32(SPECIAL))
    any_bits = draw.integers(0, 2**32, (2, 20000), dtype=np.uint32).view(np.float32)
    whole = draw.integers(-50, 50, (2, 5000)).astype("float32")
    near = draw.normal(size=(2, 5000)).astype("float32") * np.float32([[100], [1]])
    grid = np.stack([first.ravel(), second.ravel()])
    return [part[:, None] for part in np.concatenate([grid, any_bits, whole, near], 1)]


@pytest.mark.parametrize("lanes", [4, 8, 16])
@pytest.mark.parametrize("name", ["remainder", "floor_divide"])
def test_divisions_have_the_bits_of_numpy(
    name: str, lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.config, "lanes", lanes)
    x, y = samples()
    verb = getattr(elementwise, name)
    spec = Spec((B, 1), np.dtype("float32"))
    graph, _ = trace_graph(name, lambda *pair: [verb(*pair)], [spec, spec])
    (found,) = NativeProgram(graph)([x, y])
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(x, y)
    unknown = np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(found), unknown)
    same = found.view(np.uint32) == expected.view(np.uint32)
    assert (same | unknown).all()
