"""Where the elements of a value lie: panels of V lanes.

A value with a batch axis has the batch in the lanes and its other axes, flattened, as rows; any
other value has its last axis in the lanes, but for a narrow matrix (the weights of a layer of few
units), which lies turned: its first axis is in the lanes. Element (r, c) of `rows` × `columns`
stands at ((c // V) · rows + r) · V + c % V. So what works row by row is the same code for V rows at
once, and a matrix product reads both of its operands as they lie.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B, Shape
from ...ir.value import Node, Spec, Value
from .builder import F32, F64, I1, I8, I32, I64, element_of

_ELEMENTS = {
    "float32": F32,
    "float64": F64,
    "float16": "half",
    "bool": I8,
    "int8": I8,
    "uint8": I8,
    "int16": "i16",
    "uint16": "i16",
    "int32": I32,
    "uint32": I32,
    "int64": I64,
    "uint64": I64,
}


NARROW = 16  # columns below which a matrix that is higher than wide lies turned


class Form(NamedTuple):
    """How a value lies in panels; the lanes of a `batch` are counted when a program runs.

    `turned`: a matrix whose first axis is in the lanes.
    """

    batch: bool
    rows: int
    columns: int
    turned: bool = False

    def panels(self, lanes: int) -> int:
        """How many panels a value without a batch takes."""
        return -(-self.columns // lanes)

    @property
    def size(self) -> int:
        """Elements, for one row of a batch."""
        return self.rows * self.columns


def form_of(spec: Spec) -> Form:
    """The form of a value of type `spec`."""
    sizes = [int(size) for size in spec.shape if size is not B]
    if len(sizes) < len(spec.shape):
        return Form(True, math.prod(sizes), 1)
    if lies_turned(spec):
        return Form(False, sizes[1], sizes[0], sizes[1] > 1)
    return Form(False, math.prod(sizes[:-1]), sizes[-1] if sizes else 1)


def lies_turned(spec: Spec) -> bool:
    """Whether a value is a narrow matrix."""
    shape = spec.shape
    if len(shape) != 2 or B in shape:
        return False
    return shape[1] < NARROW and shape[1] < shape[0]  # type: ignore[operator]


def has_form(spec: Spec) -> bool:
    """Whether the backend can hold values of this type."""
    symbols = sum(size is B for size in spec.shape)
    return symbols <= 1 and 0 not in spec.shape and spec.dtype.name in _ELEMENTS


def memory_element(dtype: np.dtype[Any]) -> str:
    """The LLVM type of an element in memory."""
    return _ELEMENTS[dtype.name]


def register_element(dtype: np.dtype[Any]) -> str:
    """The LLVM type of a lane in a register: booleans are single bits there."""
    return I1 if dtype.kind == "b" else _ELEMENTS[dtype.name]


def address(form: Form, elements: Array, lanes: int) -> Array:
    """Where elements (by row-major number) of a value without a batch stand."""
    row, column = coordinates(form, elements)
    result: Array = (column // lanes * form.rows + row) * lanes + column % lanes
    return np.where(elements < 0, -1, result)


def coordinates(form: Form, elements: Array) -> tuple[Array, Array]:
    """The rows and columns in which elements (by row-major number) of a value lie."""
    if form.turned:
        column, row = np.divmod(elements, form.rows)
    else:
        row, column = np.divmod(elements, form.columns)
    return row, column


def is_signed(dtype: np.dtype[Any]) -> bool:
    """Whether integers of this type have a sign."""
    return dtype.kind == "i"


def element_size(element: str) -> int:
    """Bytes of one element in memory."""
    return {F32: 4, F64: 8, "half": 2}.get(element) or int(element_of(element)[1:]) // 8


def moved_element(value: Value) -> str:
    """The type that moves the bytes of an element."""
    element = memory_element(value.spec.dtype)
    return "i16" if element == "half" else element


# Views ------------------------------------------------------------------------------------------


class View(NamedTuple):
    """A value as elements of another: `numbers` tells which, -1 for zero; None: all, in order.

    The shape of `numbers` is that of the value, with 1 for the batch.
    """

    base: Value
    numbers: Array | None


def plain(shape: Shape) -> tuple[int, ...]:
    """`shape` with 1 for the batch."""
    return tuple(1 if size is B else int(size) for size in shape)


def _moved(node: Node, index: Array) -> Array:
    """What moving operation `node` makes of the numbers of elements."""
    params = node.params
    name = node.primitive.name
    if name == "reshape":
        return index.reshape(plain(params["shape"]))
    if name == "broadcast":
        return np.broadcast_to(index, plain(params["shape"]))
    if name == "transpose":
        return index.transpose(params["axes"])
    if name == "reverse":
        return np.flip(index, params["axes"])
    if name == "slice":
        places = zip(params["starts"], params["stops"], params["steps"], strict=True)
        return index[tuple(slice(*place) for place in places)]
    padded = node.primitive.evaluate(index + 1, **params)
    result: Array = np.asarray(padded) - 1
    return result


MOVES = frozenset(("reshape", "broadcast", "transpose", "reverse", "slice", "pad"))
ALIASES = frozenset(("stop_gradient",))


def numbered(shape: Shape) -> Array:
    """The row-major numbers of the elements of a value."""
    sizes = plain(shape)
    return np.arange(math.prod(sizes)).reshape(sizes)


def move(node: Node, view: View) -> View:
    """The view that a moving operation gives of what `view` shows."""
    name = node.primitive.name
    if name in ALIASES:
        return view
    before, after = node.inputs[0].spec.shape, node.outputs[0].spec.shape
    if name == "reshape" and view.numbers is None:
        return view
    if name == "transpose" and view.numbers is None and _keeps_order(before, node.params["axes"]):
        return view
    index = numbered(before) if view.numbers is None else view.numbers.reshape(plain(before))
    return View(view.base, _moved(node, index).reshape(plain(after)))


def _keeps_order(shape: Shape, axes: tuple[int, ...]) -> bool:
    """Whether only the batch, or axes of size 1, change places."""
    kept = [axis for axis in axes if shape[axis] is not B and shape[axis] != 1]
    return kept == sorted(kept)
