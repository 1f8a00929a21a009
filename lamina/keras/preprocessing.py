"""keras.preprocessing: sequences of numbers; images and texts are outside of what lamina is for."""

from __future__ import annotations

from typing import Any

from ..core.errors import OutsideError, UnknownNameError, nearest
from ..core.outside import outside
from ..core.spaces import Space
from .utils import pad_sequences, timeseries_dataset_from_array

sequence = Space("lamina.keras.preprocessing.sequence", pad_sequences=pad_sequences)

__all__ = ["sequence", "timeseries_dataset_from_array"]


def __getattr__(name: str) -> Any:
    reason = outside(f"keras.preprocessing.{name}")
    if reason is not None:
        raise OutsideError(f"keras.preprocessing.{name} is not there: {reason}")
    raise UnknownNameError(f"keras.preprocessing has no {name!r}.{nearest(name, __all__)}")
