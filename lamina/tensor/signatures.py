"""The arguments of traced functions: their kinds, as keys, specs and text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..core import nest
from ..core.errors import SignatureError
from ..core.shapes import B
from ..ir.value import Spec, Value
from .autograph.iterables import Span
from .convert import to_tensor
from .spec import TensorSpec
from .variable import Variable


class _Same:
    """Something that counts by identity in a key, and lives as long as the key."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.item is self.item

    def __hash__(self) -> int:
        return id(self.item)


def outline(structure: Any) -> Hashable:
    """The shape of a tree, without its leaves."""
    if isinstance(structure, dict):
        return dict, *[(key, outline(value)) for key, value in structure.items()]
    if isinstance(structure, (list, tuple)):
        return type(structure), *[outline(item) for item in structure]
    return None


def key_of(
    structure: Any, leaves: Sequence[Any], places: Sequence[int], specs: Sequence[Spec]
) -> Hashable:
    """What two calls have in common that run one program."""
    tensors = dict(zip(places, specs, strict=True))
    parts: list[Hashable] = [outline(structure)]
    for place, leaf in enumerate(leaves):
        if place in tensors:
            parts.append(tensors[place])
        elif type(leaf) is float:
            parts.append(leaf.hex())  # tells -0.0 from 0.0; nan is nan
        else:
            by_value = not isinstance(leaf, Variable) and _hashable(leaf)
            parts.append((type(leaf), leaf if by_value else _Same(leaf)))
    return tuple(parts)


def _hashable(leaf: Any) -> bool:
    try:
        hash(leaf)
    except TypeError:
        return False
    return True


def tensor_leaves(leaves: Sequence[Any]) -> tuple[list[int], list[Any]]:
    """The places of tensors and arrays among the leaves, and them as tensors."""
    places, tensors = [], []
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, Value):
            places.append(place)
            tensors.append(leaf)
        elif isinstance(leaf, (np.ndarray, np.number, np.bool_)):
            places.append(place)  # a copy: results may be views of it
            tensors.append(to_tensor(np.array(leaf)))
    return places, tensors


def with_batch(specs: Sequence[Spec]) -> list[Spec]:
    """`specs` with `B` in place of the first size, where all that have one agree on it."""
    sizes = {spec.shape[0] for spec in specs if spec.shape}
    if len(sizes) != 1:
        return list(specs)
    return [Spec((B, *s.shape[1:]), s.dtype) if s.shape else s for s in specs]


_AS_TENSORS = (Span, bool, int, float, str, bytes, np.generic, np.ndarray, Variable)


def as_result(leaf: Any) -> Any:
    """Numbers, text and variables as tensors; None and objects stay what they are."""
    return to_tensor(leaf) if isinstance(leaf, _AS_TENSORS) else leaf


# Signatures that were asked for ------------------------------------------------------------------


def signed(spec: Any, argument: Any, name: str) -> Any:
    """`argument` with tensors where the signature asks for them."""
    if isinstance(spec, TensorSpec):
        if isinstance(argument, Value):
            return argument
        dtype = None if isinstance(argument, Variable) else spec.dtype
        try:
            return to_tensor(argument, dtype)
        except (TypeError, ValueError) as error:
            raise SignatureError(f"{name} expects {spec!r}: {error}") from error
    if isinstance(spec, dict) and isinstance(argument, dict) and set(spec) == set(argument):
        return type(argument)((key, signed(spec[key], argument[key], name)) for key in argument)
    nested = isinstance(spec, (list, tuple)) and isinstance(argument, (list, tuple))
    if nested and len(spec) == len(argument):
        items = [signed(*pair, name) for pair in zip(spec, argument, strict=True)]
        fields = getattr(type(argument), "_fields", None)
        return type(argument)(*items) if fields else type(argument)(items)
    raise SignatureError(
        f"{name} has an input_signature of {_counted(spec)}; got {_counted(argument)}"
    )


def _counted(structure: Any) -> str:
    count = len(nest.flatten(structure))
    return f"{count} tensor{'s' if count != 1 else ''}"


def signature_specs(wanted: Sequence[Any], tensors: Sequence[Any], name: str) -> list[Spec]:
    """The types to trace for: the signature's where they can be said, else those of `tensors`."""
    specs = []
    for spec, tensor in zip(wanted, tensors, strict=True):
        if not spec.is_compatible_with(tensor):
            raise SignatureError(f"{name} expects {spec!r}; got {tensor.spec!r}")
        specs.append(spec.symbolic() or tensor.spec)
    rows = {t.spec.shape[0] for s, t in zip(specs, tensors, strict=True) if B in s.shape}
    if len(rows) > 1:  # there is one symbolic size only
        return [tensor.spec for tensor in tensors]
    return specs


def spec_of(value: Any, name: str | None = None) -> Any:
    """A leaf as it stands in a signature: tensors by their TensorSpec."""
    if isinstance(value, TensorSpec):
        return TensorSpec(value.shape, value.dtype, value.name or name)
    if isinstance(value, Value):
        shape = [None if size is B else size for size in value.spec.shape]
        return TensorSpec(shape, value.spec.dtype, name)
    return value


def listed(parameters: Sequence[tuple[str, str, Any]], outputs: Any, captures: Any) -> str:
    """A signature as text: parameters with their kinds, the results, what is read besides."""
    lines = ["Input Parameters:"]
    lines += [f"  {name} ({kind}): {value!r}" for name, kind, value in parameters] or ["  None"]
    lines += ["Output Type:", f"  {outputs!r}", "Captures:"]
    lines += [f"  {id(source)}: {spec!r}" for source, spec in captures] or ["  None"]
    return "\n".join(lines)
