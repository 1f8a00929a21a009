"""Axes rearranged as a pattern says: "batch (row column) -> batch row column"."""

from __future__ import annotations

import math
import re
from typing import Any

from ...core.errors import InvalidArgumentError
from ...core.shapes import B
from ...ops.common import integer
from ...prims.broadcast import reshape
from ...prims.layout import transpose
from .operation import operation
from .promotion import tensor

Groups = list[list[str]]
"""The names of each axis; several where the axis is made of more."""


def _groups(side: str, pattern: str) -> Groups:
    found = [re.findall(r"\w+", part) for part in re.findall(r"\w+|\([^()]*\)", side)]
    names = [name for group in found for name in group]
    if len(set(names)) != len(names) or re.sub(r"[\w\s]+|\([^()]*\)", "", side):
        raise InvalidArgumentError(
            f"a pattern has names, each once a side, and groups of them in parentheses, e.g. "
            f"'a (b c) -> c (a b)'; got {pattern!r}"
        )
    return found


@operation
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """`tensor` with its axes split, ordered and joined as `pattern` says.

    `axes_lengths`: sizes of names in a group, of which one may be left out.
    Example: `rearrange(x, "batch (side size) -> (batch side) size", side=2)`.
    """
    sides = pattern.split("->")
    if len(sides) != 2:
        raise InvalidArgumentError(f"a pattern has two sides, 'before -> after'; got {pattern!r}")
    before, after = (_groups(side, pattern) for side in sides)
    return _rearranged(tensor, before, after, axes_lengths, pattern)


def _rearranged(
    value: Any, before: Groups, after: Groups, lengths: dict[str, int], pattern: str
) -> Any:
    x = tensor(value)
    names = [name for group in before for name in group]
    order = [name for group in after for name in group]
    if sorted(names) != sorted(order) or len(before) != len(x.spec.shape):
        raise InvalidArgumentError(
            f"the pattern {pattern!r} does not fit a tensor of shape {x.spec.shape}: the names of "
            "both sides are the same, those of the first as many as axes"
        )
    sizes: dict[str, Any] = {}
    for group, size in zip(before, x.spec.shape, strict=True):
        sizes.update(_sizes(group, size, lengths, pattern))
    split = reshape(x, tuple(sizes[name] for name in names))
    moved = transpose(split, tuple(names.index(name) for name in order))
    return reshape(moved, tuple(_joined([sizes[name] for name in group]) for group in after))


def _sizes(group: list[str], size: Any, lengths: dict[str, int], pattern: str) -> dict[str, Any]:
    """The size of each name in a group that makes up an axis."""
    known = {name: integer(lengths[name], name) for name in group if name in lengths}
    open_names = [name for name in group if name not in known]
    product = math.prod(known.values())
    if len(open_names) == 1 and (size is B and product == 1):
        return {**known, open_names[0]: B}
    fits = isinstance(size, int) and product > 0 and size % product == 0
    if len(open_names) > 1 or not fits or (not open_names and product != size):
        raise InvalidArgumentError(
            f"the pattern {pattern!r}: the sizes {known} of the group {group} do not make up an "
            f"axis of size {size}"
        )
    return {**known, **dict.fromkeys(open_names, size // product)}


def _joined(sizes: list[Any]) -> Any:
    """The size of an axis made of others."""
    known = math.prod(size for size in sizes if size is not B)
    if B not in sizes:
        return known
    if known != 1 or sizes.count(B) > 1:
        raise InvalidArgumentError(
            "the batch cannot be joined with other axes while its size is not known"
        )
    return B


__all__ = ["rearrange"]
