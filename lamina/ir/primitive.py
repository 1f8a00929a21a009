"""A primitive is one record: name, type rule, NumPy definition, derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.registry import Registry
from .value import Spec

Rule = Callable[..., Any]

NO_GRADIENT: tuple[()] = ()
"""The derivative of a primitive through which no gradient flows."""

PRIMITIVES: Registry[Primitive] = Registry("primitive")


class Primitive:
    """One operation that backends implement.

    `infer(*specs, **params)` gives the Spec of the result (a tuple of them where `multiple`)
    and raises where the arguments do not fit. `evaluate(*arrays, **params)` is its definition.
    `vjp` holds one rule an input, `rule(g, out, *inputs, **params)`, from the cotangent of the
    result to that of the input, written in primitives; None for an input without a gradient;
    or one function `vjp(index)` that gives the rule of input `index`, for any number of them.
    With `multiple` results, `g` and `out` are tuples, and entries of `g` may be None.
    `may_warn`: the NumPy definition can raise floating-point warnings. `effect`: it does
    something besides giving results, so it stays in a program that does not use them.
    `shows`: it does so in each run of a program, even where all that it reads is known.
    A parameter named `shape` is the only one that may hold the symbolic batch `B`.
    """

    __slots__ = ("effect", "evaluate", "infer", "may_warn", "multiple", "name", "shows", "vjp")

    def __init__(
        self,
        name: str,
        *,
        infer: Callable[..., Spec | tuple[Spec, ...]],
        evaluate: Callable[..., Any],
        vjp: tuple[Rule | None, ...] | Callable[[int], Rule | None],
        multiple: bool = False,
        may_warn: bool = False,
        effect: bool = False,
        shows: bool = False,
    ) -> None:
        self.name = name
        self.infer = infer
        self.evaluate = evaluate
        self.vjp = vjp
        self.multiple = multiple
        self.may_warn = may_warn
        self.effect = effect
        self.shows = shows
        PRIMITIVES.add(self, name)

    def rule(self, index: int) -> Rule | None:
        """The derivative rule of input `index`; None where no gradient flows."""
        if callable(self.vjp):
            return self.vjp(index)
        return self.vjp[index] if self.vjp else None

    def __repr__(self) -> str:
        return self.name
