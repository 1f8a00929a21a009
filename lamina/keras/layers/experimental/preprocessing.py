"""Preprocessing layers by the names that TensorFlow 2.3 to 2.12 had for them."""

from __future__ import annotations

from typing import Any

from ....core.errors import UnknownNameError, nearest
from ....core.outside import outside
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


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    reason = outside(f"keras.layers.{name}")
    if name == "CategoryCrossing":
        reason = "it became HashedCrossing, which hashes the combinations"
    if reason is not None:
        raise UnknownNameError(f"{name} is not there: {reason}")
    raise UnknownNameError(
        f"keras.layers.experimental.preprocessing has no {name!r}.{nearest(name, __all__)}"
    )
