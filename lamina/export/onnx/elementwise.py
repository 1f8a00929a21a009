"""Primitives that work element by element, as operators of ONNX."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.dtypes import BOOL, INT64
from ...core.shapes import Shape, broadcast_shapes
from ...ir.value import Node
from .kernels import computed_in
from .writer import Loose, Writer

_OPERATORS = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "power": "Pow",
    "negative": "Neg",
    "sign": "Sign",
    "absolute": "Abs",
    "floor": "Floor",
    "ceil": "Ceil",
    "round_even": "Round",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "log": "Log",
    "sin": "Sin",
    "cos": "Cos",
    "tan": "Tan",
    "arcsin": "Asin",
    "arccos": "Acos",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "tanh": "Tanh",
    "arcsinh": "Asinh",
    "arccosh": "Acosh",
    "arctanh": "Atanh",
    "sigmoid": "Sigmoid",
    "erf": "Erf",
    "logical_not": "Not",
}
"""One operator each, on inputs and to results of one dtype."""
_COMPARISONS = {"equal": "Equal", "less": "Less", "less_equal": "LessOrEqual"}
_OF_BOOLEANS = {
    "maximum": ("Max", "Or"),
    "minimum": ("Min", "And"),
    "bitwise_and": ("BitwiseAnd", "And"),
    "bitwise_or": ("BitwiseOr", "Or"),
    "bitwise_xor": ("BitwiseXor", "Xor"),
}
"""The operator of numbers, and that of booleans."""


class Elements:
    """The inputs of one node, repeated by its operators themselves, and steps on them."""

    def __init__(self, writer: Writer, node: Node) -> None:
        loose = [writer.loose(value) for value in node.inputs]
        self.writer = writer
        self.names = [item.name for item in loose]
        self.dtype = node.inputs[0].spec.dtype
        self.shape: Shape = ()
        for item in loose:
            self.shape = broadcast_shapes(self.shape, item.shape)

    def __call__(self, operator: str, *names: str, **attributes: Any) -> str:
        return self.writer.compute(operator, self.dtype, *names, **attributes)

    def number(self, number: Any) -> str:
        """A number of the dtype of the inputs."""
        return self.writer.scalar(number, self.dtype)

    def done(self, name: str) -> Loose:
        """The result of the node."""
        return Loose(name, self.shape)


def _operator(writer: Writer, node: Node) -> Loose:
    own = Elements(writer, node)
    return own.done(own(_OPERATORS[node.primitive.name], *own.names))


def _comparison(writer: Writer, node: Node) -> Loose:
    own = Elements(writer, node)
    return own.done(own(_COMPARISONS[node.primitive.name], *own.names, to=BOOL))


def _by_kind(writer: Writer, node: Node) -> Loose:
    own = Elements(writer, node)
    numbers, booleans = _OF_BOOLEANS[node.primitive.name]
    return own.done(own(booleans if own.dtype == BOOL else numbers, *own.names))


def _remainder_of(own: Elements) -> str:
    """x - y floor(x / y), with the sign of y."""
    x, y = own.names
    if own.dtype.kind != "f":
        return own("Mod", x, y, fmod=0)
    rest = own("Mod", x, y, fmod=1)
    zero = own.number(0)
    differ = own.writer.node("Xor", own("Less", rest, zero, to=BOOL), own("Less", y, zero, to=BOOL))
    wrong = own.writer.node(
        "And", differ, own.writer.node("Not", own("Equal", rest, zero, to=BOOL))
    )
    return _chosen(own, wrong, own("Add", rest, y), rest)


def _remainder(writer: Writer, node: Node) -> Loose:
    own = Elements(writer, node)
    return own.done(_remainder_of(own))


def _floor_divide(writer: Writer, node: Node) -> Loose:
    """(x - rest) / y, which is whole."""
    own = Elements(writer, node)
    quotient = own("Div", own("Sub", own.names[0], _remainder_of(own)), own.names[1])
    return own.done(own("Round", quotient) if own.dtype.kind == "f" else quotient)


def _shift(writer: Writer, node: Node) -> Loose:
    """x 2^y, or x / 2^y rounded down, in two steps: 2^63 is no int64."""
    own = Elements(writer, node)
    x, y = (writer.cast(name, INT64) for name in own.names)
    first = writer.node("Min", y, writer.scalar(62, INT64))
    for distance in (first, writer.node("Sub", y, first)):
        power = writer.node("Pow", writer.scalar(2, INT64), distance)
        if node.primitive.name == "shift_left":
            x = writer.node("Mul", x, power)
        else:
            x = writer.node("Div", writer.node("Sub", x, writer.node("Mod", x, power)), power)
    return own.done(writer.cast(x, own.dtype))


def _exponential_less_one(writer: Writer, node: Node) -> Loose:
    """2 t / (1 - t) with t = tanh(x / 2) near 0, where eˣ - 1 would lose digits."""
    own = Elements(writer, node)
    (x,) = own.names
    one = own.number(1)
    half = own("Tanh", own("Mul", x, own.number(0.5)))
    near = own("Div", own("Add", half, half), own("Sub", one, half))
    far = own("Sub", own("Exp", x), one)
    return own.done(_chosen(own, own("Less", own("Abs", x), one, to=BOOL), near, far))


def _logarithm_of_more(writer: Writer, node: Node) -> Loose:
    """2 artanh(x / (2 + x)) by its series near 0, where log(1 + x) would lose digits."""
    own = Elements(writer, node)
    (x,) = own.names
    ratio = own("Div", x, own("Add", x, own.number(2)))
    square = own("Mul", ratio, ratio)
    total = own.number(2 / 11)
    for power in (9, 7, 5, 3, 1):
        total = own("Add", own("Mul", total, square), own.number(2 / power))
    near = own("Mul", ratio, total)
    far = own("Log", own("Add", x, own.number(1)))
    small = own("Less", own("Abs", x), own.number(0.25), to=BOOL)
    return own.done(_chosen(own, small, near, far))


def _complement_of_erf(writer: Writer, node: Node) -> Loose:
    own = Elements(writer, node)
    return own.done(own("Sub", own.number(1), own("Erf", own.names[0])))


def _angle(writer: Writer, node: Node) -> Loose:
    """atan(y / x), by half a turn more or less left of 0, ± a quarter at x = 0."""
    own = Elements(writer, node)
    y, x = own.names
    zero = own.number(0)
    angle = own("Atan", own("Div", y, x))
    turn = _chosen(own, own("Less", y, zero, to=BOOL), own.number(-math.pi), own.number(math.pi))
    angle = _chosen(own, own("Less", x, zero, to=BOOL), own("Add", angle, turn), angle)
    upright = own("Mul", own("Sign", y), own.number(math.pi / 2))
    return own.done(_chosen(own, own("Equal", x, zero, to=BOOL), upright, angle))


def _is_finite(writer: Writer, node: Node) -> Loose:
    """x - x = 0, which infinities and NaN are not."""
    own = Elements(writer, node)
    (x,) = own.names
    if own.dtype == BOOL:
        return own.done(own("Or", x, own("Not", x)))
    return own.done(own("Equal", own("Sub", x, x), own.number(0), to=BOOL))


def _chosen(own: Elements, condition: str, x: str, y: str) -> str:
    return chosen(own.writer, own.dtype, condition, x, y)


def chosen(writer: Writer, dtype: np.dtype[Any], condition: str, x: str, y: str) -> str:
    """x where the condition holds, else y."""
    wide = computed_in("Where", dtype)
    if wide == dtype:
        return writer.node("Where", condition, x, y)
    found = writer.node("Where", condition, writer.cast(x, wide), writer.cast(y, wide))
    return writer.cast(found, dtype)


def _select(writer: Writer, node: Node) -> Loose:
    own = Elements(writer, node)
    return own.done(chosen(writer, node.inputs[1].spec.dtype, *own.names))


_LARGEST = 9.2233715e18  # the largest float32 below 2^63


def _cast(writer: Writer, node: Node) -> Loose:
    """Floats beyond the range of integers become its limits, NaN 0."""
    own = Elements(writer, node)
    (x,) = own.names
    wanted = node.params["dtype"]
    if own.dtype.kind != "f" or wanted.kind not in "iu":
        return own.done(writer.cast(x, wanted))
    wide = writer.cast(x, np.dtype("float64" if own.dtype.itemsize == 8 else "float32"))
    number = np.dtype("float64" if own.dtype.itemsize == 8 else "float32")
    is_number = writer.node("Equal", wide, wide)
    known = writer.node("Where", is_number, wide, writer.scalar(0, number))
    limits = [writer.scalar(limit, number) for limit in (-_LARGEST, _LARGEST)]
    whole = writer.cast(writer.node("Clip", known, *limits), INT64)
    if wanted.itemsize < 8 or wanted.kind == "u":
        ends = np.iinfo(wanted)
        limits = [writer.scalar(min(end, 2**63 - 1), INT64) for end in (ends.min, ends.max)]
        whole = writer.cast(writer.node("Clip", whole, *limits), wanted)
    return own.done(whole)


RULES = {
    **dict.fromkeys(_OPERATORS, _operator),
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(_OF_BOOLEANS, _by_kind),
    **dict.fromkeys(("shift_left", "shift_right"), _shift),
    "remainder": _remainder,
    "floor_divide": _floor_divide,
    "expm1": _exponential_less_one,
    "log1p": _logarithm_of_more,
    "erfc": _complement_of_erf,
    "arctan2": _angle,
    "is_finite": _is_finite,
    "select": _select,
    "cast": _cast,
}
