"""`tf.data`: what feeds a network."""

from __future__ import annotations

from ..core.outside import lacking
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
from .tables import table

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
    "table",
]

__getattr__ = lacking("tf.data", __all__)
