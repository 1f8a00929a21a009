"""Element by element: how each such primitive is written, lane by lane.

One row a primitive: `emit(place, node, *values)` gives the result in registers. Booleans are
single bits in registers, bytes in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import Array
from ...core.shapes import B
from ...ir.value import Node
from ...passes.rewriter import repeated_number
from .builder import (
    I1,
    Code,
    Reg,
    bits_of,
    constant,
    element_of,
    is_float,
    lanes_of,
    suffix_of,
    vector,
    with_element,
)
from .functions import DIVISIONS, FUNCTIONS
from .layout import is_signed, register_element


class Place(NamedTuple):
    """Where lanes stand: the code being written, V, the first row of the panel, rows in all."""

    code: Code
    lanes: int
    first_row: Reg | None
    rows: Reg


Emit = Callable[..., Reg]


def _binary(float_opcode: str, integer_opcode: str) -> Emit:
    def emit(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
        return place.code.op(float_opcode if is_float(x.kind) else integer_opcode, x, y)

    return emit


def _floor_divide(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
    code = place.code
    if is_float(x.kind):
        return DIVISIONS["floor_divide"](code, x, y)
    if not is_signed(node.inputs[0].spec.dtype):
        return code.op("udiv", x, y)
    quotient = code.op("sdiv", x, y)
    down = code.select(_crosses_zero(code, x, y), constant(x.kind, 1), constant(x.kind, 0))
    return code.sub(quotient, down)


def _remainder(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
    code = place.code
    if is_float(x.kind):
        return DIVISIONS["remainder"](code, x, y)
    if not is_signed(node.inputs[0].spec.dtype):
        return code.op("urem", x, y)
    up = code.select(_crosses_zero(code, x, y), y, constant(x.kind, 0))
    return code.add(code.op("srem", x, y), up)


def _crosses_zero(code: Code, x: Reg, y: Reg) -> Reg:
    """Whether the quotient is negative and no integer: rounding down is not cutting then."""
    rest = code.op("srem", x, y)
    apart = code.icmp("slt", code.op("xor", rest, y), constant(x.kind, 0))
    return code.op("and", apart, code.icmp("ne", rest, constant(x.kind, 0)))


def _maximum(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
    return extreme(place.code, x, y, "gt", signed=is_signed(node.inputs[0].spec.dtype))


def _minimum(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
    return extreme(place.code, x, y, "lt", signed=is_signed(node.inputs[0].spec.dtype))


def extreme(code: Code, x: Reg, y: Reg, order: str, *, signed: bool) -> Reg:
    """The larger ("gt") or smaller ("lt") of two values; NaN where one is."""
    if element_of(x.kind) == I1:
        return code.op("or" if order == "gt" else "and", x, y)
    if not is_float(x.kind):
        return code.select(code.icmp(("s" if signed else "u") + order, x, y), x, y)
    if _is_number(y):  # `u` keeps a NaN of x
        return code.select(code.fcmp("u" + order, x, y), x, y)
    if _is_number(x):
        return extreme(code, y, x, order, signed=signed)
    larger = code.select(code.fcmp("o" + order, x, y), x, y)
    return code.select(code.fcmp("uno", x, x), x, larger)


def _is_number(value: Reg) -> bool:
    """Whether it is a constant, and none that is not a number."""
    return value.text.startswith("splat") and "0x7FF8" not in value.text


def _comparison(float_predicate: str, integer_predicate: str) -> Emit:
    def emit(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
        if is_float(x.kind):
            return place.code.fcmp(float_predicate, x, y)
        sign = "s" if is_signed(node.inputs[0].spec.dtype) else "u"
        predicate = integer_predicate if integer_predicate == "eq" else sign + integer_predicate
        return place.code.icmp(predicate, x, y)

    return emit


def _negative(place: Place, node: Node, x: Reg) -> Reg:
    code = place.code
    return code.fneg(x) if is_float(x.kind) else code.sub(constant(x.kind, 0), x)


def _sign(place: Place, node: Node, x: Reg) -> Reg:
    code = place.code
    zero = constant(x.kind, 0)
    if not is_float(x.kind):
        positive = code.cast("zext", code.icmp("ne", x, zero), x.kind)
        if not is_signed(node.inputs[0].spec.dtype):
            return positive
        return code.select(code.icmp("slt", x, zero), constant(x.kind, -1), positive)
    one = code.intrinsic("copysign", constant(x.kind, 1), x)
    return code.select(code.fcmp("one", x, zero), one, x)  # zeros and NaN stay


def _absolute(place: Place, node: Node, x: Reg) -> Reg:
    code = place.code
    if is_float(x.kind):
        return code.intrinsic("fabs", x)
    if not is_signed(node.inputs[0].spec.dtype):
        return x
    return code.select(
        code.icmp("slt", x, constant(x.kind, 0)), code.sub(constant(x.kind, 0), x), x
    )


def _intrinsic(name: str) -> Emit:
    return lambda place, node, x: place.code.intrinsic(name, x)


def _function(name: str) -> Emit:
    return lambda place, node, *values: FUNCTIONS[name](place.code, *values)


def _is_finite(place: Place, node: Node, x: Reg) -> Reg:
    code = place.code
    if not is_float(x.kind):
        return constant(with_element(x.kind, I1), True)
    return code.fcmp("olt", code.intrinsic("fabs", x), constant(x.kind, float("inf")))


def _logical_not(place: Place, node: Node, x: Reg) -> Reg:
    return place.code.op("xor", x, constant(x.kind, True))


def _shift(left: bool) -> Emit:
    """Shifts; by as many bits as there are or more, nothing (or the sign) is left, as in NumPy."""

    def emit(place: Place, node: Node, x: Reg, y: Reg) -> Reg:
        code = place.code
        signed = is_signed(node.inputs[0].spec.dtype)
        bits = constant(x.kind, bits_of(x.kind))
        fits = code.icmp("ult", y, bits)
        if not left and signed:
            most = code.select(fits, y, constant(x.kind, bits_of(x.kind) - 1))
            return code.op("ashr", x, most)
        shifted = code.op("shl" if left else "lshr", x, code.select(fits, y, constant(x.kind, 0)))
        return code.select(fits, shifted, constant(x.kind, 0))

    return emit


def _select(place: Place, node: Node, condition: Reg, x: Reg, y: Reg) -> Reg:
    return place.code.select(condition, x, y)


def _cast(place: Place, node: Node, x: Reg) -> Reg:
    return convert(place.code, x, node.inputs[0].spec.dtype, node.params["dtype"])


def _bitcast(place: Place, node: Node, x: Reg) -> Reg:
    kind = with_element(x.kind, register_element(node.params["dtype"]))
    return x if kind == x.kind else place.code.cast("bitcast", x, kind)


def convert(code: Code, x: Reg, source: np.dtype[Any], target: np.dtype[Any]) -> Reg:
    """`x` of dtype `source` as `target`; floats beyond an integer's range give its limit."""
    kind = with_element(x.kind, register_element(target))
    if target.kind == "b":
        if source.kind == "b":
            return x
        zero = constant(x.kind, 0)
        return code.fcmp("une", x, zero) if source.kind == "f" else code.icmp("ne", x, zero)
    if source.kind == "f" and target.kind == "f":
        wider = bits_of(kind) > bits_of(x.kind)
        return code.cast("fpext" if wider else "fptrunc", x, kind)
    if target.kind == "f":
        return code.cast("sitofp" if source.kind == "i" else "uitofp", x, kind)
    if source.kind == "f":
        return _to_integer(code, x, kind, signed=target.kind == "i")
    if bits_of(kind) <= bits_of(x.kind):
        return code.cast("trunc", x, kind)
    return code.cast("sext" if source.kind == "i" else "zext", x, kind)


