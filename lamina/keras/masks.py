"""Masks: which entries of a tensor count. They travel beside the tensor, not in it.

The mask of a tensor is its attribute `_keras_mask`, booleans whose shape is the first sizes of the
tensor's; a tensor without that attribute has none.
"""

from __future__ import annotations

from typing import Any

from ..core import nest


def get_mask(tensor: Any) -> Any:
    """The mask of `tensor`, or None."""
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor: Any, mask: Any) -> None:
    """Let `mask` (booleans) say which entries of `tensor` count."""
    tensor._keras_mask = mask


def keep_mask(source: Any, target: Any) -> Any:
    """`target`, made of `source` entry by entry, with the mask that `source` has."""
    mask = get_mask(source)
    if mask is not None and target is not source:
        target._keras_mask = mask
    return target


def masks_of(structure: Any) -> Any:
    """The mask of each tensor of a structure; None for those without."""
    if nest.is_nested(structure):
        return nest.map_structure(get_mask, structure)
    return get_mask(structure)


def any_mask(masks: Any) -> bool:
    """Whether there is a mask in a structure of them."""
    return masks is not None and any(mask is not None for mask in nest.flatten(masks))
