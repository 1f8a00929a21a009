"""The layers of a model as boxes and arrows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from ..core.dtypes import type_name
from ..core.errors import FailedPreconditionError
from .theme import plain

_PLUMBING = ("broadcast", "cast", "dimension", "fill")


class Options(NamedTuple):
    """What boxes show."""

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False
    nested: bool = False


class Box(NamedTuple):
    """One layer: a title, lines below it, and whether it is trained (None: not told)."""

    key: int
    title: str
    kind: str  # what follows the title in parentheses, or nothing
    lines: tuple[str, ...]
    trainable: bool | None
    inside: Diagram | None  # of a model whose layers are shown


class Diagram(NamedTuple):
    """Boxes, and arrows between them by their keys."""

    name: str
    boxes: list[Box]
    arrows: list[tuple[int, int]]


def diagram(model: Any, options: Options) -> Diagram:
    """The boxes of a built model: its calls, its stack of layers, or itself alone."""
    if not getattr(model, "built", False):
        raise FailedPreconditionError(
            f"the model {getattr(model, 'name', model)!r} is not built, so its layers have no "
            "shapes: give it a keras.Input, call build(), or call it on data first"
        )
    if hasattr(model, "_operations"):
        return _of_calls(model, options)
    if hasattr(model, "_stack"):
        boxes = [_box(layer, options) for layer in model.layers]
        pairs = pairwise(boxes)
        return Diagram(model.name, boxes, [(a.key, b.key) for a, b in pairs])
    return Diagram(model.name, [_box(model, options)], [])


def _of_calls(model: Any, options: Options) -> Diagram:
    """A functional model; what several layers of it share is one box."""
    boxes: dict[int, Box] = {}
    arrows: dict[tuple[int, int], None] = {}
    for call in model._operations:
        if _is_plumbing(call):
            continue
        called = call if call.layer is None else call.layer
        if id(called) not in boxes:
            boxes[id(called)] = _operation(call) if call.layer is None else _box(called, options)
        for source in _sources(call):
            arrows[id(source if source.layer is None else source.layer), id(called)] = None
    known = [(a, b) for a, b in arrows if a in boxes and a != b]
    return Diagram(model.name, list(boxes.values()), known)


def _is_plumbing(call: Any) -> bool:
    """Whether a call only gives a tensor the shape or type that the next one needs."""
    return call.primitive is not None and call.primitive.name in _PLUMBING


def _sources(call: Any) -> Iterator[Any]:
    """The calls that gave the inputs of a call; a tensor that only fills others is no source."""
    for tensor in call.inputs:
        source = tensor.operation
        if not _is_plumbing(source):
            yield source
        elif source.primitive.name not in ("fill", "dimension"):
            yield from _sources(source)


def _operation(call: Any) -> Box:
    """An operation on symbolic tensors that is no layer."""
    what = call.primitive.name if call.primitive else call.function.__name__.title()
    what = what.replace("_", "")
    return Box(id(call), plain(what, 40), "", (), None, None)


def _box(layer: Any, options: Options) -> Box:
    kind = plain(type(layer).__name__, 40)
    title = plain(layer.name, 60) if options.names else kind
    inside = None
    if (
        options.nested
        and layer.built
        and (hasattr(layer, "_operations") or hasattr(layer, "_stack"))
    ):
        inside = diagram(layer, options)
    trainable = bool(layer.trainable) if options.trainable and layer.weights else None
    lines = tuple(_lines(layer, options))
    return Box(id(layer), title, kind if options.names else "", lines, trainable, inside)


def _lines(layer: Any, options: Options) -> Iterator[str]:
    activation = getattr(layer, "activation", None)
    if options.activations and activation is not None:
        name = getattr(activation, "name", None) or getattr(activation, "__name__", activation)
        yield f"Activation: {plain(name, 40)}"
    if options.shapes:
        if type(layer).__name__ != "InputLayer":
            yield f"Input shape: {_shape(layer, 'input')}"
        yield f"Output shape: {_shape(layer, 'output')}"
    if options.dtype:
        found = _tensors(layer, "output")
        names = dict.fromkeys(type_name(tensor.spec.dtype) for tensor in found)
        yield f"Output dtype: {', '.join(names) or '?'}"


def _shape(layer: Any, what: str) -> str:
    shapes = [str(tuple(tensor.shape)) for tensor in _tensors(layer, what)]
    return ", ".join(shapes) or "?"


def _tensors(layer: Any, what: str) -> list[Any]:
    found = getattr(layer, what, None)
    if isinstance(found, dict):
        found = list(found.values())
    if found is None:
        return []
    return list(found) if isinstance(found, (list, tuple)) else [found]
