"""How each operation element by element is written in C, and which function it calls.

A rule gets the file's functions, the types of the operands and of the result, and the operands as
expressions without side effects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...ir.value import Node
from . import helpers
from .functions import Functions
from .types import c_type, literal, unsigned

Dtype = np.dtype[Any]
Rule = Callable[[Functions, Node, list[str]], str]


def _dtype(node: Node, place: int = -1) -> Dtype:
    """The type of an operand, by default of the last one."""
    return node.inputs[place].spec.dtype


def _library(name: str) -> Rule:
    """A function of C's library, in the form for the type."""

    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        suffix = "f" if _dtype(node).itemsize == 4 else ""
        return f"{name}{suffix}({', '.join(operands)})"

    return rule


def _arithmetic(operator: str) -> Rule:
    """Of floats as it is; of integers so that it wraps around."""

    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        dtype = _dtype(node)
        if dtype.kind == "f":
            return f" {operator} ".join(operands)
        wide = unsigned(dtype)
        return f"({c_type(dtype)})({f' {operator} '.join(f'({wide}){x}' for x in operands)})"

    return rule


def _negative(functions: Functions, node: Node, operands: list[str]) -> str:
    (x,) = operands
    dtype = _dtype(node)
    if dtype.kind == "f":
        return f"-{x}"
    return f"({c_type(dtype)})(0 - ({unsigned(dtype)}){x})"


def _absolute(functions: Functions, node: Node, operands: list[str]) -> str:
    kind, (x,) = _dtype(node).kind, operands
    if kind == "f":
        return _library("fabs")(functions, node, operands)
    return f"{x} < 0 ? {_negative(functions, node, operands)} : {x}" if kind == "i" else x


def _sign(functions: Functions, node: Node, operands: list[str]) -> str:
    dtype, (x,) = _dtype(node), operands
    made = c_type(dtype)
    if dtype.kind == "u":
        return f"({made})({x} > 0)"
    found = f"({made})(({x} > 0) - ({x} < 0))"
    return f"{x} != {x} ? {x} : {found}" if dtype.kind == "f" else found


def _extreme(operator: str) -> Rule:
    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        return extreme(operator, _dtype(node), *operands)

    return rule


def extreme(operator: str, dtype: Dtype, x: str, y: str) -> str:
    """The larger (`>`) or smaller (`<`) of two; NaN where one is."""
    if not x[0].isalpha():  # a number: only the other can be NaN
        x, y = y, x
    unordered = f" || {x} != {x}" if dtype.kind == "f" else ""
    return f"{x} {operator} {y}{unordered} ? {x} : {y}"


def _bitwise(operator: str) -> Rule:
    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        return f"({c_type(_dtype(node))})({f' {operator} '.join(operands)})"

    return rule


def _comparison(operator: str) -> Rule:
    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        return f"(uint8_t)({f' {operator} '.join(operands)})"

    return rule


def _division(name: str) -> Rule:
    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        dtype = _dtype(node)
        found = functions.of_type(name, dtype, helpers.division(name, dtype.kind))
        status = "" if dtype.kind == "f" else f", {functions.status()}"
        return f"{found}({', '.join(operands)}{status})"

    return rule


def _power(functions: Functions, node: Node, operands: list[str]) -> str:
    dtype = _dtype(node)
    if dtype.kind == "f":
        return _library("pow")(functions, node, operands)
    found = functions.of_type("power", dtype, helpers.power(dtype.kind == "i"))
    return f"{found}({', '.join(operands)}, {functions.status()})"


def _shift(name: str) -> Rule:
    def rule(functions: Functions, node: Node, operands: list[str]) -> str:
        dtype = _dtype(node)
        found = functions.of_type(name, dtype, helpers.shift(name, dtype.kind == "i"))
        return f"{found}({', '.join(operands)})"

    return rule


def _sigmoid(functions: Functions, node: Node, operands: list[str]) -> str:
    one = literal(1, _dtype(node))
    return f"{one} / ({one} + {_library('exp')(functions, node, [f'-{operands[0]}'])})"


def _erf_inverse(functions: Functions, node: Node, operands: list[str]) -> str:
    name = functions.plain("erf_inverse", helpers.inverse_error())
    return f"({c_type(_dtype(node))}){name}({operands[0]})"


def _cast(functions: Functions, node: Node, operands: list[str]) -> str:
    (x,) = operands
    source, target = _dtype(node), node.params["dtype"]
    if target.kind == "b":
        return f"(uint8_t)({x} != 0)"
    if source.kind == "f" and target.kind in "iu":
        return f"{_cut(functions, source, target)}({x})"
    return f"({c_type(target)}){x}"


def _cut(functions: Functions, source: Dtype, target: Dtype) -> str:
    limits = np.iinfo(target)
    low, above = (literal(x, source) for x in (float(limits.min), float(limits.max) + 1))
    least, most = (literal(x, target) for x in (limits.min, limits.max))
    names = c_type(source), c_type(target)
    text = helpers.cast(*names, low, above, least, most)
    return functions.plain(f"cast_{'_'.join(names)}", text)


ELEMENTWISE: dict[str, Rule] = {
    **{name: _library(name) for name in ("floor", "ceil", "sqrt", "exp", "expm1", "log", "log1p")},
    **{name: _library(name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "erf")},
    **{f"arc{name}": _library(f"a{name}") for name in ("sin", "cos", "tan", "tan2")},
    **{f"arc{name}": _library(f"a{name}") for name in ("sinh", "cosh", "tanh")},
    "absolute": _absolute,
    "add": _arithmetic("+"),
    "bitwise_and": _bitwise("&"),
    "bitwise_or": _bitwise("|"),
    "bitwise_xor": _bitwise("^"),
    "cast": _cast,
    "divide": _arithmetic("/"),
    "equal": _comparison("=="),
    "erf_inverse": _erf_inverse,
    "erfc": _library("erfc"),
    "floor_divide": _division("floor_divide"),
    "is_finite": lambda functions, node, x: (
        f"(uint8_t)({x[0]} - {x[0]} == 0)" if _dtype(node).kind == "f" else "1"
    ),
    "less": _comparison("<"),
    "less_equal": _comparison("<="),
    "logical_not": lambda functions, node, x: f"(uint8_t)!{x[0]}",
    "maximum": _extreme(">"),
    "minimum": _extreme("<"),
    "multiply": _arithmetic("*"),
    "negative": _negative,
    "power": _power,
    "remainder": _division("remainder"),
    "round_even": _library("rint"),
    "select": lambda functions, node, x: f"{x[0]} ? {x[1]} : {x[2]}",
    "shift_left": _shift("shift_left"),
    "shift_right": _shift("shift_right"),
    "sigmoid": _sigmoid,
    "sign": _sign,
    "subtract": _arithmetic("-"),
}
