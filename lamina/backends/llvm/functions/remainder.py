"""Remainders and floors of quotients of float32, exact as in C's fmod and Python's %."""

from __future__ import annotations

from ..builder import F64, Code, Reg, with_element
from .pieces import like

_STEPS = 6  # each takes 52 of the 277 bits that the quotient of two float32 can have


def _fmod(code: Code, x: Reg, y: Reg) -> Reg:
    """x - y trunc(x / y), which float32 holds exactly, by quotients of float64.

    A step leaves x - q y for a q of 53 bits: all of its bits fit float64, so nothing is lost. The
    last q may be one too large, which turns the sign.
    """
    wide = with_element(x.kind, F64)
    rest, divisor = code.cast("fpext", x, wide), code.cast("fpext", y, wide)
    size = code.intrinsic("fabs", divisor)
    endless = code.fcmp("oeq", size, like(size, float("inf")))
    factor = code.select(endless, like(size, 1), divisor)  # for 0 times infinity is no number
    for _ in range(_STEPS):
        quotient = code.intrinsic("trunc", code.fdiv(rest, divisor))
        rest = code.fma(code.fneg(quotient), factor, rest)
    zero = like(rest, 0)
    turned = code.fcmp("olt", code.fmul(rest, code.cast("fpext", x, wide)), zero)
    signed = code.intrinsic("copysign", size, code.cast("fpext", x, wide))
    rest = code.select(turned, code.fadd(rest, signed), rest)
    return code.cast("fptrunc", rest, x.kind)


def _apart(code: Code, rest: Reg, y: Reg) -> Reg:
    """Whether there is a remainder, and its sign is not that of y."""
    zero = like(y, 0)
    below = code.op("xor", code.fcmp("olt", rest, zero), code.fcmp("olt", y, zero))
    return code.op("and", code.fcmp("one", rest, zero), below)


def remainder(code: Code, x: Reg, y: Reg) -> Reg:
    """x - y floor(x / y), with the sign of y."""
    rest = _fmod(code, x, y)
    moved = code.select(_apart(code, rest, y), code.fadd(rest, y), rest)
    nothing = code.fcmp("oeq", rest, like(y, 0))
    return code.select(nothing, code.intrinsic("copysign", like(y, 0), y), moved)


def floor_divide(code: Code, x: Reg, y: Reg) -> Reg:
    """The floor of x / y, which agrees with the remainder."""
    zero, plain = like(y, 0), code.fdiv(x, y)
    rest = _fmod(code, x, y)
    quotient = code.fdiv(code.fsub(x, rest), y)
    lower = code.select(_apart(code, rest, y), code.fsub(quotient, like(y, 1)), quotient)
    floor = code.intrinsic("floor", lower)
    short = code.fcmp("ogt", code.fsub(lower, floor), like(y, 0.5))
    floor = code.select(short, code.fadd(floor, like(y, 1)), floor)
    nothing = code.fcmp("oeq", lower, zero)
    floor = code.select(nothing, code.intrinsic("copysign", zero, plain), floor)
    return code.select(code.fcmp("oeq", y, zero), plain, floor)
