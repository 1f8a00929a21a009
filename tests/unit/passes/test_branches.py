"""Small branches are both computed, and the results chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError
from lamina.ir.interpret import interpreter
from lamina.ir.primitive import PRIMITIVES
from lamina.passes import branches
from lamina.passes.pipeline import optimize
from lamina.tensor.program import Program


def optimized(function: Any, *arrays: Any) -> Any:
    program = Program("program", function, [tf.constant(array).spec for array in arrays])
    return optimize(program.graph)


def names(graph: Any) -> list[str]:
    return [node.primitive.name for node in graph.nodes]


def small(p: Any, x: Any) -> Any:
    return tf.cond(p, lambda: (tf.exp(x), x), lambda: (tf.cond(p, lambda: x, lambda: -x), x))


@pytest.mark.parametrize("p", [True, False])
def test_small_branches_are_chosen_from(p: bool) -> None:
    x = np.array([1.0, -2.0, np.inf], np.float32)
    graph = optimized(small, p, x)
    assert sorted(names(graph)) == ["broadcast", "exp", "negative", "select"]
    found = interpreter(graph)([np.asarray(p), x])
    for ours, theirs in zip(found, small(tf.constant(p), tf.constant(x)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "branch",
    [
        lambda x: tf.cast(10 // tf.cast(x, tf.int32), tf.float32),
        lambda x: tf.cast(10 ** tf.cast(x, tf.int32), tf.float32),
        lambda x: tf.linalg.svd(x * x[:, None], compute_uv=False),
        lambda x: tf.gather(x, tf.cast(x, tf.int32)),
        lambda x: tf.matmul(x[None], x[:, None])[0] + x,
        lambda x: tf.debugging.assert_positive(x) or x,
        lambda x: [x := tf.sin(x) for _ in range(70)][-1],
    ],
    ids=[
        "integer division",
        "integer power",
        "factors",
        "place",
        "product",
        "check",
        "many operations",
    ],
)
def test_what_may_fail_or_takes_long_runs_only_where_it_is_asked_for(branch: Any) -> None:
    def program(p: Any, x: Any) -> Any:
        return tf.cond(p, lambda: branch(x), lambda: x)

    graph = optimized(program, True, np.zeros(3, np.float32))
    assert names(graph) == ["cond"]


def test_the_operations_that_are_told_apart_are_there() -> None:
    assert set(PRIMITIVES) >= {
        *branches._COSTLY,
        *branches._FAILING,
        *branches._FAILING_FOR_INTEGERS,
    }


def test_gradients_see_only_the_branch_that_was_taken() -> None:
    traced = tf.function(lambda x: tf.cond(x > 0, lambda: tf.math.log(x), lambda: x * 2.0))
    x = tf.constant(0.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = traced(x)
    assert float(tape.gradient(y, x)) == 2


def test_a_check_in_a_branch_that_is_not_taken_is_silent() -> None:
    def checked(x: Any) -> Any:
        tf.debugging.assert_less(x, 3.0)
        return x

    traced = tf.function(lambda x: tf.cond(x > 0, lambda: checked(x), lambda: x))
    assert float(traced(tf.constant(-5.0))) == -5 and float(traced(tf.constant(2.0))) == 2
    with pytest.raises(InvalidArgumentError, match="x < y"):
        traced(tf.constant(4.0))
