"""Dead code."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import InvalidArgumentError
from lamina.ir.graph import trace_graph
from lamina.ir.interpret import interpreter
from lamina.ir.show import show
from lamina.ir.value import Spec
from lamina.ir.verify import verify
from lamina.passes.dead_code import remove_dead_code
from lamina.prims import control, elementwise

LINE = Spec((3,), np.dtype("float32"))


def test_what_nobody_reads_goes_and_what_has_an_effect_stays() -> None:
    def program(x):  # type: ignore[no-untyped-def]
        elementwise.exp(x)
        control.check(elementwise.less(x, elementwise.negative(x)), [x], "negative numbers only")
        return [elementwise.sin(x)]

    graph, _ = trace_graph("program", program, [LINE])
    short = verify(remove_dead_code(verify(graph)))
    assert [node.primitive.name for node in short.nodes] == ["negative", "less", "check", "sin"]
    x = -np.ones(3, np.float32)
    np.testing.assert_array_equal(interpreter(short)([x])[0], np.sin(x))
    with pytest.raises(InvalidArgumentError, match="negative numbers only"):
        interpreter(short)([-x])


def test_graphs_print_the_same_names_every_time() -> None:
    graph, _ = trace_graph("twice", lambda x: [elementwise.add(x, x)], [LINE])
    assert show(graph) == ("twice(%0: float32[3]):\n  %1: float32[3] = add %0, %0\n  return %1")
