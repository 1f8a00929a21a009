"""Type rules that the families share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import Array
from ..core.errors import ArgumentTypeError, InvalidArgumentError
from ..ir.value import Spec

FLOAT = "f"
NUMBER = "fiuc"
INTEGER = "iu"
ORDERED = "fiub"
ANY = "fiucb"
VALUE = "fiucbO"
SORTABLE = "fiubO"
BOOLEAN = "b"

_KIND_NAMES = {
    FLOAT: "a floating-point dtype",
    NUMBER: "numbers",
    INTEGER: "integers",
    NUMBER + "O": "numbers or strings",
    ORDERED: "ordered values",
    ANY: "numbers or booleans",
    VALUE: "numbers, booleans or strings",
    SORTABLE: "ordered values",
    BOOLEAN: "booleans",
    "ib": "integers or booleans",
    "iub": "integers or booleans",
}


def check_kind(name: str, spec: Spec, kinds: str) -> None:
    """Raise unless the dtype of `spec` is of one of `kinds`."""
    if spec.dtype.kind not in kinds:
        raise ArgumentTypeError(
            f"{name} expects {_KIND_NAMES.get(kinds, kinds)}; got {spec!r}. Cast it first."
        )


def numbers(x: Array) -> Array:
    """`x`, unless it holds strings, which some of NumPy's functions would take."""
    if x.dtype.kind == "O":
        raise TypeError("strings are no numbers")  # the rule of types says more
    return x


def check_same(name: str, *specs: Spec) -> None:
    """Raise unless all types are equal."""
    first = specs[0]
    for other in specs[1:]:
        if other != first:
            raise InvalidArgumentError(
                f"the primitive {name} expects equal shapes and dtypes; got {first!r} and {other!r}"
            )


def same_as_input(name: str, kinds: str) -> Any:
    """The rule of an elementwise primitive: the result has the type of its inputs."""

    def infer(*specs: Spec, **_: Any) -> Spec:
        check_same(name, *specs)
        check_kind(name, specs[0], kinds)
        return specs[0]

    return infer


def to_dtype(name: str, kinds: str, dtype: np.dtype[Any]) -> Any:
    """The rule of an elementwise primitive with results of `dtype`."""

    def infer(*specs: Spec, **_: Any) -> Spec:
        check_same(name, *specs)
        check_kind(name, specs[0], kinds)
        return Spec(specs[0].shape, dtype)

    return infer


def drop_axes(shape: tuple[Any, ...], axes: tuple[int, ...]) -> tuple[Any, ...]:
    """`shape` without `axes`."""
    return tuple(dim for axis, dim in enumerate(shape) if axis not in axes)
