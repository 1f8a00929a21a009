"""Values of two branches, or of a loop before and after a turn, as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.errors import AutographError, describe
from ...ir.value import Spec, Value
from ...prims.broadcast import fill
from ...prims.elementwise import cast
from ..convert import is_tensor_like, promote_dtypes, to_tensor
from ..variable import Variable


class _Unset:
    """Stands for a variable that has no value."""

    def __repr__(self) -> str:
        return "no value"


UNSET: Any = _Unset()

_NUMBERS = (bool, int, float, np.generic, np.ndarray)
_RANKS = {"b": 0, "u": 1, "i": 1, "f": 2}
Rebuild = Callable[[Sequence[Any]], Any]


def is_number(value: Any) -> bool:
    """Whether it can become a tensor in the graph: tensors, variables, numbers, arrays."""
    return isinstance(value, _NUMBERS) or is_tensor_like(value)


class Joined:
    """Pairs of values with one structure: their tensors in a row, and how to rebuild."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []
        self.labels: list[str] = []

    def add(self, first: Any, second: Any, label: str) -> Rebuild:
        """Take a pair; what makes a value of its structure out of all tensors."""
        if first is second and not _is_symbol(first):
            return lambda _: first
        if _is_constant(first, second):
            return lambda _: first
        if is_number(first) and is_number(second):
            place = len(self.pairs)
            self.pairs.append((first, second))
            self.labels.append(label)
            return lambda leaves: leaves[place]
        first, second = _alike(first, second), _alike(second, first)
        parts = parts_of(first), parts_of(second)
        if parts[0] is None or parts[1] is None or parts[0].kind != parts[1].kind:
            raise AutographError(f"{label} is {described(first)} or {described(second)}")
        inner = [self.add(a, b, label) for a, b in zip(parts[0].items, parts[1].items, strict=True)]
        make = parts[1].make
        return lambda leaves: make([rebuild(leaves) for rebuild in inner])

    def dtypes(self, sides: Sequence[Sequence[Any]]) -> list[np.dtype[Any]]:
        """The common dtype of each pair, given as tensors; an error where shapes differ."""
        found = []
        for label, (a, b), first, second in zip(self.labels, self.pairs, *sides, strict=True):
            if first.spec.shape != second.spec.shape:
                raise AutographError(
                    f"{label} has shape {first.shape} or {second.shape}, which depends on a tensor"
                )
            found.append(common_dtype(a, b, first.spec.dtype, second.spec.dtype))
        return found


def common_dtype(
    first: Any, second: Any, have: np.dtype[Any], other: np.dtype[Any]
) -> np.dtype[Any]:
    """The dtype of a tensor that is either of two; numbers of Python give way to tensors."""
    weak = isinstance(first, (int, float)), isinstance(second, (int, float))
    if weak == (True, False) and _RANKS[have.kind] <= _RANKS[other.kind]:
        return other
    if weak == (False, True) and _RANKS[other.kind] <= _RANKS[have.kind]:
        return have
    return promote_dtypes(have, other)


class Parts:
    """A structure taken apart: what it is, its items, and how to make another one."""

    def __init__(self, kind: Any, items: Sequence[Any], make: Callable[[Sequence[Any]], Any]):
        self.kind = kind
        self.items = items
        self.make = make


def parts_of(value: Any) -> Parts | None:
    """`value` taken apart, where it is a structure."""
    kind = type(value)
    if isinstance(value, dict):
        keys = list(value)
        return Parts(
            (kind, tuple(keys)),
            list(value.values()),
            lambda items: kind(zip(keys, items, strict=True)),
        )
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return Parts((kind, len(value)), value, lambda items: kind(*items))
    if isinstance(value, (list, tuple)):
        return Parts((kind, len(value)), value, kind)
    take_apart = getattr(value, "__lamina_parts__", None)
    if take_apart is None or isinstance(value, type):
        return None
    key, items, make = take_apart()
    return Parts((kind, key, len(items)), items, make)


def _alike(value: Any, other: Any) -> Any:
    """`value` in the form of `other`, where it knows how."""
    grown = getattr(value, "__lamina_grown__", None)
    return value if grown is None or isinstance(value, type) else grown(other)


class Layout:
    """Values of one structure: their tensors and numbers in a row, and how to rebuild."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.leaves: list[Any] = []
        self._trees = [self._take(value) for value in values]

    def _take(self, value: Any) -> Any:
        if is_number(value) and not isinstance(value, Variable):
            self.leaves.append(value)
            return None
        parts = parts_of(value)
        if parts is None:
            return _Fixed(value)
        return parts, [self._take(item) for item in parts.items]

    def rebuild(self, leaves: Sequence[Any]) -> list[Any]:
        """The values with other tensors."""
        fresh = iter(leaves)

        def make(tree: Any) -> Any:
            if tree is None:
                return next(fresh)
            if isinstance(tree, _Fixed):
                return tree.value
            return tree[0].make([make(item) for item in tree[1]])

        return [make(tree) for tree in self._trees]

    def collect(self, values: Sequence[Any], labels: Sequence[str]) -> list[Any]:
        """The tensors and numbers of other values of this structure; an error where it differs."""
        found: list[Any] = []

        def take(tree: Any, value: Any, label: str) -> None:
            if tree is None:
                if not is_number(value):
                    raise AutographError(f"{label} is a number, then {described(value)}")
                found.append(value)
            elif isinstance(tree, _Fixed):
                if tree.value is not value and not _is_constant(tree.value, value):
                    raise AutographError(
                        f"{label} is {described(tree.value)}, then {described(value)}"
                    )
            else:
                parts = parts_of(value)
                if parts is None or parts.kind != tree[0].kind:
                    raise AutographError(f"{label} becomes {described(value)}")
                for item, part in zip(tree[1], parts.items, strict=True):
                    take(item, part, label)

        for tree, value, label in zip(self._trees, values, labels, strict=True):
            take(tree, value, label)
        return found


class _Fixed:
    """A leaf of a layout that is no number: it stays what it is."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _is_symbol(value: Any) -> bool:
    return isinstance(value, Value) and value.array is None


def _is_constant(first: Any, second: Any) -> bool:
    """Whether two values are one constant of Python."""
    if type(first) is not type(second):
        return False
    if is_tensor_like(first) or isinstance(first, np.ndarray) or parts_of(first) is not None:
        return False
    try:
        return bool(first == second)
    except Exception:
        return False


def zeros_like(value: Any) -> Any:
    """`value` with zeros in place of its tensors and numbers."""
    if isinstance(value, (bool, int, float)):
        return type(value)(0)
    if is_number(value):
        return zero(to_tensor(value).spec)
    parts = parts_of(value)
    return value if parts is None else parts.make([zeros_like(item) for item in parts.items])


def zero(spec: Spec) -> Any:
    """A tensor of zeros."""
    return fill(spec.shape, False if spec.dtype.kind == "b" else 0, spec.dtype)


def as_tensors(values: Sequence[Any]) -> list[Any]:
    """Numbers as tensors."""
    return [to_tensor(value) for value in values]


def as_dtypes(values: Sequence[Any], dtypes: Sequence[np.dtype[Any]]) -> list[Any]:
    """Tensors in other dtypes; a Python number keeps its digits."""
    return [
        to_tensor(np.asarray(value, dtype))
        if isinstance(value, (int, float))
        else cast(to_tensor(value), dtype)
        for value, dtype in zip(values, dtypes, strict=True)
    ]


def described(value: Any) -> str:
    """A value in a message."""
    if value is UNSET:
        return "not set"
    return describe(value)
