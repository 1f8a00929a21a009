"""Simplification."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.ir.graph import trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.value import Spec
from lamina.ir.verify import verify
from lamina.passes.simplify import simplify
from lamina.prims import elementwise as prim
from lamina.prims.broadcast import fill

LINE = Spec((6,), np.dtype("float32"))
ODD = np.array([1.5, -2.0, 0.0, -0.0, np.inf, np.nan], np.float32)


def constant(number):
    return fill((6,), number, np.dtype("float32"))


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (lambda x: prim.multiply(constant(1), x), []),
        (lambda x: prim.multiply(x, constant(-1.0)), ["negative"]),
        (lambda x: prim.divide(x, constant(1)), []),
        (lambda x: prim.divide(x, constant(-1)), ["negative"]),
        (lambda x: prim.divide(constant(1), x), ["divide"]),
        (lambda x: prim.exp(prim.multiply(constant(1), prim.negative(x))), ["negative", "exp"]),
        (lambda x: prim.multiply(x, constant(0)), ["multiply"]),
        (lambda x: prim.add(x, constant(0)), ["add"]),  # -0.0 + 0.0 is 0.0
    ],
)
def test_products_by_one_go_and_no_bit_changes(function, left):
    graph, _ = trace_graph("program", lambda x: [function(x)], [LINE])
    short = verify(simplify(verify(graph)))
    assert [node.primitive.name for node in short.nodes] == left
    before, after = interpreter(graph)([ODD])[0], interpreter(short)([ODD])[0]
    np.testing.assert_array_equal(after, before)
    number = ~np.isnan(before)
    np.testing.assert_array_equal(np.signbit(after[number]), np.signbit(before[number]))