def _to_integer(code: Code, x: Reg, kind: str, *, signed: bool) -> Reg:
    """Cut toward zero, with the limits beyond the range; NaN gives 0."""
    name = "llvm.fptosi.sat" if signed else "llvm.fptoui.sat"
    count = f"v{lanes_of(kind)}" if lanes_of(kind) > 1 else ""
    return code.call(kind, f"{name}.{count}{suffix_of(kind)}.{count}{suffix_of(x.kind)}", x)


def _iota(place: Place, node: Node) -> Reg:
    """The number of the row in its batch (along other axes iota is a constant)."""
    assert place.first_row is not None
    code, dtype = place.code, node.params["dtype"]
    wide = vector("i64", place.lanes)
    numbers = code.add(code.splat(place.first_row, place.lanes), code.lane_numbers(wide))
    return convert(code, numbers, np.dtype("int64"), dtype)


def _dimension(place: Place, node: Node) -> Reg:
    """The size along an axis: how many rows the batch has, or a constant."""
    size = node.inputs[0].spec.shape[node.params["axis"]]
    kind = vector("i32", place.lanes)
    if size is not B:
        return constant(kind, size)
    return place.code.splat(place.code.cast("trunc", place.rows, "i32"), place.lanes)


ELEMENTWISE: dict[str, Emit] = {
    "add": _binary("fadd", "add"),
    "subtract": _binary("fsub", "sub"),
    "multiply": _binary("fmul", "mul"),
    "divide": _binary("fdiv", "sdiv"),
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "maximum": _maximum,
    "minimum": _minimum,
    "bitwise_and": _binary("", "and"),
    "bitwise_or": _binary("", "or"),
    "bitwise_xor": _binary("", "xor"),
    "shift_left": _shift(left=True),
    "shift_right": _shift(left=False),
    "equal": _comparison("oeq", "eq"),
    "less": _comparison("olt", "lt"),
    "less_equal": _comparison("ole", "le"),
    "negative": _negative,
    "sign": _sign,
    "absolute": _absolute,
    "floor": _intrinsic("floor"),
    "ceil": _intrinsic("ceil"),
    "round_even": _intrinsic("rint"),
    "sqrt": _intrinsic("sqrt"),
    "logical_not": _logical_not,
    "is_finite": _is_finite,
    "select": _select,
    "cast": _cast,
    "bitcast": _bitcast,
    "iota": _iota,
    "dimension": _dimension,
    **{
        name: _function(name)
        for name in (
            *("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan"),
            *("arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "sigmoid"),
            *("erf", "erf_inverse", "erfc", "power"),
        )
    },
}

_FLOATS_ONLY = frozenset(("power", "divide"))


def can_emit(node: Node, divisor: Array | None) -> bool:
    """Whether the node is written here, for its dtypes; `divisor`: its second input, if known."""
    name = node.primitive.name
    if name not in ELEMENTWISE:
        return False
    if name == "dimension":
        return True
    kinds = [value.spec.dtype for value in (*node.inputs, *node.outputs)]
    if name == "cast":
        half = np.dtype("float16")  # processors convert it from and to float32
        return half not in kinds or kinds[0] == kinds[1] or np.dtype("float32") in kinds
    if any(dtype == np.float16 for dtype in kinds):
        return False
    if name == "bitcast":
        return kinds[0].itemsize == kinds[1].itemsize and all(kind.kind != "b" for kind in kinds)
    if name in ("floor_divide", "remainder"):
        return kinds[0] == np.float32 or _divides_safely(divisor)
    return name not in _FLOATS_ONLY or kinds[0].kind == "f"


def _divides_safely(divisor: Array | None) -> bool:
    """Whether integers are divided by one constant, which no processor refuses."""
    if divisor is None or divisor.dtype.kind not in "iu":
        return False
    number = repeated_number(divisor)
    return number is not None and int(number) not in (0, -1)
