"""`tf.data`: what feeds a network."""

from __future__ import annotations

from typing import Any

from ..core.errors import UnknownNameError, nearest
from . import experimental
from .dataset import Dataset
from .files import TextLineDataset
from .iterator import DatasetIterator as Iterator
from .iterator import NumpyIterator
from .mapping import AUTOTUNE
from .options import Options
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
    "UNKNOWN_CARDINALITY",
    "experimental",
]

_OTHER_FILES = "TensorFlow's record files are left out; see make_csv_dataset and from_generator"
_ELSEWHERE = {"TFRecordDataset": _OTHER_FILES, "FixedLengthRecordDataset": _OTHER_FILES}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        raise UnknownNameError(f"tf.data.{name} is not there: {_ELSEWHERE[name]}")
    if name.startswith("__"):
        raise AttributeError(name)
    raise UnknownNameError(f"tf.data has no {name!r}.{nearest(name, __all__)}")
