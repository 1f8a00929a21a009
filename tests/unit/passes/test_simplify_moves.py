"""Simplification of operations that move elements."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.shapes import B
from lamina.ir.bind import bind, new_value
from lamina.ir.show import show
from lamina.ir.value import Spec
from lamina.prims import broadcast, index, layout, matmul
from lamina.prims import elementwise as prim
from tests.tools.simplifying import agree, left, simplified

FLOAT = np.dtype("float32")
ROWS = Spec((B, 4), FLOAT)


def constant(array):
    return new_value(np.asarray(array, FLOAT))


CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
COLUMN = CUBE[:, :, :1].repeat(2, 1)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (lambda x: bind(broadcast.reshape_p, x, shape=(2, 3, 4)), []),
        (lambda x: broadcast.reshape(broadcast.reshape(x, (6, 4)), (4, 6)), ["reshape"]),
        (lambda x: broadcast.reshape(broadcast.reshape(x, (6, 4)), (2, 3, 4)), []),
        (lambda x: bind(broadcast.broadcast_p, x, shape=(2, 3, 4)), []),
        (
            lambda x: broadcast.broadcast(broadcast.broadcast(x, (1, 2, 3, 4)), (5, 2, 3, 4)),
            ["broadcast"],
        ),
        (
            lambda x: broadcast.broadcast(broadcast.reshape(x, (1, 1, 2, 3, 4)), (5, 1, 2, 3, 4)),
            ["broadcast"],
        ),
        (
            lambda x: broadcast.broadcast(broadcast.reshape(x, (2, 3, 1, 4)), (2, 3, 5, 4)),
            ["reshape", "broadcast"],
        ),
        (lambda x: layout.transpose(x, (0, 1, 2)), []),
        (lambda x: layout.transpose(layout.transpose(x, (2, 0, 1)), (1, 2, 0)), []),
        (lambda x: layout.transpose(layout.transpose(x, (2, 0, 1)), (2, 0, 1)), ["transpose"]),
        (lambda x: layout.transpose(layout.transpose(x, (2, 0, 1)), (0, 2, 1)), ["transpose"]),
        (lambda x: layout.transpose(broadcast.reshape(x, (1, 24)), (1, 0)), ["reshape"]),
        (lambda x: layout.reverse(layout.reverse(x, (0, 2)), (0, 2)), []),
        (lambda x: layout.reverse(layout.reverse(x, (0, 2)), (1, 2)), ["reverse"]),
        (lambda x: layout.reverse(broadcast.reshape(x, (1, 24)), (0,)), ["reshape"]),
        (lambda x: layout.strided_slice(x, (0, 0, 0), (2, None, 4), (1, 1, 1)), []),
        (lambda x: layout.pad(x, (0, 0, 0), (0, 0, 0), (0, 0, 0)), []),
        (lambda x: layout.concatenate([x], 1), []),
        (lambda x: layout.concatenate([layout.concatenate([x, x], 1), x], 1), ["concatenate"]),
        (
            lambda x: layout.concatenate([layout.concatenate([x, x], 0), constant(CUBE)], 0),
            ["concatenate"],
        ),
        (
            lambda x: layout.concatenate([layout.concatenate([x, x], 1), constant(COLUMN)], 2),
            ["concatenate", "concatenate"],
        ),
        (
            lambda x: layout.concatenate(
                [layout.strided_slice(x, (0, 2, 0), (2, 2, 4), (1, 1, 1)), x], 1
            ),
            [],
        ),
    ],
)
def test_moves(function, names):
    agree(function, CUBE, names=names)


def test_slices_of_slices_and_of_parts():
    def sliced(x):
        first = layout.strided_slice(x, (0, 0, 1), (2, 3, 4), (1, 2, 1))
        return layout.strided_slice(first, (1, 1, 0), (2, 2, 3), (1, 1, 2))

    agree(sliced, CUBE, names=["slice"])

    def part(start, stop):
        def function(x):
            joined = layout.concatenate([x, prim.exp(x)], 1)
            return layout.strided_slice(joined, (0, start, 0), (2, stop, 4), (1, 1, 1))

        return function

    agree(part(0, 3), CUBE, names=[])
    agree(part(1, 3), CUBE, names=["slice"])
    agree(part(3, 6), CUBE, names=["exp"])
    agree(part(4, 5), CUBE, names=["exp", "slice"])
    agree(part(2, 4), CUBE, names=["exp", "concatenate", "slice"])
    agree(part(2, 2), CUBE, names=["exp", "concatenate", "slice"])


def test_slices_of_what_is_repeated():
    def repeated(stop):
        def function(x):
            many = broadcast.broadcast(broadcast.reshape(x, (2, 1, 12)), (5, 2, 3, 12))
            return layout.strided_slice(many, (1, 0, 0, 0), (3, 2, 2, stop), (1, 1, 1, 1))

        return function

    agree(repeated(12), CUBE, names=["reshape", "broadcast"])
    agree(repeated(11), CUBE, names=["reshape", "broadcast", "slice"])


def test_one_element_goes_to_its_last_shape_at_once():
    def program(x):
        line = broadcast.broadcast(broadcast.reshape(x, (1,)), (B,))
        return [
            broadcast.reshape(line, (B, 1)),
            layout.transpose(broadcast.reshape(line, (1, B)), (1, 0)),
        ]

    _, short = simplified(lambda x, _: program(x), Spec((), FLOAT), ROWS)
    assert [node.primitive.name for node in short.nodes] == ["broadcast"] * 2
    scalar = broadcast.reshape_p
    deep = Spec((1, 1, 1), FLOAT)
    assert left(lambda x: [bind(scalar, broadcast.broadcast(x, (5, 1, 1)), shape=(5,))], deep) == [
        "reshape",
        "broadcast",
    ]


def test_a_product_reads_a_transposed_matrix_by_itself():
    def product(x, y):
        return [matmul.matmul(layout.transpose(x, (1, 0)), y, False, False)]

    _, short = simplified(product, Spec((3, B), FLOAT), Spec((3, 5), FLOAT))
    assert show(short) == (
        "program(%0: float32[3, B], %1: float32[3, 5]):\n"
        "  %2: float32[B, 5] = matmul %0, %1 transpose_x=True transpose_y=False\n"
        "  return %2"
    )
    stack = Spec((2, 3, 3), FLOAT)
    names = left(lambda x: [matmul.matmul(x, layout.transpose(x, (1, 0, 2)), False, False)],
                 Spec((3, 3, 3), FLOAT))  # fmt: skip
    assert names == ["transpose", "matmul"]
    assert left(
        lambda x: [matmul.matmul(x, layout.transpose(x, (0, 2, 1)), False, True)], stack
    ) == ["matmul"]


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ([1, 2], ["slice"]),
        ([2, 1, 0], ["reverse"]),
        ([2, 1], ["slice", "reverse"]),
        ([0, 2, 2], ["slice", "slice", "slice", "concatenate"]),
        ([[0, 1], [1, 2]], ["slice", "slice", "concatenate", "reshape"]),
        (2, ["slice", "reshape"]),
        ([0, 2] * 33, ["gather"]),
    ],
)
def test_reading_at_known_places_is_slicing(places, names):
    agree(lambda x: index.gather(x, new_value(np.array(places)), 1), CUBE, names=names)
    rows = Spec((B, 3), FLOAT)
    found = left(lambda x: [index.gather(x, new_value(np.array(places)), 1)], rows)
    assert found == names


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ([1, 2], ["pad", "add"]),
        ([2, 2], ["slice", "pad", "add", "slice", "pad", "add"]),
        ([2, 1], ["reverse", "pad", "add"]),
    ],
)
def test_adding_at_known_places_is_padding(places, names):
    values = CUBE[:, :2]
    values[0, 0, 0] = -0.0
    function = index.scatter_add
    agree(lambda x: function(new_value(np.array(places)), x, (2, 3, 4), 1), values, names=names)


def test_places_outside_stay_for_the_error_that_they_raise():
    def read(x):
        return [index.gather(x, new_value(np.array([3])), 1)]

    assert left(read, Spec((2, 3), FLOAT)) == ["gather"]
    assert left(lambda x: [index.gather(x, new_value(np.array([0])), 0)], ROWS) == ["gather"]
