"""Preprocessing layers by the names that TensorFlow 2.3 to 2.12 had for them."""

from __future__ import annotations

from ....core.outside import lacking
from ..preprocessing.category_encoding import CategoryEncoding
from ..preprocessing.discretization import Discretization
from ..preprocessing.hashing import HashedCrossing, Hashing
from ..preprocessing.lookups import IntegerLookup, StringLookup
from ..preprocessing.normalization import Normalization
from ..preprocessing.rescaling import Rescaling

__all__ = [
    "CategoryEncoding",
    "Discretization",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "Normalization",
    "Rescaling",
    "StringLookup",
]

_INSTEAD = {"CategoryCrossing": "it became HashedCrossing, which hashes the combinations"}
__getattr__ = lacking("keras.layers", __all__, _INSTEAD)
