"""Outputs in lists of dicts of lists: what is said of them, in the order of the outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...core import nest
from ...core.errors import InvalidArgumentError, nearest


def is_deep(outputs: Any) -> bool:
    """Whether a list or dict of outputs holds another one."""
    items = outputs.values() if isinstance(outputs, dict) else outputs
    return nest.is_nested(outputs) and any(nest.is_nested(item) for item in items)


def leveled(given: Any, outputs: Any, what: str) -> Any:
    """What is said of each output, as a flat list; as it is where the outputs are flat.

    What stands in place of a list or dict of outputs is meant for all in it.
    """
    return list(_along(given, outputs, what)) if is_deep(outputs) else given


def _along(given: Any, outputs: Any, what: str) -> Iterator[Any]:
    if not nest.is_nested(outputs):
        yield given
    elif isinstance(outputs, dict):
        for key in sorted(outputs):
            yield from _along(_entry(given, key, outputs, what), outputs[key], what)
    else:
        listed = isinstance(given, (list, tuple))
        if isinstance(given, dict) or (listed and len(given) != len(outputs)):
            raise InvalidArgumentError(
                f"{what} should be a list of {len(outputs)} where the model gives as many outputs "
                f"in a list; got {given!r:.80}"
            )
        for place, inner in enumerate(outputs):
            yield from _along(given[place] if listed else given, inner, what)


def _entry(given: Any, key: str, outputs: dict[str, Any], what: str) -> Any:
    if isinstance(given, (list, tuple)):
        raise InvalidArgumentError(
            f"{what} should be a dict where the model gives a dict of outputs, with the names "
            f"{', '.join(sorted(outputs))}; got {given!r:.80}"
        )
    if not isinstance(given, dict):
        return given
    for name in given:
        if name not in outputs:
            raise InvalidArgumentError(
                f"{what} names the output {name!r}; the model has {', '.join(sorted(outputs))}."
                f"{nearest(str(name), outputs)}"
            )
    return given.get(key)


def path_names(outputs: Any, names: list[str] | None) -> list[str]:
    """A name for each output: its keys and places from the outside, its layer's in a list."""
    layers = iter(names or [f"output_{i + 1}" for i in range(len(nest.flatten(outputs)))])

    def walk(structure: Any, path: str) -> Iterator[str]:
        is_dict = isinstance(structure, dict)
        keys = sorted(structure) if is_dict else range(len(structure))
        for key in keys:
            if nest.is_nested(structure[key]):
                yield from walk(structure[key], f"{path}{key}/")
            else:
                layer = next(layers)
                yield f"{path}{key if is_dict else layer}"

    return list(walk(outputs, ""))
