"""Elementary functions on vectors of float32 or float64, without branches or calls of a library.

Each `emit(code, *values)` writes a function of values of one kind and gives its result. Infinities,
NaN, signed zeros and the smallest numbers give what NumPy gives; the same bits come out for every
number of lanes. Functions that take many lines are written once a module and called.
"""

from __future__ import annotations

from collections.abc import Callable

from ..builder import Code, Reg, element_of, lanes_of
from .angles import arccos, arcsin, arctan, arctan2
from .error import erf, erf_inverse, erfc
from .exponential import cosh, exp, expm1, sigmoid, sinh, tanh
from .logarithm import arccosh, arcsinh, arctanh, log, log1p
from .power import power
from .remainder import floor_divide, remainder
from .trigonometry import cos, sin, tan

Emit = Callable[..., Reg]


def _called(emit: Emit) -> Emit:
    """`emit` as a function of the module, for each kind of values that it gets."""

    def call(code: Code, *values: Reg) -> Reg:
        kind = values[0].kind
        name = f"{emit.__name__}.{element_of(kind)}.{lanes_of(kind)}"
        if name not in code.module.functions:
            arguments = [(kind, f"x{place}") for place in range(len(values))]
            body = Code(code.module, name, arguments, kind)
            body.ret(emit(body, *body.arguments))
        return code.call(kind, name, *values)

    return call


FUNCTIONS: dict[str, Emit] = {
    emit.__name__: emit for emit in (exp, expm1, log, log1p, sigmoid, tanh)
} | {
    emit.__name__: _called(emit)
    for emit in (
        sin, cos, tan, arcsin, arccos, arctan, arctan2, sinh, cosh, arcsinh, arccosh, arctanh,
        erf, erf_inverse, erfc, power,
    )
}  # fmt: skip

DIVISIONS: dict[str, Emit] = {emit.__name__: _called(emit) for emit in (floor_divide, remainder)}
"""Of float32 only."""
