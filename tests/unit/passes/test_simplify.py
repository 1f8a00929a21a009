"""Simplification: what each rule leaves, and that no result changes by a bit."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.shapes import B
from lamina.ir.bind import bind, new_value
from lamina.ir.graph import trace_graph
from lamina.ir.show import show
from lamina.ir.value import Spec
from lamina.ir.verify import verify
from lamina.passes.dead_code import remove_dead_code
from lamina.passes.inline import inline_calls
from lamina.passes.simplify import simplify
from lamina.prims import broadcast, control, layout, reduce
from lamina.prims import elementwise as prim
from tests.tools.random_graphs import run_plainly
from tests.tools.simplifying import agree, left, simplified

BOOL, FLOAT, DOUBLE = np.dtype("bool"), np.dtype("float32"), np.dtype("float64")
INT, LONG, WORD = np.dtype("int32"), np.dtype("int64"), np.dtype("uint32")
LINE = Spec((9,), FLOAT)
ODD = np.array([1.5, -2, 0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 3e38], np.float32)
WHOLE = np.array([-(2**31), 2**31 - 1, 0, 1, -1, 7, 8, -8, 5], np.int32)
ROWS = Spec((B, 4), FLOAT)


def number(value, dtype=FLOAT):
    return broadcast.fill((9,), value, dtype)


def constant(array, dtype=FLOAT):
    return new_value(np.asarray(array, dtype))


def fill(value, shape=(B, 4), dtype=FLOAT):
    return broadcast.fill(shape, value, dtype)


def test_before_and_after():
    def program(x, y):
        ones = fill(1.0)
        h = prim.maximum(fill(0), prim.add(x, prim.negative(y)))
        mean = prim.divide(broadcast.reduce_sum(h, (1,)), fill(4, (B,)))
        slope = prim.select(prim.less_equal(prim.subtract(x, y), fill(0)), fill(0), ones)
        column = broadcast.reshape(broadcast.reshape(mean, (B, 1)), (1, B, 1))
        return [prim.multiply(ones, h), slope, broadcast.reshape(column, (B,))]

    graph, short = simplified(program, ROWS, ROWS)
    assert show(graph) == (
        "program(%0: float32[B, 4], %1: float32[B, 4]):\n"
        "  %2: float32[B, 4] = fill dtype=float32 shape=(B,4) value=1.0\n"
        "  %3: float32[B, 4] = fill dtype=float32 shape=(B,4) value=0\n"
        "  %4: float32[B, 4] = negative %1\n"
        "  %5: float32[B, 4] = add %0, %4\n"
        "  %6: float32[B, 4] = maximum %3, %5\n"
        "  %7: float32[B] = reduce_sum %6 axes=(1,)\n"
        "  %8: float32[B] = fill dtype=float32 shape=(B,) value=4\n"
        "  %9: float32[B] = divide %7, %8\n"
        "  %10: float32[B, 4] = subtract %0, %1\n"
        "  %11: float32[B, 4] = fill dtype=float32 shape=(B,4) value=0\n"
        "  %12: bool[B, 4] = less_equal %10, %11\n"
        "  %13: float32[B, 4] = fill dtype=float32 shape=(B,4) value=0\n"
        "  %14: float32[B, 4] = select %12, %13, %2\n"
        "  %15: float32[B, 1] = reshape %9 shape=(B,1)\n"
        "  %16: float32[1, B, 1] = reshape %15 shape=(1,B,1)\n"
        "  %17: float32[B, 4] = multiply %2, %6\n"
        "  %18: float32[B] = reshape %16 shape=(B,)\n"
        "  return %17, %14, %18"
    )
    assert show(short) == (
        "program(%0: float32[B, 4], %1: float32[B, 4]):\n"
        "  %2: float32[B, 4] = fill dtype=float32 shape=(B,4) value=1.0\n"
        "  %3: float32[B, 4] = fill dtype=float32 shape=(B,4) value=0\n"
        "  %4: float32[B, 4] = subtract %0, %1\n"
        "  %5: float32[B, 4] = maximum %3, %4\n"
        "  %6: float32[B] = reduce_sum %5 axes=(1,)\n"
        "  %7: float32[B] = fill dtype=float32 shape=(B,) value=0.25\n"
        "  %8: float32[B] = multiply %6, %7\n"
        "  %9: float32[B, 4] = subtract %0, %1\n"
        "  %10: float32[B, 4] = fill dtype=float32 shape=(B,4) value=0\n"
        "  %11: bool[B, 4] = less_equal %9, %10\n"
        "  %12: float32[B, 4] = fill dtype=float32 shape=(B,4) value=0\n"
        "  %13: float32[B, 4] = select %11, %12, %2\n"
        "  return %5, %13, %8"
    )


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: prim.multiply(number(1), x), []),
        (lambda x: prim.multiply(x, number(-1.0)), ["negative"]),
        (lambda x: prim.divide(x, number(1)), []),
        (lambda x: prim.divide(x, number(-1)), ["negative"]),
        (lambda x: prim.divide(number(1), x), ["divide"]),
        (lambda x: prim.divide(x, number(-0.125)), ["multiply"]),
        (lambda x: prim.divide(x, number(3)), ["divide"]),
        (lambda x: prim.divide(x, number(2.0**-127)), ["divide"]),  # its inverse is infinite
        (lambda x: prim.divide(x, number(2.0**127)), ["divide"]),  # its inverse is not normal
        (lambda x: prim.divide(x, number(2.0**125)), ["multiply"]),
        (lambda x: prim.exp(prim.multiply(number(1), prim.negative(x))), ["negative", "exp"]),
        (lambda x: prim.multiply(x, number(0)), ["multiply"]),
        (lambda x: prim.add(x, number(0)), ["add"]),  # -0.0 + 0.0 is 0.0
        (lambda x: prim.add(x, number(-0.0)), []),
        (lambda x: prim.subtract(x, number(0)), []),
        (lambda x: prim.subtract(x, number(-0.0)), ["subtract"]),
        (lambda x: prim.subtract(number(0), x), ["subtract"]),
        (lambda x: prim.subtract(number(-0.0), x), ["negative"]),
        (lambda x: prim.add(number(0), prim.exp(x)), ["exp"]),
        (lambda x: prim.add(prim.multiply(x, x), number(0)), ["multiply"]),
        (lambda x: prim.add(prim.tanh(x), number(0)), ["tanh", "add"]),
        (lambda x: prim.add(prim.negative(x), prim.exp(x)), ["exp", "subtract"]),
        (lambda x: prim.subtract(x, prim.negative(prim.exp(x))), ["exp", "add"]),
        (lambda x: prim.multiply(prim.negative(x), prim.negative(x)), ["multiply"]),
        (lambda x: prim.multiply(prim.negative(x), number(2.5)), ["multiply"]),
        (lambda x: prim.negative(prim.negative(x)), []),
        (lambda x: prim.absolute(prim.negative(x)), ["absolute"]),
        (lambda x: prim.absolute(prim.absolute(x)), ["absolute"]),
        (lambda x: prim.maximum(x, x), []),
        (lambda x: prim.minimum(x, number(np.nan)), ["minimum"]),
    ],
)
def test_arithmetic(function, names):
    agree(function, ODD, names=names)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: prim.add(number(0, INT), x), []),
        (lambda x: prim.subtract(x, number(0, INT)), []),
        (lambda x: prim.multiply(x, number(0, INT)), []),
        (lambda x: prim.multiply(x, number(-1, INT)), ["negative"]),
        (lambda x: prim.absolute(prim.negative(x)), ["absolute"]),
        (lambda x: prim.absolute(prim.cast(prim.negative(prim.cast(x, WORD)), INT)), None),
        (lambda x: prim.bitwise_and(x, number(-1, INT)), []),
        (lambda x: prim.bitwise_or(number(0, INT), x), []),
        (lambda x: prim.bitwise_xor(x, number(0, INT)), []),
        (lambda x: prim.bitwise_xor(x, number(-1, INT)), ["bitwise_xor"]),
        (lambda x: prim.bitwise_or(x, x), []),
        (lambda x: prim.shift_right(x, number(0, INT)), []),
        (lambda x: prim.equal(x, x), []),
        (lambda x: prim.less(x, x), []),
        (lambda x: prim.less_equal(x, x), []),
        (prim.is_finite, []),
    ],
)
def test_arithmetic_of_integers(function, names):
    names = ["cast", "negative", "cast", "absolute"] if names is None else names
    agree(function, WHOLE, names=names)


def test_unsigned_numbers_have_no_absolute_value():
    words = np.array([0, 1, 2**32 - 1], np.uint32)
    agree(lambda x: prim.absolute(prim.negative(x)), words, names=["negative", "absolute"])


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: prim.equal(x, x), ["equal"]),  # not for NaN
        (lambda x: prim.less(x, x), []),
        (lambda x: prim.less_equal(x, x), ["less_equal"]),
        (prim.is_finite, ["is_finite"]),
        (lambda x: prim.logical_not(prim.logical_not(prim.is_finite(x))), ["is_finite"]),
        (lambda x: prim.select(number(True, BOOL), x, prim.exp(x)), []),
        (lambda x: prim.select(number(False, BOOL), x, prim.exp(x)), ["exp"]),
        (lambda x: prim.select(prim.is_finite(x), x, x), []),
        (lambda x: prim.select(prim.is_finite(x), number(2), number(2.0)), []),
        (lambda x: prim.select(prim.is_finite(x), number(0.0), number(-0.0)), None),
        (lambda x: prim.select(prim.logical_not(prim.is_finite(x)), number(0), x), None),
    ],
)
def test_choices(function, names):
    agree(function, ODD, names=["is_finite", "select"] if names is None else names)


def test_a_choice_inside_a_choice():
    def chosen(x):
        condition = prim.is_finite(x)
        first = prim.select(condition, prim.exp(x), number(1))
        return prim.select(condition, first, prim.select(condition, number(2), x))

    agree(chosen, ODD, names=["is_finite", "exp", "select"])


def test_a_choice_of_truths_is_its_condition():
    def truth(yes, no):
        return lambda x: prim.select(prim.is_finite(x), number(yes, BOOL), number(no, BOOL))

    agree(truth(True, False), ODD, names=["is_finite"])
    agree(truth(False, True), ODD, names=["is_finite", "logical_not"])


@pytest.mark.parametrize("bound", [0.0, -0.0, 1.5, -2.0, np.inf, np.nan])
@pytest.mark.parametrize(
    ("clamp", "compare", "swapped", "told"),
    [
        (prim.maximum, prim.less_equal, False, True),
        (prim.minimum, prim.less_equal, True, True),
        (prim.maximum, prim.less, True, True),
        (prim.minimum, prim.less, False, True),
        (prim.maximum, prim.less_equal, True, False),  # a tie looks like what was cut off
        (prim.minimum, prim.less_equal, False, False),
        (prim.maximum, prim.less, False, False),
        (prim.minimum, prim.less, True, False),
    ],
)
def test_a_bound_is_asked_for_where_it_was_applied(clamp, compare, swapped, told, bound):
    """So that what an activation does not return is not needed any more."""

    def function(x):
        y = prim.exp(x)
        clamped = clamp(number(bound), y)
        sides = (number(bound), y) if swapped else (y, number(bound))
        return prim.select(compare(*sides), clamped, number(7))

    agree(function, ODD, names=["exp", clamp.__name__, compare.__name__, "select"])
    _, short = simplified(lambda x: [function(x)], LINE)
    y, clamped = (node.outputs[0] for node in short.nodes[:2])
    read = short.nodes[2].inputs[int(swapped)]
    assert read is (clamped if told else y)


@pytest.mark.parametrize(
    ("source", "between", "target", "names"),
    [
        ("float32", "float64", "float32", []),
        ("float32", "float64", "float16", ["cast"]),
        ("float32", "float64", "bool", ["cast"]),
        ("float32", "float16", "float32", ["cast", "cast"]),
        ("float32", "float64", "int32", ["cast", "cast"]),
        ("float64", "float32", "float64", ["cast", "cast"]),
        ("int32", "int64", "int32", []),
        ("int32", "int64", "uint8", ["cast"]),
        ("int32", "float64", "float32", ["cast"]),
        ("int32", "float64", "int64", ["cast"]),
        ("int32", "float64", "uint8", ["cast", "cast"]),
        ("int32", "float32", "int32", ["cast", "cast"]),
        ("int32", "bool", "int32", ["cast", "cast"]),
        ("bool", "float32", "bool", []),
        ("bool", "int32", "float32", ["cast"]),
        ("uint32", "int32", "int64", ["cast", "cast"]),
        ("uint32", "int64", "int32", ["cast"]),
    ],
)
def test_casts(source, between, target, names):
    array = np.array([0, 1, 2, 100, 200, 2**24 + 1]).astype(source)
    agree(
        lambda x: prim.cast(prim.cast(x, np.dtype(between)), np.dtype(target)), array, names=names
    )


# Constants and fills -----------------------------------------------------------------------------


def test_small_constants_are_computed_with():
    def inner(x, y):
        return [prim.add(x, prim.exp(y)), reduce.argmax(y, 0), broadcast.reduce_sum(y, (0,))]

    graph, _ = trace_graph("inner", inner, [LINE, LINE])
    known = constant([1, 2, 3, 4, 5, 6, 9, 8, 7])
    program, _ = trace_graph("program", lambda x: list(control.call(graph, [x, known])), [LINE])
    short = remove_dead_code(verify(simplify(inline_calls(program))))
    assert [node.primitive.name for node in short.nodes] == ["add"]
    assert [value.array for value in short.outputs[1:]] == [6, 45]


def test_repeated_numbers_stay_views_without_a_copy():
    def program(x):
        large = bind(broadcast.fill_p, shape=(1000, 1000), value=2.0, dtype=FLOAT)
        return [prim.multiply(broadcast.reshape(large, (1000000,)), x)]

    graph, _ = trace_graph("program", program, [Spec((1000000,), FLOAT)])
    (node,) = remove_dead_code(simplify(graph)).nodes
    assert node.inputs[0].array.strides == (0,)


def test_fills_of_a_batch_are_computed_with():
    def program(x):
        y = prim.divide(prim.subtract(fill(1.0), fill(0.75)), fill(0.5))
        z = broadcast.reshape(layout.transpose(y, (1, 0)), (2, 2, B))
        return [prim.select(prim.less(z, broadcast.broadcast(constant(1.0), (2, 2, B))), z, z)]

    assert show(simplified(program, ROWS)[1]) == (
        "program(%0: float32[B, 4]):\n"
        "  %1: float32[2, 2, B] = fill dtype=float32 shape=(2,2,B) value=0.5\n"
        "  return %1"
    )


def test_functions_of_fills_stay_where_machines_may_differ():
    assert left(lambda x: [prim.exp(fill(0.3))], ROWS) == ["fill", "exp"]


def test_pads_and_joins_of_fills():
    def padded(value):
        return lambda x: [layout.pad(fill(value), (0, 1), (0, 2), (0, 0))]

    assert left(padded(0), ROWS) == ["fill"]
    assert left(padded(-0.0), ROWS) == left(padded(2), ROWS) == ["broadcast"]
    _, short = simplified(padded(2), ROWS)
    np.testing.assert_array_equal(
        run_plainly(short, [np.zeros((3, 4), np.float32)], 3)[0], [[0, 2, 2, 2, 2, 0, 0]] * 3
    )
    assert left(lambda x: [layout.concatenate([fill(1), fill(1.0, (B, 2))], 1)], ROWS) == ["fill"]
    assert left(lambda x: [layout.concatenate([fill(0.0), fill(-0.0)], 1)], ROWS) == [
        "fill",
        "fill",
        "concatenate",
    ]


@pytest.mark.parametrize(
    ("value", "size", "names"),
    [
        (1.0, 1000, ["fill"]),
        (0.1, 3, ["fill", "reduce_sum"]),  # partial sums are rounded
        (0.5, 2**24, ["fill"]),
        (0.5, 2**24 + 1, ["fill", "reduce_sum"]),
        (0.0, 2**30, ["fill"]),
        (-0.0, 5, ["fill"]),
        (np.inf, 2, ["fill", "reduce_sum"]),
    ],
)
def test_sums_of_fills(value, size, names):
    def program(x):
        return [broadcast.reduce_sum(fill(value, (B, size)), (1,))]

    _, short = simplified(program, ROWS)
    assert [node.primitive.name for node in short.nodes] == names
    if names == ["fill"]:
        result = np.float32(short.nodes[0].params["value"])
        assert result == value * size
        assert not np.signbit(result)


def test_extremes_of_fills():
    def program(value, axes):
        return lambda x: [reduce.reduce_max(fill(value), axes)]

    assert left(program(0.3, (1,)), ROWS) == ["fill"]
    assert left(program(0.3, (0,)), ROWS) == ["fill", "reduce_max"]  # there may be no rows


def test_sums_of_single_elements():
    column = Spec((B, 1), FLOAT)
    assert left(lambda x: [reduce.reduce_max(x, (1,))], column) == ["reshape"]
    assert left(lambda x: [broadcast.reduce_sum(x, (1,))], column) == ["reduce_sum"]  # of -0.0
    assert left(lambda x: [broadcast.reduce_sum(prim.multiply(x, x), (1,))], column) == [
        "multiply",
        "reshape",
    ]


# Sizes, places, checks ---------------------------------------------------------------------------


def test_sizes_are_read_once():
    def program(x, y):
        rows = broadcast.dimension(prim.exp(y), 1)
        return [
            rows,
            broadcast.dimension(layout.transpose(x, (1, 0)), 1),
            broadcast.dimension(x, 1),
        ]

    _, short = simplified(program, ROWS, Spec((3, B), FLOAT))
    assert show(short) == (
        "program(%0: float32[B, 4], %1: float32[3, B]):\n"
        "  %2: int32[] = dimension %0 axis=0\n"
        "  %3: int32[] = dimension %0 axis=0\n"
        "  return %2, %3, 4"
    )


def test_places_along_an_axis_of_one():
    assert left(lambda x: [broadcast.iota((B, 1), 1, INT)], ROWS) == ["fill"]
    assert left(lambda x: [broadcast.iota((B, 1), 0, INT)], ROWS) == ["iota"]


def test_checks_that_hold_go():
    def program(x):
        always = prim.logical_not(prim.less(x, x))
        return [control.check(always, [x, prim.exp(x)], "never")[1]]

    assert left(program, LINE) == ["exp"]
    never = lambda x: list(control.check(prim.less(x, x), [x], "always"))  # noqa: E731
    assert left(never, LINE) == ["check"]


def test_what_has_an_effect_is_not_done_beforehand():
    seen = []

    def inner(x, y):
        return [x, *control.observe([y], seen.append)]

    graph, _ = trace_graph("inner", inner, [LINE, LINE])
    program, _ = trace_graph("program", lambda x: list(control.call(graph, [x, number(1)])), [LINE])
    (node,) = simplify(inline_calls(program)).nodes
    assert node.primitive.name == "observe"
    assert not seen


def test_what_an_operation_refuses_it_refuses_when_it_runs():
    def program(x):
        zero = bind(broadcast.fill_p, shape=(B,), value=0, dtype=LONG)
        return [prim.floor_divide(broadcast.fill((B,), 3, LONG), zero)]

    assert left(program, ROWS) == ["fill", "fill", "floor_divide"]
