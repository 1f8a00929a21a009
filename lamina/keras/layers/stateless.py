"""Values in place of a layer's variables."""

from __future__ import annotations

from typing import Any

from ...core.errors import InvalidArgumentError
from .container import Container


def stand_ins(layer: Container, trainable: Any, others: Any) -> tuple[list[Any], list[Any]]:
    """The variables of a built layer, and the values that are to stand in their place."""
    if not layer.built:
        raise InvalidArgumentError(
            f"stateless_call needs variables: call {layer.name!r} on data or build it first"
        )
    variables: list[Any] = []
    for name, given in (("trainable_variables", trainable), ("non_trainable_variables", others)):
        own = getattr(layer, name)
        if len(own) != len(given):
            raise InvalidArgumentError(
                f"stateless_call of {layer.name!r} expects {len(own)} {name}; got {len(given)}"
            )
        variables += own
    return variables, [*trainable, *others]
