"""Masks on their way through layers."""

from __future__ import annotations

from typing import Any

from ...core import nest
from ...core.callers import warn
from ..masks import any_mask, get_mask, set_mask


def pass_mask(layer: Any, inputs: Any, outputs: Any, mask: Any) -> None:
    """Give the outputs the mask that follows from the inputs', or tell of its loss."""
    leaves = nest.flatten(outputs)
    if all(get_mask(leaf) is not None for leaf in leaves):
        return
    if not layer.supports_masking:
        if layer._tells_of_lost_masks and any_mask(mask):
            warn(
                f"the layer {layer.name!r} ({type(layer).__name__}) got inputs with a mask, which "
                "it does not pass on: later layers and the loss will count masked entries. Set "
                "supports_masking=True in its constructor, or define compute_mask()"
            )
        return
    found = layer.compute_mask(inputs, mask)
    if found is None:
        return
    for leaf, own in zip(leaves, nest.flatten(found), strict=False):
        if own is not None and get_mask(leaf) is None:
            set_mask(leaf, own)
