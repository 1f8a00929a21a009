"""Trees of dicts, lists and tuples: flatten, rebuild, map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .errors import InvalidArgumentError


def is_nested(seq: Any) -> bool:
    """Whether `seq` holds others."""
    return isinstance(seq, (dict, list, tuple))


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, depth first; the values of a dict in the order of its sorted keys.

    Every tensor is one leaf, whatever `expand_composites` asks.
    """
    if _is_flat(structure):
        return list(structure)
    leaves: list[Any] = []
    _collect(structure, leaves)
    return leaves


def _is_flat(structure: Any) -> bool:
    """Whether it is a list or tuple of leaves, as most structures are."""
    return type(structure) in (list, tuple) and not any(map(is_nested, structure))


def _collect(structure: Any, leaves: list[Any]) -> None:
    if isinstance(structure, dict):
        for key in sorted_keys(structure):
            _collect(structure[key], leaves)
    elif isinstance(structure, (list, tuple)):
        for item in structure:
            _collect(item, leaves)
    else:
        leaves.append(structure)


def sorted_keys(structure: dict[Any, Any]) -> list[Any]:
    """The keys of a dict in the order in which its values are flattened."""
    try:
        return sorted(structure)
    except TypeError:
        return sorted(structure, key=repr)


def pack_sequence_as(
    structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False
) -> Any:
    """Leaves in the shape of `structure`; every tensor is one leaf (`expand_composites`)."""
    leaves = flat_sequence
    if _is_flat(structure) and len(structure) == len(leaves):
        return type(structure)(leaves)
    iterator = iter(leaves)
    packed = _pack(structure, iterator)
    left = sum(1 for _ in iterator)
    if left:
        raise InvalidArgumentError(
            f"{len(leaves)} leaves do not fit a structure of {len(leaves) - left}"
        )
    return packed


def _pack(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], leaves) for key in sorted_keys(structure)}
        return type(structure)((key, packed[key]) for key in structure)
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(_pack(item, leaves) for item in structure))
    if isinstance(structure, (list, tuple)):
        return type(structure)(_pack(item, leaves) for item in structure)
    try:
        return next(leaves)
    except StopIteration:
        raise InvalidArgumentError("fewer leaves than the structure has places") from None


def map_structure(
    func: Callable[..., Any],
    *structures: Any,
    check_types: bool = False,
    expand_composites: bool = False,
) -> Any:
    """`func` over the leaves of structures of one shape, which the result has, too.

    Lists and tuples may stand for each other, even with `check_types`; every tensor is one leaf,
    whatever `expand_composites` asks.
    """
    first, *others = structures
    for other in others:
        assert_same_structure(first, other)
    columns = [flatten(structure) for structure in structures]
    return pack_sequence_as(first, [func(*row) for row in zip(*columns, strict=True)])


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = False, expand_composites: bool = False
) -> None:
    """Raise where two trees differ in shape; lists and tuples may stand for each other."""
    first, second = nest1, nest2
    if not is_nested(first) and not is_nested(second):
        return
    same_kind = isinstance(first, dict) == isinstance(second, dict)
    if is_nested(first) and is_nested(second) and same_kind and len(first) == len(second):
        if isinstance(first, dict):
            if set(first) == set(second):
                for key in first:
                    assert_same_structure(first[key], second[key])
                return
        else:
            for a, b in zip(first, second, strict=True):
                assert_same_structure(a, b)
            return
    raise InvalidArgumentError(f"two structures differ: {_outline(first)} and {_outline(second)}")


def _outline(structure: Any) -> str:
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{key!r}: …" for key in list(structure)[:8]) + "}"
    if isinstance(structure, (list, tuple)):
        return f"{type(structure).__name__} of length {len(structure)}"
    return f"a {type(structure).__name__}"
