"""`tf.data`: what feeds a network."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest
from ..core.outside import outside
from . import experimental
from .dataset import Dataset
from .files import TextLineDataset
from .iterator import DatasetIterator as Iterator
from .iterator import NumpyIterator
from .mapping import AUTOTUNE
from .options import Options, ThreadingOptions
from .rows import INFINITE as INFINITE_CARDINALITY
from .rows import UNKNOWN as UNKNOWN_CARDINALITY
from .structure import DatasetSpec

__all__ = [
    "AUTOTUNE",
    "Dataset",
    "DatasetSpec",
    "INFINITE_CARDINALITY",
    "Iterator",
    "NumpyIterator",
    "Options",
    "TextLineDataset",
    "ThreadingOptions",
    "UNKNOWN_CARDINALITY",
    "experimental",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    reason = outside(f"tf.data.{name}")
    if reason is not None:
        raise UnknownNameError(f"tf.data.{name}: {reason}")
    raise UnknownNameError(f"tf.data has no {name!r}.{nearest(name, __all__)}")
