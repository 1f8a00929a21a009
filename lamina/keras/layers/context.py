"""What a call of a layer knows of the calls around it: training or not, the losses added."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


class Frame:
    """One call of a layer that is going on."""

    __slots__ = ("cast", "losses", "training")

    def __init__(self, training: Any, cast: np.dtype[Any] | None = None) -> None:
        self.training = training
        self.cast = cast  # what the layer reads its floats as
        self.losses: list[Any] = []


class _Calls(threading.local):
    frames: tuple[Frame, ...] = ()
    only_types: bool = False  # what is traced now is asked for its shapes, and never run
    path: tuple[Any, ...] = ()  # the layers that are being built or called, the outermost first


CALLS = _Calls()


@contextmanager
def only_types() -> Iterator[None]:
    """Inside, layers are traced for the shapes and dtypes of their results alone."""
    before, CALLS.only_types = CALLS.only_types, True
    try:
        yield
    finally:
        CALLS.only_types = before


def path_with(layer: Any) -> tuple[Any, ...]:
    """The layers that are being built or called, `layer` the last of them."""
    path = CALLS.path
    return path if path and path[-1] is layer else (*path, layer)


def name_of(path: tuple[Any, ...]) -> str:
    """The names of layers, one inside of the other: `model/block/dense`."""
    return "/".join(layer.name for layer in path)


@contextmanager
def building(layer: Any) -> Iterator[None]:
    """Inside, weights belong to `layer`, within the layers around it."""
    before = CALLS.path
    CALLS.path = path_with(layer)
    try:
        yield
    finally:
        CALLS.path = before


CHANGES = [0]
"""How often attributes of layers were set: what was traced before may be another network."""


LEARNED = [0]
"""How often preprocessing layers learned something that programs hold as a constant."""
